/*
 * fma_soft.h - exact fused multiply-add without the instruction: round(a * b + c), one rounding, to
 * nearest even, gradual underflow, every special case. For CPUs without FMA; correct first, slow.
 *
 * float: the product of two floats is exact in double. Adding c in double with "round to odd" keeps
 * a sticky bit below the 24 (+ 2) bits that matter, so the final conversion rounds as if once
 * (Boldo and Melquiond, Emulation of FMA and correctly rounded sums, 2008).
 * double: integer arithmetic on a 106-bit product held in two words; no 128-bit type.
 * Neither is inlined: a table of kernels would be twice as large, and take twice as long to compile.
 */
#ifndef IL_FMA_SOFT_H
#define IL_FMA_SOFT_H

#include <stdint.h>
#include <string.h>

#include "kernels.h"

static inline uint64_t
il_bits_of_double(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline double
il_double_of_bits(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

IL_NOINLINE float
il_fma_soft_f32(float a, float b, float c)
{
    const double product = (double)a * (double)b; /* exact: 48 bits, exponents in range */
    const double addend = (double)c;
    const double sum = product + addend;
    /* The rounding error of the sum (Knuth); NaN where the sum is not finite, which compares false. */
    const double shadow = sum - product;
    const double error = (product - (sum - shadow)) + (addend - shadow);
    uint64_t bits = il_bits_of_double(sum);
    if ((bits & 1u) == 0 && (error > 0.0 || error < 0.0)) {
        /* Inexact and even: step to the odd neighbour on the error's side. sum is not 0 here. */
        bits = ((error > 0.0) == (sum > 0.0)) ? bits + 1 : bits - 1;
    }
    return (float)il_double_of_bits(bits);
}

/* An unsigned 128-bit integer. */
typedef struct il_wide {
    uint64_t high, low;
} il_wide;

static inline il_wide
il_wide_multiply(uint64_t a, uint64_t b)
{
    const uint64_t mask = 0xffffffffu;
    const uint64_t low = (a & mask) * (b & mask);
    const uint64_t cross = (a >> 32) * (b & mask) + (low >> 32);
    const uint64_t other = (a & mask) * (b >> 32) + (cross & mask);
    const il_wide r = {(a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32), (other << 32) | (low & mask)};
    return r;
}

static inline il_wide
il_wide_shift_left(il_wide x, unsigned n) /* n < 128 */
{
    il_wide r = x;
    if (n >= 64) {
        r.high = x.low << (n - 64);
        r.low = 0;
    } else if (n > 0) {
        r.high = x.high << n | x.low >> (64 - n);
        r.low = x.low << n;
    }
    return r;
}

/* Bits shifted out leave their trace in the lowest bit. */
static inline il_wide
il_wide_shift_right_sticky(il_wide x, unsigned n)
{
    il_wide r = x;
    uint64_t lost = 0;
    if (n >= 128) {
        lost = x.high | x.low;
        r.high = 0;
        r.low = 0;
    } else if (n >= 64) {
        lost = x.low | (n > 64 ? x.high << (128 - n) : 0);
        r.low = x.high >> (n - 64);
        r.high = 0;
    } else if (n > 0) {
        lost = x.low << (64 - n);
        r.low = x.low >> n | x.high << (64 - n);
        r.high = x.high >> n;
    }
    r.low |= lost != 0;
    return r;
}

static inline int
il_wide_less(il_wide a, il_wide b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static inline il_wide
il_wide_add(il_wide a, il_wide b)
{
    const uint64_t low = a.low + b.low;
    const il_wide r = {a.high + b.high + (low < a.low), low};
    return r;
}

static inline il_wide
il_wide_subtract(il_wide a, il_wide b)
{
    const il_wide r = {a.high - b.high - (a.low < b.low), a.low - b.low};
    return r;
}

static inline unsigned
il_wide_leading_zeros(il_wide x) /* x is not 0 */
{
    unsigned n = 0;
    uint64_t word = x.high;
    if (word == 0) {
        word = x.low;
        n = 64;
    }
    for (unsigned step = 32; step > 0; step >>= 1) {
        if (word >> (64 - step) == 0) {
            word <<= step;
            n += step;
        }
    }
    return n;
}

/* |x| = significand * 2^exponent, x finite; the significand may be denormal. */
static inline uint64_t
il_split_double(uint64_t bits, int *exponent)
{
    const int field = (int)(bits >> 52 & 0x7ff);
    const uint64_t fraction = bits & 0xfffffffffffffu;
    *exponent = (field > 0 ? field : 1) - 1075;
    return field > 0 ? fraction | (uint64_t)1 << 52 : fraction;
}

IL_NOINLINE double
il_fma_soft_f64(double a, double b, double c)
{
    const uint64_t ua = il_bits_of_double(a), ub = il_bits_of_double(b), uc = il_bits_of_double(c);
    const uint64_t sign_bit = (uint64_t)1 << 63;
    const uint64_t infinity = (uint64_t)0x7ff << 52;
    const int product_special = (ua & infinity) == infinity || (ub & infinity) == infinity;
    if (product_special || (uc & infinity) == infinity || a == 0.0 || b == 0.0) {
        /* An infinite c must not meet a product that overflows to the other infinity. */
        if ((uc & ~sign_bit) == infinity && !product_special) {
            return c;
        }
        return a * b + c; /* NaN, infinity, or c plus an exact zero */
    }
    if (c == 0.0) {
        /* The exact product is not 0, so the sign of a zero c cannot matter: one rounding. */
        return a * b;
    }

    int ea, eb, ec;
    const uint64_t ma = il_split_double(ua, &ea);
    const uint64_t mb = il_split_double(ub, &eb);
    const il_wide mc = {0, il_split_double(uc, &ec)};
    uint64_t sign = (ua ^ ub) & sign_bit;
    const uint64_t sign_c = uc & sign_bit;

    /* Both with the leading one at bit 125: a carry still fits, and two bits of guard and a sticky
     * bit are left below the 53 of the result even after the larger loses one bit to cancellation. */
    il_wide x = il_wide_multiply(ma, mb);
    int ex = ea + eb;
    unsigned zeros = il_wide_leading_zeros(x);
    x = il_wide_shift_left(x, zeros - 2);
    ex -= (int)zeros - 2;
    il_wide y = mc;
    zeros = il_wide_leading_zeros(y);
    y = il_wide_shift_left(y, zeros - 2);
    int ey = ec - ((int)zeros - 2);

    uint64_t sign_y = sign_c;
    if (ex < ey || (ex == ey && il_wide_less(x, y))) {
        const il_wide w = x;
        const int e = ex;
        const uint64_t s = sign;
        x = y;
        ex = ey;
        sign = sign_y;
        y = w;
        ey = e;
        sign_y = s;
    }
    y = il_wide_shift_right_sticky(y, (unsigned)(ex - ey));
    x = sign == sign_y ? il_wide_add(x, y) : il_wide_subtract(x, y);
    if ((x.high | x.low) == 0) {
        return 0.0; /* exact cancellation: +0 when rounding to nearest */
    }

    /* Leading one to bit 127; the value is x * 2^ex. */
    zeros = il_wide_leading_zeros(x);
    x = il_wide_shift_left(x, zeros);
    ex -= (int)zeros;
    int field = ex + 127 + 1023; /* exponent field if normal */
    unsigned drop = 11;          /* of the high word, to leave 53 bits */
    if (field < 1) {
        drop += (unsigned)(1 - field);
        field = 0;
    }
    if (drop >= 64) {
        /* Below half of the least subnormal, or at most a tie broken by the sticky bit. */
        x = il_wide_shift_right_sticky(x, drop - 11);
        drop = 11;
    }
    const uint64_t half = (uint64_t)1 << (drop - 1);
    const uint64_t rest = x.high & ((half << 1) - 1);
    uint64_t kept = x.high >> drop;
    if (rest > half || (rest == half && (x.low != 0 || (kept & 1u) != 0))) {
        kept += 1;
    }
    if (field >= 2047) {
        return il_double_of_bits(sign | infinity);
    }
    /* kept carries its leading one into the exponent, and a rounding carry one further. */
    const uint64_t magnitude = field > 0 ? ((uint64_t)(field - 1) << 52) + kept : kept;
    return il_double_of_bits(sign | magnitude);
}

#endif
