/*
 * activation.inc.h - the activations g and their slopes g', one vector function each, in PyTorch's
 * definitions (softplus without its switch to the identity above 20).
 *
 * Limits are right: an argument is held inside the range beyond which the result no longer changes,
 * so that no inf * 0 and no inf / inf occurs. NaN in, NaN out. A slope takes the stored activation a
 * where its row of activation_table.inc.h says OF_A, and z where it says OF_Z; p is the activation's parameter.
 *
 * Errors of the functions composed here are in csrc/README.md (Numerics, 3.7).
 */

#include <float.h>

/* z below which z * sigmoid(z), z * Phi(z) are 0 in both precisions; 800 for sigmoid, 40 for Phi. */
#define IL_SIGMOID_END 800
#define IL_PHI_END 40
/* z from which mish is z in both precisions */
#define IL_MISH_END 40
/* where sin ends: v_sin_turned() is no longer right much farther out */
#define IL_SIN_END 8192

/* d > 0: above; d <= 0: below; NaN stays */
IL_INLINE V
v_step(V d, V below, V above)
{
    return v_select(v_lt(v_set1(0), d), above, v_select(v_le(d, v_set1(0)), below, d));
}

/* x held in [-limit, limit] */
IL_INLINE V
v_within(V x, T limit)
{
    return v_max(v_set1(-limit), v_min(v_set1(limit), x));
}

IL_INLINE V
g_identity(V z, V p)
{
    (void)p;
    return z;
}

IL_INLINE V
slope_identity(V a, V p)
{
    (void)a;
    (void)p;
    return v_set1(1);
}

IL_INLINE V
g_tanh(V z, V p)
{
    (void)p;
    return v_tanh(z);
}

IL_INLINE V
slope_tanh(V a, V p)
{
    (void)p;
    return v_fma(v_sub(v_set1(0), a), a, v_set1(1));
}

IL_INLINE V
g_sigmoid(V z, V p)
{
    (void)p;
    return v_sigmoid(z);
}

IL_INLINE V
slope_sigmoid(V a, V p)
{
    (void)p;
    return v_mul(a, v_sub(v_set1(1), a));
}

IL_INLINE V
g_relu(V z, V p)
{
    (void)p;
    return v_max(v_set1(0), z);
}

IL_INLINE V
slope_relu(V a, V p)
{
    (void)p;
    return v_step(a, v_set1(0), v_set1(1));
}

/* p > 0; with p = 0 this is ReLU, which also avoids 0 * inf */
IL_INLINE V
g_leaky_relu(V z, V p)
{
    return v_select(v_lt(v_set1(0), z), z, v_mul(p, z));
}

IL_INLINE V
slope_leaky_relu(V a, V p)
{
    return v_step(a, p, v_set1(1));
}

IL_INLINE V
g_elu(V z, V p)
{
    return v_select(v_lt(v_set1(0), z), z, v_mul(p, v_expm1(z)));
}

IL_INLINE V
slope_elu(V a, V p)
{
    return v_select(v_lt(v_set1(0), a), v_set1(1), v_add(a, p));
}

/* Klambauer et al., 2017 */
#define IL_SELU_SCALE 1.0507009873554804934193349852946
#define IL_SELU_ALPHA 1.6732632423543772848170429916717

IL_INLINE V
g_selu(V z, V p)
{
    (void)p;
    const V negative = v_mul(v_set1((T)(IL_SELU_SCALE * IL_SELU_ALPHA)), v_expm1(z));
    return v_select(v_lt(v_set1(0), z), v_mul(v_set1((T)IL_SELU_SCALE), z), negative);
}

IL_INLINE V
slope_selu(V a, V p)
{
    (void)p;
    const V negative = v_add(a, v_set1((T)(IL_SELU_SCALE * IL_SELU_ALPHA)));
    return v_select(v_lt(v_set1(0), a), v_set1((T)IL_SELU_SCALE), negative);
}

/* the normal distribution function, by erf */
IL_INLINE V
v_phi(V z)
{
    const V half = v_set1((T)0.5);
    return v_fma(half, v_erf(v_mul(z, v_set1((T)0.70710678118654752440))), half);
}

IL_INLINE V
g_gelu(V z, V p)
{
    (void)p;
    return v_mul(v_max(v_set1(-IL_PHI_END), z), v_phi(z));
}

IL_INLINE V
slope_gelu(V z, V p)
{
    (void)p;
    const V x = v_within(z, IL_PHI_END);
    const V e = v_exp(v_mul(v_mul(v_set1((T)-0.5), x), x));
    const V density = v_mul(v_set1((T)0.39894228040143267794), e); /* 1 / sqrt(2 pi) */
    return v_fma(x, density, v_phi(x));
}

/* sqrt(2 / pi) and the cubic coefficient of Hendrycks and Gimpel, 2016 */
#define IL_GELU_SCALE 0.79788456080286535588
#define IL_GELU_CUBIC 0.044715

IL_INLINE V
v_gelu_inner(V z)
{
    const V cubic = v_fma(v_mul(v_set1((T)IL_GELU_CUBIC), z), z, v_set1(1));
    return v_tanh(v_mul(v_mul(v_set1((T)IL_GELU_SCALE), z), cubic));
}

IL_INLINE V
g_gelu_tanh(V z, V p)
{
    (void)p;
    const V x = v_max(v_set1(-IL_PHI_END), z);
    return v_mul(v_mul(v_set1((T)0.5), x), v_add(v_set1(1), v_gelu_inner(x)));
}

IL_INLINE V
slope_gelu_tanh(V z, V p)
{
    (void)p;
    const V x = v_within(z, IL_PHI_END), half = v_set1((T)0.5);
    const V t = v_gelu_inner(x);
    const V cubic = v_mul(v_set1((T)(3 * IL_GELU_SCALE * IL_GELU_CUBIC)), x);
    const V inner = v_fma(cubic, x, v_set1((T)IL_GELU_SCALE));
    const V second = v_mul(v_mul(half, x), v_mul(slope_tanh(t, p), inner));
    return v_add(v_fma(half, t, half), second);
}

IL_INLINE V
g_silu(V z, V p)
{
    (void)p;
    return v_mul(v_max(v_set1(-IL_SIGMOID_END), z), v_sigmoid(z));
}

IL_INLINE V
slope_silu(V z, V p)
{
    (void)p;
    const V x = v_within(z, IL_SIGMOID_END);
    const V s = v_sigmoid(x);
    return v_fma(v_mul(x, s), v_sub(v_set1(1), s), s);
}

IL_INLINE V
g_softplus(V z, V p)
{
    (void)p;
    const V e = v_exp(v_with_sign(v_abs(z), v_set1(-1)));
    return v_add(v_max(v_set1(0), z), v_log1p(e));
}

IL_INLINE V
slope_softplus(V z, V p)
{
    (void)p;
    return v_sigmoid(z);
}

IL_INLINE V
g_softsign(V z, V p)
{
    (void)p;
    const T largest = IL_IS_F32 ? (T)FLT_MAX : (T)DBL_MAX;
    const V magnitude = v_min(v_set1(largest), v_abs(z));
    return v_with_sign(v_div(magnitude, v_add(v_set1(1), magnitude)), z);
}

IL_INLINE V
slope_softsign(V a, V p)
{
    (void)p;
    const V rest = v_sub(v_set1(1), v_abs(a));
    return v_mul(rest, rest);
}

IL_INLINE V
g_hard_tanh(V z, V p)
{
    (void)p;
    return v_within(z, 1);
}

IL_INLINE V
slope_hard_tanh(V a, V p)
{
    (void)p;
    return v_step(v_sub(v_set1(1), v_abs(a)), v_set1(0), v_set1(1));
}

IL_INLINE V
g_erf(V z, V p)
{
    (void)p;
    return v_erf(z);
}

IL_INLINE V
slope_erf(V z, V p)
{
    (void)p;
    return v_mul(v_set1((T)1.12837916709551257390), v_exp(v_mul(v_sub(v_set1(0), z), z)));
}

/* (1 + e^z)^2 - 1 is n = e^z (e^z + 2), and tanh(softplus(z)) = n / (n + 2), which is 1 from IL_MISH_END on. */
IL_INLINE V
g_mish(V z, V p)
{
    (void)p;
    const V e = v_exp(v_min(v_set1(IL_MISH_END), z)), two = v_set1(2);
    const V n = v_mul(e, v_add(e, two));
    return v_mul(v_max(v_set1(-IL_SIGMOID_END), z), v_div(n, v_add(n, two)));
}

IL_INLINE V
slope_mish(V z, V p)
{
    (void)p;
    const V x = v_max(v_set1(-IL_SIGMOID_END), v_min(v_set1(IL_MISH_END), z)), two = v_set1(2);
    const V e = v_exp(x);
    const V n = v_mul(e, v_add(e, two));
    const V r = v_div(v_set1(1), v_add(n, two));
    const V second = v_mul(v_mul(e, r), v_mul(v_add(e, v_set1(1)), r)); /* a quarter of (n / (n + 2))' */
    return v_fma(v_mul(v_set1(4), x), second, v_mul(n, r));
}

/* x held in [0, 6] */
IL_INLINE V
v_relu6(V x)
{
    return v_max(v_set1(0), v_min(v_set1(6), x));
}

IL_INLINE V
g_relu6(V z, V p)
{
    (void)p;
    return v_relu6(z);
}

IL_INLINE V
slope_relu6(V a, V p)
{
    (void)p;
    return v_step(v_min(a, v_sub(v_set1(6), a)), v_set1(0), v_set1(1));
}

IL_INLINE V
g_hard_sigmoid(V z, V p)
{
    (void)p;
    return v_div(v_relu6(v_add(z, v_set1(3))), v_set1(6));
}

IL_INLINE V
slope_hard_sigmoid(V a, V p)
{
    (void)p;
    return v_step(v_min(a, v_sub(v_set1(1), a)), v_set1(0), v_set1((T)(1.0 / 6)));
}

IL_INLINE V
g_hard_swish(V z, V p)
{
    const V x = v_max(v_set1(-3), z);
    return v_mul(x, g_hard_sigmoid(x, p));
}

IL_INLINE V
slope_hard_swish(V z, V p)
{
    (void)p;
    const V middle = v_fma(z, v_set1((T)(1.0 / 3)), v_set1((T)0.5));
    return v_select(v_le(z, v_set1(-3)), v_set1(0), v_select(v_le(v_set1(3), z), v_set1(1), middle));
}

/* alpha as a T may be 0 or inf, where a quotient would be NaN. */
IL_INLINE V
v_alpha(V p)
{
    const T least = IL_IS_F32 ? (T)FLT_MIN : (T)DBL_MIN, most = IL_IS_F32 ? (T)FLT_MAX : (T)DBL_MAX;
    return v_max(v_set1(least), v_min(v_set1(most), p));
}

IL_INLINE V
g_celu(V z, V p)
{
    const V alpha = v_alpha(p);
    return v_select(v_lt(v_set1(0), z), z, v_mul(alpha, v_expm1(v_div(z, alpha))));
}

IL_INLINE V
slope_celu(V a, V p)
{
    const V one = v_set1(1);
    return v_select(v_lt(v_set1(0), a), one, v_add(v_div(a, v_alpha(p)), one));
}

/* -softplus(-z) */
IL_INLINE V
g_log_sigmoid(V z, V p)
{
    (void)p;
    const V e = v_exp(v_with_sign(v_abs(z), v_set1(-1)));
    return v_sub(v_min(v_set1(0), z), v_log1p(e));
}

IL_INLINE V
slope_log_sigmoid(V z, V p)
{
    (void)p;
    return v_sigmoid(v_sub(v_set1(0), z));
}

IL_INLINE V
g_soft_shrink(V z, V p)
{
    const V threshold = v_min(v_set1(IL_IS_F32 ? (T)FLT_MAX : (T)DBL_MAX), p); /* p as a T may be inf */
    return v_with_sign(v_max(v_set1(0), v_sub(v_abs(z), threshold)), z);
}

IL_INLINE V
slope_soft_shrink(V a, V p)
{
    (void)p;
    return v_step(v_abs(a), v_set1(0), v_set1(1));
}

IL_INLINE V
g_hard_shrink(V z, V p)
{
    return v_select(v_le(v_abs(z), p), v_with_sign(v_set1(0), z), z);
}

IL_INLINE V
slope_hard_shrink(V a, V p)
{
    return slope_soft_shrink(a, p);
}

/* z - tanh(z), which cancels near 0: there a polynomial of its own */
IL_INLINE V
g_tanh_shrink(V z, V p)
{
    (void)p;
    const V magnitude = v_abs(z), square = v_mul(z, z);
    const V near = v_mul(v_mul(magnitude, square), IL_POLYNOMIAL(square, tanh_shrink_kernel));
    const V far = v_sub(magnitude, v_tanh(magnitude));
    return v_with_sign(v_select(v_lt(magnitude, v_set1(1)), near, far), z);
}

IL_INLINE V
slope_tanh_shrink(V z, V p)
{
    (void)p;
    const V t = v_tanh(z);
    return v_mul(t, t);
}

IL_INLINE V
g_squared_relu(V z, V p)
{
    (void)p;
    const V x = v_max(v_set1(0), z);
    return v_mul(x, x);
}

IL_INLINE V
slope_squared_relu(V z, V p)
{
    (void)p;
    const V x = v_max(v_set1(0), z);
    return v_add(x, x);
}

IL_INLINE V
g_exponential(V z, V p)
{
    (void)p;
    return v_exp(z);
}

IL_INLINE V
slope_exponential(V a, V p)
{
    (void)p;
    return a;
}

IL_INLINE V
g_arctan(V z, V p)
{
    (void)p;
    return v_arctan(z);
}

IL_INLINE V
slope_arctan(V z, V p)
{
    (void)p;
    const V one = v_set1(1);
    return v_div(one, v_fma(z, z, one));
}

/* LeCun, Bottou, Orr and Mueller, 1998 */
#define IL_LECUN_SCALE 1.7159

IL_INLINE V
g_lecun_tanh(V z, V p)
{
    (void)p;
    return v_mul(v_set1((T)IL_LECUN_SCALE), v_tanh(v_mul(v_set1((T)(2.0 / 3)), z)));
}

IL_INLINE V
slope_lecun_tanh(V a, V p)
{
    const V t = v_div(a, v_set1((T)IL_LECUN_SCALE)); /* a division, for exactly 1 at the end */
    return v_mul(v_set1((T)(IL_LECUN_SCALE * 2 / 3)), slope_tanh(t, p));
}

IL_INLINE V
g_sin(V z, V p)
{
    (void)p;
    return v_sin(v_within(z, IL_SIN_END));
}

IL_INLINE V
slope_sin(V z, V p)
{
    (void)p;
    return v_select(v_lt(v_set1(IL_SIN_END), v_abs(z)), v_set1(0), v_cos(z));
}

/* y, times factor[i] unless factor is NULL (a constant of each call, so no branch); at the end of an array n < W */
IL_INLINE V
scaled(V y, const T *factor, size_t i, size_t n)
{
    return factor != NULL ? v_mul(v_load_some(factor + i, n), y) : y;
}

/* out[i] = f(x[i], p), times factor[i] unless that is NULL, from i on */
IL_INLINE void
map_SMALL(V (*f)(V, V), V p, size_t i, size_t n, const T *x, const T *factor, T *out)
{
    for (; i < n; i += W) {
        const V y = f(v_load_some(x + i, n - i), p);
        v_store_some(out + i, scaled(y, factor, i, n - i), n - i);
    }
}

/* The same; four chains at once, as in map(). */
IL_INLINE void
map_FAST(V (*f)(V, V), V p, size_t i, size_t n, const T *x, const T *factor, T *out)
{
    for (; i + 4 * W <= n; i += 4 * W) {
        const V y0 = f(v_load(x + i), p), y1 = f(v_load(x + i + W), p);
        const V y2 = f(v_load(x + i + 2 * W), p), y3 = f(v_load(x + i + 3 * W), p);
        const V s0 = scaled(y0, factor, i, W), s1 = scaled(y1, factor, i + W, W);
        const V s2 = scaled(y2, factor, i + 2 * W, W), s3 = scaled(y3, factor, i + 3 * W, W);
        v_store(out + i, s0);
        v_store(out + i + W, s1);
        v_store(out + i + 2 * W, s2);
        v_store(out + i + 3 * W, s3);
    }
    map_SMALL(f, p, i, n, x, factor, out);
}

/* ReLU is the leaky ReLU of slope 0, and does without the product. */
IL_INLINE il_activation_kind
loop_kind(il_activation g)
{
    return g.kind == IL_LEAKY_RELU && g.parameter == 0.0 ? IL_RELU : g.kind;
}

static void
activate(il_activation g, size_t n, const void *z, void *out)
{
    const V p = v_set1((T)g.parameter);
    switch (loop_kind(g)) {
#define IL_ROW(KIND, name, SLOPE, CODE, ...)                                                                           \
    case IL_##KIND: map_##CODE(g_##name, p, 0, n, z, NULL, out); break;
#include "activation_table.inc.h"
    case IL_ACTIVATION_COUNT: break;
    }
}

/* out[i] = upstream[i] g' */
static void
derive(il_activation g, size_t n, const void *z, const void *a, const void *upstream, void *out)
{
    const V p = v_set1((T)g.parameter);
    switch (loop_kind(g)) {
#define IL_OF_A a
#define IL_OF_Z z
#define IL_ROW(KIND, name, SLOPE, CODE, ...)                                                                           \
    case IL_##KIND: map_##CODE(slope_##name, p, 0, n, IL_##SLOPE, upstream, out); break;
#include "activation_table.inc.h"
#undef IL_OF_A
#undef IL_OF_Z
    case IL_ACTIVATION_COUNT: break;
    }
}

/* derive() of ones, a strip at a time: measures ask for it, training does not. */
static void
slope(il_activation g, size_t n, const void *z, const void *a, void *out)
{
    enum { STRIP = 256 };
    const T *from_z = z, *from_a = a;
    T *to = out;
    T ones[STRIP];
    for (size_t i = 0; i < STRIP; i++) {
        ones[i] = 1;
    }
    for (size_t i = 0; i < n; i += STRIP) {
        derive(g, n - i < STRIP ? n - i : STRIP, from_z + i, from_a + i, ones, to + i);
    }
}

static void
array_tanh(size_t n, const void *x, void *out)
{
    activate((il_activation){IL_TANH, 0}, n, x, out);
}

static void
array_sigmoid(size_t n, const void *x, void *out)
{
    activate((il_activation){IL_SIGMOID, 0}, n, x, out);
}

static void
array_erf(size_t n, const void *x, void *out)
{
    activate((il_activation){IL_ERF, 0}, n, x, out);
}

#undef IL_SIGMOID_END
#undef IL_PHI_END
#undef IL_SELU_SCALE
#undef IL_SELU_ALPHA
#undef IL_GELU_SCALE
#undef IL_GELU_CUBIC
#undef IL_MISH_END
#undef IL_SIN_END
#undef IL_LECUN_SCALE
