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

#include "normal.h"

enum {
    CHUNK = 64,
    NEWTON_STEPS = 5 /* 3 reach the last bit at IL_FAR_TAIL */
};

typedef struct far_tail {
    double nearer; /* >= IL_FAR_TAIL */
    double farther;
    double side; /* +1 or -1: of the mean */
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
        kernels->f64.log(1, &ratio, &ratio);
        fall = ratio - 0.5 * (t.farther - t.nearer) * (t.farther + t.nearer);
        kernels->f64.expm1(1, &fall, &fall);
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
    kernels->f64.log1p(n, E, E);
    for (size_t i = 0; i < n; i++) {
        E[i] = -E[i];
        x[i] = 2 * E[i] / (t->nearer + sqrt(t->nearer * t->nearer + 2 * E[i]));
    }
    for (int step = 0; step < NEWTON_STEPS; step++) {
        for (size_t i = 0; i < n; i++) {
            mills[i] = il_mills_ratio(t->nearer + x[i], t->terms);
            ratio[i] = (mills[i] - t->mills) / t->mills;
        }
        kernels->f64.log1p(n, ratio, ratio);
        for (size_t i = 0; i < n; i++) {
            x[i] -= mills[i] * (x[i] * (t->nearer + 0.5 * x[i]) - ratio[i] - E[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = t->side * (t->nearer + x[i]);
    }
}

#define T float
#define P f32
#define NEXT nextafterf
#include "truncated.inc.h"
#undef T
#undef P
#undef NEXT
#define T double
#define P f64
#define NEXT nextafter
#include "truncated.inc.h"
