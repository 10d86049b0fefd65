/*
 * network.h - the Python type `Net`, which owns an il_net, and what its methods share.
 */
#ifndef IL_BINDING_NETWORK_H
#define IL_BINDING_NETWORK_H

#include "binding.h"

extern PyType_Spec network_spec;

/* The net of an initialized object, for what never changes: shape, dtype, addresses. Borrowed. */
il_net *network_net(PyObject *self);

/* Lets the child of a fork tell which owners are gone; once a process. */
int network_watch_forks(void);

/* Makes this thread the only one that computes with the net; RuntimeError if another does. */
int network_take(PyObject *self);
void network_release(PyObject *self);

/* The same around work on B samples, without the GIL if it is long. *saved is for network_end(). */
int network_begin(PyObject *self, size_t B, PyThreadState **saved);
void network_end(PyObject *self, PyThreadState *saved);

typedef enum layer_tensor { LAYER_WEIGHTS, LAYER_BIASES, LAYER_UNITS } layer_tensor;

/* Shape of a layer's weights, biases, or units of B samples; returns the rank. */
int network_layer_shape(const il_net *net, layer_tensor tensor, size_t layer, size_t B, size_t shape[2]);

#endif
