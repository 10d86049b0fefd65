/* diagnosis.c - one dict a layer: numbers by name, arrays that the core fills. */
#include "diagnosis.h"

#include <stddef.h>

#include "arrays.h"
#include "errors.h"
#include "network.h"
#include "record.h"
#include "samples.h"

static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"z_mean", offsetof(il_layer_diagnosis, z_mean)},
    {"z_std", offsetof(il_layer_diagnosis, z_std)},
    {"a_mean", offsetof(il_layer_diagnosis, a_mean)},
    {"a_std", offsetof(il_layer_diagnosis, a_std)},
    {"saturated_low", offsetof(il_layer_diagnosis, saturated_low)},
    {"saturated_high", offsetof(il_layer_diagnosis, saturated_high)},
    {"hard", offsetof(il_layer_diagnosis, hard)},
    {"linear", offsetof(il_layer_diagnosis, linear)},
    {"sparse", offsetof(il_layer_diagnosis, sparse)},
    {"weight_norm", offsetof(il_layer_diagnosis, weight_norm)},
    {"bias_norm", offsetof(il_layer_diagnosis, bias_norm)},
    {"weight_gradient_norm", offsetof(il_layer_diagnosis, weight_gradient_norm)},
    {"bias_gradient_norm", offsetof(il_layer_diagnosis, bias_gradient_norm)},
    {"z_gradient_norm", offsetof(il_layer_diagnosis, z_gradient_norm)},
    {"a_gradient_norm", offsetof(il_layer_diagnosis, a_gradient_norm)},
    {"signal_gradient_norm", offsetof(il_layer_diagnosis, signal_gradient_norm)},
    {"weights_not_finite", offsetof(il_layer_diagnosis, weights_not_finite)},
    {"z_not_finite", offsetof(il_layer_diagnosis, z_not_finite)},
    {"gradients_not_finite", offsetof(il_layer_diagnosis, gradients_not_finite)},
};

/* A new array under `key`; its memory, or NULL with an error. */
static void *
put_array(PyObject *dict, const char *key, array_type type, int rank, const size_t *shape)
{
    void *data;
    return dict_put(dict, key, array_new(type, rank, shape, &data)) < 0 ? NULL : data;
}

/* The arrays of one layer, which its dict owns and `d` borrows. */
static int
put_arrays(PyObject *dict, const il_net *net, size_t l, size_t B, int has_targets, il_layer_diagnosis *d)
{
    const size_t M = il_net_width(net, l + 1);
    if (B > 0) {
        const size_t square[] = {M, M}, shorter = B < M ? B : M;
        d->unit_saturated = put_array(dict, "unit_saturated", ARRAY_FLOAT64, 1, &M);
        d->unit_inactive = put_array(dict, "unit_inactive", ARRAY_FLOAT64, 1, &M);
        d->unit_activity = put_array(dict, "unit_activity", ARRAY_FLOAT64, 1, &M);
        d->sample_saturated = put_array(dict, "sample_saturated", ARRAY_FLOAT64, 1, &B);
        d->singular_values = put_array(dict, "singular_values", ARRAY_FLOAT64, 1, &shorter);
        d->scatter = put_array(dict, "scatter", ARRAY_FLOAT64, 2, square);
    }
    if (has_targets) {
        const array_type type = array_type_of(il_net_dtype(net));
        const size_t shape[] = {il_net_width(net, l), M};
        d->weight_gradient = put_array(dict, "weight_gradient", type, 2, shape);
        d->bias_gradient = put_array(dict, "bias_gradient", type, 1, &M);
    }
    return PyErr_Occurred() ? -1 : 0;
}

static int
put_quantiles(PyObject *dict, const char *key, const double values[IL_QUANTILES])
{
    const size_t count = IL_QUANTILES;
    double *data = put_array(dict, key, ARRAY_FLOAT64, 1, &count);
    for (size_t q = 0; data != NULL && q < count; q++) {
        data[q] = values[q];
    }
    return data == NULL ? -1 : 0;
}

static int
put_numbers(PyObject *dict, const il_layer_diagnosis *d)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const void *at = (const char *)d + numbers[i].offset;
        if (dict_put(dict, numbers[i].key, PyFloat_FromDouble(*(const double *)at)) < 0) {
            return -1;
        }
    }
    return put_quantiles(dict, "z_quantiles", d->z_quantiles) < 0
                   || put_quantiles(dict, "a_quantiles", d->a_quantiles) < 0
               ? -1
               : 0;
}

/* X and y as far as they are not None. */
static int
open_samples(samples *data, const il_net *net, PyObject *X, PyObject *y)
{
    *data = (samples){.x = {.name = "X"}, .y = {.name = "y"}};
    if (X == Py_None) {
        return 0;
    }
    return y == Py_None ? samples_open_x(data, net, X) : samples_open(data, net, X, y);
}

PyObject *
network_diagnose(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"X", "y", "threshold", NULL};
    samples data;
    PyObject *X, *y, *layers = NULL, *result = NULL;
    PyThreadState *saved;
    double threshold;
    il_loss_diagnosis loss;
    const il_net *net = network_net(self);
    if (net == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, "OOd:_diagnose", KEYWORDS(names), &X, &y, &threshold)
        || open_samples(&data, net, X, y) < 0) {
        return NULL;
    }
    const size_t L = il_net_layers(net), B = data.x.array == NULL ? 0 : data.x.rows;
    il_layer_diagnosis *measured = PyMem_Calloc(L, sizeof *measured);
    layers = measured == NULL ? PyErr_NoMemory() : PyList_New((Py_ssize_t)L);
    for (size_t l = 0; l < L; l++) {
        PyObject *dict = layers == NULL ? NULL : PyDict_New();
        if (dict == NULL || PyList_SetItem(layers, (Py_ssize_t)l, dict) < 0
            || put_arrays(dict, net, l, B, data.y.array != NULL, &measured[l]) < 0) {
            goto done;
        }
    }
    if (network_begin(self, B, &saved) < 0) {
        goto done;
    }
    const il_status status = il_net_diagnose(net, B, data.x.data, data.y.data, threshold, measured, &loss);
    network_end(self, saved);
    if (status != IL_OK) {
        samples_error(&data, status);
        goto done;
    }
    for (size_t l = 0; l < L; l++) {
        if (put_numbers(PyList_GetItem(layers, (Py_ssize_t)l), &measured[l]) < 0) {
            goto done;
        }
    }
    result = Py_BuildValue("(Odd)", layers, loss.loss, loss.confident_wrong);
done:
    Py_XDECREF(layers);
    PyMem_Free(measured);
    samples_clear(&data);
    return result;
}

/* ---- groups of units --------------------------------------------------------------------- */

/* The three parts of M units, any of them None. */
typedef struct parts {
    input incoming, biases, outgoing;
    il_units units;
} parts;

static void
parts_clear(parts *p)
{
    input_clear(&p->incoming);
    input_clear(&p->biases);
    input_clear(&p->outgoing);
}

/* Values of each unit, whole; *each and *data stay 0 and NULL for None. */
static int
open_part(input *in, const char *name, PyObject *source, size_t M, size_t *each, const double **data)
{
    if (source == Py_None) {
        return 0;
    }
    if (input_flat(in, name, source, IL_FLOAT64, INPUT_ANY_ROWS) < 0) {
        return -1;
    }
    if (in->rows % M != 0) {
        PyErr_Format(PyExc_ValueError, "%s holds %zu values, which are no %zu units", name, in->rows, M);
        return -1;
    }
    *each = in->rows / M;
    *data = in->data;
    return 0;
}

static int
parts_open(parts *p, Py_ssize_t count, PyObject *incoming, PyObject *biases, PyObject *outgoing)
{
    *p = (parts){.units = {.M = (size_t)count}};
    size_t one = 1;
    if (count < 1) {
        PyErr_SetString(PyExc_ValueError, "units must be 1 or more");
        return -1;
    }
    if (open_part(&p->incoming, "incoming", incoming, p->units.M, &p->units.N, &p->units.incoming) < 0
        || open_part(&p->biases, "biases", biases, p->units.M, &one, &p->units.biases) < 0
        || open_part(&p->outgoing, "outgoing", outgoing, p->units.M, &p->units.K, &p->units.outgoing) < 0) {
        parts_clear(p);
        return -1;
    }
    if (one != 1) {
        PyErr_Format(PyExc_ValueError, "biases must hold %zd values", count);
        parts_clear(p);
        return -1;
    }
    return 0;
}

PyObject *
module_group_units(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static const char *const names[] = {"units", "incoming", "biases", "outgoing", "modulo", "tolerance", NULL};
    PyObject *incoming, *biases, *outgoing, *result = NULL;
    Py_ssize_t count;
    int modulo;
    double tolerance;
    void *data;
    parts p;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "nOOOid:group_units", KEYWORDS(names), &count, &incoming, &biases,
                                     &outgoing, &modulo, &tolerance)
        || parts_open(&p, count, incoming, biases, outgoing) < 0) {
        return NULL;
    }
    size_t *leader = PyMem_Calloc(p.units.M, sizeof *leader);
    if (leader == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    il_status status;
    Py_BEGIN_ALLOW_THREADS
    status = il_units_group(&p.units, (il_modulo)modulo, tolerance, leader);
    Py_END_ALLOW_THREADS
    if (status != IL_OK) {
        error_set(status);
        goto done;
    }
    result = array_new(ARRAY_INT64, 1, &p.units.M, &data);
    for (size_t m = 0; result != NULL && m < p.units.M; m++) {
        ((int64_t *)data)[m] = (int64_t)leader[m];
    }
done:
    PyMem_Free(leader);
    parts_clear(&p);
    return result;
}

PyObject *
module_unit_spread(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static const char *const names[] = {"units", "incoming", "biases", "outgoing", "tolerance", NULL};
    PyObject *incoming, *biases, *outgoing;
    Py_ssize_t count;
    double tolerance, largest, mean;
    size_t members;
    parts p;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "nOOOd:unit_spread", KEYWORDS(names), &count, &incoming, &biases,
                                     &outgoing, &tolerance)
        || parts_open(&p, count, incoming, biases, outgoing) < 0) {
        return NULL;
    }
    il_status status;
    Py_BEGIN_ALLOW_THREADS
    status = il_units_spread(&p.units, tolerance, &members, &largest, &mean);
    Py_END_ALLOW_THREADS
    parts_clear(&p);
    return status == IL_OK ? Py_BuildValue("(ndd)", (Py_ssize_t)members, largest, mean) : error_set(status);
}

PyObject *
module_weight_rank(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static const char *const names[] = {"units", "incoming", "tolerance", NULL};
    PyObject *incoming;
    Py_ssize_t count;
    double tolerance;
    size_t rank;
    parts p;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "nOd:weight_rank", KEYWORDS(names), &count, &incoming, &tolerance)
        || parts_open(&p, count, incoming, Py_None, Py_None) < 0) {
        return NULL;
    }
    il_status status;
    Py_BEGIN_ALLOW_THREADS
    status = il_units_rank(&p.units, tolerance, &rank);
    Py_END_ALLOW_THREADS
    parts_clear(&p);
    return status == IL_OK ? PyLong_FromSize_t(rank) : error_set(status);
}
