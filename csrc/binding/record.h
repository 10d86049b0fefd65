/*
 * record.h - the buffers of an il_record, and the arrays that Python sees of them.
 */
#ifndef IL_BINDING_RECORD_H
#define IL_BINDING_RECORD_H

#include "binding.h"

/* Buffers for all rows of a training call; empty if record_every is 0. */
int record_create(il_record *record, uint64_t steps, uint64_t record_every, size_t layers);
void record_destroy(il_record *record);

/* Adds the written rows to `dict`, one array a quantity; None for each if nothing is recorded. */
int record_into_dict(const il_record *record, size_t layers, PyObject *dict);

/* dict[key] = value, taking the reference; value NULL passes its error on. */
int dict_put(PyObject *dict, const char *key, PyObject *value);

#endif
