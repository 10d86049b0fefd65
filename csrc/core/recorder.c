/* recorder.c - see recorder.h. */
#include "recorder.h"

#include <math.h>

/* A unit-sample pair is saturated where |g'(z)| is below this share of max|g'|. */
static const double SATURATED_SLOPE = 0.05;

size_t
il_record_rows(uint64_t steps, uint64_t record_every)
{
    if (record_every == 0) {
        return 0;
    }
    const uint64_t intervals = steps / record_every;
    return intervals < SIZE_MAX - 1 ? (size_t)intervals + 1 + (steps % record_every != 0) : SIZE_MAX;
}

void
il_recorder_carve(il_recorder *s, const il_net *net, il_arena *arena)
{
    s->moments = il_arena_take(arena, net->layers, sizeof *s->moments);
    s->units = il_arena_take(arena, il_widest_layer(net), sizeof *s->units);
    s->sums = il_arena_take(arena, il_widest_layer(net), 2 * sizeof *s->sums);
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

/* How many of n values are nearer to 0 than the limit. */
static double
count_below(const il_engine *e, size_t n, const void *x, double limit)
{
    enum { PIECE = 256 };
    double values[PIECE], count = 0;
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t piece = n - i < PIECE ? n - i : PIECE;
        e->k->to_doubles(piece, il_const_at(x, i, e->element), values);
        for (size_t j = 0; j < piece; j++) {
            count += fabs(values[j]) < limit;
        }
    }
    return count;
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
    m->saturated += count_below(e, n, e->work, limit);
}

void
il_recorder_observe(il_recorder *s, il_engine *e, size_t R, size_t before)
{
    for (size_t l = 0; l < e->L; l++) {
        record_layer(e, l, R, before, &s->moments[l]);
    }
}

void
il_recorder_finish(il_recorder *s, il_engine *e, il_net *net, size_t B, uint64_t step, double loss,
                   il_record *record)
{
    il_engine_save(e, net);
    il_layer_record *row = record->layers + record->rows * e->L;
    record->step[record->rows] = step;
    record->loss[record->rows] = loss;
    for (size_t l = 0; l < e->L; l++) {
        const il_layer *layer = &e->layers[l];
        const double pairs = (double)B * (double)layer->M;
        double gradient[IL_SUM_LANES] = {0}, weights[IL_SUM_LANES] = {0};
        il_engine_gradient_squares(e, l, gradient);
        e->k->sum_squares(layer->N * layer->M, il_net_weights(net, l), weights);
        const il_layer_moments *m = &s->moments[l];
        row[l] = (il_layer_record){.activation_mean = m->mean,
                                   .activation_std = sqrt(m->squares / pairs),
                                   .saturated = m->saturated / pairs,
                                   .gradient_norm = sqrt(il_lanes_total(gradient)),
                                   .weight_norm = sqrt(il_lanes_total(weights)),
                                   .unit_spread = il_unit_spread_of(net, l, s->sums),
                                   .distinct_units = il_distinct_units_of(net, l, s->units)};
    }
    record->rows++;
}
