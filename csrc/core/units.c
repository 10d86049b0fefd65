/*
 * units.c - see units.h and the public header.
 *
 * Equal units are found by hash, so that a thousand units cost no half million comparisons; the few
 * of one hash are then compared value by value. Values are equal if their bits are, and +0 equals -0: units that
 * differ in no more than the sign of a zero compute and learn the same. Near units are compared with the first of each
 * group,
 * and a comparison ends where the distance is already too large.
 */
#include "units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "kernels.h"
#include "memory.h"

/* ---- equal ------------------------------------------------------------------------------- */

typedef int (*units_equal)(const void *units, size_t i, size_t j);

/* The bits of a value; those of +0 for -0, of which only the sign bit is set. */
static uint64_t
word_of(const void *value, size_t element)
{
    uint64_t word = 0;
    if (element == sizeof(float)) {
        uint32_t half;
        memcpy(&half, value, sizeof half);
        word = half == UINT32_C(1) << 31 ? 0 : half;
    } else {
        memcpy(&word, value, sizeof word);
        word = word == UINT64_C(1) << 63 ? 0 : word;
    }
    return word;
}

static uint64_t
mix(uint64_t hash, const void *value, size_t element)
{
    hash = (hash ^ word_of(value, element)) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
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

/* The number of groups; leader[m], unless NULL, is the first unit equal to m. Sorts `units`. */
static size_t
group_equal(il_unit *units, size_t M, units_equal equal, const void *of, size_t *leader)
{
    qsort(units, M, sizeof *units, by_hash);
    /* Equal units have equal hashes; within a run of one hash, compare with each group's first unit. */
    size_t distinct = 0;
    for (size_t begin = 0, end; begin < M; begin = end) {
        size_t groups = 0;
        for (end = begin; end < M && units[end].hash == units[begin].hash; end++) {
            const il_unit unit = units[end];
            size_t g = 0;
            while (g < groups && !equal(of, units[begin + g].index, unit.index)) {
                g++;
            }
            if (g == groups) {
                units[end] = units[begin + groups];
                units[begin + groups] = unit;
                groups++;
            }
            if (leader != NULL) {
                leader[unit.index] = units[begin + g].index;
            }
        }
        distinct += groups;
    }
    return distinct;
}

/* The three parts of a unit as bytes, where they lie: column and bias in one layer, row in the next. */
typedef struct layer_view {
    const unsigned char *weights, *biases, *outgoing; /* outgoing NULL in the output layer */
    size_t N, M, outgoing_bytes, element;
} layer_view;

static layer_view
view_of(const il_net *net, size_t layer)
{
    const size_t element = il_net_element(net);
    const unsigned char *block = net->parameters;
    layer_view v = {block + net->weight_offset[layer] * element,
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

/* Are n values, `stride` bytes apart, the same at p and at q? */
static int
values_equal(size_t n, const unsigned char *p, const unsigned char *q, size_t stride, size_t element)
{
    size_t i = 0;
    while (i < n && word_of(p + i * stride, element) == word_of(q + i * stride, element)) {
        i++;
    }
    return i == n;
}

static int
view_equal(const void *view, size_t i, size_t j)
{
    const layer_view *v = view;
    const size_t e = v->element, row = v->outgoing_bytes;
    return values_equal(1, v->biases + i * e, v->biases + j * e, e, e)
           && (v->outgoing == NULL || values_equal(row / e, v->outgoing + i * row, v->outgoing + j * row, e, e))
           && values_equal(v->N, v->weights + i * e, v->weights + j * e, v->M * e, e);
}

/* Fingerprints from all three parts. */
static void
hash_units(const layer_view *v, il_unit *units)
{
    for (size_t m = 0; m < v->M; m++) {
        units[m] = (il_unit){mix(1, v->biases + m * v->element, v->element), m};
        for (size_t o = 0; o < v->outgoing_bytes; o += v->element) {
            units[m].hash = mix(units[m].hash, v->outgoing + m * v->outgoing_bytes + o, v->element);
        }
    }
    for (size_t n = 0; n < v->N; n++) {
        const unsigned char *row = v->weights + n * v->M * v->element;
        for (size_t m = 0; m < v->M; m++) {
            units[m].hash = mix(units[m].hash, row + m * v->element, v->element);
        }
    }
}

/* Where a fingerprint is in a table, or where it belongs: a free place is 0. */
static uint64_t *
place_of(uint64_t hash, uint64_t *table, size_t places)
{
    uint64_t *place = table + (hash >> 32) % places;
    while (*place != 0 && *place != hash) {
        place = place + 1 < table + places ? place + 1 : table;
    }
    return place;
}

int
il_units_differ(size_t rows, size_t M, const void *weights, const void *biases, size_t element, il_unit *scratch)
{
    const layer_view v = {.weights = weights, .biases = biases, .N = rows, .M = M, .element = element};
    uint64_t *const table = (void *)scratch; /* about half full in the end */
    const size_t places = M * sizeof *scratch / sizeof *table;
    memset(table, 0, places * sizeof *table);
    for (size_t m = 0; m < M; m++) {
        uint64_t hash = mix(1, v.biases + m * element, element);
        for (size_t n = 0; n < rows; n++) {
            hash = mix(hash, v.weights + (n * M + m) * element, element);
        }
        hash += hash == 0;
        uint64_t *const place = place_of(hash, table, places);
        if (*place == hash) {
            return 0;
        }
        *place = hash;
    }
    return 1;
}

size_t
il_distinct_units_of(const il_net *net, size_t layer, il_unit *units)
{
    const layer_view v = view_of(net, layer);
    const size_t rows = v.N < IL_UNITS_GLANCE ? v.N : IL_UNITS_GLANCE;
    if (il_units_differ(rows, v.M, v.weights, v.biases, v.element, units)) {
        return v.M;
    }
    hash_units(&v, units);
    return group_equal(units, v.M, view_equal, &v, NULL);
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

double
il_unit_spread(size_t M, const double *size, const double *distance)
{
    double most = 0, norms = 0;
    for (size_t m = 0; m < M; m++) {
        most = distance[m] > most || isnan(distance[m]) ? distance[m] : most;
        norms += sqrt(size[m]);
    }
    return most == 0 ? 0 : sqrt(most) / (norms / (double)M);
}

/* ---- rows: a unit as one vector ---------------------------------------------------------- */

/* Unit m at row + m * D: incoming weights and bias (I values), outgoing weights. */
typedef struct unit_rows {
    size_t M, D, I;
    double *row;   /* [M][D] */
    il_unit *unit; /* [M], scratch */
    void *block;
} unit_rows;

/* One NaN for all, and one zero: which sign a computed NaN has depends on the CPU, -0 equals +0, and rows are compared
 * by their bits. */
static double
plain(double x)
{
    return isnan(x) ? (double)NAN : x + 0.0;
}

static il_status
rows_create(unit_rows *r, const il_units *u)
{
    const size_t N = u->incoming != NULL ? u->N : 0, K = u->outgoing != NULL ? u->K : 0;
    *r = (unit_rows){.M = u->M, .I = N + (u->biases != NULL)};
    r->D = r->I + K;
    il_arena arena = {.base = NULL};
    for (int pass = 0; pass < 2; pass++) {
        if (r->D > 0 && r->M > SIZE_MAX / r->D) {
            return IL_ERROR_MEMORY;
        }
        r->row = il_arena_take(&arena, r->M * r->D, sizeof *r->row);
        r->unit = il_arena_take(&arena, r->M, sizeof *r->unit);
        if (pass == 0) {
            r->block = il_arena_allocate(&arena);
            if (r->block == NULL) {
                return IL_ERROR_MEMORY;
            }
        }
    }
    for (size_t n = 0; n < N; n++) {
        for (size_t m = 0; m < r->M; m++) {
            r->row[m * r->D + n] = plain(u->incoming[n * u->M + m]);
        }
    }
    for (size_t m = 0; m < r->M; m++) {
        double *row = r->row + m * r->D;
        if (u->biases != NULL) {
            row[N] = plain(u->biases[m]);
        }
        for (size_t k = 0; k < K; k++) {
            row[r->I + k] = plain(u->outgoing[m * K + k]);
        }
    }
    return IL_OK;
}

static double
norm(size_t n, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i] * x[i];
    }
    return sqrt(sum);
}

/* (w, b, v) and (-w, -b, -v) become one: the first value that is not 0 is made positive. */
static void
fold_sign(size_t D, double *row)
{
    size_t first = 0;
    while (first < D && row[first] == 0) {
        first++;
    }
    const double sign = first < D && row[first] < 0 ? -1 : 1;
    for (size_t d = 0; d < D; d++) {
        row[d] = sign * row[d] + 0.0; /* and -0 becomes +0 */
    }
}

/* (w, b, v) and (c w, c b, v / c), c > 0, become one: both halves get the same norm, and a half that
 * stands beside zeros gets norm 1. */
static void
fold_scale(size_t D, size_t I, double *row)
{
    const double in = norm(I, row), out = norm(D - I, row + I);
    const double balanced = in > 0 && out > 0 ? sqrt(in) * sqrt(out) : 1;
    for (size_t d = 0; d < D; d++) {
        const double size = d < I ? in : out;
        row[d] = (size > 0 ? row[d] / size * balanced : row[d]) + 0.0;
    }
}

static int
rows_equal(const void *rows, size_t i, size_t j)
{
    const unit_rows *r = rows;
    return memcmp(r->row + i * r->D, r->row + j * r->D, r->D * sizeof *r->row) == 0;
}

/* Distance of two rows; above `limit` any value above it. */
static double
distance(size_t D, const double *a, const double *b, double limit)
{
    enum { PIECE = 32 };
    double sum = 0;
    for (size_t d = 0; d < D;) {
        for (const size_t end = D - d < PIECE ? D : d + PIECE; d < end; d++) {
            sum += (a[d] - b[d]) * (a[d] - b[d]);
        }
        if (sum > limit * limit) {
            break;
        }
    }
    return sqrt(sum);
}

static double
mean_norm(const unit_rows *r)
{
    double sum = 0;
    for (size_t m = 0; m < r->M; m++) {
        sum += norm(r->D, r->row + m * r->D);
    }
    return sum / (double)r->M;
}

/* leader[m] is the first unit that leads a group and is near m. */
static void
group_near(const unit_rows *r, double limit, size_t *leader)
{
    for (size_t m = 0; m < r->M; m++) {
        size_t g = 0;
        while (g < m && (leader[g] != g || !(distance(r->D, r->row + g * r->D, r->row + m * r->D, limit) <= limit))) {
            g++;
        }
        leader[m] = g;
    }
}

il_status
il_units_group(const il_units *u, il_modulo modulo, double tolerance, size_t *leader)
{
    unit_rows r;
    if (u == NULL || u->M < 1 || leader == NULL || !(tolerance >= 0)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_status status = rows_create(&r, u);
    if (status != IL_OK) {
        return status;
    }
    for (size_t m = 0; m < r.M; m++) {
        double *row = r.row + m * r.D;
        if (modulo == IL_MODULO_SIGN) {
            fold_sign(r.D, row);
        } else if (modulo == IL_MODULO_SCALE) {
            fold_scale(r.D, r.I, row);
        }
    }
    if (tolerance > 0) {
        group_near(&r, tolerance * mean_norm(&r), leader);
    } else {
        for (size_t m = 0; m < r.M; m++) {
            r.unit[m] = (il_unit){1, m};
            for (size_t d = 0; d < r.D; d++) {
                r.unit[m].hash = mix(r.unit[m].hash, r.row + m * r.D + d, sizeof *r.row);
            }
        }
        (void)group_equal(r.unit, r.M, rows_equal, &r, leader);
    }
    il_release(r.block);
    return IL_OK;
}

/* In four sums, so that it does not wait for one. */
static double
dot(size_t n, const double *a, const double *b)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (size_t k = 0; k < 4; k++) {
            sum[k] += a[i + k] * b[i + k];
        }
    }
    for (; i < n; i++) {
        sum[0] += a[i] * b[i];
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

il_status
il_units_rank(const il_units *u, double tolerance, size_t *rank)
{
    unit_rows r;
    if (u == NULL || u->M < 1 || u->incoming == NULL || rank == NULL || !(tolerance >= 0)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_status status = rows_create(&r, &(il_units){.M = u->M, .N = u->N, .incoming = u->incoming});
    if (status != IL_OK) {
        return status;
    }
    /* Gram-Schmidt, the longest remainder first: what is left when it ends is rounding. */
    double *square = il_allocate(r.M, sizeof *square), limit = 0;
    if (square == NULL) {
        il_release(r.block);
        return IL_ERROR_MEMORY;
    }
    for (size_t m = 0; m < r.M; m++) {
        square[m] = dot(r.D, r.row + m * r.D, r.row + m * r.D);
    }
    size_t found = 0;
    for (const size_t most = r.M < r.D ? r.M : r.D; found < most; found++) {
        size_t at = found;
        for (size_t m = found; m < r.M; m++) {
            at = square[m] > square[at] ? m : at;
        }
        const double length = sqrt(square[at]);
        limit = found == 0 ? tolerance * length : limit;
        if (!(length > limit)) {
            break;
        }
        double *pivot = r.row + at * r.D, *first = r.row + found * r.D;
        for (size_t d = 0; d < r.D; d++) {
            const double kept = first[d];
            first[d] = pivot[d] / length;
            if (at != found) {
                pivot[d] = kept;
            }
        }
        for (size_t m = found + 1; m < r.M; m++) {
            double *row = r.row + m * r.D;
            const double along = dot(r.D, row, first);
            for (size_t d = 0; d < r.D; d++) {
                row[d] -= along * first[d];
            }
            square[m] = dot(r.D, row, row);
        }
    }
    il_release(square);
    *rank = found;
    il_release(r.block);
    return IL_OK;
}

il_status
il_units_spread(const il_units *u, double tolerance, size_t *members, double *largest, double *mean)
{
    unit_rows r;
    if (u == NULL || u->M < 1 || !(tolerance >= 0)) {
        return IL_ERROR_ARGUMENT;
    }
    il_status status = rows_create(&r, u);
    if (status != IL_OK) {
        return status;
    }
    size_t *leader = il_allocate(r.M, 2 * sizeof *leader);
    if (leader == NULL) {
        status = IL_ERROR_MEMORY;
        goto done;
    }
    size_t *count = leader + r.M;
    const double unit = mean_norm(&r);
    group_near(&r, tolerance * unit, leader);
    size_t first = 0;
    for (size_t m = 0; m < r.M; m++) {
        count[leader[m]]++;
    }
    for (size_t m = 1; m < r.M; m++) {
        first = count[m] > count[first] ? m : first;
    }
    const int all = count[first] == 1; /* no two are near: the whole layer */
    double top = 0, sum = 0;
    size_t others = 0;
    for (size_t m = 0; m < r.M; m++) {
        if (m != first && (all || leader[m] == first)) {
            const double d = distance(r.D, r.row + first * r.D, r.row + m * r.D, HUGE_VAL);
            top = d > top || isnan(d) ? d : top;
            sum += d;
            others++;
        }
    }
    *members = others + 1;
    *largest = top > 0 ? top / unit : top; /* copies, zeros among them: 0 */
    *mean = sum > 0 ? sum / (double)others / unit : sum;
done:
    il_release(leader);
    il_release(r.block);
    return status;
}
