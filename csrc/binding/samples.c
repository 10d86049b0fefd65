/* samples.c - the core only says that data is not finite; where it is, is looked up here. */
#include "samples.h"

#include "errors.h"

int
samples_open_x(samples *data, const il_net *net, PyObject *X)
{
    data->y = (input){.name = "y"};
    return input_matrix(&data->x, "X", X, il_net_dtype(net), INPUT_ANY_ROWS, il_net_width(net, 0));
}

int
samples_open(samples *data, const il_net *net, PyObject *X, PyObject *y)
{
    if (samples_open_x(data, net, X) < 0) {
        return -1;
    }
    const size_t outputs = il_net_width(net, il_net_layers(net));
    if (input_matrix(&data->y, "y", y, il_net_dtype(net), data->x.rows, outputs) < 0) {
        samples_clear(data);
        return -1;
    }
    return 0;
}

void
samples_clear(samples *data)
{
    input_clear(&data->x);
    input_clear(&data->y);
}

PyObject *
samples_error(const samples *data, il_status status)
{
    if (status == IL_ERROR_NOT_FINITE && (input_not_finite(&data->x) || input_not_finite(&data->y))) {
        return NULL;
    }
    return error_set(status);
}
