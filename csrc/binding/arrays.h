/*
 * arrays.h - NumPy arrays in and out of the core. Only arrays.c sees the NumPy C API.
 */
#ifndef IL_BINDING_ARRAYS_H
#define IL_BINDING_ARRAYS_H

#include "binding.h"

/* Loads the NumPy C API; once, when the module is executed. */
int array_import(void);

/* ---- in ---------------------------------------------------------------------------------- */

/* What the core can read: C order, aligned, native, of the dtype that was asked for. */
typedef struct input {
    const char *name;
    PyObject *source; /* borrowed: what the caller passed */
    PyObject *array;  /* owned */
    const void *data;
    size_t rows;    /* of a matrix; else elements */
    size_t columns; /* of a matrix; else 1 */
    il_dtype dtype;
} input;

/* Any number of samples, one or more. */
#define INPUT_ANY_ROWS 0

/*
 * Anything np.asarray() takes, as a matrix [rows][columns]. TypeError for dtypes that are not real
 * numbers; ValueError for another rank or shape, for no rows, and for a value that overflows. NaN
 * and infinity pass: the core looks for them, and input_not_finite() says where they are.
 */
int input_matrix(input *in, const char *name, PyObject *source, il_dtype dtype, size_t rows, size_t columns);

/* The same for an array of any shape, read flat. If rows is not INPUT_ANY_ROWS, the size asked for.
 */
int input_flat(input *in, const char *name, PyObject *source, il_dtype dtype, size_t rows);

void input_clear(input *in);

/* Sets ValueError and returns 1 if `in` holds NaN or infinity, else returns 0. */
int input_not_finite(const input *in);

/* IL_FLOAT32 for a float32 array, else IL_FLOAT64. */
il_dtype input_dtype_of(PyObject *source);

/* ---- out --------------------------------------------------------------------------------- */

typedef enum array_type { ARRAY_FLOAT32 = IL_FLOAT32, ARRAY_FLOAT64 = IL_FLOAT64, ARRAY_INT64 } array_type;

static inline array_type
array_type_of(il_dtype dtype)
{
    return dtype == IL_FLOAT32 ? ARRAY_FLOAT32 : ARRAY_FLOAT64;
}

PyObject *array_dtype(il_dtype dtype);

/* A new array with unset elements, C order. */
PyObject *array_new(array_type type, int rank, const size_t *shape, void **data);

/* A new array like that of `in`, the same shape and dtype. */
PyObject *array_new_like(const input *in, void **data);

/* A writable view of memory that `owner` keeps alive. */
PyObject *array_view(array_type type, int rank, const size_t *shape, void *data, PyObject *owner);

/* Borrows the memory of an array that the core shall fill; TypeError or ValueError if it cannot. */
int array_output(PyObject *out, il_dtype *dtype, size_t *count, void **data);

#endif
