/*
 * settings.h - the names and small tuples of _core.pyi to the structs of initlens.h, and back.
 *
 * Python has checked ranges before; here only what C cannot stand is refused (and named).
 */
#ifndef IL_BINDING_SETTINGS_H
#define IL_BINDING_SETTINGS_H

#include "binding.h"

/* Integers of any kind with __index__, NumPy's included. */
int parse_size(PyObject *value, const char *name, size_t *out);
int parse_uint64(PyObject *value, const char *name, uint64_t *out);

/* A sequence of `count` entries, or ValueError. */
int parse_length(PyObject *sequence, const char *name, size_t count);

int parse_dtype(PyObject *name, il_dtype *out);
int parse_loss(PyObject *name, il_loss *out);
int parse_purpose(PyObject *name, il_purpose *out);
int parse_activation(PyObject *kind, double parameter, il_activation *out);

int parse_scheme(PyObject *tuple, il_scheme *out);

int parse_optimizer(PyObject *dict, il_optimizer *out);
PyObject *optimizer_dict(const il_optimizer *optimizer);

int parse_progress(PyObject *dict, il_net_progress *out);
PyObject *progress_dict(const il_net_progress *progress);

#endif
