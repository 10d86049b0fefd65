/* errors.c - the one place where a status becomes an exception. */
#include "errors.h"

static PyObject *
exception_of(il_status status)
{
    switch (status) {
    case IL_ERROR_MEMORY: return PyExc_MemoryError;
    case IL_ERROR_ARGUMENT:
    case IL_ERROR_NOT_FINITE: return PyExc_ValueError;
    case IL_ERROR_INTERRUPTED: return PyExc_KeyboardInterrupt;
    case IL_OK: break;
    }
    return PyExc_SystemError;
}

PyObject *
error_set(il_status status)
{
    if (!PyErr_Occurred()) {
        PyErr_SetString(exception_of(status), il_status_message(status));
    }
    return NULL;
}
