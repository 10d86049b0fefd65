/* diagnose.c - see diagnose.h and the public header. */
#include "diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "spec.h"

void
il_moments_merge(il_layer_moments *m, double before, double n, double mean, double squares)
{
    const double total = before + n, delta = mean - m->mean;
    m->mean += delta * (n / total);
    m->squares += squares + delta * delta * (before * n / total);
}

size_t
il_widest_layer(const il_net *net)
{
    size_t widest = 1;
    for (size_t l = 1; l <= net->layers; l++) {
        widest = net->widths[l] > widest ? net->widths[l] : widest;
    }
    return widest;
}

/* ---- distinct units ---------------------------------------------------------------------- */

/* The three parts of a unit as bytes: column and bias in one layer, row in the next. */
typedef struct unit_view {
    const unsigned char *weights, *biases, *outgoing; /* outgoing NULL in the output layer */
    size_t N, M, outgoing_bytes, element;
} unit_view;

static unit_view
view_of(const il_net *net, size_t layer)
{
    const size_t element = il_net_element(net);
    const unsigned char *block = net->parameters;
    unit_view v = {block + net->weight_offset[layer] * element,
                   block + net->bias_offset[layer] * element,
                   NULL,
                   net->widths[layer],
                   net->widths[layer + 1],
                   0,
                   element};
    if (layer + 1 < net->layers) {
        v.outgoing = block + net->weight_offset[layer + 1] * element;
        v.outgoing_bytes = net->widths[layer + 2] * element;
    }
    return v;
}

static uint64_t
mix(uint64_t hash, const unsigned char *bytes, size_t element)
{
    uint64_t word = 0;
    memcpy(&word, bytes, element);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static int
units_equal(const unit_view *v, size_t i, size_t j)
{
    const size_t e = v->element;
    if (memcmp(v->biases + i * e, v->biases + j * e, e) != 0
        || (v->outgoing != NULL
            && memcmp(v->outgoing + i * v->outgoing_bytes, v->outgoing + j * v->outgoing_bytes, v->outgoing_bytes)
                   != 0)) {
        return 0;
    }
    for (size_t n = 0; n < v->N; n++) {
        const unsigned char *row = v->weights + n * v->M * e;
        if (memcmp(row + i * e, row + j * e, e) != 0) {
            return 0;
        }
    }
    return 1;
}

static int
by_hash(const void *p, const void *q)
{
    const il_unit *a = p, *b = q;
    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

size_t
il_distinct_units_of(const il_net *net, size_t layer, il_unit *units)
{
    const unit_view v = view_of(net, layer);
    for (size_t m = 0; m < v.M; m++) {
        units[m] = (il_unit){mix(1, v.biases + m * v.element, v.element), m};
        for (size_t o = 0; o < v.outgoing_bytes; o += v.element) {
            units[m].hash = mix(units[m].hash, v.outgoing + m * v.outgoing_bytes + o, v.element);
        }
    }
    for (size_t n = 0; n < v.N; n++) {
        const unsigned char *row = v.weights + n * v.M * v.element;
        for (size_t m = 0; m < v.M; m++) {
            units[m].hash = mix(units[m].hash, row + m * v.element, v.element);
        }
    }
    qsort(units, v.M, sizeof *units, by_hash);
    /* Equal units have equal hashes; within a run of one hash, compare with each group's first unit. */
    size_t distinct = 0;
    for (size_t begin = 0, end; begin < v.M; begin = end) {
        size_t groups = 0;
        for (end = begin; end < v.M && units[end].hash == units[begin].hash; end++) {
            size_t g = 0;
            while (g < groups && !units_equal(&v, units[begin + g].index, units[end].index)) {
                g++;
            }
            if (g == groups) {
                const il_unit first = units[end];
                units[end].index = units[begin + groups].index;
                units[begin + groups] = first;
                groups++;
            }
        }
        distinct += groups;
    }
    return distinct;
}

il_status
il_net_distinct_units(const il_net *net, size_t *out)
{
    il_unit *units = il_allocate(il_widest_layer(net), sizeof *units);
    if (units == NULL) {
        return IL_ERROR_MEMORY;
    }
    for (size_t l = 0; l < net->layers; l++) {
        out[l] = il_distinct_units_of(net, l, units);
    }
    il_release(units);
    return IL_OK;
}

/* ---- slopes ------------------------------------------------------------------------------ */

double
il_activation_max_slope(il_activation g)
{
    switch (g.kind) {
    case IL_SIGMOID: return 0.25;
    case IL_ELU: return g.parameter > 1 ? g.parameter : 1;
    case IL_SELU: return 1.7580993408473766; /* lambda alpha, as z -> 0 from below */
    case IL_GELU: return 1.1289041451851548; /* at sqrt 2: Phi + sqrt 2 phi = (1 + erf 1) / 2 + 1 / (e sqrt pi) */
    case IL_GELU_TANH: return 1.1289930686587717; /* at z = 1.4185 */
    case IL_SILU: return 1.099839320128867; /* at z = 2.39936 */
    case IL_ERF: return 1.1283791670955126; /* 2 / sqrt pi */
    default: return 1;
    }
}
