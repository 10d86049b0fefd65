/*
 * diagnosis.c - a net measured on data: what its signal, slopes and gradients are. No judgement.
 *
 * Samples pass through an engine in the blocks of training. What is a count or a norm is summed on
 * the way; pre-activations and activations are kept as doubles, because quantiles and deviations
 * from a mean need them twice.
 */
#include <math.h>
#include <string.h>

#include "activation.h"
#include "engine.h"
#include "spec.h"
#include "statistics.h"

static const double UNDEFINED = (double)NAN;

/* ---- slopes ------------------------------------------------------------------------------ */

/* The function whose slope counts in layer l; 0 where no unit has one of its own (softmax), or none is the largest. */
static int
layer_activation(const il_net *net, size_t l, il_activation *g)
{
    *g = net->activations[l];
    if (l + 1 < net->layers) {
        return isfinite(il_activation_max_slope(*g));
    }
    g->kind = net->loss == IL_BINARY_CROSS_ENTROPY ? IL_SIGMOID : IL_IDENTITY;
    return net->loss != IL_CROSS_ENTROPY;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Buffers of one call. */
typedef struct workspace {
    double **z, **a;            /* [L] of [B][M] */
    double *copy;               /* [B][widest] */
    double *gram, *spectrum;    /* [n][n] and [2 n], n = min(B, widest) */
    double *values;             /* [rows of a block][widest]: slopes, then dZ */
    double *a_gradient_squares; /* [L] */
    double *z_gradient_squares; /* [L] */
    void *block;
} workspace;

static void
workspace_carve(workspace *w, const il_net *net, size_t B, size_t rows, il_arena *arena)
{
    const size_t L = net->layers, widest = il_widest_layer(net), shorter = B < widest ? B : widest;
    if (B > SIZE_MAX / widest) {
        arena->overflow = 1;
        return;
    }
    w->z = il_arena_take(arena, L, sizeof *w->z);
    w->a = il_arena_take(arena, L, sizeof *w->a);
    w->a_gradient_squares = il_arena_take(arena, L, sizeof *w->a_gradient_squares);
    w->z_gradient_squares = il_arena_take(arena, L, sizeof *w->z_gradient_squares);
    w->copy = il_arena_take(arena, B * widest, sizeof *w->copy);
    w->gram = il_arena_take(arena, shorter * shorter, sizeof *w->gram);
    w->spectrum = il_arena_take(arena, 2 * shorter, sizeof *w->spectrum);
    w->values = il_arena_take(arena, rows * widest, sizeof *w->values);
    for (size_t l = 0; l < L; l++) {
        double *z = il_arena_take(arena, B * net->widths[l + 1], sizeof *z);
        double *a = il_arena_take(arena, B * net->widths[l + 1], sizeof *a);
        if (arena->base != NULL) {
            w->z[l] = z;
            w->a[l] = a;
        }
    }
}

static il_status
workspace_create(workspace *w, const il_net *net, size_t B, size_t rows)
{
    il_arena arena = {.base = NULL};
    workspace_carve(w, net, B, rows, &arena);
    w->block = il_arena_allocate(&arena);
    if (w->block == NULL) {
        return IL_ERROR_MEMORY;
    }
    workspace_carve(w, net, B, rows, &arena);
    return IL_OK;
}

/* Everything undefined, or 0 where it will be summed. */
static void
layer_clear(il_layer_diagnosis *d, size_t B, size_t M, int has_slope, int has_gradient)
{
    d->z_mean = d->z_std = d->a_mean = d->a_std = UNDEFINED;
    for (size_t q = 0; q < IL_QUANTILES; q++) {
        d->z_quantiles[q] = d->a_quantiles[q] = UNDEFINED;
    }
    d->saturated_low = d->saturated_high = d->hard = d->linear = has_slope ? 0 : UNDEFINED;
    d->sparse = B > 0 ? 0 : UNDEFINED;
    d->weight_gradient_norm = d->bias_gradient_norm = d->z_gradient_norm = d->a_gradient_norm =
        d->signal_gradient_norm = has_gradient ? 0 : UNDEFINED;
    d->weights_not_finite = d->z_not_finite = d->gradients_not_finite = 0;
    for (size_t m = 0; m < M; m++) {
        if (d->unit_saturated != NULL) {
            d->unit_saturated[m] = has_slope ? 0 : UNDEFINED;
        }
        if (d->unit_inactive != NULL) {
            d->unit_inactive[m] = B > 0 ? 0 : UNDEFINED;
        }
        if (d->unit_activity != NULL) {
            d->unit_activity[m] = B > 0 ? 0 : UNDEFINED;
        }
    }
    for (size_t b = 0; b < B && d->sample_saturated != NULL; b++) {
        d->sample_saturated[b] = has_slope ? 0 : UNDEFINED;
    }
}

/* ---- weights ----------------------------------------------------------------------------- */

/* Frobenius norm, and how many of the n values are not finite. */
static double
norm_of(const il_kernel_set *k, size_t n, const void *x, double *not_finite)
{
    double lanes[IL_SUM_LANES] = {0};
    k->sum_squares(n, x, lanes);
    const double squares = il_lanes_total(lanes);
    for (size_t i = 0; !isfinite(squares) && i < n; i++) {
        *not_finite += !isfinite(il_value(x, i, k->element));
    }
    return sqrt(squares);
}

static void
measure_weights(const il_net *net, const il_kernel_set *k, size_t l, il_layer_diagnosis *d)
{
    const size_t M = net->widths[l + 1];
    const void *weights = il_const_at(net->parameters, net->weight_offset[l], k->element);
    const void *bias = il_const_at(net->parameters, net->bias_offset[l], k->element);
    d->weight_norm = norm_of(k, net->widths[l] * M, weights, &d->weights_not_finite);
    d->bias_norm = norm_of(k, M, bias, &d->weights_not_finite);
}

/* ---- a block of samples ------------------------------------------------------------------ */

/* Samples in rows, and their targets or NULL. */
typedef struct samples {
    size_t B;
    const void *x, *y;
} samples;

/* Keep a layer's z and a of R rows as doubles, and count what is not finite or 0. */
static void
keep_signal(il_engine *e, size_t l, size_t R, double *z, double *a, il_layer_diagnosis *d)
{
    const il_layer *layer = &e->layers[l];
    const size_t n = R * layer->M;
    if (l + 1 == e->L) {
        e->k->to_doubles(n, e->logits, z);
        e->k->to_doubles(n, e->outputs, a);
    } else {
        il_engine_samples_to_doubles(e, layer, R, layer->z, z);
        il_engine_samples_to_doubles(e, layer, R, layer->a, a);
    }
    for (size_t i = 0; i < n; i++) {
        d->z_not_finite += !isfinite(z[i]);
        d->sparse += a[i] == 0;
    }
}

/* The slopes of R rows as doubles. The engine's d is free: nothing went backward yet. */
static void
keep_slopes(il_engine *e, size_t l, size_t R, il_activation g, double *out)
{
    const il_layer *layer = &e->layers[l];
    if (l + 1 == e->L) {
        e->k->slope(g, R * layer->M, e->logits, e->outputs, e->work);
        e->k->to_doubles(R * layer->M, e->work, out);
    } else {
        e->k->slope(g, R * layer->panels * layer->w, layer->z, layer->a, layer->d);
        il_engine_samples_to_doubles(e, layer, R, layer->d, out);
    }
}

/* Counts a layer's slopes of R rows [R][M]. */
static void
count_slopes(il_activation g, size_t R, size_t M, const double *slopes, const double *z, double threshold,
             il_layer_diagnosis *d, double *sample_saturated)
{
    const double largest = il_activation_max_slope(g);
    const double flat = threshold * largest, linear = (1 - 0.05 * 0.05) * largest;
    for (size_t r = 0; r < R; r++) {
        for (size_t m = 0; m < M; m++) {
            const double slope = fabs(slopes[r * M + m]);
            const int saturated = slope < flat, high = z[r * M + m] > 0;
            d->saturated_low += saturated & !high;
            d->saturated_high += saturated & high;
            d->hard += slope == 0;
            d->linear += slope > linear;
            if (d->unit_saturated != NULL) {
                d->unit_saturated[m] += saturated;
            }
            if (sample_saturated != NULL) {
                sample_saturated[r] += saturated;
            }
        }
    }
    if (!il_activation_has_linear_part(g)) {
        d->linear = UNDEFINED;
    }
}

/* Signal and slopes of a layer over R rows from the b-th on. */
static void
observe_layer(il_engine *e, const il_net *net, size_t l, size_t b, size_t R, double threshold, workspace *w,
              il_layer_diagnosis *d)
{
    const size_t M = e->layers[l].M;
    double *const z = w->z[l] + b * M;
    keep_signal(e, l, R, z, w->a[l] + b * M, d);
    il_activation g;
    if (layer_activation(net, l, &g)) {
        keep_slopes(e, l, R, g, w->values);
        count_slopes(g, R, M, w->values, z, threshold, d, d->sample_saturated != NULL ? d->sample_saturated + b : NULL);
    }
}

/* Squares of a layer's dZ of R rows, and of the dA below it: dZ W', before the slope. */
static void
gradient_flow(il_engine *e, const il_net *net, size_t l, size_t R, workspace *w)
{
    const il_layer *layer = &e->layers[l];
    const size_t N = layer->N, M = layer->M;
    const void *weights = il_const_at(net->parameters, net->weight_offset[l], e->element);
    il_engine_samples_to_doubles(e, layer, R, layer->d, w->values);
    for (size_t i = 0; i < R * M; i++) {
        w->z_gradient_squares[l] += w->values[i] * w->values[i];
    }
    if (l == 0) {
        return;
    }
    for (size_t r = 0; r < R; r++) {
        for (size_t n = 0; n < N; n++) {
            double sum = 0;
            for (size_t m = 0; m < M; m++) {
                sum += w->values[r * M + m] * il_value(weights, n * M + m, e->element);
            }
            w->a_gradient_squares[l - 1] += sum * sum;
        }
    }
}

/* Outputs of R rows that give the true class a probability below 0.05. */
static double
confident_wrong(const il_engine *e, size_t R, const void *y)
{
    const size_t count = R * e->layers[e->L - 1].M;
    const int binary = e->loss == IL_BINARY_CROSS_ENTROPY;
    double wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const double p = il_value(e->outputs, i, e->element);
        const int positive = il_value(y, i, e->element) > 0;
        wrong += (positive && p < 0.05) || (binary && !positive && p > 0.95);
    }
    return wrong;
}

/* ---- gradients --------------------------------------------------------------------------- */

/* Norm of dW - (mean of the layer's inputs) db'; inputs are x [B][N] or the layer below's a. */
static double
signal_norm(const il_layer *layer, size_t element, const samples *data, const double *a, const void *dw, const void *db)
{
    const size_t N = layer->N, M = layer->M;
    double squares = 0;
    for (size_t n = 0; n < N; n++) {
        double mean = 0;
        for (size_t b = 0; b < data->B; b++) {
            mean += a != NULL ? a[b * N + n] : il_value(data->x, b * N + n, element);
        }
        mean /= (double)data->B;
        for (size_t m = 0; m < M; m++) {
            const double signal = il_value(dw, n * M + m, element) - mean * il_value(db, m, element);
            squares += signal * signal;
        }
    }
    return sqrt(squares);
}

/* Norms of all gradients, which go to the caller's arrays or to `plain`. */
static void
measure_gradients(il_engine *e, const il_net *net, const samples *data, const workspace *w, il_layer_diagnosis *layers,
                  void *plain)
{
    for (size_t l = 0; l < e->L; l++) {
        const il_layer *layer = &e->layers[l];
        const size_t weights = layer->N * layer->M;
        il_layer_diagnosis *d = &layers[l];
        void *dw = d->weight_gradient != NULL ? d->weight_gradient : plain;
        void *db = d->bias_gradient != NULL ? d->bias_gradient : il_at(plain, weights, e->element);
        il_engine_unpack_weights(e, layer, layer->gradient, dw);
        d->weight_gradient_norm = norm_of(e->k, weights, dw, &d->gradients_not_finite);
        il_engine_unpack_bias(e, layer, layer->bias_gradient, db);
        d->bias_gradient_norm = norm_of(e->k, layer->M, db, &d->gradients_not_finite);
        d->signal_gradient_norm = signal_norm(layer, e->element, data, l > 0 ? w->a[l - 1] : NULL, dw, db);
        d->z_gradient_norm = sqrt(w->z_gradient_squares[l]);
        d->a_gradient_norm = l + 1 < net->layers ? sqrt(w->a_gradient_squares[l]) : UNDEFINED;
    }
}

/* ---- all blocks -------------------------------------------------------------------------- */

static il_status
observe_net(const il_net *net, const il_kernel_set *k, const samples *data, double threshold, workspace *w,
            il_layer_diagnosis *layers, il_loss_diagnosis *loss)
{
    const size_t B = data->B, N = net->widths[0], M = net->widths[net->layers];
    il_engine e;
    il_status status = il_engine_create(&e, net, k, B < IL_BLOCK ? B : IL_BLOCK, IL_KEEP_Z | IL_BACKWARD, NULL, NULL);
    if (status != IL_OK) {
        return status;
    }
    void *plain = il_allocate(net->count, k->element);
    if (plain == NULL) {
        status = IL_ERROR_MEMORY;
        goto done;
    }
    double lanes[IL_SUM_LANES] = {0}, wrong = 0;
    for (size_t b = 0; b < B; b += IL_BLOCK) {
        const size_t R = B - b < IL_BLOCK ? B - b : IL_BLOCK;
        const void *const x = il_const_at(data->x, b * N, k->element);
        il_engine_forward(&e, R, x);
        for (size_t l = 0; l < e.L; l++) {
            observe_layer(&e, net, l, b, R, threshold, w, &layers[l]);
        }
        if (data->y != NULL) {
            const void *const y = il_const_at(data->y, b * M, k->element);
            il_engine_add_loss(&e, R, y, lanes);
            wrong += confident_wrong(&e, R, y);
            il_engine_output_delta(&e, R, y, B);
            il_engine_store_gradients(&e, R, x, b > 0);
            for (size_t l = 0; l < e.L; l++) {
                gradient_flow(&e, net, l, R, w);
            }
        }
    }
    if (data->y != NULL) {
        const double count = il_engine_loss_count(&e, B);
        *loss = (il_loss_diagnosis){il_lanes_total(lanes) / count, e.loss == IL_MSE ? UNDEFINED : wrong / count};
        measure_gradients(&e, net, data, w, layers, plain);
    }
    il_release(plain);
done:
    il_engine_destroy(&e);
    return status;
}

/* ---- after the last block ---------------------------------------------------------------- */

/* Counts and sums to shares and means, kept signals to moments. */
static void
layer_finish(il_layer_diagnosis *d, size_t B, size_t M, double *z, double *a, workspace *w)
{
    const size_t pairs = B * M;
    const double each = 1 / (double)pairs;
    d->saturated_low *= each;
    d->saturated_high *= each;
    d->hard *= each;
    d->linear *= each;
    d->sparse *= each;
    for (size_t m = 0; m < M; m++) {
        double inactive = 0, activity = 0;
        for (size_t b = 0; b < B; b++) {
            inactive += z[b * M + m] <= 0;
            activity += fabs(a[b * M + m]);
        }
        if (d->unit_saturated != NULL) {
            d->unit_saturated[m] /= (double)B;
        }
        if (d->unit_inactive != NULL) {
            d->unit_inactive[m] = inactive / (double)B;
        }
        if (d->unit_activity != NULL) {
            d->unit_activity[m] = activity / (double)B;
        }
    }
    for (size_t b = 0; b < B && d->sample_saturated != NULL; b++) {
        d->sample_saturated[b] /= (double)M;
    }
    memcpy(w->copy, a, pairs * sizeof *w->copy);
    il_signal_of(pairs, z, &d->z_mean, &d->z_std, d->z_quantiles);
    il_signal_of(pairs, w->copy, &d->a_mean, &d->a_std, d->a_quantiles);
    il_centre(B, M, a);
    if (d->scatter != NULL) {
        il_scatter_of(B, M, a, d->scatter);
    }
    if (d->singular_values != NULL) {
        il_singular_values(B, M, a, d->scatter, w->gram, w->spectrum, d->singular_values);
    }
}

/* ---- the call ---------------------------------------------------------------------------- */

/* All layers undefined or 0, and their weights measured. */
static void
begin_layers(const il_net *net, const il_kernel_set *k, size_t B, int has_gradient, il_layer_diagnosis *layers)
{
    for (size_t l = 0; l < net->layers; l++) {
        il_activation g;
        layer_clear(&layers[l], B, net->widths[l + 1], B > 0 && layer_activation(net, l, &g), has_gradient);
        measure_weights(net, k, l, &layers[l]);
    }
}

static int
data_finite(const il_net *net, const il_kernel_set *k, size_t B, const void *x, const void *y)
{
    return k->all_finite(B * net->widths[0], x) && (y == NULL || k->all_finite(B * net->widths[net->layers], y));
}

il_status
il_net_diagnose(const il_net *net, size_t B, const void *x, const void *y, double threshold, il_layer_diagnosis *layers,
                il_loss_diagnosis *loss)
{
    if (net == NULL || layers == NULL || loss == NULL || (B == 0) != (x == NULL) || (x == NULL && y != NULL)
        || !(threshold >= 0 && threshold <= 1)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernel_set *k = il_kernel_set_of(il_kernels_get(), net->dtype);
    workspace w;
    il_status status = workspace_create(&w, net, B, B < IL_BLOCK ? B : IL_BLOCK);
    if (status != IL_OK) {
        goto done;
    }
    if (B > 0 && !data_finite(net, k, B, x, y)) {
        status = IL_ERROR_NOT_FINITE;
        goto release;
    }
    begin_layers(net, k, B, y != NULL, layers);
    *loss = (il_loss_diagnosis){UNDEFINED, UNDEFINED};
    if (B > 0) {
        const samples data = {.B = B, .x = x, .y = y};
        status = observe_net(net, k, &data, threshold, &w, layers, loss);
        for (size_t l = 0; status == IL_OK && l < net->layers; l++) {
            layer_finish(&layers[l], B, net->widths[l + 1], w.z[l], w.a[l], &w);
        }
    }
release:
    il_release(w.block);
done:
    il_float_leave(saved);
    return status;
}
