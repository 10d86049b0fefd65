/* settings.c - one table of names per enum of initlens.h; index = value of the enum. Activations have theirs there. */
#include "settings.h"

#define COUNT(names) (sizeof(names) / sizeof(names)[0])

static const char *const dtype_names[] = {"float32", "float64"};
static const char *const loss_names[] = {"binary_cross_entropy", "cross_entropy", "mse"};
static const char *const purpose_names[] = {"weights", "biases"};
static const char *const scheme_names[] = {
    "constant",   "normal",   "uniform", "truncated_normal", "variance_scaling",
    "orthogonal", "identity", "sparse",  "hadamard",
};
static const char *const mode_names[] = {"fan_in", "fan_out", "fan_avg", "fan_geo_avg"};
static const char *const distribution_names[] = {"normal", "uniform", "truncated_normal"};
static const char *const optimizer_names[] = {"sgd", "adam", "rmsprop"};

_Static_assert(COUNT(loss_names) == IL_LOSS_COUNT, "a name for every loss");
_Static_assert(COUNT(scheme_names) == IL_SCHEME_COUNT, "a name for every scheme");
_Static_assert(COUNT(optimizer_names) == IL_OPTIMIZER_COUNT, "a name for every optimizer");

/* ---- names ------------------------------------------------------------------------------- */

static PyObject *
joined(const char *const *names, size_t count)
{
    PyObject *text = PyUnicode_FromString(names[0]);
    for (size_t i = 1; text != NULL && i < count; i++) {
        PyObject *longer = PyUnicode_FromFormat("%U, %s", text, names[i]);
        Py_DECREF(text);
        text = longer;
    }
    return text;
}

static int
find_name(PyObject *name, const char *what, const char *const *names, size_t count, size_t *index)
{
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str, got %R", what, name);
        return -1;
    }
    for (*index = 0; *index < count; ++*index) {
        if (PyUnicode_CompareWithASCIIString(name, names[*index]) == 0) {
            return 0;
        }
    }
    PyObject *valid = joined(names, count);
    if (valid != NULL) {
        PyErr_Format(PyExc_ValueError, "unknown %s %R; it is one of %U", what, name, valid);
        Py_DECREF(valid);
    }
    return -1;
}

int
parse_dtype(PyObject *name, il_dtype *out)
{
    size_t index;
    if (find_name(name, "dtype", dtype_names, COUNT(dtype_names), &index) < 0) {
        return -1;
    }
    *out = (il_dtype)index;
    return 0;
}

int
parse_loss(PyObject *name, il_loss *out)
{
    size_t index;
    if (find_name(name, "loss", loss_names, COUNT(loss_names), &index) < 0) {
        return -1;
    }
    *out = (il_loss)index;
    return 0;
}

int
parse_purpose(PyObject *name, il_purpose *out)
{
    size_t index;
    if (find_name(name, "purpose", purpose_names, COUNT(purpose_names), &index) < 0) {
        return -1;
    }
    *out = (il_purpose)index;
    return 0;
}

int
parse_activation(PyObject *kind, double parameter, il_activation *out)
{
    const char *names[IL_ACTIVATION_COUNT];
    for (size_t i = 0; i < COUNT(names); i++) {
        names[i] = il_activation_info_of((il_activation_kind)i)->name;
    }
    size_t index;
    if (find_name(kind, "activation", names, COUNT(names), &index) < 0) {
        return -1;
    }
    *out = (il_activation){(il_activation_kind)index, parameter};
    return 0;
}

/* ---- integers ---------------------------------------------------------------------------- */

static void
explain_integer(PyObject *value, const char *name, size_t bits)
{
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_Format(PyExc_ValueError, "%s must be between 0 and 2**%zu - 1, got %R", name, bits, value);
    } else if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Format(PyExc_TypeError, "%s must be an integer, got %R", name, value);
    }
}

int
parse_size(PyObject *value, const char *name, size_t *out)
{
    PyObject *index = PyNumber_Index(value);
    *out = index == NULL ? 0 : PyLong_AsSize_t(index);
    Py_XDECREF(index);
    if (PyErr_Occurred()) {
        explain_integer(value, name, 8 * sizeof *out);
        return -1;
    }
    return 0;
}

int
parse_uint64(PyObject *value, const char *name, uint64_t *out)
{
    PyObject *index = PyNumber_Index(value);
    *out = index == NULL ? 0 : PyLong_AsUnsignedLongLong(index);
    Py_XDECREF(index);
    if (PyErr_Occurred()) {
        explain_integer(value, name, 8 * sizeof *out);
        return -1;
    }
    return 0;
}

/* ---- sequences and schemes --------------------------------------------------------------- */

int
parse_length(PyObject *sequence, const char *name, size_t count)
{
    const Py_ssize_t length = PySequence_Size(sequence);
    if (length < 0) {
        return -1;
    }
    if ((size_t)length != count) {
        PyErr_Format(PyExc_ValueError, "%s must have %zu entries, got %zd", name, count, length);
        return -1;
    }
    return 0;
}

#define SCHEME_FIELDS "(kind, a, b, mode, distribution, low, high, count)"

int
parse_scheme(PyObject *tuple, il_scheme *out)
{
    PyObject *kind, *mode, *distribution, *count;
    il_scheme scheme = {.kind = IL_SCHEME_CONSTANT};
    size_t kind_index, mode_index, distribution_index;
    if (!PyTuple_Check(tuple)) {
        PyErr_Format(PyExc_TypeError, "a scheme must be a tuple " SCHEME_FIELDS ", got %R", tuple);
        return -1;
    }
    if (!PyArg_ParseTuple(tuple, "OddOOddO;a scheme is a tuple " SCHEME_FIELDS, &kind, &scheme.a, &scheme.b, &mode,
                          &distribution, &scheme.low, &scheme.high, &count)
        || find_name(kind, "scheme", scheme_names, COUNT(scheme_names), &kind_index) < 0
        || find_name(mode, "mode", mode_names, COUNT(mode_names), &mode_index) < 0
        || find_name(distribution, "distribution", distribution_names, COUNT(distribution_names), &distribution_index)
               < 0
        || parse_size(count, "count", &scheme.count) < 0) {
        return -1;
    }
    scheme.kind = (il_scheme_kind)kind_index;
    scheme.mode = (il_fan_mode)mode_index;
    scheme.distribution = (il_distribution)distribution_index;
    *out = scheme;
    return 0;
}

/* ---- dicts ------------------------------------------------------------------------------- */

static int
get_double(PyObject *dict, const char *key, double *out)
{
    PyObject *item = PyMapping_GetItemString(dict, key);
    if (item == NULL) {
        return -1;
    }
    *out = PyFloat_AsDouble(item);
    Py_DECREF(item);
    return PyErr_Occurred() ? -1 : 0;
}

static int
get_truth(PyObject *dict, const char *key, int *out)
{
    PyObject *item = PyMapping_GetItemString(dict, key);
    if (item == NULL) {
        return -1;
    }
    *out = PyObject_IsTrue(item);
    Py_DECREF(item);
    return *out < 0 ? -1 : 0;
}

static int
get_uint64(PyObject *dict, const char *key, uint64_t *out)
{
    PyObject *item = PyMapping_GetItemString(dict, key);
    if (item == NULL) {
        return -1;
    }
    const int status = parse_uint64(item, key, out);
    Py_DECREF(item);
    return status;
}

static int
get_optimizer_kind(PyObject *dict, il_optimizer_kind *out)
{
    size_t index;
    PyObject *kind = PyMapping_GetItemString(dict, "kind");
    if (kind == NULL) {
        return -1;
    }
    const int status = find_name(kind, "optimizer", optimizer_names, COUNT(optimizer_names), &index);
    Py_DECREF(kind);
    if (status == 0) {
        *out = (il_optimizer_kind)index;
    }
    return status;
}

int
parse_optimizer(PyObject *dict, il_optimizer *out)
{
    *out = (il_optimizer){.kind = IL_SGD};
    if (get_optimizer_kind(dict, &out->kind) < 0 || get_double(dict, "learning_rate", &out->learning_rate) < 0
        || get_double(dict, "momentum", &out->momentum) < 0 || get_truth(dict, "nesterov", &out->nesterov) < 0
        || get_double(dict, "beta1", &out->beta1) < 0 || get_double(dict, "beta2", &out->beta2) < 0
        || get_double(dict, "epsilon", &out->epsilon) < 0 || get_double(dict, "weight_decay", &out->weight_decay) < 0) {
        return -1;
    }
    return 0;
}

PyObject *
optimizer_dict(const il_optimizer *optimizer)
{
    return Py_BuildValue("{s:s,s:d,s:d,s:O,s:d,s:d,s:d,s:d}", "kind", optimizer_names[optimizer->kind], "learning_rate",
                         optimizer->learning_rate, "momentum", optimizer->momentum, "nesterov",
                         optimizer->nesterov ? Py_True : Py_False, "beta1", optimizer->beta1, "beta2", optimizer->beta2,
                         "epsilon", optimizer->epsilon, "weight_decay", optimizer->weight_decay);
}

int
parse_progress(PyObject *dict, il_net_progress *out)
{
    *out = (il_net_progress){.key = 0};
    if (get_uint64(dict, "key", &out->key) < 0 || get_uint64(dict, "epoch", &out->epoch) < 0
        || get_uint64(dict, "position", &out->position) < 0 || get_uint64(dict, "samples", &out->samples) < 0
        || get_uint64(dict, "batch_size", &out->batch_size) < 0 || get_uint64(dict, "steps", &out->steps) < 0
        || get_double(dict, "beta1_power", &out->beta1_power) < 0
        || get_double(dict, "beta2_power", &out->beta2_power) < 0) {
        return -1;
    }
    PyObject *optimizer = PyMapping_GetItemString(dict, "optimizer");
    if (optimizer == NULL) {
        return -1;
    }
    out->has_optimizer = optimizer != Py_None;
    const int status = out->has_optimizer ? parse_optimizer(optimizer, &out->optimizer) : 0;
    Py_DECREF(optimizer);
    return status;
}

PyObject *
progress_dict(const il_net_progress *progress)
{
    PyObject *optimizer = Py_None;
    if (progress->has_optimizer) {
        optimizer = optimizer_dict(&progress->optimizer);
    } else {
        Py_INCREF(optimizer);
    }
    /* N takes the reference; a NULL there is the error it came from. */
    return Py_BuildValue("{s:K,s:K,s:K,s:K,s:K,s:K,s:d,s:d,s:N}", "key", (unsigned long long)progress->key, "epoch",
                         (unsigned long long)progress->epoch, "position", (unsigned long long)progress->position,
                         "samples", (unsigned long long)progress->samples, "batch_size",
                         (unsigned long long)progress->batch_size, "steps", (unsigned long long)progress->steps,
                         "beta1_power", progress->beta1_power, "beta2_power", progress->beta2_power, "optimizer",
                         optimizer);
}
