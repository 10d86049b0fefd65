/* first_step.h - measures of an optimizer's first step, as Python sees them. */
#ifndef IL_BINDING_FIRST_STEP_H
#define IL_BINDING_FIRST_STEP_H

#include "binding.h"

/* A method of `Net`; its signature is in _core.pyi. */
PyObject *network_first_step(PyObject *self, PyObject *args, PyObject *kwargs);

#endif
