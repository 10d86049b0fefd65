/*
 * training.c - methods of `Net` that train, and that carry the state of training in and out.
 */
#include "training.h"

#include <stdint.h>
#include <string.h>

#include "arrays.h"
#include "errors.h"
#include "network.h"
#include "poll.h"
#include "record.h"
#include "samples.h"
#include "settings.h"

/* ---- train ------------------------------------------------------------------------------- */

static PyObject *
fit_result(const il_train_result *done, int interrupted, const il_record *record, size_t layers)
{
    PyObject *dict = PyDict_New();
    if (dict == NULL) {
        return NULL;
    }
    if (dict_put(dict, "steps", PyLong_FromUnsignedLongLong(done->steps)) < 0
        || dict_put(dict, "diverged", PyBool_FromLong(done->diverged)) < 0
        || dict_put(dict, "interrupted", PyBool_FromLong(interrupted)) < 0
        || record_into_dict(record, layers, dict) < 0) {
        Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *
train(PyObject *self, const samples *data, il_train_options *options, PyObject *callback)
{
    il_record record;
    il_train_result done = {0, 0};
    PyObject *result = NULL;
    il_net *net = network_net(self);
    const size_t L = il_net_layers(net);
    if (record_create(&record, options->steps, options->record_every, L) < 0) {
        return NULL;
    }
    poll_state poll = {.callback = callback == Py_None ? NULL : callback};
    options->poll = poll_call;
    options->poll_context = &poll;
    if (network_take(self) < 0) {
        goto done;
    }
    poll_begin(&poll);
    const il_status status = il_net_train(net, data->x.rows, data->x.data, data->y.data, options,
                                          record.capacity > 0 ? &record : NULL, &done);
    poll_end(&poll);
    network_release(self);
    if (poll.failed) {
        goto done;
    }
    if (status == IL_OK || status == IL_ERROR_INTERRUPTED) {
        result = fit_result(&done, poll.stopped, &record, L);
    } else {
        samples_error(data, status);
    }
done:
    record_destroy(&record);
    return result;
}

PyObject *
network_fit(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"X",    "y",       "optimizer", "steps", "batch_size", "record_every",
                                        "poll", "threads", NULL};
    samples data;
    PyObject *X, *Y, *optimizer, *steps, *batch_size, *record_every, *poll, *threads;
    il_train_options options = {.steps = 0};
    const il_net *net = network_net(self);
    if (net == NULL
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOOOO:_fit", KEYWORDS(names), &X, &Y, &optimizer, &steps,
                                        &batch_size, &record_every, &poll, &threads)
        || parse_optimizer(optimizer, &options.optimizer) < 0 || parse_uint64(steps, "steps", &options.steps) < 0
        || parse_size(batch_size, "batch_size", &options.batch_size) < 0
        || parse_uint64(record_every, "record_every", &options.record_every) < 0
        || parse_size(threads, "threads", &options.threads) < 0) {
        return NULL;
    }
    if (poll != Py_None && !PyCallable_Check(poll)) {
        return PyErr_Format(PyExc_TypeError, "poll must be callable or None, got %R", poll);
    }
    if (samples_open(&data, net, X, Y) < 0) {
        return NULL;
    }
    PyObject *result = train(self, &data, &options, poll);
    samples_clear(&data);
    return result;
}

/* ---- many nets --------------------------------------------------------------------------- */

/* The nets of one call, and what the core needs of each: [count]. */
typedef struct many {
    size_t count, taken;
    PyObject **networks; /* owned */
    il_net **nets;
    il_train_options *options;
    il_record *records;
    il_train_result *results;
} many;

static void
many_clear(many *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (i < s->taken) {
            network_release(s->networks[i]);
        }
        if (s->networks != NULL) {
            Py_XDECREF(s->networks[i]);
        }
        if (s->records != NULL) {
            record_destroy(&s->records[i]);
        }
    }
    PyMem_Free(s->networks);
    PyMem_Free(s->nets);
    PyMem_Free(s->options);
    PyMem_Free(s->records);
    PyMem_Free(s->results);
}

/* Nets and their optimizers; `common` holds the options that all share. */
static int
many_open(many *s, PyObject *type, PyObject *nets, PyObject *optimizers, const il_train_options *common)
{
    const Py_ssize_t count = PySequence_Size(nets), settings = PySequence_Size(optimizers);
    *s = (many){.count = 0};
    if (count < 0 || settings < 0) {
        return -1;
    }
    if (count != settings) {
        PyErr_Format(PyExc_ValueError, "optimizers must hold one for each of %zd nets, got %zd", count, settings);
        return -1;
    }
    const size_t n = (size_t)count;
    s->networks = PyMem_Calloc(n, sizeof(PyObject *));
    s->nets = PyMem_Calloc(n, sizeof(il_net *));
    s->options = PyMem_Calloc(n, sizeof *s->options);
    s->records = PyMem_Calloc(n, sizeof *s->records);
    s->results = PyMem_Calloc(n, sizeof *s->results);
    if (s->networks == NULL || s->nets == NULL || s->options == NULL || s->records == NULL || s->results == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (s->count = 0; s->count < n; s->count++) {
        const size_t i = s->count;
        s->networks[i] = PySequence_GetItem(nets, (Py_ssize_t)i);
        const int fits = s->networks[i] == NULL ? -1 : PyObject_IsInstance(s->networks[i], type);
        if (fits == 0) {
            PyErr_Format(PyExc_TypeError, "nets[%zu] must be a %R, got %R", i, type, s->networks[i]);
        }
        s->nets[i] = fits > 0 ? network_net(s->networks[i]) : NULL;
        s->options[i] = *common;
        PyObject *optimizer = s->nets[i] == NULL ? NULL : PySequence_GetItem(optimizers, (Py_ssize_t)i);
        if (optimizer == NULL || parse_optimizer(optimizer, &s->options[i].optimizer) < 0
            || record_create(&s->records[i], common->steps, common->record_every, il_net_layers(s->nets[i])) < 0) {
            Py_XDECREF(optimizer);
            Py_CLEAR(s->networks[i]);
            return -1;
        }
        Py_DECREF(optimizer);
    }
    for (; s->taken < s->count; s->taken++) {
        if (network_take(s->networks[s->taken]) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyObject *
many_results(const many *s, int interrupted)
{
    PyObject *list = PyList_New((Py_ssize_t)s->count);
    for (size_t i = 0; list != NULL && i < s->count; i++) {
        PyObject *result = fit_result(&s->results[i], interrupted, &s->records[i], il_net_layers(s->nets[i]));
        if (result == NULL || PyList_SetItem(list, (Py_ssize_t)i, result) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *
many_train(many *s, const samples *data, poll_state *poll)
{
    for (size_t i = 0; i < s->count; i++) {
        s->options[i].poll = poll_call;
        s->options[i].poll_context = poll;
    }
    poll_begin(poll);
    const il_status status =
        il_nets_train(s->nets, s->count, data->x.rows, data->x.data, data->y.data, s->options,
                      s->count > 0 && s->options[0].record_every > 0 ? s->records : NULL, s->results);
    poll_end(poll);
    if (poll->failed) {
        return NULL;
    }
    if (status == IL_ERROR_ARGUMENT) {
        PyErr_SetString(PyExc_ValueError,
                        "nets must share layers, activations, loss and dtype, and their optimizers the kind "
                        "and which of momentum, nesterov and weight_decay are used");
        return NULL;
    }
    return status == IL_OK || status == IL_ERROR_INTERRUPTED ? many_results(s, poll->stopped)
                                                             : samples_error(data, status);
}

PyObject *
network_fit_many(PyObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"nets",         "X",    "y", "optimizers", "steps", "batch_size",
                                        "record_every", "poll", NULL};
    samples data;
    many nets;
    PyObject *networks, *X, *Y, *optimizers, *steps, *batch_size, *record_every, *callback, *result = NULL;
    il_train_options common = {.steps = 0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOOOO:_fit_many", KEYWORDS(names), &networks, &X, &Y,
                                     &optimizers, &steps, &batch_size, &record_every, &callback)
        || parse_uint64(steps, "steps", &common.steps) < 0
        || parse_size(batch_size, "batch_size", &common.batch_size) < 0
        || parse_uint64(record_every, "record_every", &common.record_every) < 0) {
        return NULL;
    }
    if (callback != Py_None && !PyCallable_Check(callback)) {
        return PyErr_Format(PyExc_TypeError, "poll must be callable or None, got %R", callback);
    }
    if (many_open(&nets, type, networks, optimizers, &common) == 0) {
        poll_state poll = {.callback = callback == Py_None ? NULL : callback};
        if (nets.count == 0) {
            result = PyList_New(0);
        } else if (samples_open(&data, nets.nets[0], X, Y) == 0) {
            result = many_train(&nets, &data, &poll);
            samples_clear(&data);
        }
    }
    many_clear(&nets);
    return result;
}

/* ---- what training carries from call to call --------------------------------------------- */

PyObject *
network_get_progress(PyObject *self, PyObject *unused)
{
    (void)unused;
    const il_net *net = network_net(self);
    if (net == NULL || network_take(self) < 0) {
        return NULL;
    }
    const il_net_progress progress = il_net_get_progress(net);
    network_release(self);
    return progress_dict(&progress);
}

/* The slots in use, in order; at most 2. Returns how many. */
static size_t
used_slots(il_net *net, void *slots[2])
{
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        slots[count] = il_net_slot(net, i);
        count += slots[count] != NULL;
    }
    return count;
}

static size_t
slot_bytes(const il_net *net)
{
    return il_net_parameter_count(net) * (il_net_dtype(net) == IL_FLOAT32 ? sizeof(float) : sizeof(double));
}

PyObject *
network_get_slots(PyObject *self, PyObject *unused)
{
    (void)unused;
    void *slots[2];
    il_net *net = network_net(self);
    PyObject *list = net == NULL ? NULL : PyList_New(0);
    if (list == NULL) {
        return NULL;
    }
    if (network_take(self) < 0) {
        Py_DECREF(list);
        return NULL;
    }
    const size_t count = used_slots(net, slots);
    const size_t parameters = il_net_parameter_count(net);
    for (size_t i = 0; list != NULL && i < count; i++) {
        void *data;
        PyObject *array = array_new(array_type_of(il_net_dtype(net)), 1, &parameters, &data);
        if (array != NULL) {
            memcpy(data, slots[i], slot_bytes(net));
        }
        if (array == NULL || PyList_Append(list, array) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(array);
    }
    network_release(self);
    return list;
}

/* On a copy first: settings that the core refuses, or another number of slots, change nothing. */
static int
restore(il_net *net, const il_net_progress *progress, const input *given, size_t count)
{
    void *slots[2];
    il_net *trial = NULL;
    il_status status = il_net_copy(net, &trial);
    if (status == IL_OK) {
        status = il_net_set_progress(trial, progress);
    }
    const size_t wanted = status == IL_OK ? used_slots(trial, slots) : 0;
    il_net_destroy(trial);
    if (status == IL_OK && wanted != count) {
        PyErr_Format(PyExc_ValueError, "this optimizer keeps %zu slots, got %zu", wanted, count);
        return -1;
    }
    if (status == IL_OK) {
        status = il_net_set_progress(net, progress);
    }
    if (status == IL_ERROR_ARGUMENT) {
        PyErr_Format(PyExc_ValueError, "no training leaves such a state: position %llu of %llu samples, epoch %llu",
                     (unsigned long long)progress->position, (unsigned long long)progress->samples,
                     (unsigned long long)progress->epoch);
        return -1;
    }
    if (status != IL_OK) {
        error_set(status);
        return -1;
    }
    (void)used_slots(net, slots);
    for (size_t i = 0; i < count; i++) {
        memcpy(slots[i], given[i].data, slot_bytes(net));
    }
    return 0;
}

PyObject *
network_set_progress(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"progress", "slots", NULL};
    PyObject *dict, *slots, *result = NULL;
    il_net_progress progress;
    input given[2] = {{.name = NULL}, {.name = NULL}};
    il_net *net = network_net(self);
    if (net == NULL || !PyArg_ParseTupleAndKeywords(args, kwargs, "OO:_set_progress", KEYWORDS(names), &dict, &slots)
        || parse_progress(dict, &progress) < 0) {
        return NULL;
    }
    const Py_ssize_t count = PySequence_Size(slots);
    if (count < 0) {
        return NULL;
    }
    if (count > 2) {
        return PyErr_Format(PyExc_ValueError, "an optimizer keeps at most 2 slots, got %zd", count);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(slots, i);
        const int status =
            item == NULL ? -1 : input_flat(&given[i], "slot", item, il_net_dtype(net), il_net_parameter_count(net));
        Py_XDECREF(item);
        if (status < 0) {
            goto done;
        }
    }
    if (network_take(self) < 0) {
        goto done;
    }
    if (restore(net, &progress, given, (size_t)count) == 0) {
        result = Py_None;
        Py_INCREF(result);
    }
    network_release(self);
done:
    input_clear(&given[0]);
    input_clear(&given[1]);
    return result;
}
