/*
 * compute.c - methods of `Net` that hand arrays to the core and give arrays back.
 *
 * Each first converts its arguments, which may run any Python code, then takes the net and lets the
 * core work, without the GIL unless that would cost more than the work.
 */
#include "compute.h"

#include "arrays.h"
#include "errors.h"
#include "network.h"
#include "samples.h"
#include "settings.h"

/* New arrays for the core to fill through pointers [L]. */
static PyObject *
layer_outputs(const il_net *net, layer_tensor tensor, size_t B, void **pointers)
{
    const size_t L = il_net_layers(net);
    PyObject *list = PyList_New((Py_ssize_t)L);
    for (size_t l = 0; list != NULL && l < L; l++) {
        size_t shape[2];
        const int rank = network_layer_shape(net, tensor, l, B, shape);
        PyObject *array = array_new(array_type_of(il_net_dtype(net)), rank, shape, &pointers[l]);
        if (array == NULL || PyList_SetItem(list, (Py_ssize_t)l, array) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* ---- compute ----------------------------------------------------------------------------- */

/* The X of forward(X) or forward(X=X), borrowed. By hand: this is the call that must cost nothing.
 */
static PyObject *
only_argument(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    if (nargs == 1 && kwnames == NULL) {
        return args[0];
    }
    if (nargs == 0 && kwnames != NULL && PyTuple_Size(kwnames) == 1
        && PyUnicode_CompareWithASCIIString(PyTuple_GetItem(kwnames, 0), "X") == 0) {
        return args[0];
    }
    PyErr_SetString(PyExc_TypeError, "forward() takes one argument, X");
    return NULL;
}

PyObject *
network_forward(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    samples data;
    void *values;
    PyThreadState *saved;
    PyObject *X = only_argument(args, nargs, kwnames);
    const il_net *net = X == NULL ? NULL : network_net(self);
    if (net == NULL || samples_open_x(&data, net, X) < 0) {
        return NULL;
    }
    const size_t shape[2] = {data.x.rows, il_net_width(net, il_net_layers(net))};
    PyObject *out = array_new(array_type_of(data.x.dtype), 2, shape, &values);
    if (out == NULL) {
        goto done;
    }
    if (network_begin(self, data.x.rows, &saved) < 0) {
        Py_CLEAR(out);
        goto done;
    }
    const il_status status = il_net_forward(net, data.x.rows, data.x.data, values);
    network_end(self, saved);
    if (status != IL_OK) {
        Py_CLEAR(out);
        samples_error(&data, status);
    }
done:
    samples_clear(&data);
    return out;
}

PyObject *
network_activations(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"X", NULL};
    samples data;
    PyObject *X, *z = NULL, *a = NULL, *result = NULL;
    PyThreadState *saved;
    const il_net *net = network_net(self);
    if (net == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, "O:_activations", KEYWORDS(names), &X)
        || samples_open_x(&data, net, X) < 0) {
        return NULL;
    }
    const size_t L = il_net_layers(net);
    void **pointers = PyMem_Calloc(2 * L, sizeof *pointers);
    if (pointers == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    z = layer_outputs(net, LAYER_UNITS, data.x.rows, pointers);
    a = z == NULL ? NULL : layer_outputs(net, LAYER_UNITS, data.x.rows, pointers + L);
    if (a == NULL || network_begin(self, data.x.rows, &saved) < 0) {
        goto done;
    }
    const il_status status = il_net_activations(net, data.x.rows, data.x.data, pointers, pointers + L);
    network_end(self, saved);
    result = status == IL_OK ? PyTuple_Pack(2, z, a) : samples_error(&data, status);
done:
    Py_XDECREF(z);
    Py_XDECREF(a);
    PyMem_Free(pointers);
    samples_clear(&data);
    return result;
}

PyObject *
network_loss(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"X", "y", NULL};
    samples data;
    PyObject *X, *Y, *result = NULL;
    PyThreadState *saved;
    double loss;
    const il_net *net = network_net(self);
    if (net == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, "OO:_loss", KEYWORDS(names), &X, &Y)
        || samples_open(&data, net, X, Y) < 0) {
        return NULL;
    }
    if (network_begin(self, data.x.rows, &saved) == 0) {
        const il_status status = il_net_loss(net, data.x.rows, data.x.data, data.y.data, &loss);
        network_end(self, saved);
        result = status == IL_OK ? PyFloat_FromDouble(loss) : samples_error(&data, status);
    }
    samples_clear(&data);
    return result;
}

PyObject *
network_gradients(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"X", "y", NULL};
    samples data;
    PyObject *X, *Y, *dw = NULL, *db = NULL, *result = NULL;
    PyThreadState *saved;
    double loss;
    const il_net *net = network_net(self);
    if (net == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, "OO:_gradients", KEYWORDS(names), &X, &Y)
        || samples_open(&data, net, X, Y) < 0) {
        return NULL;
    }
    const size_t L = il_net_layers(net);
    void **pointers = PyMem_Calloc(2 * L, sizeof *pointers);
    if (pointers == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    dw = layer_outputs(net, LAYER_WEIGHTS, 0, pointers);
    db = dw == NULL ? NULL : layer_outputs(net, LAYER_BIASES, 0, pointers + L);
    if (db == NULL || network_begin(self, data.x.rows, &saved) < 0) {
        goto done;
    }
    const il_status status =
        il_net_gradients(net, data.x.rows, data.x.data, data.y.data, &loss, pointers, pointers + L);
    network_end(self, saved);
    result = status == IL_OK ? Py_BuildValue("(dOO)", loss, dw, db) : samples_error(&data, status);
done:
    Py_XDECREF(dw);
    Py_XDECREF(db);
    PyMem_Free(pointers);
    samples_clear(&data);
    return result;
}

/* ---- initialize -------------------------------------------------------------------------- */

static int
parse_schemes(PyObject *sequence, const char *name, size_t count, il_scheme *out)
{
    int status = parse_length(sequence, name, count);
    for (size_t i = 0; status == 0 && i < count; i++) {
        PyObject *item = PySequence_GetItem(sequence, (Py_ssize_t)i);
        status = item == NULL ? -1 : parse_scheme(item, &out[i]);
        Py_XDECREF(item);
    }
    return status;
}

PyObject *
network_initialize(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"schemes", "bias_schemes", "key", "threads", NULL};
    PyObject *weights, *biases, *number, *most, *result = NULL;
    PyThreadState *saved;
    uint64_t key;
    size_t threads;
    il_net *net = network_net(self);
    if (net == NULL
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "OOOO:_initialize", KEYWORDS(names), &weights, &biases, &number,
                                        &most)
        || parse_uint64(number, "key", &key) < 0 || parse_size(most, "threads", &threads) < 0) {
        return NULL;
    }
    const size_t L = il_net_layers(net);
    il_scheme *schemes = PyMem_Calloc(2 * L, sizeof *schemes);
    if (schemes == NULL) {
        return PyErr_NoMemory();
    }
    const il_scheme *bias_schemes = biases == Py_None ? NULL : schemes + L;
    if (parse_schemes(weights, "schemes", L, schemes) < 0
        || (bias_schemes != NULL && parse_schemes(biases, "bias_schemes", L, schemes + L) < 0)
        || network_begin(self, 1, &saved) < 0) {
        goto done;
    }
    const il_status status = il_net_initialize(net, schemes, bias_schemes, key, threads);
    network_end(self, saved);
    if (status != IL_OK) {
        error_set(status);
        goto done;
    }
    result = Py_None;
    Py_INCREF(result);
done:
    PyMem_Free(schemes);
    return result;
}

/* ---- diagnose ---------------------------------------------------------------------------- */

PyObject *
network_distinct_units(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyThreadState *saved;
    const il_net *net = network_net(self);
    if (net == NULL) {
        return NULL;
    }
    const size_t L = il_net_layers(net);
    PyObject *list = NULL;
    size_t *distinct = PyMem_Calloc(L, sizeof *distinct);
    if (distinct == NULL) {
        return PyErr_NoMemory();
    }
    if (network_begin(self, 1, &saved) < 0) {
        goto done;
    }
    const il_status status = il_net_distinct_units(net, distinct);
    network_end(self, saved);
    if (status != IL_OK) {
        error_set(status);
        goto done;
    }
    list = PyList_New((Py_ssize_t)L);
    for (size_t l = 0; list != NULL && l < L; l++) {
        PyObject *number = PyLong_FromSize_t(distinct[l]);
        if (number == NULL || PyList_SetItem(list, (Py_ssize_t)l, number) < 0) {
            Py_CLEAR(list);
        }
    }
done:
    PyMem_Free(distinct);
    return list;
}
