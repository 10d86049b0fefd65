/* compute.h - methods of `Net` that compute; their signatures are in _core.pyi. */
#ifndef IL_BINDING_COMPUTE_H
#define IL_BINDING_COMPUTE_H

#include "binding.h"

PyObject *network_forward(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *network_activations(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *network_loss(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *network_gradients(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *network_initialize(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *network_distinct_units(PyObject *self, PyObject *unused);

#endif
