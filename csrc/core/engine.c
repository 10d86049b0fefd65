/*
 * engine.c - the engine's memory: one block, carved into arrays by the shape of the net, and the way of parameters into
 * its panels and back.
 */
#include "engine.h"

/* n values filled up to whole units. */
static size_t
fill_up(size_t n, size_t unit)
{
    return n > SIZE_MAX - unit ? SIZE_MAX : (n + unit - 1) / unit * unit;
}

/* How many panels of w columns. */
static size_t
panel_count(size_t columns, size_t w)
{
    return columns / w + (columns % w != 0);
}

/* ---- the shallow net --------------------------------------------------------------------- */

/* Are the last two layers of this net in training one of the kernels' shallow nets? */
static int
is_shallow(const il_net *net, size_t W)
{
    const size_t top = net->layers - 1;
    return top > 0 && net->widths[top + 1] == 1 && net->widths[top] <= IL_SHALLOW_PANELS * 2 * W
           && il_activation_is_shallow(net->activations[top - 1].kind);
}

size_t
il_engine_shallow_from(const il_engine *e)
{
    const il_layer *hidden = &e->layers[e->L - 2];
    return e->shallow.inputs > 0 ? hidden->weights_at : hidden->bias_at;
}

void
il_engine_set_shallow_gradient(il_engine *e, void *gradient)
{
    const il_layer *hidden = &e->layers[e->L - 2], *top = hidden + 1;
    const size_t from = il_engine_shallow_from(e);
    e->shallow.gradient = gradient;
    e->shallow.bias_gradient = il_at(gradient, hidden->bias_at - from, e->element);
    e->shallow.top_gradient = il_at(gradient, top->weights_at - from, e->element);
    e->shallow.top_bias_gradient = il_at(gradient, top->bias_at - from, e->element);
}

/* The arrays of the last two layers as the kernels' shallow net. */
static void
set_shallow(il_engine *e)
{
    const il_layer *hidden = &e->layers[e->L - 2], *top = hidden + 1;
    e->shallow = (il_shallow){.inputs = e->L == 2 && hidden->N <= IL_SHALLOW_INPUTS ? hidden->N : 0,
                              .units = hidden->M,
                              .activation = hidden->activation,
                              .weights = hidden->weights,
                              .bias = hidden->bias,
                              .top_weights = top->weights,
                              .top_bias = top->bias,
                              .z = hidden->z,
                              .a = hidden->a,
                              .out = top->z,
                              .delta = top->d,
                              .d = hidden->d};
}

/* ---- carving ----------------------------------------------------------------------------- */

/*
 * All arrays of an engine, from one block, each begun at a multiple of IL_ALIGNMENT:
 *
 *              +----------------------+
 *              | layers               |  [L] il_layer
 *              +----------------------+
 *   layer 0    | z | a | d            |  [panels][R][w] each; a is z where the slope needs only a
 *   layer 1    | z | a | d            |
 *              | transposed           |  [panels below][M][w below], for the way back to layer 0
 *   ...        | ...                  |
 *   top        | z | a | d | transp.  |  a column has d alone: its z and a are the logits, its transposed the weights
 *              +----------------------+
 *   a block of | logits | outputs     |  [R][M] plain rows; one array for mean squared error
 *   samples    | work                 |  [R][widest]; also the deltas of the outputs, which a column has in d
 *              | log_sum              |  [R]
 *              +----------------------+
 *   a thread   | chunk | sums         |  [threads], a piece of gradient that waits for its update
 *              +----------------------+
 *   in         | parameters           |  W0 b0 | W1 b1 | ... of `count` values in panels; the next three alike, so that
 *   training   | gradient             |      one elementwise update goes through all layers
 *              | state[0]             |
 *              | state[1]             |
 *              +----------------------+
 *
 * Inference leaves out d, transposed and all from chunk on, and reads the net's own plain parameters; a small net then
 * needs no block, but only `own`, in the engine itself.
 */

/* Width and number of a layer's panels. */
static void
shape_layer(const il_engine *e, const il_net *net, size_t l, il_layer *layer)
{
    const size_t W = e->k->lanes;
    layer->N = net->widths[l];
    layer->M = net->widths[l + 1];
    layer->activation = net->activations[l];
    layer->column = layer->M == 1 && l + 1 == e->L;
    if (layer->column) {
        layer->w = 1;
        layer->contract = e->k->contract_column;
    } else if (layer->M <= W) {
        layer->w = W;
        layer->contract = e->k->contract_narrow;
    } else {
        layer->w = 2 * W;
        layer->contract = e->k->contract_wide;
    }
    layer->panels = panel_count(layer->M, layer->w);
    layer->pieces = panel_count(layer->N, IL_CHUNK) * layer->panels;
}

/* Where a layer's weights and bias are: in the net, or in panels that follow those of the layers below, which take
 * *bytes. */
static void
place_parameters(const il_engine *e, const il_net *net, size_t l, il_layer *layer, unsigned passes, size_t *bytes,
                 il_arena *arena)
{
    if (!(passes & IL_BACKWARD)) {
        layer->panel_stride = layer->w;
        layer->row_stride = layer->M;
        layer->weights = il_at(net->parameters, net->weight_offset[l], e->element);
        layer->bias = il_at(net->parameters, net->bias_offset[l], e->element);
        return;
    }
    const size_t columns = layer->panels * layer->w;
    layer->panel_stride = layer->N * layer->w;
    layer->row_stride = layer->w;
    layer->weights_at = *bytes / e->element;
    const size_t weights = layer->column ? fill_up(layer->N, 2 * e->k->lanes) : layer->N * columns;
    arena->overflow |= !il_size_add(bytes, weights, e->element);
    layer->bias_at = *bytes / e->element;
    arena->overflow |= !il_size_add(bytes, columns, e->element);
}

/* The arrays of a layer for R samples, and its transposed weights. */
static void
carve_layer(const il_engine *e, size_t l, il_layer *layer, unsigned passes, size_t R, il_arena *arena)
{
    const size_t W = e->k->lanes, columns = layer->panels * layer->w;
    if (!layer->column) { /* else those of the logits */
        layer->z = il_arena_take(arena, R * columns, e->element);
        const int separate = (passes & IL_KEEP_Z) || il_activation_needs_z(layer->activation.kind);
        layer->a = separate ? il_arena_take(arena, R * columns, e->element) : layer->z;
    }
    layer->d = layer->transposed = NULL;
    if (!(passes & IL_BACKWARD)) {
        return;
    }
    layer->d = il_arena_take(arena, R * columns, e->element);
    if (l > 0 && !layer->column) {
        const size_t below = layer->N <= W ? W : 2 * W;
        const size_t padded = panel_count(layer->N, below) * below;
        if (layer->M > SIZE_MAX / padded) {
            arena->overflow = 1;
            return;
        }
        layer->transposed = il_arena_take(arena, layer->M * padded, e->element);
    }
}

/* All layers; returns the width of the widest, or 0 where sizes overflow. */
static size_t
carve_layers(il_engine *e, const il_net *net, unsigned passes, size_t R, il_arena *arena)
{
    size_t widest = 1, bytes = 0;
    e->layers = il_arena_take(arena, e->L, sizeof *e->layers);
    for (size_t l = 0; l < e->L; l++) {
        /* Field by field: to clear a layer first would take a tiny net a tenth of its row. */
        il_layer counted, *layer = e->layers != NULL ? &e->layers[l] : &counted;
        shape_layer(e, net, l, layer);
        widest = layer->M > widest ? layer->M : widest;
        const size_t columns = layer->panels * layer->w;
        if (columns < layer->M || layer->N > SIZE_MAX / columns || R > SIZE_MAX / columns) {
            return 0;
        }
        place_parameters(e, net, l, layer, passes, &bytes, arena);
        carve_layer(e, l, layer, passes, R, arena);
    }
    e->count = bytes / e->element;
    return widest;
}

/* The arrays of a block of samples, and those of each thread. */
static void
carve_block(il_engine *e, size_t M, size_t widest, unsigned passes, size_t R, il_arena *arena)
{
    const size_t work_rows = R > 2 * IL_SUM_LANES ? R : 2 * IL_SUM_LANES;
    if (widest == 0 || work_rows > SIZE_MAX / widest) {
        arena->overflow = 1;
        return;
    }
    e->logits = il_arena_take(arena, R * M, e->element);
    e->outputs = e->loss == IL_MSE ? e->logits : il_arena_take(arena, R * M, e->element);
    e->work = il_arena_take(arena, work_rows * widest, e->element);
    e->log_sum = il_arena_take(arena, R, e->element);
    e->delta = e->work;
    e->chunk = e->sums = NULL;
    if (passes & IL_BACKWARD) { /* inference of one row has not the time to clear them */
        const size_t threads = il_team_size(e->team), panel = 2 * e->k->lanes;
        e->chunk = il_arena_take(arena, threads * IL_CHUNK * panel, e->element);
        e->sums = il_arena_take(arena, threads * panel, e->element);
    }
}

/* Parameters, gradients and state of all layers, each side by side. */
static void
carve_parameters(il_engine *e, const il_optimizer *optimizer, il_arena *arena)
{
    e->parameters = il_arena_take(arena, e->count, e->element);
    e->gradient = il_arena_take(arena, e->count, e->element);
    for (size_t s = 0; s < 2; s++) {
        const int kept = optimizer != NULL && il_optimizer_keeps(optimizer, s);
        e->state[s] = kept ? il_arena_take(arena, e->count, e->element) : NULL;
    }
    for (size_t l = 0; e->layers != NULL && l < e->L; l++) {
        il_layer *layer = &e->layers[l];
        layer->weights = il_at_if_any(e->parameters, layer->weights_at, e->element);
        layer->bias = il_at_if_any(e->parameters, layer->bias_at, e->element);
        layer->gradient = il_at_if_any(e->gradient, layer->weights_at, e->element);
        layer->bias_gradient = il_at_if_any(e->gradient, layer->bias_at, e->element);
        for (size_t s = 0; s < 2; s++) {
            layer->state[s] = il_at_if_any(e->state[s], layer->weights_at, e->element);
            layer->bias_state[s] = il_at_if_any(e->state[s], layer->bias_at, e->element);
        }
        if (layer->column && l > 0) {
            layer->transposed = layer->weights;
        }
    }
}

/* Counts the arrays of an engine (arena base NULL) or hands them out, as drawn above. */
static void
carve_engine(il_engine *e, const il_net *net, unsigned passes, const il_optimizer *optimizer, il_arena *arena)
{
    const size_t W = e->k->lanes;
    /* Not for who keeps z, and reads all deltas: those of a shallow net of inputs never leave the registers. */
    const int shallow = passes == IL_BACKWARD && is_shallow(net, W);
    const size_t R = shallow ? fill_up(e->rows, IL_SHALLOW_STRIP * W) : e->rows;
    const size_t widest = carve_layers(e, net, passes, R, arena);
    carve_block(e, net->widths[e->L], widest, passes, R, arena);
    e->shallow.units = e->shallow.inputs = 0;
    if (arena->overflow) {
        return;
    }
    if (passes & IL_BACKWARD) {
        carve_parameters(e, optimizer, arena);
    }
    if (e->layers != NULL && e->layers[e->L - 1].column) {
        il_layer *top = &e->layers[e->L - 1];
        top->z = top->a = e->logits;
        e->delta = top->d;
        if (shallow) {
            set_shallow(e);
        }
    }
}

/* ---- parameters -------------------------------------------------------------------------- */

void
il_engine_refresh_transposed(const il_engine *e, size_t l, size_t p, size_t n0, size_t n1)
{
    const il_layer *layer = &e->layers[l];
    if (layer->transposed == NULL || layer->transposed == layer->weights) {
        return;
    }
    const size_t M = layer->M, w = layer->w, below = e->layers[l - 1].w;
    const size_t columns = M - p * w < w ? M - p * w : w;
    for (size_t n = n0; n < n1;) {
        const size_t q = n / below, end = (q + 1) * below < n1 ? (q + 1) * below : n1;
        e->k->transpose(end - n, columns, il_at(layer->weights, p * layer->panel_stride + n * w, e->element), w,
                        il_at(layer->transposed, (q * M + p * w) * below + n % below, e->element), below);
        n = end;
    }
}

/* Weights and bias of layer l, or what is shaped like them, from a net's block into panels. */
static void
pack_layer(const il_engine *e, const il_net *net, size_t l, const void *block, void *weights, void *bias)
{
    const il_layer *layer = &e->layers[l];
    e->k->pack(layer->N, layer->M, layer->w, il_const_at(block, net->weight_offset[l], e->element), weights);
    e->k->pack(1, layer->M, layer->w, il_const_at(block, net->bias_offset[l], e->element), bias);
}

/* The way back. */
static void
unpack_layer(const il_engine *e, const il_net *net, size_t l, const void *weights, const void *bias, void *block)
{
    const il_layer *layer = &e->layers[l];
    il_engine_unpack_weights(e, layer, weights, il_at(block, net->weight_offset[l], e->element));
    il_engine_unpack_bias(e, layer, bias, il_at(block, net->bias_offset[l], e->element));
}

/* The net's parameters into the engine's panels. */
static void
load_parameters(il_engine *e, const il_net *net)
{
    for (size_t l = 0; l < e->L; l++) {
        il_layer *layer = &e->layers[l];
        pack_layer(e, net, l, net->parameters, layer->weights, layer->bias);
        for (size_t p = 0; p < layer->panels; p++) {
            il_engine_refresh_transposed(e, l, p, 0, layer->N);
        }
    }
}

void
il_engine_load_state(il_engine *e, const il_net *net)
{
    for (size_t l = 0; l < e->L; l++) {
        il_layer *layer = &e->layers[l];
        for (size_t s = 0; s < 2; s++) {
            if (layer->state[s] != NULL) {
                pack_layer(e, net, l, net->slots[s], layer->state[s], layer->bias_state[s]);
            }
        }
    }
}

void
il_engine_unpack_weights(const il_engine *e, const il_layer *layer, const void *panels, void *plain)
{
    e->k->unpack(layer->N, layer->M, layer->w, panels, layer->N * layer->w, plain);
}

void
il_engine_unpack_rows(const il_engine *e, const il_layer *layer, const void *panels, size_t stride, size_t n,
                      size_t rows, void *plain)
{
    e->k->unpack(rows, layer->M, layer->w, il_const_at(panels, n * layer->w, e->element), stride, plain);
}

void
il_engine_unpack_bias(const il_engine *e, const il_layer *layer, const void *panels, void *plain)
{
    e->k->unpack(1, layer->M, layer->w, panels, layer->w, plain);
}

void
il_engine_unpack_samples(const il_engine *e, const il_layer *layer, size_t R, const void *panels, void *plain)
{
    e->k->unpack(R, layer->M, layer->w, panels, R * layer->w, plain);
}

void
il_engine_samples_to_doubles(const il_engine *e, const il_layer *layer, size_t R, const void *panels, double *out)
{
    il_engine_unpack_samples(e, layer, R, panels, e->work);
    e->k->to_doubles(R * layer->M, e->work, out);
}

void
il_engine_pack(const il_engine *e, const il_net *net, const void *block, void *panels)
{
    for (size_t l = 0; l < e->L; l++) {
        const il_layer *layer = &e->layers[l];
        pack_layer(e, net, l, block, il_at(panels, layer->weights_at, e->element),
                   il_at(panels, layer->bias_at, e->element));
    }
}

void
il_engine_unpack(const il_engine *e, const il_net *net, const void *panels, void *block)
{
    for (size_t l = 0; l < e->L; l++) {
        const il_layer *layer = &e->layers[l];
        unpack_layer(e, net, l, il_const_at(panels, layer->weights_at, e->element),
                     il_const_at(panels, layer->bias_at, e->element), block);
    }
}

void
il_engine_set_gradient(il_engine *e, void *gradient)
{
    e->gradient = gradient;
    for (size_t l = 0; l < e->L; l++) {
        il_layer *layer = &e->layers[l];
        layer->gradient = il_at(gradient, layer->weights_at, e->element);
        layer->bias_gradient = il_at(gradient, layer->bias_at, e->element);
    }
}

void
il_engine_save(const il_engine *e, il_net *net)
{
    for (size_t l = 0; l < e->L; l++) {
        const il_layer *layer = &e->layers[l];
        unpack_layer(e, net, l, layer->weights, layer->bias, net->parameters);
        for (size_t s = 0; s < 2; s++) {
            if (layer->state[s] != NULL) {
                unpack_layer(e, net, l, layer->state[s], layer->bias_state[s], net->slots[s]);
            }
        }
    }
}

/* ---- life -------------------------------------------------------------------------------- */

il_status
il_engine_create(il_engine *e, const il_net *net, const il_kernel_set *k, size_t rows, unsigned passes,
                 const il_optimizer *optimizer, il_team *team)
{
    e->k = k;
    e->element = k->element;
    e->L = net->layers;
    e->loss = net->loss;
    e->rows = rows;
    e->team = team;
    e->block = NULL;
    il_arena arena = {.base = NULL};
    if (!(passes & IL_BACKWARD)) { /* training needs its memory zeroed, and more of it */
        arena = (il_arena){.base = e->own, .capacity = sizeof e->own, .as_it_comes = 1};
    }
    carve_engine(e, net, passes, optimizer, &arena);
    if (!il_arena_fits(&arena)) {
        e->block = il_arena_allocate(&arena);
        if (e->block == NULL) {
            return IL_ERROR_MEMORY;
        }
        carve_engine(e, net, passes, optimizer, &arena);
    }
    if (passes & IL_BACKWARD) {
        load_parameters(e, net);
    }
    return IL_OK;
}

void
il_engine_destroy(il_engine *e)
{
    il_release(e->block);
}
