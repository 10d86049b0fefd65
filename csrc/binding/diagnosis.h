/* diagnosis.h - measures of a net, and groups of units, as Python sees them. */
#ifndef IL_BINDING_DIAGNOSIS_H
#define IL_BINDING_DIAGNOSIS_H

#include "binding.h"

/* Methods of `Net` and functions of the module; signatures in _core.pyi. */
PyObject *network_diagnose(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *module_group_units(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *module_unit_spread(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *module_weight_rank(PyObject *module, PyObject *args, PyObject *kwargs);

#endif
