/*
 * initialize.c - schemes: from settings and a layer's fans to a distribution, and from there to
 * numbers by the kernels' streams (NUMERICS 4).
 *
 * Variance scaling: He et al. 2015 (scale 2, fan-in), Glorot & Bengio 2010 (scale 1, mean of the
 * fans), LeCun et al. 1998 (scale 1, fan-in) are one formula: variance = scale / fan.
 */
#include <math.h>

#include "cpu.h"
#include "net.h"
#include "rng.h"
#include "dispatch.h"
#include "spec.h"

/* A scheme once the fans are known. Mean and standard deviation, or the ends of an interval. */
typedef struct distribution {
    il_scheme_kind kind; /* CONSTANT, NORMAL or UNIFORM */
    double a, b;
} distribution;

static distribution
distribution_of(const il_scheme *s, size_t n_in, size_t n_out)
{
    if (s->kind != IL_SCHEME_VARIANCE_SCALING) {
        return (distribution){s->kind, s->a, s->b};
    }
    const double in = (double)n_in, out = (double)n_out;
    const double fan = s->mode == IL_FAN_IN ? in : s->mode == IL_FAN_OUT ? out : (in + out) / 2;
    const double variance = s->a / fan;
    if (s->distribution == IL_DISTRIBUTION_NORMAL) {
        return (distribution){IL_SCHEME_NORMAL, 0, sqrt(variance)};
    }
    const double limit = sqrt(3 * variance); /* U(-r, r) has variance r^2 / 3 */
    return (distribution){IL_SCHEME_UNIFORM, -limit, limit};
}

static void
fill_f32(const il_kernel_set_f32 *k, distribution d, il_stream s, uint64_t start, size_t n, float *out)
{
    switch (d.kind) {
    case IL_SCHEME_NORMAL: k->fill_normal(s, start, n, (float)d.a, (float)d.b, out); break;
    case IL_SCHEME_UNIFORM: k->fill_uniform(s, start, n, (float)d.a, (float)d.b, out); break;
    default:
        for (size_t i = 0; i < n; i++) {
            out[i] = (float)d.a;
        }
    }
}

static void
fill_f64(const il_kernel_set_f64 *k, distribution d, il_stream s, uint64_t start, size_t n, double *out)
{
    switch (d.kind) {
    case IL_SCHEME_NORMAL: k->fill_normal(s, start, n, d.a, d.b, out); break;
    case IL_SCHEME_UNIFORM: k->fill_uniform(s, start, n, d.a, d.b, out); break;
    default:
        for (size_t i = 0; i < n; i++) {
            out[i] = d.a;
        }
    }
}

il_status
il_fill(const il_scheme *scheme, il_dtype dtype, size_t n_in, size_t n_out, uint64_t key, uint32_t tensor,
        il_purpose purpose, uint64_t start, size_t count, void *out)
{
    if (scheme == NULL || !il_scheme_valid(scheme) || (out == NULL && count > 0)) {
        return IL_ERROR_ARGUMENT;
    }
    if (count == 0) {
        return IL_OK;
    }
    if (n_in < 1 || n_out < 1 || start > UINT64_MAX - count) {
        return IL_ERROR_ARGUMENT;
    }
    const distribution d = distribution_of(scheme, n_in, n_out);
    const il_stream s = il_stream_of(key, tensor, purpose);
    const il_float_environment saved = il_float_enter();
    if (dtype == IL_FLOAT32) {
        fill_f32(&il_kernels_get()->f32, d, s, start, count, out);
    } else {
        fill_f64(&il_kernels_get()->f64, d, s, start, count, out);
    }
    il_float_leave(saved);
    return IL_OK;
}

il_status
il_net_initialize(il_net *net, const il_scheme *schemes, const il_scheme *bias_schemes, uint64_t key)
{
    const il_scheme zeros = {IL_SCHEME_CONSTANT, 0, 0, IL_FAN_IN, IL_DISTRIBUTION_NORMAL};
    for (size_t l = 0; l < net->layers; l++) {
        if (!il_scheme_valid(&schemes[l]) || (bias_schemes != NULL && !il_scheme_valid(&bias_schemes[l]))) {
            return IL_ERROR_ARGUMENT;
        }
    }
    for (size_t l = 0; l < net->layers; l++) {
        const size_t N = net->widths[l], M = net->widths[l + 1];
        const uint32_t tensor = (uint32_t)l;
        il_status status = il_fill(&schemes[l], net->dtype, N, M, key, tensor, IL_PURPOSE_WEIGHTS, 0, N * M,
                                   il_net_weights(net, l));
        if (status == IL_OK) {
            status = il_fill(bias_schemes != NULL ? &bias_schemes[l] : &zeros, net->dtype, N, M, key, tensor,
                             IL_PURPOSE_BIASES, 0, M, il_net_biases(net, l));
        }
        if (status != IL_OK) {
            return status; /* not reached: all schemes are valid and no width is 0 */
        }
    }
    const il_net_progress fresh = {.key = key};
    return il_net_set_progress(net, &fresh);
}
