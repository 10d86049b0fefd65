/* first_step.c - a dict of numbers, and of arrays with one value per layer or per multiple of the step. */
#include "first_step.h"

#include <stddef.h>

#include "arrays.h"
#include "network.h"
#include "record.h"
#include "samples.h"
#include "settings.h"

/* An array of `count` doubles that lie `stride` bytes apart. */
static int
put_doubles(PyObject *dict, const char *key, size_t count, const void *from, size_t stride)
{
    void *data;
    if (dict_put(dict, key, array_new(ARRAY_FLOAT64, 1, &count, &data)) < 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        ((double *)data)[i] = *(const double *)(const void *)((const char *)from + i * stride);
    }
    return 0;
}

static PyObject *
first_step_dict(const il_first_step *step, size_t layers, size_t multiples)
{
    static const struct {
        const char *key;
        size_t offset;
    } numbers[] = {{"move", offsetof(il_layer_step, move)},
                   {"bias_move", offsetof(il_layer_step, bias_move)},
                   {"rate", offsetof(il_layer_step, rate)},
                   {"gradient_norm", offsetof(il_layer_step, gradient_norm)}};
    PyObject *dict = Py_BuildValue("{s:d,s:d,s:d,s:d,s:d}", "learning_rate", step->learning_rate, "loss", step->loss,
                                   "aim", step->aim, "lin", step->lin, "sharpness", step->sharpness);
    int failed = dict == NULL || put_doubles(dict, "ray", multiples, step->ray, sizeof *step->ray) < 0;
    for (size_t i = 0; !failed && i < sizeof numbers / sizeof numbers[0]; i++) {
        failed = put_doubles(dict, numbers[i].key, layers, (const char *)step->layers + numbers[i].offset,
                             sizeof *step->layers)
                 < 0;
    }
    if (failed) {
        Py_CLEAR(dict);
    }
    return dict;
}

PyObject *
network_first_step(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"X",     "y",         "optimizer",       "batch_size",
                                        "steps", "multiples", "curvature_share", NULL};
    samples data;
    input multiples = {.name = "multiples"};
    PyObject *X, *y, *optimizer, *batch_size, *steps, *ray, *result = NULL;
    PyThreadState *saved;
    il_first_step_options options = {.steps = 0};
    const il_net *net = network_net(self);
    if (net == NULL
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOOd:_first_step", KEYWORDS(names), &X, &y, &optimizer,
                                        &batch_size, &steps, &ray, &options.curvature_share)
        || parse_optimizer(optimizer, &options.optimizer) < 0
        || parse_size(batch_size, "batch_size", &options.batch_size) < 0
        || parse_uint64(steps, "steps", &options.steps) < 0
        || input_flat(&multiples, "multiples", ray, IL_FLOAT64, INPUT_ANY_ROWS) < 0) {
        return NULL;
    }
    if (samples_open(&data, net, X, y) < 0) {
        input_clear(&multiples);
        return NULL;
    }
    const size_t L = il_net_layers(net), B = data.x.rows;
    options.multiples = multiples.data;
    options.multiple_count = multiples.rows;
    il_first_step step = {.layers = PyMem_Calloc(L, sizeof *step.layers),
                          .ray = PyMem_Calloc(options.multiple_count, sizeof *step.ray)};
    if (step.layers == NULL || step.ray == NULL) {
        PyErr_NoMemory();
    } else if (network_begin(self, B, &saved) == 0) {
        const il_status status = il_net_first_step(net, B, data.x.data, data.y.data, &options, &step);
        network_end(self, saved);
        result = status == IL_OK ? first_step_dict(&step, L, options.multiple_count) : samples_error(&data, status);
    }
    PyMem_Free(step.layers);
    PyMem_Free(step.ray);
    samples_clear(&data);
    input_clear(&multiples);
    return result;
}
