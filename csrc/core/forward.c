/* forward.c - the engine's way up: activations of all layers, outputs and loss. */
#include "pass.h"

void
il_engine_redirect_outputs(il_engine *e, void *out)
{
    e->logits = e->logits == e->outputs ? out : e->logits;
    e->outputs = out;
    il_layer *top = &e->layers[e->L - 1];
    if (top->column) {
        top->z = top->a = e->logits;
    }
}

/* z = a_below W + b of one layer, and a. */
static void
forward_panels(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_engine *e = pass->e;
    const size_t l = pass->l, R = pass->R;
    const il_layer *layer = &e->layers[l];
    size_t begin, end;
    il_share(layer->panels, part, &begin, &end);
    il_contraction job = {.rows = R, .K = layer->N, .b_row = layer->row_stride};
    il_pass_set_inputs(pass, &job);
    /* One sample takes plain weights row by row: through panels 1024 x 1024 takes 3.2 times as long. */
    const int by_row = R == 1 && end - begin > 1 && layer->row_stride != layer->w;
    const size_t step = by_row ? end - begin : 1;
    for (size_t p = begin; p < end; p += step) {
        const size_t at = p * R * layer->w;
        job.b = il_const_at(layer->weights, p * layer->panel_stride, e->element);
        job.start = il_const_at(layer->bias, p * layer->w, e->element);
        job.c = il_at(layer->z, at, e->element);
        job.half = il_panel_is_half(e, layer, p);
        if (by_row) {
            e->k->contract_row(&job, step * layer->w);
        } else {
            layer->contract(&job);
        }
        if (l + 1 < e->L) {
            e->k->activate(layer->activation, R * step * layer->w, job.c, il_at(layer->a, at, e->element));
        }
    }
}

void
il_engine_forward(il_engine *e, size_t R, const void *x)
{
    if (e->shallow.inputs > 0 && e->layers[0].panels == 1) {
        e->k->shallow_forward(&e->shallow, R, x);
    } else {
        for (size_t l = 0; l < e->L; l++) {
            il_pass pass = {.e = e, .l = l, .R = R, .x = x};
            il_pass_run(&pass, forward_panels);
        }
    }
    const il_layer *top = &e->layers[e->L - 1];
    const il_activation sigmoid = {IL_SIGMOID, 0};
    if (top->z != e->logits) {
        il_engine_unpack_samples(e, top, R, top->z, e->logits);
    }
    switch (e->loss) {
    case IL_BINARY_CROSS_ENTROPY: e->k->activate(sigmoid, R * top->M, e->logits, e->outputs); break;
    case IL_CROSS_ENTROPY: e->k->softmax(R, top->M, e->logits, e->work, e->outputs, e->log_sum); break;
    default: break; /* outputs are the logits */
    }
}

/* One panel of a layer: what its own parameters change, and what the layer below passes on. */
static void
derivative_panel(const il_pass *pass, size_t p, const void *step, void *scratch)
{
    const il_engine *e = pass->e;
    const size_t R = pass->R;
    const il_layer *layer = &e->layers[pass->l], *below = layer - 1;
    const size_t at = p * R * layer->w, weights = p * layer->panel_stride;
    il_contraction job = {.rows = R,
                          .K = layer->N,
                          .b = il_const_at(step, layer->weights_at + weights, e->element),
                          .b_row = layer->row_stride,
                          .start = il_const_at(step, layer->bias_at + p * layer->w, e->element),
                          .c = il_at(layer->d, at, e->element),
                          .half = il_panel_is_half(e, layer, p)};
    il_pass_set_inputs(pass, &job);
    layer->contract(&job);
    if (pass->l > 0) {
        job.a = below->d;
        job.b = il_const_at(layer->weights, weights, e->element);
        job.start = NULL;
        job.c = scratch;
        layer->contract(&job);
        e->k->add(R * layer->w, scratch, il_at(layer->d, at, e->element));
    }
}

void
il_engine_forward_derivative(il_engine *e, size_t R, const void *x, const void *step, void *scratch)
{
    for (size_t l = 0; l < e->L; l++) {
        const il_pass pass = {.e = e, .l = l, .R = R, .x = x};
        const il_layer *layer = &e->layers[l], *below = layer - 1;
        if (l > 0) { /* from pre-activations to activations */
            e->k->derive(below->activation, R * below->panels * below->w, below->z, below->a, below->d, below->d);
        }
        for (size_t p = 0; p < layer->panels; p++) {
            derivative_panel(&pass, p, step, scratch);
        }
    }
}

void
il_engine_add_loss(il_engine *e, size_t R, const void *y, double lanes[IL_SUM_LANES])
{
    const size_t M = e->layers[e->L - 1].M;
    switch (e->loss) {
    case IL_BINARY_CROSS_ENTROPY:
        e->k->binary_cross_entropy(R * M, e->logits, y, e->work);
        e->k->sum(R * M, e->work, lanes);
        break;
    case IL_CROSS_ENTROPY:
        e->k->cross_entropy(R, M, e->logits, y, e->log_sum, e->work);
        e->k->sum(R, e->work, lanes);
        break;
    default: e->k->sum_squared_differences(R * M, e->outputs, y, lanes);
    }
}

double
il_engine_loss_count(const il_engine *e, size_t B)
{
    return (double)B * (e->loss == IL_CROSS_ENTROPY ? 1 : (double)e->layers[e->L - 1].M);
}
