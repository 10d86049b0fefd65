/* errors.h - il_status to Python exceptions. */
#ifndef IL_BINDING_ERRORS_H
#define IL_BINDING_ERRORS_H

#include "binding.h"

/* Sets the exception that `status` stands for and returns NULL; keeps one that is already set. */
PyObject *error_set(il_status status);

#endif
