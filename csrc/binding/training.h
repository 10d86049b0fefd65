/* training.h - methods of `Net` that train; their signatures are in _core.pyi. */
#ifndef IL_BINDING_TRAINING_H
#define IL_BINDING_TRAINING_H

#include "binding.h"

PyObject *network_fit(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *network_fit_many(PyObject *type, PyObject *args, PyObject *kwargs);
PyObject *network_get_progress(PyObject *self, PyObject *unused);
PyObject *network_get_slots(PyObject *self, PyObject *unused);
PyObject *network_set_progress(PyObject *self, PyObject *args, PyObject *kwargs);

#endif
