/*
 * network.c - the Python type `Net`: an il_net with a lifetime, one user at a time, and views into
 * it.
 *
 * The il_net never changes or moves between __init__ and dealloc, so its shape and the addresses of
 * its parameters may be read at any time.
 */
#include "network.h"

#include <stddef.h>

#include "arrays.h"
#include "compute.h"
#include "diagnosis.h"
#include "first_step.h"
#include "errors.h"
#include "owner.h"
#include "settings.h"
#include "training.h"

typedef struct network {
    PyObject_HEAD
    il_net *net; /* NULL until __init__ has succeeded */
    owner_cell owner;
} network;

/* Giving the GIL away and taking it back costs about as much as a small net's forward pass. Up to
 * so many multiply-adds, a few microseconds, it is kept. */
#define SHORT_WORK 16384

/* ---- one thread at a time ---------------------------------------------------------------- */

il_net *
network_net(PyObject *self)
{
    il_net *net = ((network *)self)->net;
    if (net == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this network has no layers: __init__ of its class did not run");
    }
    return net;
}

static int
is_short(const il_net *net, size_t B)
{
    const size_t parameters = il_net_parameter_count(net);
    return B <= SHORT_WORK && parameters <= SHORT_WORK && B * parameters <= SHORT_WORK;
}

int
network_watch_forks(void)
{
    return owner_watch_forks();
}

int
network_take(PyObject *self)
{
    const int taken = owner_take(&((network *)self)->owner);
    if (taken == 1) {
        il_net_repair(((network *)self)->net);
    }
    return taken < 0 ? -1 : 0;
}

void
network_release(PyObject *self)
{
    owner_clear(&((network *)self)->owner);
}

int
network_begin(PyObject *self, size_t B, PyThreadState **saved)
{
    if (network_take(self) < 0) {
        return -1;
    }
    *saved = is_short(((network *)self)->net, B) ? NULL : PyEval_SaveThread();
    return 0;
}

void
network_end(PyObject *self, PyThreadState *saved)
{
    if (saved != NULL) {
        PyEval_RestoreThread(saved);
    }
    network_release(self);
}

/* ---- lists of arrays, one a layer -------------------------------------------------------- */

int
network_layer_shape(const il_net *net, layer_tensor tensor, size_t layer, size_t B, size_t shape[2])
{
    const size_t width = il_net_width(net, layer + 1);
    if (tensor == LAYER_BIASES) {
        shape[0] = width;
        return 1;
    }
    shape[0] = tensor == LAYER_WEIGHTS ? il_net_width(net, layer) : B;
    shape[1] = width;
    return 2;
}

/* Views of the parameters, which keep the network alive. */
static PyObject *
layer_views(PyObject *self, layer_tensor tensor)
{
    il_net *net = network_net(self);
    if (net == NULL) {
        return NULL;
    }
    const size_t L = il_net_layers(net);
    PyObject *list = PyList_New((Py_ssize_t)L);
    for (size_t l = 0; list != NULL && l < L; l++) {
        size_t shape[2];
        const int rank = network_layer_shape(net, tensor, l, 0, shape);
        void *data = tensor == LAYER_WEIGHTS ? il_net_weights(net, l) : il_net_biases(net, l);
        PyObject *array = array_view(array_type_of(il_net_dtype(net)), rank, shape, data, self);
        if (array == NULL || PyList_SetItem(list, (Py_ssize_t)l, array) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* ---- create ------------------------------------------------------------------------------ */

static int
parse_widths(PyObject *sequence, size_t count, size_t *out)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++) {
        char name[48];
        PyOS_snprintf(name, sizeof name, "widths[%zu]", i);
        PyObject *item = PySequence_GetItem(sequence, (Py_ssize_t)i);
        status = item == NULL ? -1 : parse_size(item, name, &out[i]);
        Py_XDECREF(item);
        if (status == 0 && out[i] == 0) {
            PyErr_Format(PyExc_ValueError, "%s must be 1 or more, got 0", name);
            status = -1;
        }
    }
    return status;
}

static int
parse_activations(PyObject *sequence, size_t count, il_activation *out)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++) {
        PyObject *kind;
        double parameter;
        PyObject *item = PySequence_GetItem(sequence, (Py_ssize_t)i);
        if (item == NULL) {
            return -1;
        }
        if (!PyTuple_Check(item)) {
            PyErr_Format(PyExc_TypeError, "an activation must be a tuple (kind, parameter), got %R", item);
            status = -1;
        } else if (!PyArg_ParseTuple(item, "Od;an activation is a tuple (kind, parameter)", &kind, &parameter)) {
            status = -1;
        } else {
            status = parse_activation(kind, parameter, &out[i]);
        }
        Py_DECREF(item);
    }
    return status;
}

static int
network_create(network *self, PyObject *widths, PyObject *activations, PyObject *loss, PyObject *dtype)
{
    int result = -1;
    size_t *width = NULL;
    il_activation *activation = NULL;
    il_net_spec spec = {.layers = 0};

    const Py_ssize_t length = PySequence_Size(widths);
    if (length < 0) {
        return -1;
    }
    if (length < 2) {
        PyErr_Format(PyExc_ValueError, "widths must name the inputs and the outputs at least, got %R", widths);
        return -1;
    }
    spec.layers = (size_t)length - 1;
    if (parse_length(activations, "activations", spec.layers - 1) < 0 || parse_loss(loss, &spec.loss) < 0
        || parse_dtype(dtype, &spec.dtype) < 0) {
        return -1;
    }
    width = PyMem_Calloc(spec.layers + 1, sizeof *width);
    activation = PyMem_Calloc(spec.layers, sizeof *activation);
    if (width == NULL || activation == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (parse_widths(widths, spec.layers + 1, width) < 0
        || parse_activations(activations, spec.layers - 1, activation) < 0) {
        goto done;
    }
    spec.widths = width;
    spec.activations = activation;
    const il_status status = il_net_create(&spec, &self->net);
    if (status != IL_OK) {
        error_set(status);
        goto done;
    }
    result = 0;
done:
    PyMem_Free(width);
    PyMem_Free(activation);
    return result;
}

static int
network_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"widths", "activations", "loss", "dtype", NULL};
    PyObject *widths, *activations, *loss, *dtype;
    network *owner = (network *)self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOO:Net", KEYWORDS(names), &widths, &activations, &loss, &dtype)
        || owner_take(&owner->owner) < 0) {
        return -1;
    }
    int result = -1;
    if (owner->net != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a network's layers are fixed; create another network");
    } else {
        result = network_create(owner, widths, activations, loss, dtype);
    }
    owner_clear(&owner->owner);
    return result;
}

static int
network_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void
network_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    il_net_destroy(((network *)self)->net);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* ---- look inside ------------------------------------------------------------------------- */

static PyObject *
network_get_dtype(PyObject *self, void *closure)
{
    (void)closure;
    const il_net *net = network_net(self);
    return net == NULL ? NULL : array_dtype(il_net_dtype(net));
}

static PyObject *
network_get_weights(PyObject *self, void *closure)
{
    (void)closure;
    return layer_views(self, LAYER_WEIGHTS);
}

static PyObject *
network_get_biases(PyObject *self, void *closure)
{
    (void)closure;
    return layer_views(self, LAYER_BIASES);
}

/* ---- the type ---------------------------------------------------------------------------- */

PyDoc_STRVAR(network_doc, "Net(widths, activations, loss, dtype)\n--\n\n"
                          "Base of `initlens.Network`: a dense network in the C core.");

PyDoc_STRVAR(forward_doc, "forward($self, /, X)\n--\n\n"
                          "Outputs of the network.\n\n"
                          "Parameters\n"
                          "----------\n"
                          "X : array_like, shape (samples, n_in)\n"
                          "    Finite real numbers, one sample a row.\n\n"
                          "Returns\n"
                          "-------\n"
                          "ndarray, shape (samples, n_out)\n"
                          "    In the network's dtype: probabilities for the cross-entropies, else values.\n\n"
                          "Raises\n"
                          "------\n"
                          "ValueError\n"
                          "    If `X` has another shape, no samples, or holds NaN or infinity.\n"
                          "TypeError\n"
                          "    If `X` does not hold real numbers.\n"
                          "RuntimeError\n"
                          "    If another thread is using the network.\n");

static PyMethodDef network_methods[] = {
    {"forward", METHOD(network_forward), METH_FASTCALL | METH_KEYWORDS, forward_doc},
    {"_activations", METHOD(network_activations), WITH_KEYWORDS, "_activations($self, /, X)\n--\n\n"},
    {"_loss", METHOD(network_loss), WITH_KEYWORDS, "_loss($self, /, X, y)\n--\n\n"},
    {"_gradients", METHOD(network_gradients), WITH_KEYWORDS, "_gradients($self, /, X, y)\n--\n\n"},
    {"_initialize", METHOD(network_initialize), WITH_KEYWORDS,
     "_initialize($self, /, schemes, bias_schemes, key, threads)\n--\n\n"},
    {"_fit", METHOD(network_fit), WITH_KEYWORDS,
     "_fit($self, /, X, y, optimizer, steps, batch_size, record_every, poll, threads)\n--\n\n"},
    {"_fit_many", METHOD(network_fit_many), METH_CLASS | WITH_KEYWORDS,
     "_fit_many($type, /, nets, X, y, optimizers, steps, batch_size, record_every, poll)\n--\n\n"},
    {"_distinct_units", network_distinct_units, METH_NOARGS, "_distinct_units($self, /)\n--\n\n"},
    {"_diagnose", METHOD(network_diagnose), WITH_KEYWORDS, "_diagnose($self, /, X, y, threshold)\n--\n\n"},
    {"_first_step", METHOD(network_first_step), WITH_KEYWORDS,
     "_first_step($self, /, X, y, optimizer, batch_size, steps, multiples, curvature_share)\n--\n\n"},
    {"_get_progress", network_get_progress, METH_NOARGS, "_get_progress($self, /)\n--\n\n"},
    {"_get_slots", network_get_slots, METH_NOARGS, "_get_slots($self, /)\n--\n\n"},
    {"_set_progress", METHOD(network_set_progress), WITH_KEYWORDS, "_set_progress($self, /, progress, slots)\n--\n\n"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef network_properties[] = {
    {"dtype", network_get_dtype, NULL, "Type of every parameter and output: float32 or float64.", NULL},
    {"weights", network_get_weights, NULL,
     "Views of the weights, one (n_in, n_out) array a layer.\n\n"
     "Write into them: ``net.weights[0][...] = W``. The list is a new one each time, so that\n"
     "``net.weights[0] = W`` would change nothing of the network.",
     NULL},
    {"biases", network_get_biases, NULL,
     "Views of the biases, one (n_out,) array a layer.\n\n"
     "Write into them: ``net.biases[0][...] = b``. The list is a new one each time, so that\n"
     "``net.biases[0] = b`` would change nothing of the network.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* No clear: a Net holds no Python object but its type. */
static PyType_Slot network_slots[] = {
    {Py_tp_doc, (void *)network_doc},
    {Py_tp_init, SLOT(network_init)},
    {Py_tp_traverse, SLOT(network_traverse)},
    {Py_tp_dealloc, SLOT(network_dealloc)},
    {Py_tp_methods, network_methods},
    {Py_tp_getset, network_properties},
    {0, NULL},
};

PyType_Spec network_spec = {
    .name = "initlens._core.Net",
    .basicsize = sizeof(network),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = network_slots,
};
