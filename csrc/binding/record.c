/* record.c - rows of structs in C, one array a quantity in Python. */
#include "record.h"

#include <stddef.h>

#include "arrays.h"

static int
set_too_large(size_t rows)
{
    PyErr_Format(PyExc_MemoryError, "a record of %zu rows does not fit in memory; record less often", rows);
    return -1;
}

int
record_create(il_record *record, uint64_t steps, uint64_t record_every, size_t layers)
{
    *record = (il_record){.capacity = 0};
    if (record_every == 0) {
        return 0;
    }
    const size_t rows = il_record_rows(steps, record_every);
    if (rows > SIZE_MAX / layers) {
        return set_too_large(rows);
    }
    /* Calloc refuses products that overflow. */
    record->step = PyMem_Calloc(rows, sizeof *record->step);
    record->loss = PyMem_Calloc(rows, sizeof *record->loss);
    record->layers = PyMem_Calloc(rows * layers, sizeof *record->layers);
    if (record->step == NULL || record->loss == NULL || record->layers == NULL) {
        record_destroy(record);
        return set_too_large(rows);
    }
    record->capacity = rows;
    return 0;
}

void
record_destroy(il_record *record)
{
    PyMem_Free(record->step);
    PyMem_Free(record->loss);
    PyMem_Free(record->layers);
    *record = (il_record){.capacity = 0};
}

int
dict_put(PyObject *dict, const char *key, PyObject *value)
{
    if (value == NULL) {
        return -1;
    }
    const int status = PyDict_SetItemString(dict, key, value);
    Py_DECREF(value);
    return status;
}

static PyObject *
steps_array(const il_record *record)
{
    void *data;
    PyObject *array = array_new(ARRAY_INT64, 1, &record->rows, &data);
    for (size_t i = 0; array != NULL && i < record->rows; i++) {
        ((int64_t *)data)[i] = (int64_t)record->step[i];
    }
    return array;
}

static PyObject *
losses_array(const il_record *record)
{
    void *data;
    PyObject *array = array_new(ARRAY_FLOAT64, 1, &record->rows, &data);
    for (size_t i = 0; array != NULL && i < record->rows; i++) {
        ((double *)data)[i] = record->loss[i];
    }
    return array;
}

static const struct {
    const char *key;
    size_t offset;
} quantities[] = {
    {"activation_mean", offsetof(il_layer_record, activation_mean)},
    {"activation_std", offsetof(il_layer_record, activation_std)},
    {"saturated", offsetof(il_layer_record, saturated)},
    {"gradient_norm", offsetof(il_layer_record, gradient_norm)},
    {"weight_norm", offsetof(il_layer_record, weight_norm)},
    {"unit_spread", offsetof(il_layer_record, unit_spread)},
};

static PyObject *
quantity_array(const il_record *record, size_t layers, size_t offset)
{
    void *data;
    const size_t shape[] = {record->rows, layers};
    PyObject *array = array_new(ARRAY_FLOAT64, 2, shape, &data);
    for (size_t i = 0; array != NULL && i < record->rows * layers; i++) {
        ((double *)data)[i] = *(const double *)((const void *)((const char *)&record->layers[i] + offset));
    }
    return array;
}

static PyObject *
distinct_units_array(const il_record *record, size_t layers)
{
    void *data;
    const size_t shape[] = {record->rows, layers};
    PyObject *array = array_new(ARRAY_INT64, 2, shape, &data);
    for (size_t i = 0; array != NULL && i < record->rows * layers; i++) {
        ((int64_t *)data)[i] = (int64_t)record->layers[i].distinct_units;
    }
    return array;
}

int
record_into_dict(const il_record *record, size_t layers, PyObject *dict)
{
    const size_t count = sizeof quantities / sizeof quantities[0];
    if (record->capacity == 0) {
        int status = PyDict_SetItemString(dict, "record_step", Py_None) < 0
                     || PyDict_SetItemString(dict, "record_loss", Py_None) < 0
                     || PyDict_SetItemString(dict, "distinct_units", Py_None) < 0;
        for (size_t i = 0; !status && i < count; i++) {
            status = PyDict_SetItemString(dict, quantities[i].key, Py_None) < 0;
        }
        return status ? -1 : 0;
    }
    if (dict_put(dict, "record_step", steps_array(record)) < 0
        || dict_put(dict, "record_loss", losses_array(record)) < 0
        || dict_put(dict, "distinct_units", distinct_units_array(record, layers)) < 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (dict_put(dict, quantities[i].key, quantity_array(record, layers, quantities[i].offset)) < 0) {
            return -1;
        }
    }
    return 0;
}
