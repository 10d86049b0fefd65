/*
 * binding.h - Python.h, the same way in every file of the binding.
 *
 * setup.py defines Py_LIMITED_API (3.11), except for free-threaded interpreters, which have none.
 * Conventions: int functions return 0, or -1 with an exception set; PyObject functions return a new
 * reference, or NULL with an exception set.
 */
#ifndef IL_BINDING_H
#define IL_BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "initlens.h"

/* Keyword lists are const here; PyArg_ParseTupleAndKeywords only forgot to say so. */
#define KEYWORDS(names) ((char **)(names))

/* ISO C keeps functions out of void *, and Python's tables want them there and in one type. */
#define SLOT(function) ((void *)(uintptr_t)(function))
#define METHOD(function) ((PyCFunction)(void (*)(void))(function))
#define WITH_KEYWORDS (METH_VARARGS | METH_KEYWORDS)

#endif
