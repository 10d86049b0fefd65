/*
 * normal.c - see normal.h.
 *
 * libm's erfc differs between machines in its last bits, so erf and exp are those of the kernels and the
 * far tail is a continued fraction (Laplace), summed from its end: add and divide only.
 */
#include "normal.h"

static const double root_half = 0x1.6a09e667f3bcdp-1;
static const double root_2_pi = 0x1.40d931ff62706p+1;

static double
one(void (*function)(size_t n, const void *x, void *out), double x)
{
    double y;
    function(1, &x, &y);
    return y;
}

size_t
il_mills_terms(double x)
{
    /* It converges as exp(-2 x sqrt(2 terms)): 2^-53 needs 171 / x^2 terms, and some. */
    return 16 + (size_t)(256 / (x * x));
}

double
il_mills_ratio(double x, size_t terms)
{
    double tail = x;
    for (size_t k = terms; k > 0; k--) {
        tail = x + (double)k / tail;
    }
    return 1 / tail;
}

double
il_normal_tail(const il_kernels *kernels, double x)
{
    if (x < IL_FAR_TAIL) {
        return 0.5 - il_normal_centre(kernels, x);
    }
    if (x > 40) {
        return 0; /* below the least double */
    }
    return one(kernels->f64->exp, -0.5 * x * x) / root_2_pi * il_mills_ratio(x, il_mills_terms(x));
}

double
il_normal_centre(const il_kernels *kernels, double x)
{
    return 0.5 * one(kernels->f64->erf, x * root_half);
}
