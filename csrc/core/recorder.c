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

/* Squares of a layer's units: biases, then outgoing weights, then incoming ones. Here the first two. */
static void
begin_units(const il_recorder *s, const il_engine *e, size_t l)
{
    const il_layer *layer = &e->layers[l];
    const size_t M = layer->M, w = layer->w;
    double *const size = s->sums, *const distance = s->sums + M;
    memset(s->sums, 0, 2 * M * sizeof *s->sums);
    e->k->unit_squares(1, M, 0, layer->bias, layer->bias, size, distance);
    if (l + 1 == e->L) {
        return;
    }
    const il_layer *above = layer + 1;
    if (above->column) {
        e->k->unit_squares(1, M, 0, above->weights, above->weights, size, distance);
        return;
    }
    for (size_t m = 0; m < M; m += w) {
        e->k->unit_squares(above->M, M - m < w ? M - m : w, w, il_const_at(above->transposed, m * above->M, e->element),
                           above->transposed, size + m, distance + m);
    }
}

/* How many rows of weights and of their gradient fit into e->work, in eights: then each value meets its lane of a sum.
 * The more, the longer the runs that are read of a panel. */
static size_t
rows_together(const il_engine *e)
{
    enum { MOST = ROWSMAX };
    const size_t fit = e->rows / 2 / IL_SUM_LANES * IL_SUM_LANES;
    return fit < IL_SUM_LANES ? IL_SUM_LANES : fit < MOST ? fit : MOST;
}

/* Norms of a layer's weights and of their gradient, and how alike its units are, in one pass over plain rows. */
static void
measure_weights(const il_recorder *s, const il_engine *e, il_net *net, size_t l, il_layer_record *row)
{
    const il_layer *layer = &e->layers[l];
    const size_t N = layer->N, M = layer->M;
    const size_t together = rows_together(e);
    void *const rows = e->work, *const gradient_rows = il_at(e->work, together * M, e->element);
    double *const size = s->sums, *const distance = s->sums + M;
    double weights[IL_SUM_LANES] = {0}, gradient[IL_SUM_LANES] = {0};
    begin_units(s, e, l);
    for (size_t n = 0; n < N; n += together) {
        const size_t count = N - n < together ? N - n : together;
        il_engine_unpack_rows(e, layer, layer->weights, n, count, rows);
        il_engine_unpack_rows(e, layer, layer->gradient, n, count, gradient_rows);
        e->k->sum_squares_of_both(count * M, rows, gradient_rows, weights, gradient);
        e->k->unit_squares(count, M, M, rows, rows, size, distance);
        if (n == 0) {
            const size_t few = count < IL_UNITS_GLANCE ? count : IL_UNITS_GLANCE;
            row->distinct_units = il_units_differ(few, M, rows, layer->bias, e->element, s->units) ? M : 0;
        }
    }
    if (row->distinct_units == 0) { /* not at a glance: count them in the net itself */
        il_engine_save(e, net);
        row->distinct_units = il_distinct_units_of(net, l, s->units);
    }
    row->unit_spread = il_unit_spread(M, size, distance);
    row->weight_norm = sqrt(il_lanes_total(weights));
    row->gradient_norm = sqrt(il_lanes_total(gradient));
}

void
il_recorder_finish(il_recorder *s, const il_engine *e, il_net *net, size_t B, uint64_t step, double loss,
                   il_record *record)
{
    il_layer_record *row = record->layers + record->rows * e->L;
    record->step[record->rows] = step;
    record->loss[record->rows] = loss;
    for (size_t l = 0; l < e->L; l++) {
        const double pairs = (double)B * (double)e->layers[l].M;
        const il_layer_moments *m = &s->moments[l];
        row[l] = (il_layer_record){.activation_mean = m->mean,
                                   .activation_std = sqrt(m->squares / pairs),
                                   .saturated = m->saturated / pairs};
        measure_weights(s, e, net, l, &row[l]);
    }
    record->rows++;
}
