/* compute.c - a net on data, without changing it: forward, activations, loss, gradients. */
#include "engine.h"
#include "activation.h"
#include "spec.h"

#define T float
#define P f32
#include "engine_names.h"
#include "compute.inc.h"
#include "engine_end.h"

#define T double
#define P f64
#include "engine_names.h"
#include "compute.inc.h"
#include "engine_end.h"

il_status
il_net_forward(const il_net *net, size_t B, const void *x, void *out)
{
    if (B < 1 || x == NULL || out == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const il_status status = net->dtype == IL_FLOAT32 ? compute_forward_f32(net, &k->f32, B, x, out)
                                                      : compute_forward_f64(net, &k->f64, B, x, out);
    il_float_leave(saved);
    return status;
}

il_status
il_net_activations(const il_net *net, size_t B, const void *x, void *const *z, void *const *a)
{
    if (B < 1 || x == NULL || z == NULL || a == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const il_status status = net->dtype == IL_FLOAT32 ? compute_activations_f32(net, &k->f32, B, x, z, a)
                                                      : compute_activations_f64(net, &k->f64, B, x, z, a);
    il_float_leave(saved);
    return status;
}

il_status
il_net_loss(const il_net *net, size_t B, const void *x, const void *y, double *loss)
{
    if (B < 1 || x == NULL || y == NULL || loss == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const il_status status = net->dtype == IL_FLOAT32 ? compute_loss_f32(net, &k->f32, B, x, y, loss)
                                                      : compute_loss_f64(net, &k->f64, B, x, y, loss);
    il_float_leave(saved);
    return status;
}

il_status
il_net_gradients(const il_net *net, size_t B, const void *x, const void *y, double *loss, void *const *dw,
                 void *const *db)
{
    if (B < 1 || x == NULL || y == NULL || loss == NULL || dw == NULL || db == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const il_status status = net->dtype == IL_FLOAT32
                                 ? compute_gradients_f32(net, &k->f32, B, x, y, loss, dw, db)
                                 : compute_gradients_f64(net, &k->f64, B, x, y, loss, dw, db);
    il_float_leave(saved);
    return status;
}

il_status
il_activation_apply(il_activation activation, il_dtype dtype, size_t count, const void *z, void *out, void *slope)
{
    if (!il_activation_valid(activation) || (count > 0 && z == NULL)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const il_status status = dtype == IL_FLOAT32 ? apply_f32(activation, &k->f32, count, z, out, slope)
                                                 : apply_f64(activation, &k->f64, count, z, out, slope);
    il_float_leave(saved);
    return status;
}
