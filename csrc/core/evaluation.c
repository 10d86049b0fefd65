/* evaluation.c - a net on data, without changing it: forward, activations, loss, gradients. */
#include "activation.h"
#include "engine.h"
#include "spec.h"

/* A net on B samples, in blocks. */
typedef struct evaluation {
    const il_net *net;
    const il_kernel_set *k;
    size_t B, N, M; /* samples, inputs and outputs */
    const void *x;  /* [B][N] */
    const void *y;  /* [B][M], or NULL */
} evaluation;

static evaluation
evaluation_of(const il_net *net, size_t B, const void *x, const void *y)
{
    return (evaluation){.net = net,
                        .k = il_kernel_set_of(il_kernels_get(), net->dtype),
                        .B = B,
                        .N = net->widths[0],
                        .M = net->widths[net->layers],
                        .x = x,
                        .y = y};
}

/* Samples of the block that begins at b. */
static size_t
block_rows(size_t B, size_t b, size_t most)
{
    return B - b < most ? B - b : most;
}

/* An engine for blocks of at most so many samples; IL_ERROR_NOT_FINITE for data that is not. */
static il_status
evaluation_begin(const evaluation *v, il_engine *e, size_t most, unsigned passes)
{
    if (!v->k->all_finite(v->B * v->N, v->x) || (v->y != NULL && !v->k->all_finite(v->B * v->M, v->y))) {
        return IL_ERROR_NOT_FINITE;
    }
    return il_engine_create(e, v->net, v->k, block_rows(v->B, 0, most), passes, NULL, NULL);
}

static il_status
evaluate_forward(const evaluation *v, void *out)
{
    il_engine e;
    const il_status status = evaluation_begin(v, &e, IL_INFERENCE_ROWS, IL_FORWARD);
    if (status != IL_OK) {
        return status;
    }
    for (size_t b = 0; b < v->B; b += IL_INFERENCE_ROWS) {
        il_engine_redirect_outputs(&e, il_at(out, b * v->M, e.element));
        il_engine_forward(&e, block_rows(v->B, b, IL_INFERENCE_ROWS), il_const_at(v->x, b * v->N, e.element));
    }
    il_engine_destroy(&e);
    return IL_OK;
}

static il_status
evaluate_activations(const evaluation *v, void *const *z, void *const *a)
{
    il_engine e;
    const il_status status = evaluation_begin(v, &e, IL_INFERENCE_ROWS, IL_KEEP_Z);
    if (status != IL_OK) {
        return status;
    }
    for (size_t b = 0; b < v->B; b += IL_INFERENCE_ROWS) {
        const size_t R = block_rows(v->B, b, IL_INFERENCE_ROWS);
        il_engine_forward(&e, R, il_const_at(v->x, b * v->N, e.element));
        for (size_t l = 0; l + 1 < e.L; l++) {
            const il_layer *layer = &e.layers[l];
            if (a[l] != NULL) {
                il_engine_unpack_samples(&e, layer, R, layer->a, il_at(a[l], b * layer->M, e.element));
            }
            if (z[l] != NULL) {
                il_engine_unpack_samples(&e, layer, R, layer->z, il_at(z[l], b * layer->M, e.element));
            }
        }
        const size_t top = e.L - 1;
        if (z[top] != NULL) {
            memcpy(il_at(z[top], b * v->M, e.element), e.logits, R * v->M * e.element);
        }
        if (a[top] != NULL) {
            memcpy(il_at(a[top], b * v->M, e.element), e.outputs, R * v->M * e.element);
        }
    }
    il_engine_destroy(&e);
    return IL_OK;
}

static il_status
evaluate_loss(const evaluation *v, double *loss)
{
    il_engine e;
    const il_status status = evaluation_begin(v, &e, IL_INFERENCE_ROWS, IL_FORWARD);
    if (status != IL_OK) {
        return status;
    }
    double lanes[IL_SUM_LANES] = {0};
    for (size_t b = 0; b < v->B; b += IL_INFERENCE_ROWS) {
        const size_t R = block_rows(v->B, b, IL_INFERENCE_ROWS);
        il_engine_forward(&e, R, il_const_at(v->x, b * v->N, e.element));
        il_engine_add_loss(&e, R, il_const_at(v->y, b * v->M, e.element), lanes);
    }
    *loss = il_lanes_total(lanes) / il_engine_loss_count(&e, v->B);
    il_engine_destroy(&e);
    return IL_OK;
}

static il_status
evaluate_gradients(const evaluation *v, double *loss, void *const *dw, void *const *db)
{
    il_engine e;
    const il_status status = evaluation_begin(v, &e, IL_BLOCK, IL_BACKWARD);
    if (status != IL_OK) {
        return status;
    }
    double lanes[IL_SUM_LANES] = {0};
    for (size_t b = 0; b < v->B; b += IL_BLOCK) {
        const size_t R = block_rows(v->B, b, IL_BLOCK);
        const void *const x = il_const_at(v->x, b * v->N, e.element), *const y = il_const_at(v->y, b * v->M, e.element);
        il_engine_forward(&e, R, x);
        il_engine_add_loss(&e, R, y, lanes);
        il_engine_output_delta(&e, R, y, v->B);
        il_engine_store_gradients(&e, R, x, b > 0);
    }
    *loss = il_lanes_total(lanes) / il_engine_loss_count(&e, v->B);
    for (size_t l = 0; l < e.L; l++) {
        const il_layer *layer = &e.layers[l];
        il_engine_unpack_weights(&e, layer, layer->gradient, dw[l]);
        il_engine_unpack_bias(&e, layer, layer->bias_gradient, db[l]);
    }
    il_engine_destroy(&e);
    return IL_OK;
}

il_status
il_net_forward(const il_net *net, size_t B, const void *x, void *out)
{
    if (B < 1 || x == NULL || out == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    const evaluation v = evaluation_of(net, B, x, NULL);
    const il_float_environment saved = il_float_enter();
    const il_status status = evaluate_forward(&v, out);
    il_float_leave(saved);
    return status;
}

il_status
il_net_activations(const il_net *net, size_t B, const void *x, void *const *z, void *const *a)
{
    if (B < 1 || x == NULL || z == NULL || a == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    const evaluation v = evaluation_of(net, B, x, NULL);
    const il_float_environment saved = il_float_enter();
    const il_status status = evaluate_activations(&v, z, a);
    il_float_leave(saved);
    return status;
}

il_status
il_net_loss(const il_net *net, size_t B, const void *x, const void *y, double *loss)
{
    if (B < 1 || x == NULL || y == NULL || loss == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    const evaluation v = evaluation_of(net, B, x, y);
    const il_float_environment saved = il_float_enter();
    const il_status status = evaluate_loss(&v, loss);
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
    const evaluation v = evaluation_of(net, B, x, y);
    const il_float_environment saved = il_float_enter();
    const il_status status = evaluate_gradients(&v, loss, dw, db);
    il_float_leave(saved);
    return status;
}

/* ---- an activation by itself ------------------------------------------------------------- */

/* Through a buffer of its own where the caller has none: the slope of some activations needs the output first. */
static il_status
apply_activation(il_activation g, const il_kernel_set *k, size_t n, const void *z, void *out, void *slope)
{
    void *a = out, *own = NULL;
    if (out == NULL && slope != NULL) {
        own = il_allocate(n, k->element);
        if (own == NULL) {
            return IL_ERROR_MEMORY;
        }
        a = own;
    }
    if (a != NULL) {
        k->activate(g, n, z, a);
    }
    if (slope != NULL) {
        k->slope(g, n, z, a, slope);
    }
    il_release(own);
    return IL_OK;
}

il_status
il_activation_apply(il_activation activation, il_dtype dtype, size_t count, const void *z, void *out, void *slope)
{
    if (!il_activation_valid(activation) || (count > 0 && z == NULL)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernel_set *k = il_kernel_set_of(il_kernels_get(), dtype);
    const il_status status = apply_activation(activation, k, count, z, out, slope);
    il_float_leave(saved);
    return status;
}
