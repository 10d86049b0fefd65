/* recorder.c - see recorder.h. */
#include "recorder.h"

#include <math.h>

/* A unit-sample pair is saturated where |g'(z)| is below this share of max|g'|. */
static const double SATURATED_SLOPE = 0.05;

void
il_recorder_carve(il_recorder *s, const il_net *net, il_arena *arena)
{
    s->moments = il_arena_take(arena, net->layers, sizeof *s->moments);
    s->weights = il_arena_take(arena, net->layers, sizeof *s->weights);
    s->units = il_arena_take(arena, il_widest_layer(net), sizeof *s->units);
    for (size_t l = 0; l < net->layers; l++) {
        double *const sums = il_arena_take(arena, net->widths[l + 1], 2 * sizeof *sums);
        if (s->weights != NULL) {
            s->weights[l].size = sums;
            s->weights[l].distance = sums + net->widths[l + 1];
        }
    }
}

void
il_recorder_begin(il_recorder *s, const il_engine *e)
{
    memset(s->moments, 0, e->L * sizeof *s->moments);
}

static int
any_nan(size_t n, const void *x, size_t element)
{
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        found |= isnan(il_value(x, i, element)) != 0;
    }
    return found;
}

/* Statistics of one layer, merged into the row's running ones. */
static void
record_layer(il_engine *e, size_t l, size_t R, size_t before, il_layer_moments *m)
{
    const il_layer *layer = &e->layers[l];
    const size_t n = R * layer->M;
    const int top = l + 1 == e->L;
    const void *a = e->outputs;
    if (!top) {
        il_engine_unpack_samples(e, layer, R, layer->a, e->work);
        a = e->work;
    }
    double sums[IL_SUM_LANES] = {0}, squares[IL_SUM_LANES] = {0};
    e->k->sum(n, a, sums);
    const double mean = il_lanes_total(sums) / (double)n;
    e->k->sum_squared_deviations(n, a, mean, squares);
    il_moments_merge(m, (double)before * (double)layer->M, (double)n, mean, il_lanes_total(squares));

    il_activation g = layer->activation;
    if (top) {
        g.kind = e->loss == IL_BINARY_CROSS_ENTROPY ? IL_SIGMOID : IL_IDENTITY;
    }
    const double limit = SATURATED_SLOPE * il_activation_max_slope(g);
    /* Softmax has no slope of one unit alone, some functions no largest slope; and what is NaN is on no part of its
     * curve. A NaN pre-activation gives a NaN activation, and with it a NaN mean. */
    if ((top && e->loss == IL_CROSS_ENTROPY) || isinf(limit) || (isnan(mean) && any_nan(n, a, e->element))) {
        m->saturated = (double)NAN;
        return;
    }
    /* Slopes of whole panels, padding columns with them, then only the real ones are counted. */
    if (top) {
        e->k->slope(g, n, e->logits, e->outputs, e->work);
    } else {
        e->k->slope(g, R * layer->panels * layer->w, layer->z, layer->a, layer->d);
        il_engine_unpack_samples(e, layer, R, layer->d, e->work);
    }
    m->saturated += (double)e->k->count_below(n, e->work, limit);
}

void
il_recorder_observe(il_recorder *s, il_engine *e, size_t R, size_t before)
{
    for (size_t l = 0; l < e->L; l++) {
        record_layer(e, l, R, before, &s->moments[l]);
    }
}

/* ---- weights ----------------------------------------------------------------------------- */

/* Squares of a layer's units: biases, then outgoing weights, then incoming ones. Here the first two. */
static void
begin_units(il_weight_sums *sums, const il_engine *e, size_t l)
{
    const il_layer *layer = &e->layers[l];
    const size_t M = layer->M, w = layer->w;
    memset(sums->size, 0, M * sizeof *sums->size);
    memset(sums->distance, 0, M * sizeof *sums->distance);
    e->k->unit_squares(1, M, 0, layer->bias, layer->bias, sums->size, sums->distance);
    if (l + 1 == e->L) {
        return;
    }
    const il_layer *above = layer + 1;
    if (above->column) {
        e->k->unit_squares(1, M, 0, above->weights, above->weights, sums->size, sums->distance);
        return;
    }
    for (size_t m = 0; m < M; m += w) {
        e->k->unit_squares(above->M, M - m < w ? M - m : w, w, il_const_at(above->transposed, m * above->M, e->element),
                           above->transposed, sums->size + m, sums->distance + m);
    }
}

/* Do the first weights of all units tell them apart? */
static int
differ_at_a_glance(const il_recorder *s, const il_engine *e, size_t l)
{
    const il_layer *layer = &e->layers[l];
    const size_t rows = layer->N < IL_UNITS_GLANCE ? layer->N : IL_UNITS_GLANCE;
    il_engine_unpack_rows(e, layer, layer->weights, layer->panel_stride, 0, rows, e->work);
    return il_units_differ(rows, layer->M, e->work, layer->bias, e->element, s->units);
}

void
il_recorder_begin_weights(il_recorder *s, const il_engine *e, il_net *net)
{
    int saved = 0;
    for (size_t l = 0; l < e->L; l++) {
        il_weight_sums *sums = &s->weights[l];
        memset(sums->weights, 0, sizeof sums->weights);
        memset(sums->gradient, 0, sizeof sums->gradient);
        begin_units(sums, e, l);
        if (differ_at_a_glance(s, e, l)) {
            sums->distinct = e->layers[l].M;
            continue;
        }
        if (!saved) { /* they are counted in the net itself */
            il_engine_save(e, net);
            saved = 1;
        }
        sums->distinct = il_distinct_units_of(net, l, s->units);
    }
}

void
il_recorder_observe_rows(void *recorder, const il_engine *e, size_t l, size_t n0, size_t n1, const void *gradient,
                         size_t stride)
{
    enum { TOGETHER = IL_SUM_LANES }; /* each value meets its lane of a sum; e->work has room for twice as many rows */
    il_weight_sums *sums = &((il_recorder *)recorder)->weights[l];
    const il_layer *layer = &e->layers[l];
    const size_t M = layer->M;
    void *const rows = e->work, *const gradient_rows = il_at(e->work, TOGETHER * M, e->element);
    for (size_t n = n0; n < n1; n += TOGETHER) {
        const size_t count = n1 - n < TOGETHER ? n1 - n : TOGETHER;
        il_engine_unpack_rows(e, layer, layer->weights, layer->panel_stride, n, count, rows);
        il_engine_unpack_rows(e, layer, gradient, stride, n - n0, count, gradient_rows);
        e->k->sum_squares_of_both(count * M, rows, gradient_rows, sums->weights, sums->gradient);
        e->k->unit_squares(count, M, M, rows, rows, sums->size, sums->distance);
    }
}

void
il_recorder_finish(const il_recorder *s, const il_engine *e, size_t B, uint64_t step, double loss, il_record *record)
{
    il_layer_record *row = record->layers + record->rows * e->L;
    record->step[record->rows] = step;
    record->loss[record->rows] = loss;
    for (size_t l = 0; l < e->L; l++) {
        const size_t M = e->layers[l].M;
        const double pairs = (double)B * (double)M;
        const il_layer_moments *m = &s->moments[l];
        const il_weight_sums *sums = &s->weights[l];
        row[l] = (il_layer_record){.activation_mean = m->mean,
                                   .activation_std = sqrt(m->squares / pairs),
                                   .saturated = m->saturated / pairs,
                                   .gradient_norm = sqrt(il_lanes_total(sums->gradient)),
                                   .weight_norm = sqrt(il_lanes_total(sums->weights)),
                                   .unit_spread = il_unit_spread(M, sums->size, sums->distance),
                                   .distinct_units = sums->distinct};
    }
    record->rows++;
}
