/*
 * arrays.c - the only file with the NumPy C API.
 *
 * Input meets NumPy here once: an array that the core can read as it is costs a few comparisons and
 * no copy; anything else is converted, and what cannot be converted without loss of meaning is
 * refused with the argument's name, what it was, and the way out.
 */
#include "arrays.h"

#define NPY_NO_DEPRECATED_API NPY_1_25_API_VERSION
#define NPY_TARGET_VERSION NPY_1_25_API_VERSION
#include <numpy/arrayobject.h>

#include <float.h>
#include <math.h>

int
array_import(void)
{
    return PyArray_ImportNumPyAPI();
}

static int
type_number(array_type type)
{
    switch (type) {
    case ARRAY_FLOAT32: return NPY_FLOAT32;
    case ARRAY_FLOAT64: return NPY_FLOAT64;
    case ARRAY_INT64: break;
    }
    return NPY_INT64;
}

/* ---- in: conversion ---------------------------------------------------------------------- */

static int
is_ready(PyArrayObject *array, int type)
{
    return PyArray_TYPE(array) == type && PyArray_ISCARRAY_RO(array);
}

static int
check_real(const char *name, PyArrayObject *array)
{
    const int type = PyArray_TYPE(array);
    if (PyTypeNum_ISBOOL(type) || PyTypeNum_ISINTEGER(type) || PyTypeNum_ISFLOAT(type)) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError,
                 PyTypeNum_ISCOMPLEX(type)
                     ? "%s must hold real numbers, got dtype %S; pass its real part or its absolute value"
                     : "%s must hold real numbers, got dtype %S; convert it to float first",
                 name, (PyObject *)PyArray_DESCR(array));
    return -1;
}

static PyArrayObject *
cast(PyArrayObject *array, int type)
{
    /* FromArray takes the reference to the descriptor. */
    return (PyArrayObject *)PyArray_FromArray(array, PyArray_DescrFromType(type),
                                              NPY_ARRAY_CARRAY_RO | NPY_ARRAY_FORCECAST);
}

/* double -> float here and not in NumPy, whose cast warns of an overflow and goes on with infinity.
 */
static PyArrayObject *
narrow(const char *name, PyArrayObject *array)
{
    PyArrayObject *out = NULL;
    PyArrayObject *wide = cast(array, NPY_FLOAT64);
    if (wide == NULL) {
        return NULL;
    }
    out = (PyArrayObject *)PyArray_SimpleNew(PyArray_NDIM(wide), PyArray_DIMS(wide), NPY_FLOAT32);
    if (out == NULL) {
        goto done;
    }
    /* The least double that rounds to infinity: half an ulp above FLT_MAX. */
    const double limit = 0x1.ffffffp127;
    const double *x = (const double *)PyArray_DATA(wide);
    float *y = (float *)PyArray_DATA(out);
    const npy_intp count = PyArray_SIZE(wide);
    int overflow = 0;
    for (npy_intp i = 0; i < count; i++) {
        const double size = fabs(x[i]);
        overflow |= (size >= limit) & (size <= DBL_MAX);
        y[i] = (float)x[i];
    }
    if (overflow) {
        npy_intp i = 0;
        while (!(fabs(x[i]) >= limit && fabs(x[i]) <= DBL_MAX)) {
            i++;
        }
        PyObject *value = PyFloat_FromDouble(x[i]);
        if (value != NULL) {
            PyErr_Format(PyExc_ValueError,
                         "%s holds %R, which is too large for float32 (at most about 3.4e38); "
                         "scale it, or use a "
                         "network with dtype=\"float64\"",
                         name, value);
            Py_DECREF(value);
        }
        Py_CLEAR(out);
    }
done:
    Py_DECREF(wide);
    return out;
}

/* NumPy's conversions keep what lies below the mask of a numpy.ma array, an array or one bool. */
static int
check_unmasked(const char *name, PyArrayObject *array)
{
    if (PyArray_CheckExact(array) || !PyObject_HasAttrString((PyObject *)array, "mask")) {
        return 0;
    }
    PyObject *mask = PyObject_GetAttrString((PyObject *)array, "mask");
    int masked = mask != NULL ? 0 : -1;
    if (mask != NULL && (PyArray_Check(mask) || PyArray_CheckScalar(mask))) {
        PyObject *any = PyObject_CallMethod(mask, "any", NULL);
        masked = any != NULL ? PyObject_IsTrue(any) : -1;
        Py_XDECREF(any);
    }
    Py_XDECREF(mask);
    if (masked > 0) {
        PyErr_Format(PyExc_ValueError,
                     "%s holds masked entries; leave such samples out, or give them a value: "
                     "%s.filled(0)",
                     name, name);
    }
    return masked != 0 ? -1 : 0;
}

static PyArrayObject *
convert(const char *name, PyObject *source, int type)
{
    PyArrayObject *out = NULL;
    PyArrayObject *array = (PyArrayObject *)PyArray_FromAny(source, NULL, 0, 0, 0, NULL);
    if (array == NULL) {
        if (PyErr_ExceptionMatches(PyExc_ValueError)) { /* NumPy's text does not say of what */
            PyErr_Format(PyExc_ValueError, "%s cannot be made an array: give rows of one length", name);
        }
        return NULL;
    }
    if (check_real(name, array) == 0 && check_unmasked(name, array) == 0) {
        const int from = PyArray_TYPE(array);
        const int narrows = type == NPY_FLOAT32 && (from == NPY_FLOAT64 || from == NPY_LONGDOUBLE);
        out = narrows ? narrow(name, array) : cast(array, type);
    }
    Py_DECREF(array);
    return out;
}

static int
input_open(input *in, const char *name, PyObject *source, il_dtype dtype)
{
    const int type = type_number(array_type_of(dtype));
    PyArrayObject *array;
    if (PyArray_CheckExact(source) && is_ready((PyArrayObject *)source, type)) {
        array = (PyArrayObject *)source;
        Py_INCREF(source);
    } else {
        array = convert(name, source, type);
    }
    *in = (input){.name = name, .source = source, .array = (PyObject *)array, .dtype = dtype};
    if (array == NULL) {
        return -1;
    }
    in->data = PyArray_DATA(array);
    return 0;
}

/* ---- in: shapes -------------------------------------------------------------------------- */

static const char *
shape_hint(PyArrayObject *array, size_t columns)
{
    const int rank = PyArray_NDIM(array);
    const npy_intp *shape = PyArray_DIMS(array);
    if (rank == 1 && (size_t)shape[0] == columns) {
        return "; a single sample is %s[None, :]";
    }
    if (rank == 1 && columns == 1) {
        return "; a single column is %s[:, None]";
    }
    if (rank == 2 && (size_t)shape[0] == columns) {
        return "; samples lie in rows: %s.T";
    }
    return "";
}

static void
set_shape_error(const input *in, size_t rows, size_t columns)
{
    PyArrayObject *array = (PyArrayObject *)in->array;
    PyObject *shape = PyObject_GetAttrString(in->array, "shape");
    PyObject *hint = PyUnicode_FromFormat(shape_hint(array, columns), in->name);
    if (shape != NULL && hint != NULL) {
        if (rows == INPUT_ANY_ROWS) {
            PyErr_Format(PyExc_ValueError, "%s must have shape (samples, %zu), got %S%U", in->name, columns, shape,
                         hint);
        } else {
            PyErr_Format(PyExc_ValueError, "%s must have shape (%zu, %zu), one row per sample of X, got %S%U", in->name,
                         rows, columns, shape, hint);
        }
    }
    Py_XDECREF(shape);
    Py_XDECREF(hint);
}

int
input_matrix(input *in, const char *name, PyObject *source, il_dtype dtype, size_t rows, size_t columns)
{
    if (input_open(in, name, source, dtype) < 0) {
        return -1;
    }
    PyArrayObject *array = (PyArrayObject *)in->array;
    const npy_intp *shape = PyArray_DIMS(array);
    if (PyArray_NDIM(array) != 2 || (size_t)shape[1] != columns
        || (rows != INPUT_ANY_ROWS && (size_t)shape[0] != rows)) {
        set_shape_error(in, rows, columns);
    } else if (shape[0] == 0) {
        PyErr_Format(PyExc_ValueError, "%s has no samples: its shape is (0, %zu)", name, columns);
    } else {
        in->rows = (size_t)shape[0];
        in->columns = columns;
        return 0;
    }
    input_clear(in);
    return -1;
}

int
input_flat(input *in, const char *name, PyObject *source, il_dtype dtype, size_t rows)
{
    if (input_open(in, name, source, dtype) < 0) {
        return -1;
    }
    in->rows = (size_t)PyArray_SIZE((PyArrayObject *)in->array);
    in->columns = 1;
    if (rows != INPUT_ANY_ROWS && in->rows != rows) {
        PyErr_Format(PyExc_ValueError, "%s must hold %zu values, got %zu", name, rows, in->rows);
        input_clear(in);
        return -1;
    }
    return 0;
}

void
input_clear(input *in)
{
    Py_CLEAR(in->array);
}

int
input_not_finite(const input *in)
{
    const size_t count = in->rows * in->columns;
    for (size_t i = 0; i < count; i++) {
        const double value =
            in->dtype == IL_FLOAT32 ? (double)((const float *)in->data)[i] : ((const double *)in->data)[i];
        if (!isfinite(value)) {
            PyErr_Format(PyExc_ValueError, "%s holds %s at row %zu, column %zu; remove or replace such samples first",
                         in->name, isnan(value) ? "NaN" : "infinity", i / in->columns, i % in->columns);
            return 1;
        }
    }
    return 0;
}

il_dtype
input_dtype_of(PyObject *source)
{
    return PyArray_Check(source) && PyArray_TYPE((PyArrayObject *)source) == NPY_FLOAT32 ? IL_FLOAT32 : IL_FLOAT64;
}

/* ---- out --------------------------------------------------------------------------------- */

PyObject *
array_dtype(il_dtype dtype)
{
    return (PyObject *)PyArray_DescrFromType(type_number(array_type_of(dtype)));
}

/* data NULL: allocate. */
static PyObject *
make(array_type type, int rank, const size_t *shape, void *data)
{
    npy_intp dims[2] = {0, 0};
    for (int i = 0; i < rank; i++) {
        if (shape[i] > (size_t)NPY_MAX_INTP) {
            return PyErr_NoMemory();
        }
        dims[i] = (npy_intp)shape[i];
    }
    return PyArray_New(&PyArray_Type, rank, dims, type_number(type), NULL, data, 0, data ? NPY_ARRAY_CARRAY : 0, NULL);
}

PyObject *
array_new(array_type type, int rank, const size_t *shape, void **data)
{
    PyObject *array = make(type, rank, shape, NULL);
    if (array != NULL) {
        *data = PyArray_DATA((PyArrayObject *)array);
    }
    return array;
}

PyObject *
array_new_like(const input *in, void **data)
{
    PyArrayObject *like = (PyArrayObject *)in->array;
    PyObject *array = PyArray_SimpleNew(PyArray_NDIM(like), PyArray_DIMS(like), PyArray_TYPE(like));
    if (array != NULL) {
        *data = PyArray_DATA((PyArrayObject *)array);
    }
    return array;
}

PyObject *
array_view(array_type type, int rank, const size_t *shape, void *data, PyObject *owner)
{
    PyObject *array = make(type, rank, shape, data);
    if (array == NULL) {
        return NULL;
    }
    Py_INCREF(owner);
    if (PyArray_SetBaseObject((PyArrayObject *)array, owner) < 0) { /* takes the reference, also on failure */
        Py_DECREF(array);
        return NULL;
    }
    return array;
}

int
array_output(PyObject *out, il_dtype *dtype, size_t *count, void **data)
{
    if (!PyArray_Check(out)) {
        PyErr_Format(PyExc_TypeError, "out must be a NumPy array, got %S", (PyObject *)Py_TYPE(out));
        return -1;
    }
    PyArrayObject *array = (PyArrayObject *)out;
    const int type = PyArray_TYPE(array);
    if (type != NPY_FLOAT32 && type != NPY_FLOAT64) {
        PyErr_Format(PyExc_TypeError, "out must be float32 or float64, got %S", (PyObject *)PyArray_DESCR(array));
        return -1;
    }
    if (!PyArray_ISCARRAY(array)) {
        PyErr_SetString(PyExc_ValueError, "out must be C-contiguous, aligned, writable and in native byte order");
        return -1;
    }
    *dtype = type == NPY_FLOAT32 ? IL_FLOAT32 : IL_FLOAT64;
    *count = (size_t)PyArray_SIZE(array);
    *data = PyArray_DATA(array);
    return 0;
}
