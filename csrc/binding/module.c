/*
 * module.c - the extension module initlens._core: functions, the type Net, and how it is loaded.
 *
 * Multi-phase initialization and no mutable static of our own. NumPy keeps its function table in
 * one, so the module refuses sub-interpreters, as NumPy does.
 */
#include "binding.h"

#include "arrays.h"
#include "diagnosis.h"
#include "errors.h"
#include "network.h"
#include "settings.h"

/* Draws and elementwise functions on this many elements take some ten microseconds. */
#define LONG_COUNT 4096

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

static PyObject *
none(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

/* ---- functions --------------------------------------------------------------------------- */

static PyObject *
module_fill(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static const char *const names[] = {"out",    "scheme",  "n_in",  "n_out",   "key",
                                        "tensor", "purpose", "start", "threads", NULL};
    PyObject *out, *scheme_tuple, *n_in_number, *n_out_number, *key_number, *tensor_number, *purpose_name,
        *start_number, *most;
    il_scheme scheme;
    il_purpose purpose;
    il_dtype dtype;
    size_t n_in, n_out, count, threads;
    uint64_t key, tensor, start;
    void *data;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOOOOO:fill", KEYWORDS(names), &out, &scheme_tuple, &n_in_number,
                                     &n_out_number, &key_number, &tensor_number, &purpose_name, &start_number, &most)
        || parse_scheme(scheme_tuple, &scheme) < 0 || parse_size(n_in_number, "n_in", &n_in) < 0
        || parse_size(n_out_number, "n_out", &n_out) < 0 || parse_uint64(key_number, "key", &key) < 0
        || parse_uint64(tensor_number, "tensor", &tensor) < 0 || parse_purpose(purpose_name, &purpose) < 0
        || parse_uint64(start_number, "start", &start) < 0 || parse_size(most, "threads", &threads) < 0
        || array_output(out, &dtype, &count, &data) < 0) {
        return NULL;
    }
    if (tensor > UINT32_MAX) {
        return PyErr_Format(PyExc_ValueError, "tensor must be below 2**32, got %R", tensor_number);
    }
    PyThreadState *saved = count < LONG_COUNT ? NULL : PyEval_SaveThread();
    const il_status status =
        il_fill(&scheme, dtype, n_in, n_out, key, (uint32_t)tensor, purpose, start, count, threads, data);
    if (saved != NULL) {
        PyEval_RestoreThread(saved);
    }
    return status == IL_OK ? none() : error_set(status);
}

static PyObject *
module_activation_apply(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static const char *const names[] = {"kind", "parameter", "z", NULL};
    PyObject *kind, *Z, *out = NULL, *slope = NULL, *result = NULL;
    double parameter;
    void *out_data, *slope_data;
    il_activation activation;
    input z;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OdO:activation_apply", KEYWORDS(names), &kind, &parameter, &Z)
        || parse_activation(kind, parameter, &activation) < 0
        || input_flat(&z, "z", Z, input_dtype_of(Z), INPUT_ANY_ROWS) < 0) {
        return NULL;
    }
    out = array_new_like(&z, &out_data);
    slope = out == NULL ? NULL : array_new_like(&z, &slope_data);
    if (slope == NULL) {
        goto done;
    }
    PyThreadState *saved = z.rows < LONG_COUNT ? NULL : PyEval_SaveThread();
    const il_status status = il_activation_apply(activation, z.dtype, z.rows, z.data, out_data, slope_data);
    if (saved != NULL) {
        PyEval_RestoreThread(saved);
    }
    result = status == IL_OK ? PyTuple_Pack(2, out, slope) : error_set(status);
done:
    Py_XDECREF(out);
    Py_XDECREF(slope);
    input_clear(&z);
    return result;
}

static PyObject *
module_activation_max_slope(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static const char *const names[] = {"kind", "parameter", NULL};
    PyObject *kind;
    double parameter;
    il_activation activation;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Od:activation_max_slope", KEYWORDS(names), &kind, &parameter)
        || parse_activation(kind, parameter, &activation) < 0) {
        return NULL;
    }
    return PyFloat_FromDouble(il_activation_max_slope(activation));
}

/* A tuple of the kinks, a parameter's share in them as a flag of its own. */
static PyObject *
activation_kinks(const il_activation_info *info)
{
    PyObject *kinks = PyTuple_New((Py_ssize_t)info->kink_count);
    for (size_t i = 0; kinks != NULL && i < info->kink_count; i++) {
        PyObject *kink = PyFloat_FromDouble(info->kinks[i]);
        if (kink == NULL || PyTuple_SetItem(kinks, (Py_ssize_t)i, kink) < 0) { /* takes the reference */
            Py_CLEAR(kinks);
        }
    }
    return kinks;
}

static PyObject *
module_activation_table(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    PyObject *table = PyList_New(0);
    for (size_t i = 0; table != NULL && i < IL_ACTIVATION_COUNT; i++) {
        const il_activation_info *info = il_activation_info_of((il_activation_kind)i);
        PyObject *row = Py_BuildValue(
            "{s:s,s:s,s:z,s:d,s:d,s:d,s:N,s:i,s:I,s:N,s:N,s:N,s:d}", "name", info->name, "aliases",
            info->aliases != NULL ? info->aliases : "", "parameter", info->parameter, "initial", info->initial, "least",
            info->least, "most", info->most, "above", PyBool_FromLong(info->above), "symmetry", (int)info->symmetry,
            "flat", info->flat, "rectified", PyBool_FromLong(info->rectified), "kinks", activation_kinks(info),
            "kinks_scaled", PyBool_FromLong(info->kinks_scaled), "pole", info->pole);
        if (row == NULL || PyList_Append(table, row) < 0) {
            Py_CLEAR(table);
        }
        Py_XDECREF(row);
    }
    return table;
}

static PyObject *
available_isas(void)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && il_isa_available(i) != NULL; i++) {
        PyObject *name = PyUnicode_FromString(il_isa_available(i));
        if (name == NULL || PyList_Append(list, name) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(name);
    }
    return list;
}

static const char *
compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#elif defined(_MSC_VER)
    return "msvc " TEXT(_MSC_FULL_VER);
#else
    return "unknown";
#endif
}

static PyObject *
module_show_config(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return Py_BuildValue("{s:s,s:s,s:N,s:s,s:s}", "isa", il_isa_name(), "reason", il_isa_reason(), "available",
                         available_isas(), "compiler", compiler(), "numpy_built_with", TEXT(IL_NUMPY_VERSION));
}

static PyObject *
module_isa_select(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    static const char *const names[] = {"name", NULL};
    const char *name;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s:isa_select", KEYWORDS(names), &name)) {
        return NULL;
    }
    if (il_isa_select(name) == IL_OK) {
        return none();
    }
    PyObject *available = available_isas();
    if (available != NULL) {
        PyErr_Format(PyExc_ValueError, "no kernels named '%s' here; available: %S", name, available);
        Py_DECREF(available);
    }
    return NULL;
}

static PyMethodDef module_functions[] = {
    {"fill", METHOD(module_fill), WITH_KEYWORDS,
     "fill($module, /, out, scheme, n_in, n_out, key, tensor, purpose, start, threads)\n--\n\n"},
    {"activation_apply", METHOD(module_activation_apply), WITH_KEYWORDS,
     "activation_apply($module, /, kind, parameter, z)\n--\n\n"},
    {"activation_max_slope", METHOD(module_activation_max_slope), WITH_KEYWORDS,
     "activation_max_slope($module, /, kind, parameter)\n--\n\n"},
    {"activation_table", module_activation_table, METH_NOARGS, "activation_table($module, /)\n--\n\n"},
    {"group_units", METHOD(module_group_units), WITH_KEYWORDS,
     "group_units($module, /, units, incoming, biases, outgoing, modulo, tolerance)\n--\n\n"},
    {"unit_spread", METHOD(module_unit_spread), WITH_KEYWORDS,
     "unit_spread($module, /, units, incoming, biases, outgoing, tolerance)\n--\n\n"},
    {"weight_rank", METHOD(module_weight_rank), WITH_KEYWORDS,
     "weight_rank($module, /, units, incoming, tolerance)\n--\n\n"},
    {"show_config", module_show_config, METH_NOARGS, "show_config($module, /)\n--\n\n"},
    {"isa_select", METHOD(module_isa_select), WITH_KEYWORDS, "isa_select($module, /, name)\n--\n\n"},
    {NULL, NULL, 0, NULL},
};

/* ---- the module -------------------------------------------------------------------------- */

typedef struct module_state {
    PyTypeObject *network_type;
} module_state;

static int
module_exec(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    /* Said here because Py_mod_multiple_interpreters is younger than the limited API we build for.
     */
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
        PyErr_SetString(PyExc_ImportError, "initlens does not support sub-interpreters; use threads or processes");
        return -1;
    }
    if (array_import() < 0 || network_watch_forks() < 0) {
        return -1;
    }
    state->network_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &network_spec, NULL);
    if (state->network_type == NULL || PyModule_AddType(module, state->network_type) < 0
        || PyModule_AddIntConstant(module, "NUMERICS_VERSION", IL_NUMERICS_VERSION) < 0
        || PyModule_AddIntConstant(module, "SMALL_NET", IL_SMALL_NET) < 0) {
        return -1;
    }
    return 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *state = PyModule_GetState(module);
    Py_VISIT(state->network_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->network_type);
    return 0;
}

static void
module_free(void *module)
{
    (void)module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, SLOT(module_exec)},
#if defined(Py_GIL_DISABLED)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

PyDoc_STRVAR(module_doc, "The C core of initlens. Private: use `initlens`.");

static PyModuleDef module_def = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_core",
    .m_doc = module_doc,
    .m_size = sizeof(module_state),
    .m_methods = module_functions,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&module_def);
}
