/*
 * math.inc.h - exp, expm1, log, log1p, tanh, sigmoid, erf, sin, cos, arctan over the vector vocabulary (NUMERICS 3).
 *
 * Lane-pure: every lane runs the same list of add, subtract, multiply, divide, fma, compare-and-select
 * and integer operations; both sides of a select are computed. So all ISAs and tails give the same bits.
 * NaN in, NaN out: v_min and v_max keep a NaN in their second operand, and selects are arranged so that
 * a false comparison leads to one.
 *
 * Largest errors, in ulp (float32: of all numbers, by `make exhaustive`; float64: found in samples):
 *              exp   expm1  log   log1p  tanh  sigmoid  erf   sin   cos   arctan
 *     float32  0.85  1.39   0.95  1.59   1.50  1.97     1.06  1.73  1.81  1.78
 *     float64  0.90  1.77   0.81  1.32   1.50  1.96     1.36  1.59  1.57  1.78
 *
 * random.inc.h goes on with IL_SIGN and IL_POLYNOMIAL, and undefines them.
 */
#include <math.h>

#include "coefficients.inc.h"

#if IL_IS_F32
enum { fraction_bits = 23, exponent_bias = 127, sign_place = 31 };
#define IL_MAGIC 0x1.8p23F /* adding it rounds to an integer and leaves that in the low bits */
#define IL_SIGN 0x80000000u
#define IL_TINY 0x1p-25F /* below this f(x) = x + O(x^2) is x */
#define IL_LOG2_E 0x1.715476p0F
#define IL_LN2_HIGH 0x1.62e4p-1F /* short: n * IL_LN2_HIGH is exact for every exponent n */
#define IL_LN2_LOW 0x1.7f7d1cp-20F
#define IL_1_PI 0x1.45f306p-2F
#define IL_PI_HIGH 0x1.921fb6p1F /* the three add up to pi with an error of 2^-73 or less */
#define IL_PI_MIDDLE -0x1.777a5cp-24F
#define IL_PI_LOW -0x1.ee59dap-49F
#else
enum { fraction_bits = 52, exponent_bias = 1023, sign_place = 63 };
#define IL_MAGIC 0x1.8p52
#define IL_SIGN 0x8000000000000000u
#define IL_TINY 0x1p-54
#define IL_LOG2_E 0x1.71547652b82fep0
#define IL_LN2_HIGH 0x1.62e42feep-1
#define IL_LN2_LOW 0x1.a39ef35793c76p-33
#define IL_1_PI 0x1.45f306dc9c883p-2
#define IL_PI_HIGH 0x1.921fb54442d18p1
#define IL_PI_MIDDLE 0x1.1a62633145c07p-53
#define IL_PI_LOW -0x1.f1976b7ed8fbcp-109
#endif

IL_INLINE V
v_abs(V x)
{
    return v_from_bits(vi_and(v_bits(x), vi_set1(~(U)IL_SIGN)));
}

/* magnitude must not be negative */
IL_INLINE V
v_with_sign(V magnitude, V sign)
{
    return v_from_bits(vi_or(v_bits(magnitude), vi_and(v_bits(sign), vi_set1(IL_SIGN))));
}

enum { long_polynomial = 10 };

/*
 * sum of c[k] x^k, k < count: Horner's rule for the even and the odd powers apart where there are many,
 * since a chain of fma waits for itself (erf in float64: 5.1 -> 4.0 ns).
 */
IL_INLINE V
v_polynomial(V x, const T *c, int count)
{
    if (count < long_polynomial) {
        V sum = v_set1(c[count - 1]);
        for (int k = count - 2; k >= 0; k--) {
            sum = v_fma(sum, x, v_set1(c[k]));
        }
        return sum;
    }
    const V square = v_mul(x, x);
    const int even = (count - 1) / 2 * 2, odd = count / 2 * 2 - 1;
    V sum_even = v_set1(c[even]), sum_odd = v_set1(c[odd]);
    for (int k = even - 2; k >= 0; k -= 2) {
        sum_even = v_fma(sum_even, square, v_set1(c[k]));
    }
    for (int k = odd - 2; k >= 1; k -= 2) {
        sum_odd = v_fma(sum_odd, square, v_set1(c[k]));
    }
    return v_fma(sum_odd, x, sum_even);
}

#define IL_POLYNOMIAL(x, table) v_polynomial(x, table, (int)(sizeof(table) / sizeof(table)[0]))

/*
 * x = n ln 2 + r, |r| <= ln 2 / 2. The integer n + offset is in the low bits of *exponent. Returns
 * expm1(r), r with its rounding error.
 */
IL_INLINE V
v_reduced_expm1(V x, T offset, VI *exponent)
{
    const V magic = v_set1(IL_MAGIC + offset);
    const V shifted = v_fma(x, v_set1(IL_LOG2_E), magic);
    const V n = v_sub(shifted, magic);
    const V r_high = v_fma(n, v_set1(-IL_LN2_HIGH), x); /* exact */
    const V r = v_fma(n, v_set1(-IL_LN2_LOW), r_high);
    const V r_low = v_fma(n, v_set1(-IL_LN2_LOW), v_sub(r_high, r));
    *exponent = v_bits(shifted);
    return v_add(r, v_fma(v_mul(r, r), IL_POLYNOMIAL(r, expm1_kernel), r_low));
}

/* The same for tanh, which forgives what is lost here: r without its rounding error, and in float32 one
 * coefficient less. The largest error of tanh stays where it was, and it takes a fifth less time. */
IL_INLINE V
v_rough_expm1(V x, T offset, VI *exponent)
{
    const V magic = v_set1(IL_MAGIC + offset);
    const V shifted = v_fma(x, v_set1(IL_LOG2_E), magic);
    const V n = v_sub(shifted, magic);
    const V r = v_fma(n, v_set1(-IL_LN2_LOW), v_fma(n, v_set1(-IL_LN2_HIGH), x));
    *exponent = v_bits(shifted);
#if IL_IS_F32
    return v_fma(v_mul(r, r), IL_POLYNOMIAL(r, rough_expm1_kernel), r);
#else
    return v_fma(v_mul(r, r), IL_POLYNOMIAL(r, expm1_kernel), r);
#endif
}

/* 2^k from k + bias in the low bits, 0 < k + bias <= 2 bias; higher bits are shifted out */
IL_INLINE V
v_power_of_2(VI biased)
{
    return v_from_bits(vi_sll(biased, fraction_bits));
}

/* Overflows to inf, underflows gradually. */
IL_INLINE V
v_exp(V x)
{
    const T low = IL_IS_F32 ? (T)-104 : (T)-746, high = IL_IS_F32 ? (T)89 : (T)710;
    VI exponent; /* n + 2 bias: halves of it are two exponents whose powers multiply to 2^n */
    const V held = v_max(v_set1(low), v_min(v_set1(high), x));
    const V e = v_reduced_expm1(held, 2 * exponent_bias, &exponent);
    const VI half = vi_srl(exponent, 1);
    const V scaled = v_mul(v_add(v_set1(1), e), v_power_of_2(half));
    return v_mul(scaled, v_power_of_2(vi_sub(exponent, half)));
}

IL_INLINE V
v_expm1(V x)
{
    const T low = IL_IS_F32 ? (T)-18 : (T)-38, high = IL_IS_F32 ? (T)89 : (T)710;
    VI exponent;
    const V held = v_max(v_set1(low), v_min(v_set1(high), x));
    const V e = v_reduced_expm1(held, exponent_bias - 1, &exponent);
    const V scale = v_power_of_2(exponent); /* 2^(n - 1): 2^n may overflow where the result does not */
    const V half = v_fma(e, scale, v_sub(scale, v_set1((T)0.5)));
    return v_select(v_lt(v_abs(x), v_set1(IL_TINY)), x, v_add(half, half));
}

/* log(2^k (1 + f)), f in about [-1/3, 1/3] (float32) or [sqrt(1/2) - 1, sqrt(2) - 1] (float64) */
IL_INLINE V
v_log_of_parts(V k, V f)
{
#if IL_IS_F32
    const V y = v_fma(v_mul(f, f), IL_POLYNOMIAL(f, log1p_kernel), f);
    return v_fma(k, v_set1(0x1.62e43p-1F), y);
#else
    /* s = f / (2 + f): log(1 + f) = 2 atanh(s) = 2 s + s R = f - (h - s (h + R)), h = f^2 / 2 (fdlibm) */
    const V s = v_div(f, v_add(v_set1(2), f));
    const V z = v_mul(s, s);
    const V h = v_mul(v_mul(v_set1(0.5), f), f);
    const V R = v_mul(z, IL_POLYNOMIAL(z, atanh_kernel));
    const V low = v_fma(k, v_set1(IL_LN2_LOW), v_mul(s, v_add(h, R)));
    return v_fma(k, v_set1(IL_LN2_HIGH), v_sub(f, v_sub(h, low)));
#endif
}

/* Bits of the least 1 + f of v_log_of_parts(): 2/3 or sqrt(1/2). */
static const U log_start = IL_IS_F32 ? (U)0x3f2aaaabu : (U)0x3fe6a09e667f3bcdu;

/* Bits of a positive normal x -> those of x * 1 / (least 1 + f): its exponent is k + bias. */
IL_INLINE VI
v_log_split(V x)
{
    return vi_add(v_bits(x), vi_set1(((U)exponent_bias << fraction_bits) - log_start));
}

/* the integer n < 2^fraction_bits, plus offset */
IL_INLINE V
v_from_integer(VI n, T offset)
{
    const V power = v_set1(IL_IS_F32 ? (T)0x1p23 : (T)0x1p52); /* its ulp is 1 */
    return v_sub(v_from_bits(vi_or(n, v_bits(power))), v_sub(power, v_set1(offset)));
}

/* y where x > pole; at the pole -inf; below NaN; x itself where it is +inf */
IL_INLINE V
v_log_domain(V x, T pole, V y)
{
    const V special = v_select(v_eq(x, v_set1(pole)), v_set1((T)-INFINITY), v_set1((T)NAN));
    const V above = v_select(v_lt(x, v_set1((T)INFINITY)), y, x);
    return v_select(v_lt(v_set1(pole), x), above, special);
}

/* log(2^shift x) of a positive normal x, with no look at what else it might be */
IL_INLINE V
v_log_normal(V x, V shift)
{
    const VI split = v_log_split(x);
    const U fraction = ((U)1 << fraction_bits) - 1;
    const V m = v_from_bits(vi_add(vi_and(split, vi_set1(fraction)), vi_set1(log_start)));
    const V k = v_add(v_from_integer(vi_srl(split, fraction_bits), -(T)exponent_bias), shift);
    return v_log_of_parts(k, v_sub(m, v_set1(1)));
}

IL_INLINE V
v_log(V x)
{
    /* Subnormals are scaled up by 2^(fraction bits + 1). */
    const T up = IL_IS_F32 ? (T)0x1p24 : (T)0x1p53, least = IL_IS_F32 ? (T)0x1p-126 : (T)0x1p-1022;
    const VM subnormal = v_lt(x, v_set1(least));
    const V shift = v_select(subnormal, v_set1(-(T)fraction_bits - 1), v_set1(0));
    const V scaled = v_select(subnormal, v_mul(x, v_set1(up)), x);
    return v_log_domain(x, 0, v_log_normal(scaled, shift));
}

IL_INLINE V
v_log1p(V x)
{
    const VI biased = vi_srl(v_log_split(v_add(v_set1(1), x)), fraction_bits);
    const V k = v_from_integer(biased, -(T)exponent_bias);
    /* f = (1 + x) / 2^k - 1 from x, not from the rounded 1 + x. 4 / 2^k is normal where 1 / 2^k is not. */
    const V scale = v_power_of_2(vi_sub(vi_set1(2 * exponent_bias + 2), biased));
    const V quarter = v_set1((T)0.25);
    const V f = v_fma(v_mul(x, quarter), scale, v_fma(scale, quarter, v_set1(-1)));
    const V y = v_select(v_lt(v_abs(x), v_set1(IL_TINY)), x, v_log_of_parts(k, f));
    return v_log_domain(x, -1, y);
}

IL_INLINE V
v_tanh(V x)
{
    const V magnitude = v_abs(x);
    const V z = v_mul(x, x);
    const V near = v_fma(v_mul(magnitude, z), IL_POLYNOMIAL(z, tanh_kernel), magnitude);
    /* t / (t + 2), t = expm1(2 |x|); from `high` on t + 2 rounds to t */
    const T high = IL_IS_F32 ? (T)20 : (T)40;
    VI exponent;
    const V e = v_rough_expm1(v_min(v_set1(high), v_add(magnitude, magnitude)), exponent_bias, &exponent);
    const V scale = v_power_of_2(exponent);
    const V t = v_fma(e, scale, v_sub(scale, v_set1(1)));
    const V far = v_div(t, v_add(t, v_set1(2)));
    return v_with_sign(v_select(v_lt(magnitude, v_set1((T)0.5)), near, far), x);
}

IL_INLINE V
v_sigmoid(V x)
{
    /*
     * s = e / (1 + e), e = exp(-|x|). The sum's rounding would cost up to 1 ulp: what it lost, d, lowers
     * s by the share d / (1 + e) = d (1 - s).
     */
    const V one = v_set1(1);
    const V e = v_exp(v_with_sign(v_abs(x), v_set1(-1)));
    const V sum = v_add(one, e);
    const V d = v_sub(e, v_sub(sum, one));
    const V rough = v_div(e, sum);
    const V s = v_fma(v_mul(rough, d), v_sub(rough, one), rough);
    return v_select(v_lt(x, v_set1(0)), s, v_sub(one, s));
}

IL_INLINE V
v_erf(V x)
{
    const V magnitude = v_abs(x);
    const V near = v_fma(x, IL_POLYNOMIAL(v_mul(x, x), erf_kernel), x);
    /* 1 - erfc, erfc = exp(t k(t - middle)); from `high` on the result is 1 */
    const T high = IL_IS_F32 ? (T)4 : (T)6, middle = IL_IS_F32 ? (T)2 : (T)3;
    const V t = v_min(v_set1(high), magnitude);
    const V u = v_sub(t, v_set1(middle));
    const V erfc = v_exp(v_mul(t, IL_POLYNOMIAL(u, log_erfc_kernel)));
    const V far = v_with_sign(v_sub(v_set1(1), erfc), x);
    return v_select(v_lt(magnitude, v_set1(1)), near, far);
}

/*
 * sin(x) (turn 0) or -cos(x) (turn 1/2) of 0 <= x <= 2^13: x = (k + turn) pi + r, |r| <= pi/2, and the result is
 * sin(r), with the other sign where k is odd. x - n pi is exact after the first of three steps, and small differences
 * keep all their bits: the worst x is 2^-27 (float32) or 2^-64 (float64) from a multiple of pi.
 */
IL_INLINE V
v_sin_turned(V x, T turn)
{
    const V magic = v_set1(IL_MAGIC);
    const V shifted = v_add(v_fma(x, v_set1(IL_1_PI), v_set1(-turn)), magic);
    const V n = v_add(v_sub(shifted, magic), v_set1(turn));
    const V near = v_fma(n, v_set1(-IL_PI_MIDDLE), v_fma(n, v_set1(-IL_PI_HIGH), x));
    const V r = v_fma(n, v_set1(-IL_PI_LOW), near);
    const V z = v_mul(r, r);
    const V y = v_fma(v_mul(r, z), IL_POLYNOMIAL(z, sin_kernel), r);
    const V held = v_max(v_set1(-1), v_min(v_set1(1), y));
    return v_from_bits(vi_xor(v_bits(held), vi_sll(v_bits(shifted), sign_place)));
}

IL_INLINE V
v_sin(V x)
{
    const V y = v_sin_turned(v_abs(x), 0);
    return v_from_bits(vi_xor(v_bits(y), vi_and(v_bits(x), vi_set1(IL_SIGN))));
}

IL_INLINE V
v_cos(V x)
{
    return v_sub(v_set1(0), v_sin_turned(v_abs(x), (T)0.5));
}

/* arctan(x) = c + arctan(t): up to 1/2 t = x, c = 0; up to 2 t = (x - 1)/(x + 1), c = pi/4; beyond -1/x, c = pi/2 */
IL_INLINE V
v_arctan(V x)
{
    const V magnitude = v_abs(x), zero = v_set1(0), one = v_set1(1);
    const VM small = v_le(magnitude, v_set1((T)0.5)), middle = v_le(magnitude, v_set1(2));
    const V top = v_select(small, magnitude, v_select(middle, v_sub(magnitude, one), v_set1(-1)));
    const V bottom = v_select(small, one, v_select(middle, v_add(magnitude, one), magnitude));
    const V c = v_select(small, zero, v_select(middle, v_set1(IL_PI_HIGH / 4), v_set1(IL_PI_HIGH / 2)));
    const V c_low = v_select(small, zero, v_select(middle, v_set1(IL_PI_MIDDLE / 4), v_set1(IL_PI_MIDDLE / 2)));
    const V t = v_div(top, bottom);
    const V z = v_mul(t, t);
    const V bend = v_fma(v_mul(t, z), IL_POLYNOMIAL(z, arctan_kernel), c_low);
    return v_with_sign(v_add(v_add(c, t), bend), x);
}

/* n < W lanes or a whole vector: the ends of arrays take the loop of the rest, one body for both. */
IL_INLINE V
v_load_some(const T *x, size_t n)
{
    return n < W ? v_load_n(x, n) : v_load(x);
}

IL_INLINE void
v_store_some(T *out, V y, size_t n)
{
    if (n < W) {
        v_store_n(out, y, n);
    } else {
        v_store(out, y);
    }
}

/*
 * out[i] = f(x[i]). A function is one long chain of operations that wait for each other, and a CPU looks
 * some sixty operations ahead: four independent chains side by side keep it busy (tanh 1.2, erf 1.4 times
 * as fast). gcc interleaves them with -fschedule-insns.
 */
IL_INLINE void
map(V (*f)(V), size_t n, const T *x, T *out)
{
    size_t i = 0;
    for (; i + 4 * W <= n; i += 4 * W) {
        const V y0 = f(v_load(x + i)), y1 = f(v_load(x + i + W));
        const V y2 = f(v_load(x + i + 2 * W)), y3 = f(v_load(x + i + 3 * W));
        v_store(out + i, y0);
        v_store(out + i + W, y1);
        v_store(out + i + 2 * W, y2);
        v_store(out + i + 3 * W, y3);
    }
    for (; i < n; i += W) {
        v_store_some(out + i, f(v_load_some(x + i, n - i)), n - i);
    }
}

static void
array_exp(size_t n, const void *x, void *out)
{
    map(v_exp, n, x, out);
}

static void
array_expm1(size_t n, const void *x, void *out)
{
    map(v_expm1, n, x, out);
}

static void
array_log(size_t n, const void *x, void *out)
{
    map(v_log, n, x, out);
}

static void
array_log1p(size_t n, const void *x, void *out)
{
    map(v_log1p, n, x, out);
}

#undef IL_MAGIC
#undef IL_TINY
#undef IL_LOG2_E
#undef IL_LN2_HIGH
#undef IL_LN2_LOW
#undef IL_1_PI
#undef IL_PI_HIGH
#undef IL_PI_MIDDLE
#undef IL_PI_LOW
