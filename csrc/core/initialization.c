/*
 * initialization.c - schemes: from settings and a layer's fans to a law, and from there to numbers by the
 * kernels' streams (NUMERICS 4).
 *
 * Variance scaling: He et al. 2015 (scale 2, fan-in), Glorot & Bengio 2010 (scale 1, mean of the
 * fans), LeCun et al. 1998 (scale 1, fan-in) are one formula: variance = scale / fan.
 */
#include <math.h>
#include <string.h>

#include "array.h"
#include "cpu.h"
#include "dispatch.h"
#include "memory.h"
#include "net.h"
#include "orthogonal.h"
#include "rng.h"
#include "sparse.h"
#include "spec.h"
#include "team.h"
#include "truncated.h"

/* Standard deviation of the standard normal distribution cut at -2 and 2. */
static const double truncated_std = 0x1.c25e4b6dba981p-1;

static double
fan_of(il_fan_mode mode, double in, double out)
{
    switch (mode) {
    case IL_FAN_IN: return in;
    case IL_FAN_OUT: return out;
    case IL_FAN_AVG: return (in + out) / 2;
    case IL_FAN_GEO_AVG: break;
    }
    return sqrt(in * out);
}

/* Variance scaling as a scheme that does not depend on fans; others as they are. */
static il_scheme
law_of(const il_scheme *s, size_t n_in, size_t n_out)
{
    if (s->kind != IL_SCHEME_VARIANCE_SCALING) {
        return *s;
    }
    const double variance = s->a / fan_of(s->mode, (double)n_in, (double)n_out);
    if (variance == 0) {
        return (il_scheme){.kind = IL_SCHEME_CONSTANT};
    }
    switch (s->distribution) {
    case IL_DISTRIBUTION_NORMAL: return (il_scheme){.kind = IL_SCHEME_NORMAL, .b = sqrt(variance)};
    case IL_DISTRIBUTION_TRUNCATED_NORMAL:
        return (il_scheme){
            .kind = IL_SCHEME_TRUNCATED_NORMAL, .b = sqrt(variance) / truncated_std, .low = -2, .high = 2};
    case IL_DISTRIBUTION_UNIFORM: break;
    }
    const double limit = sqrt(3 * variance); /* U(-r, r) has variance r^2 / 3 */
    return (il_scheme){.kind = IL_SCHEME_UNIFORM, .a = -limit, .b = limit};
}

/* ---- laws of an element ------------------------------------------------------------------ */

static size_t
ceil_log2(size_t n)
{
    size_t k = 0;
    while ((n - 1) >> k != 0) {
        k++;
    }
    return k;
}

/*
 * Zhao, Schaefer and Anandkumar, "ZerO initialization", 2021. Where the layer widens, element (i, j) is
 * (-1)^bits(i & j) / 2^(k/2), k = ceil(log2 n_out): a corner of Sylvester's Hadamard matrix.
 */
static double
hadamard(size_t i, size_t j, size_t n_in, size_t n_out)
{
    if (n_out <= n_in) {
        return i == j ? 1 : 0;
    }
    const size_t k = ceil_log2(n_out);
    const double size = ldexp(k % 2 == 0 ? 1 : sqrt(0.5), -(int)(k / 2));
    int odd = 0;
    for (size_t common = i & j; common != 0; common &= common - 1) {
        odd ^= 1;
    }
    return odd ? -size : size;
}

/* An element of a matrix without randomness. */
static double
fixed_element(const il_scheme *law, size_t n_in, size_t n_out, uint64_t index)
{
    if (law->kind == IL_SCHEME_CONSTANT) {
        return law->a;
    }
    const size_t i = (size_t)(index / n_out), j = (size_t)(index % n_out);
    return law->kind == IL_SCHEME_IDENTITY ? (i == j ? law->a : 0) : hadamard(i, j, n_in, n_out);
}

/* Elements of a matrix without randomness. */
static void
fill_fixed(const il_kernel_set *k, const il_scheme *law, size_t n_in, size_t n_out, uint64_t start, size_t count,
           void *out)
{
    enum { PIECE = 64 };
    double values[PIECE];
    for (size_t i = 0; i < count; i += PIECE) {
        const size_t piece = count - i < PIECE ? count - i : PIECE;
        for (size_t j = 0; j < piece; j++) {
            values[j] = fixed_element(law, n_in, n_out, start + i + j);
        }
        k->from_doubles(piece, values, il_at(out, i, k->element));
    }
}

/* Elements that repay a thread: drawing them takes some 100 microseconds, starting it 20 to 50. */
enum { WORTH_A_THREAD = 1 << 15 };

static size_t
element_size(il_dtype dtype)
{
    return dtype == IL_FLOAT32 ? sizeof(float) : sizeof(double);
}

/* ---- fill -------------------------------------------------------------------------------- */

/* Elements that one law gives each by itself, among them the values of sparse matrices. */
typedef struct elements {
    const il_kernels *kernels;
    const il_scheme *law;
    il_stream stream;
    il_dtype dtype;
    size_t n_in, n_out;
    uint64_t start;
    size_t count;
    void *out; /* [count] */
} elements;

static void
fill_slice(void *context, il_part part)
{
    const elements *e = context;
    size_t begin, end;
    il_share(e->count, part, &begin, &end);
    const il_kernel_set *k = il_kernel_set_of(e->kernels, e->dtype);
    const il_scheme *law = e->law;
    const uint64_t start = e->start + begin;
    const size_t count = end - begin;
    void *const out = il_at(e->out, begin, k->element);
    switch (law->kind) {
    case IL_SCHEME_NORMAL:
    case IL_SCHEME_SPARSE: k->fill_normal(e->stream, start, count, law->a, law->b, out); break;
    case IL_SCHEME_UNIFORM: k->fill_uniform(e->stream, start, count, law->a, law->b, out); break;
    case IL_SCHEME_TRUNCATED_NORMAL:
        il_truncated_fill(e->kernels, e->dtype, e->stream, start, count, law->a, law->b, law->low, law->high, out);
        break;
    default: fill_fixed(k, law, e->n_in, e->n_out, start, count, out);
    }
}

/* A whole random matrix. */
static il_status
fill_matrix(const elements *e, il_team *team, void *out)
{
    if (e->law->kind == IL_SCHEME_ORTHOGONAL) {
        return il_orthogonal_fill(e->kernels, team, e->stream, e->dtype, e->n_in, e->n_out, e->law->a, out);
    }
    elements all = *e;
    all.start = 0;
    all.count = e->n_in * e->n_out;
    all.out = out;
    il_team_run(team, fill_slice, &all);
    return il_sparse_mask(e->kernels, team, e->stream.key, e->stream.tensor, e->law->mode, e->law->count, e->n_in,
                          e->n_out, element_size(e->dtype), out);
}

static il_status
fill_part_of_matrix(const elements *e, il_team *team)
{
    const size_t size = element_size(e->dtype);
    if (e->count == e->n_in * e->n_out) {
        return fill_matrix(e, team, e->out);
    }
    unsigned char *whole = il_allocate(e->n_in * e->n_out, size);
    if (whole == NULL) {
        return IL_ERROR_MEMORY;
    }
    const il_status status = fill_matrix(e, team, whole);
    if (status == IL_OK) {
        memcpy(e->out, whole + (size_t)e->start * size, e->count * size);
    }
    il_release(whole);
    return status;
}

static int
is_random_matrix(const il_scheme *scheme)
{
    return scheme->kind == IL_SCHEME_ORTHOGONAL || scheme->kind == IL_SCHEME_SPARSE;
}

/* il_fill by a team. */
static il_status
fill(const il_scheme *scheme, il_dtype dtype, size_t n_in, size_t n_out, uint64_t key, uint32_t tensor,
     il_purpose purpose, uint64_t start, size_t count, il_team *team, void *out)
{
    const il_scheme law = law_of(scheme, n_in, n_out);
    elements e = {.kernels = il_kernels_get(),
                  .law = &law,
                  .stream = il_stream_of(key, tensor, purpose),
                  .dtype = dtype,
                  .n_in = n_in,
                  .n_out = n_out,
                  .start = start,
                  .count = count,
                  .out = out};
    const il_float_environment saved = il_float_enter();
    il_status status = IL_OK;
    if (is_random_matrix(&law)) {
        status = fill_part_of_matrix(&e, n_in * n_out < WORTH_A_THREAD ? NULL : team);
    } else {
        il_team_run(count < WORTH_A_THREAD ? NULL : team, fill_slice, &e);
    }
    il_float_leave(saved);
    return status;
}

/* For so many elements, of which each thread should have enough. */
static il_team *
make_team(size_t count, size_t threads)
{
    const size_t worth = count / WORTH_A_THREAD;
    return il_team_create(worth < threads ? worth : threads);
}

il_status
il_fill(const il_scheme *scheme, il_dtype dtype, size_t n_in, size_t n_out, uint64_t key, uint32_t tensor,
        il_purpose purpose, uint64_t start, size_t count, size_t threads, void *out)
{
    if (scheme == NULL || !il_scheme_valid(scheme) || (out == NULL && count > 0)) {
        return IL_ERROR_ARGUMENT;
    }
    if (count == 0) {
        return IL_OK;
    }
    if (!il_scheme_fits(scheme, n_in, n_out, purpose) || start > UINT64_MAX - count) {
        return IL_ERROR_ARGUMENT;
    }
    size_t drawn = count;
    if (il_scheme_is_matrix(scheme)) {
        if (n_in > SIZE_MAX / n_out) {
            return IL_ERROR_MEMORY;
        }
        if (start + count > n_in * n_out) {
            return IL_ERROR_ARGUMENT;
        }
        drawn = is_random_matrix(scheme) ? n_in * n_out : count;
    }
    il_team *team = make_team(drawn, threads);
    const il_status status = fill(scheme, dtype, n_in, n_out, key, tensor, purpose, start, count, team, out);
    il_team_destroy(team);
    return status;
}

il_status
il_net_initialize(il_net *net, const il_scheme *schemes, const il_scheme *bias_schemes, uint64_t key, size_t threads)
{
    const il_scheme zeros = {.kind = IL_SCHEME_CONSTANT};
    int can_fail = 0;
    for (size_t l = 0; l < net->layers; l++) {
        const size_t N = net->widths[l], M = net->widths[l + 1];
        if (!il_scheme_fits(&schemes[l], N, M, IL_PURPOSE_WEIGHTS)
            || (bias_schemes != NULL && !il_scheme_fits(&bias_schemes[l], N, M, IL_PURPOSE_BIASES))) {
            return IL_ERROR_ARGUMENT;
        }
        can_fail |= is_random_matrix(&schemes[l]);
    }
    /* Where memory may run out on the way, the numbers go to a place of their own first. */
    const size_t size = il_net_element(net);
    unsigned char *const parameters = net->parameters;
    unsigned char *const target = can_fail ? il_allocate(net->count, size) : parameters;
    il_status status = target == NULL ? IL_ERROR_MEMORY : IL_OK;
    il_team *team = status == IL_OK ? make_team(net->count, threads) : NULL;
    for (size_t l = 0; status == IL_OK && l < net->layers; l++) {
        const size_t N = net->widths[l], M = net->widths[l + 1];
        const uint32_t tensor = (uint32_t)l;
        status = fill(&schemes[l], net->dtype, N, M, key, tensor, IL_PURPOSE_WEIGHTS, 0, N * M, team,
                      target + net->weight_offset[l] * size);
        if (status == IL_OK) {
            status = fill(bias_schemes != NULL ? &bias_schemes[l] : &zeros, net->dtype, N, M, key, tensor,
                          IL_PURPOSE_BIASES, 0, M, team, target + net->bias_offset[l] * size);
        }
    }
    il_team_destroy(team);
    if (can_fail) {
        if (status == IL_OK) {
            memcpy(parameters, target, net->count * size);
        }
        il_release(target);
    }
    if (status != IL_OK) {
        return status;
    }
    const il_net_progress fresh = {.key = key};
    return il_net_set_progress(net, &fresh);
}
