/*
 * backward.c - the engine's way down: deltas, gradients and updates, layer by layer from the top.
 *
 * A gradient is stored (to be recorded, or added to those of earlier blocks) or used at once, piece by piece while it
 * is in cache. The gradients of a shallow net come in one call of a kernel.
 */
#include "pass.h"

/* ---- deltas ------------------------------------------------------------------------------ */

/* The rows of deltas into the top layer's d. */
static void
pack_delta(il_engine *e, size_t R)
{
    const il_layer *top = &e->layers[e->L - 1];
    if (top->d != e->delta) {
        e->k->pack(R, top->M, top->w, e->delta, top->d);
    }
}

void
il_engine_delta_of(il_engine *e, size_t R, const void *outputs, const void *y, size_t B)
{
    const size_t M = e->layers[e->L - 1].M;
    e->k->delta(R * M, outputs, y, e->loss == IL_MSE ? 2 : 1, il_engine_loss_count(e, B), e->delta);
    pack_delta(e, R);
}

void
il_engine_output_delta(il_engine *e, size_t R, const void *y, size_t B)
{
    il_engine_delta_of(e, R, e->outputs, y, B);
}

int
il_engine_deltas_finite(const il_engine *e, size_t R)
{
    return e->k->all_finite(R * e->layers[e->L - 1].M, e->delta);
}

/* d of the layer below from d of this one, by the weights before their update. */
static void
backward_panels(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_engine *e = pass->e;
    const size_t R = pass->R;
    const il_layer *layer = &e->layers[pass->l], *below = layer - 1;
    size_t begin, end;
    il_share(below->panels, part, &begin, &end);
    il_contraction job = {
        .rows = R, .K = layer->M, .a = layer->d, .a_row = layer->w, .a_panel = R * layer->w, .b_row = below->w};
    for (size_t q = begin; q < end; q++) {
        const size_t at = q * R * below->w;
        job.b = il_const_at(layer->transposed, q * layer->M * below->w, e->element);
        job.c = il_at(below->d, at, e->element);
        job.half = il_panel_is_half(e, below, q);
        below->contract(&job);
        e->k->derive(below->activation, R * below->w, il_at(below->z, at, e->element), il_at(below->a, at, e->element),
                     job.c, job.c);
    }
}

void
il_engine_backward(il_engine *e, size_t R)
{
    pack_delta(e, R);
    for (size_t l = e->L; l-- > 1;) {
        il_pass pass = {.e = e, .l = l, .R = R};
        il_pass_run(&pass, backward_panels);
    }
}

/* ---- pieces of a gradient ---------------------------------------------------------------- */

/* Rows n0..n1-1 of panel p: a piece of a layer's weights and gradient. */
typedef struct piece {
    size_t p, n0, n1;
} piece;

/* All panels of some rows, then of the next: the samples' columns stay in cache. */
static piece
piece_of(const il_layer *layer, size_t index)
{
    size_t p = index, n0 = 0;
    for (; p >= layer->panels; p -= layer->panels) { /* a few times; a division takes longer */
        n0 += IL_CHUNK;
    }
    return (piece){p, n0, layer->N - n0 < IL_CHUNK ? layer->N : n0 + IL_CHUNK};
}

/* Where a piece begins in the panels of its layer, and how many values it has. */
static size_t
piece_begin(const il_layer *layer, piece it)
{
    return (it.p * layer->N + it.n0) * layer->w;
}

static size_t
piece_size(const il_layer *layer, piece it)
{
    return (it.n1 - it.n0) * layer->w;
}

/* Gradient of a piece into out [n1 - n0][w]; with the first rows that of the bias, into sums [w]. */
static void
weight_gradient(const il_pass *pass, piece it, void *out, void *sums)
{
    const il_engine *e = pass->e;
    const size_t R = pass->R;
    const il_layer *layer = &e->layers[pass->l];
    il_contraction job = {.rows = it.n1 - it.n0,
                          .K = R,
                          .transposed = 1,
                          .b = il_const_at(layer->d, it.p * R * layer->w, e->element),
                          .b_row = layer->w,
                          .c = out,
                          .half = il_panel_is_half(e, layer, it.p),
                          .sums = it.n0 == 0 ? sums : NULL};
    il_pass_set_inputs(pass, &job);
    job.a = il_const_at(job.a, it.n0 / (2 * e->k->lanes) * job.a_panel, e->element);
    layer->contract(&job);
}

/* `bias` for the bias gradient of a layer; NULL where the pass over a shallow net has taken that. */
static void *
unless_taken(const il_engine *e, size_t l, void *bias)
{
    return e->shallow.units > 0 && l + 2 == e->L ? NULL : bias;
}

/* Where a thread keeps a piece of gradient that is on its way into a sum or an update. */
static void *
own_chunk(const il_engine *e, il_part part)
{
    return il_at(e->chunk, part.member * IL_CHUNK * 2 * e->k->lanes, e->element);
}

static void *
own_sums(const il_engine *e, il_part part)
{
    return il_at(e->sums, part.member * 2 * e->k->lanes, e->element);
}

/* ---- gradients that are stored ----------------------------------------------------------- */

static void
store_pieces(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_engine *e = pass->e;
    const il_layer *layer = &e->layers[pass->l];
    void *const chunk = own_chunk(e, part), *const sums = unless_taken(e, pass->l, own_sums(e, part));
    size_t begin, end;
    il_share(layer->pieces, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const piece it = piece_of(layer, i);
        void *const out = il_at(layer->gradient, piece_begin(layer, it), e->element);
        void *const bias = unless_taken(e, pass->l, il_at(layer->bias_gradient, it.p * layer->w, e->element));
        weight_gradient(pass, it, pass->add ? chunk : out, pass->add ? sums : bias);
        if (pass->add) {
            e->k->add(piece_size(layer, it), chunk, out);
            if (it.n0 == 0 && sums != NULL) {
                e->k->add(layer->w, sums, bias);
            }
        }
    }
}

/* The gradient of a shallow net; returns how many layers are left below it. */
static size_t
store_shallow(il_engine *e, size_t R, const void *x, int add)
{
    const size_t from = il_engine_shallow_from(e);
    void *const gradient = il_at(e->gradient, from, e->element);
    il_engine_set_shallow_gradient(e, add ? e->chunk : gradient);
    e->k->shallow_backward(&e->shallow, R, x);
    if (add) {
        e->k->add(e->count - from, e->chunk, gradient);
    }
    return e->shallow.inputs > 0 ? 0 : e->L - 1;
}

void
il_engine_store_gradients(il_engine *e, size_t R, const void *x, int add)
{
    for (size_t l = e->shallow.units > 0 ? store_shallow(e, R, x, add) : e->L; l-- > 0;) {
        il_pass pass = {.e = e, .l = l, .R = R, .x = x, .add = add};
        if (l > 0) {
            il_pass_run(&pass, backward_panels);
        }
        il_pass_run(&pass, store_pieces);
    }
}

/* ---- updates ----------------------------------------------------------------------------- */

/* One step of n parameters from the at-th on; n is filled up to whole vectors. */
static void
update_values(const il_engine *e, const il_update *u, size_t at, size_t n, const void *gradient)
{
    const size_t W = e->k->lanes;
    e->k->update(u, (n + W - 1) / W * W, gradient, il_at(e->parameters, at, e->element),
                 il_at_if_any(e->state[0], at, e->element), il_at_if_any(e->state[1], at, e->element));
}

/* A share of all parameters, whatever layer they are of. */
static void
update_share(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_engine *e = pass->e;
    const size_t unit = e->k->lanes;
    size_t begin, end;
    il_share(e->count / unit, part, &begin, &end);
    update_values(e, pass->update, begin * unit, (end - begin) * unit, il_at(e->gradient, begin * unit, e->element));
}

static void
refresh_pieces(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_layer *layer = &pass->e->layers[pass->l];
    size_t begin, end;
    il_share(layer->pieces, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const piece it = piece_of(layer, i);
        il_engine_refresh_transposed(pass->e, pass->l, it.p, it.n0, it.n1);
    }
}

void
il_engine_update_stored(il_engine *e, const il_update *u)
{
    il_pass all = {.e = e, .update = u};
    il_team_run(e->count < IL_TEAM_WORTH ? NULL : e->team, update_share, &all);
    for (size_t l = 1; l < e->L; l++) {
        il_pass pass = {.e = e, .l = l, .R = 1};
        il_pass_run(&pass, refresh_pieces);
    }
}

static void
fuse_pieces(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_engine *e = pass->e;
    const il_layer *layer = &e->layers[pass->l];
    void *const chunk = own_chunk(e, part), *const sums = unless_taken(e, pass->l, own_sums(e, part));
    size_t begin, end;
    il_share(layer->pieces, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const piece it = piece_of(layer, i);
        weight_gradient(pass, it, chunk, sums);
        update_values(e, pass->update, layer->weights_at + piece_begin(layer, it), piece_size(layer, it), chunk);
        il_engine_refresh_transposed(e, pass->l, it.p, it.n0, it.n1);
        if (it.n0 == 0 && sums != NULL) {
            update_values(e, pass->update, layer->bias_at + it.p * layer->w, layer->w, sums);
        }
    }
}

void
il_engine_update_fused(il_engine *e, size_t R, const void *x, const il_update *u)
{
    size_t l = e->L;
    if (e->shallow.units > 0) {
        const size_t from = il_engine_shallow_from(e);
        l = store_shallow(e, R, x, 0);
        update_values(e, u, from, e->count - from, il_at(e->gradient, from, e->element));
    }
    while (l-- > 0) {
        il_pass pass = {.e = e, .l = l, .R = R, .x = x, .update = u};
        if (l > 0) {
            il_pass_run(&pass, backward_panels); /* before this layer's weights change */
        }
        il_pass_run(&pass, fuse_pieces);
    }
}

/* ---- gradients that are observed before they are used ------------------------------------- */

/* Gradient of rows n0..n1-1, as panels of these rows alone, at the beginning of the layer's gradient. */
static void
rows_gradient(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_engine *e = pass->e;
    const il_layer *layer = &e->layers[pass->l];
    size_t begin, end;
    il_share(layer->panels, part, &begin, &end);
    for (size_t p = begin; p < end; p++) {
        const piece it = {p, pass->n0, pass->n1};
        weight_gradient(pass, it, il_at(layer->gradient, p * piece_size(layer, it), e->element),
                        il_at(layer->bias_gradient, p * layer->w, e->element));
    }
}

static void
rows_update(void *context, il_part part)
{
    const il_pass *pass = context;
    const il_engine *e = pass->e;
    const il_layer *layer = &e->layers[pass->l];
    size_t begin, end;
    il_share(layer->panels, part, &begin, &end);
    for (size_t p = begin; p < end; p++) {
        const piece it = {p, pass->n0, pass->n1};
        update_values(e, pass->update, layer->weights_at + piece_begin(layer, it), piece_size(layer, it),
                      il_at(layer->gradient, p * piece_size(layer, it), e->element));
        il_engine_refresh_transposed(e, pass->l, p, it.n0, it.n1);
        if (it.n0 == 0) {
            update_values(e, pass->update, layer->bias_at + p * layer->w, layer->w,
                          il_at(layer->bias_gradient, p * layer->w, e->element));
        }
    }
}

void
il_engine_update_observed(il_engine *e, size_t R, const void *x, const il_update *u, il_rows_observer observe,
                          void *context)
{
    for (size_t l = e->L; l-- > 0;) {
        const il_layer *layer = &e->layers[l];
        il_pass pass = {.e = e, .l = l, .R = R, .x = x, .update = u};
        if (l > 0) {
            il_pass_run(&pass, backward_panels); /* before this layer's weights change */
        }
        for (pass.n0 = 0; pass.n0 < layer->N; pass.n0 = pass.n1) {
            pass.n1 = layer->N - pass.n0 < IL_CHUNK ? layer->N : pass.n0 + IL_CHUNK;
            il_pass_run(&pass, rows_gradient);
            observe(context, e, l, pass.n0, pass.n1, layer->gradient, (pass.n1 - pass.n0) * layer->w);
            if (u != NULL) {
                il_pass_run(&pass, rows_update);
            }
        }
    }
}

void
il_engine_observe_stored(const il_engine *e, il_rows_observer observe, void *context)
{
    for (size_t l = 0; l < e->L; l++) {
        const il_layer *layer = &e->layers[l];
        observe(context, e, l, 0, layer->N, layer->gradient, layer->N * layer->w);
    }
}
