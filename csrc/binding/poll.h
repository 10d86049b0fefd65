/*
 * poll.h - what happens while the core trains without the GIL: signals, and a Python callback.
 */
#ifndef IL_BINDING_POLL_H
#define IL_BINDING_POLL_H

#include "binding.h"

typedef struct poll_state {
    PyObject *callback;   /* borrowed, or NULL; called with the steps done, truthy stops */
    PyThreadState *saved; /* of this thread while it is without the GIL */
    int stopped;          /* the callback asked to stop */
    int failed;           /* an exception is set: of a signal handler or the callback */
} poll_state;

/* Gives the GIL away until poll_end(). */
void poll_begin(poll_state *state);
void poll_end(poll_state *state);

/* For il_train_options.poll: its context is the poll_state. */
int poll_call(void *context, uint64_t steps_done);

#endif
