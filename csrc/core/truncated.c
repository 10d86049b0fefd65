/*
 * truncated.c - see truncated.h.
 *
 * One uniform number an element, no rejection (NUMERICS 4.4). Usually it is a probability between those of
 * the bounds, and the kernel has its quantile. Where both bounds lie beyond IL_FAR_TAIL on one side,
 * such probabilities are tiny or underflow, and the distance x from the nearer bound is found instead:
 * with Q the tail probability, d(x) = log Q(nearer) - log Q(nearer + x) has to be E = -log(1 - u share), where
 * share = 1 - Q(farther) / Q(nearer). d is convex with the slope 1 / M, M Mills' ratio; Newton's steps from
 * the right of the root, where x^2 / 2 + nearer x = E, come down to it.
 */
#include "truncated.h"

#include <float.h>
#include <math.h>

#include "array.h"
#include "normal.h"

enum {
    CHUNK = 64,
    NEWTON_STEPS = 5 /* 3 reach the last bit at IL_FAR_TAIL */
};

typedef struct far_tail {
    double nearer; /* >= IL_FAR_TAIL */
    double farther;
    double side;  /* +1 or -1: of the mean */
    double mills; /* at nearer */
    double share;
    size_t terms;
} far_tail;

static far_tail
far_tail_of(const il_kernels *kernels, double low, double high)
{
    far_tail t = {.nearer = low, .farther = high, .side = 1};
    if (high < 0) {
        t = (far_tail){.nearer = -high, .farther = -low, .side = -1};
    }
    t.terms = il_mills_terms(t.nearer);
    t.mills = il_mills_ratio(t.nearer, t.terms);
    t.share = 1;
    if (t.farther <= DBL_MAX) {
        double ratio = il_mills_ratio(t.farther, t.terms) / t.mills, fall;
        kernels->f64->log(1, &ratio, &ratio);
        fall = ratio - 0.5 * (t.farther - t.nearer) * (t.farther + t.nearer);
        kernels->f64->expm1(1, &fall, &fall);
        t.share = -fall;
    }
    return t;
}

/* x[n]: uniform numbers -> quantiles between the bounds */
static void
far_tail_quantiles(const il_kernels *kernels, const far_tail *t, size_t n, double *x)
{
    double E[CHUNK] = {0}, mills[CHUNK], ratio[CHUNK]; /* 0: gcc cannot see that n > 0 fills it */
    for (size_t i = 0; i < n; i++) {
        E[i] = -x[i] * t->share;
    }
    kernels->f64->log1p(n, E, E);
    for (size_t i = 0; i < n; i++) {
        E[i] = -E[i];
        x[i] = 2 * E[i] / (t->nearer + sqrt(t->nearer * t->nearer + 2 * E[i]));
    }
    for (int step = 0; step < NEWTON_STEPS; step++) {
        for (size_t i = 0; i < n; i++) {
            mills[i] = il_mills_ratio(t->nearer + x[i], t->terms);
            ratio[i] = (mills[i] - t->mills) / t->mills;
        }
        kernels->f64->log1p(n, ratio, ratio);
        for (size_t i = 0; i < n; i++) {
            x[i] -= mills[i] * (x[i] * (t->nearer + 0.5 * x[i]) - ratio[i] - E[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = t->side * (t->nearer + x[i]);
    }
}

static double
rounded(il_dtype dtype, double x)
{
    return dtype == IL_FLOAT32 ? (double)(float)x : x;
}

/* The next value of this type on the way to an end of the line. */
static double
next_after(il_dtype dtype, double x, double end)
{
    return dtype == IL_FLOAT32 ? (double)nextafterf((float)x, (float)end) : nextafter(x, end);
}

/* The least and the largest value of this type strictly between the bounds; the bounds where there is none. */
static void
set_limits(il_truncation *t, il_dtype dtype, double low, double high)
{
    const double lowest = rounded(dtype, low), highest = rounded(dtype, high), infinite = (double)INFINITY;
    t->least = lowest > low ? lowest : next_after(dtype, lowest, infinite);
    t->most = highest < high ? highest : next_after(dtype, highest, -infinite);
    if (t->least > t->most) {
        t->least = lowest;
        t->most = highest;
    }
}

static void
fill_far_tail(const il_kernels *kernels, il_dtype dtype, il_stream s, uint64_t start, size_t n, const il_truncation *t,
              const far_tail *tail, void *out)
{
    const il_kernel_set *k = il_kernel_set_of(kernels, dtype);
    double x[CHUNK];
    for (size_t done = 0; done < n; done += CHUNK) {
        const size_t count = n - done < CHUNK ? n - done : CHUNK;
        kernels->f64->fill_uniform(s, start + done, count, 0, 1, x);
        far_tail_quantiles(kernels, tail, count, x);
        for (size_t i = 0; i < count; i++) {
            const double value = rounded(dtype, t->mean + t->std * x[i]);
            x[i] = value < t->least ? t->least : value > t->most ? t->most : value;
        }
        k->from_doubles(count, x, il_at(out, done, k->element));
    }
}

void
il_truncated_fill(const il_kernels *kernels, il_dtype dtype, il_stream s, uint64_t start, size_t n, double mean,
                  double std, double low, double high, void *out)
{
    il_truncation t = {.mean = mean, .std = std};
    set_limits(&t, dtype, mean + std * low, mean + std * high);
    if (low >= IL_FAR_TAIL || high <= -IL_FAR_TAIL) {
        const far_tail tail = far_tail_of(kernels, low, high);
        fill_far_tail(kernels, dtype, s, start, n, &t, &tail, out);
        return;
    }
    const double left = il_normal_centre(kernels, low), right = il_normal_centre(kernels, high);
    t.low_tail = il_normal_tail(kernels, -low);
    t.high_tail = il_normal_tail(kernels, high);
    /* By the tails where both bounds are on one side, else by the centre: neither cancels. */
    t.mass = low > 0    ? il_normal_tail(kernels, low) - t.high_tail
             : high < 0 ? il_normal_tail(kernels, -high) - t.low_tail
                        : right - left;
    t.centre = 0.5 * (left + right);
    il_kernel_set_of(kernels, dtype)->fill_truncated_normal(s, start, n, &t, out);
}
