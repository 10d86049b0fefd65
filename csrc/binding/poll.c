/* poll.c - takes the GIL back for a moment, about 20 times a second. */
#include "poll.h"

void
poll_begin(poll_state *state)
{
    state->saved = PyEval_SaveThread();
}

void
poll_end(poll_state *state)
{
    PyEval_RestoreThread(state->saved);
    state->saved = NULL;
}

static void
ask(poll_state *state, uint64_t steps_done)
{
    PyObject *answer = PyObject_CallFunction(state->callback, "K", (unsigned long long)steps_done);
    const int truth = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(answer);
    state->stopped = truth > 0;
    state->failed = truth < 0;
}

int
poll_call(void *context, uint64_t steps_done)
{
    poll_state *state = context;
    poll_end(state);
    state->failed = PyErr_CheckSignals() < 0;
    if (!state->failed && state->callback != NULL) {
        ask(state, steps_done);
    }
    poll_begin(state);
    return state->failed || state->stopped;
}
