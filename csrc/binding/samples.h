/* samples.h - X and y of one call. */
#ifndef IL_BINDING_SAMPLES_H
#define IL_BINDING_SAMPLES_H

#include "arrays.h"
#include "binding.h"

typedef struct samples {
    input x, y;
} samples;

/* Inputs of `net`; samples_open() also targets, one row a sample. */
int samples_open_x(samples *data, const il_net *net, PyObject *X);
int samples_open(samples *data, const il_net *net, PyObject *X, PyObject *y);
void samples_clear(samples *data);

/* The exception of a computation on the samples, which names the value that is at fault; NULL. */
PyObject *samples_error(const samples *data, il_status status);

#endif
