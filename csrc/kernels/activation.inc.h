/*
 * activation.inc.h - the activations g and their slopes g', one vector function each, in PyTorch's
 * definitions (softplus without its switch to the identity above 20).
 *
 * Limits are right: an argument is held inside the range beyond which the result no longer changes,
 * so that no inf * 0 and no inf / inf occurs. NaN in, NaN out. A slope takes the stored activation a
 * where g' is a function of it, and z where il_activation_needs_z(); p is the activation's parameter.
 */

#include <float.h>

/* z below which z * sigmoid(z), z * Phi(z) are 0 in both precisions; 800 for sigmoid, 40 for Phi. */
#define IL_SIGMOID_END 800
#define IL_PHI_END 40

/* d > 0: above; d <= 0: below; NaN stays */
IL_INLINE V
FN(v_step)(V d, V below, V above)
{
    return v_select(v_lt(v_set1(0), d), above, v_select(v_le(d, v_set1(0)), below, d));
}

/* x held in [-limit, limit] */
IL_INLINE V
FN(v_within)(V x, T limit)
{
    return v_max(v_set1(-limit), v_min(v_set1(limit), x));
}

IL_INLINE V
FN(g_identity)(V z, V p)
{
    (void)p;
    return z;
}

IL_INLINE V
FN(slope_identity)(V a, V p)
{
    (void)a;
    (void)p;
    return v_set1(1);
}

IL_INLINE V
FN(g_tanh)(V z, V p)
{
    (void)p;
    return FN(v_tanh)(z);
}

IL_INLINE V
FN(slope_tanh)(V a, V p)
{
    (void)p;
    return v_fma(v_sub(v_set1(0), a), a, v_set1(1));
}

IL_INLINE V
FN(g_sigmoid)(V z, V p)
{
    (void)p;
    return FN(v_sigmoid)(z);
}

IL_INLINE V
FN(slope_sigmoid)(V a, V p)
{
    (void)p;
    return v_mul(a, v_sub(v_set1(1), a));
}

IL_INLINE V
FN(g_relu)(V z, V p)
{
    (void)p;
    return v_max(v_set1(0), z);
}

IL_INLINE V
FN(slope_relu)(V a, V p)
{
    (void)p;
    return FN(v_step)(a, v_set1(0), v_set1(1));
}

/* p > 0; with p = 0 this is ReLU, which also avoids 0 * inf */
IL_INLINE V
FN(g_leaky_relu)(V z, V p)
{
    return v_select(v_lt(v_set1(0), z), z, v_mul(p, z));
}

IL_INLINE V
FN(slope_leaky_relu)(V a, V p)
{
    return FN(v_step)(a, p, v_set1(1));
}

IL_INLINE V
FN(g_elu)(V z, V p)
{
    return v_select(v_lt(v_set1(0), z), z, v_mul(p, FN(v_expm1)(z)));
}

IL_INLINE V
FN(slope_elu)(V a, V p)
{
    return v_select(v_lt(v_set1(0), a), v_set1(1), v_add(a, p));
}

/* Klambauer et al., 2017 */
#define IL_SELU_SCALE 1.0507009873554804934193349852946
#define IL_SELU_ALPHA 1.6732632423543772848170429916717

IL_INLINE V
FN(g_selu)(V z, V p)
{
    (void)p;
    const V negative = v_mul(v_set1((T)(IL_SELU_SCALE * IL_SELU_ALPHA)), FN(v_expm1)(z));
    return v_select(v_lt(v_set1(0), z), v_mul(v_set1((T)IL_SELU_SCALE), z), negative);
}

IL_INLINE V
FN(slope_selu)(V a, V p)
{
    (void)p;
    const V negative = v_add(a, v_set1((T)(IL_SELU_SCALE * IL_SELU_ALPHA)));
    return v_select(v_lt(v_set1(0), a), v_set1((T)IL_SELU_SCALE), negative);
}

/* the normal distribution function, by erf */
IL_INLINE V
FN(v_phi)(V z)
{
    const V half = v_set1((T)0.5);
    return v_fma(half, FN(v_erf)(v_mul(z, v_set1((T)0.70710678118654752440))), half);
}

IL_INLINE V
FN(g_gelu)(V z, V p)
{
    (void)p;
    return v_mul(v_max(v_set1(-IL_PHI_END), z), FN(v_phi)(z));
}

IL_INLINE V
FN(slope_gelu)(V z, V p)
{
    (void)p;
    const V x = FN(v_within)(z, IL_PHI_END);
    const V e = FN(v_exp)(v_mul(v_mul(v_set1((T)-0.5), x), x));
    const V density = v_mul(v_set1((T)0.39894228040143267794), e); /* 1 / sqrt(2 pi) */
    return v_fma(x, density, FN(v_phi)(x));
}

/* sqrt(2 / pi) and the cubic coefficient of Hendrycks and Gimpel, 2016 */
#define IL_GELU_SCALE 0.79788456080286535588
#define IL_GELU_CUBIC 0.044715

IL_INLINE V
FN(v_gelu_inner)(V z)
{
    const V cubic = v_fma(v_mul(v_set1((T)IL_GELU_CUBIC), z), z, v_set1(1));
    return FN(v_tanh)(v_mul(v_mul(v_set1((T)IL_GELU_SCALE), z), cubic));
}

IL_INLINE V
FN(g_gelu_tanh)(V z, V p)
{
    (void)p;
    const V x = v_max(v_set1(-IL_PHI_END), z);
    return v_mul(v_mul(v_set1((T)0.5), x), v_add(v_set1(1), FN(v_gelu_inner)(x)));
}

IL_INLINE V
FN(slope_gelu_tanh)(V z, V p)
{
    (void)p;
    const V x = FN(v_within)(z, IL_PHI_END), half = v_set1((T)0.5);
    const V t = FN(v_gelu_inner)(x);
    const V cubic = v_mul(v_set1((T)(3 * IL_GELU_SCALE * IL_GELU_CUBIC)), x);
    const V inner = v_fma(cubic, x, v_set1((T)IL_GELU_SCALE));
    const V second = v_mul(v_mul(half, x), v_mul(FN(slope_tanh)(t, p), inner));
    return v_add(v_fma(half, t, half), second);
}

IL_INLINE V
FN(g_silu)(V z, V p)
{
    (void)p;
    return v_mul(v_max(v_set1(-IL_SIGMOID_END), z), FN(v_sigmoid)(z));
}

IL_INLINE V
FN(slope_silu)(V z, V p)
{
    (void)p;
    const V x = FN(v_within)(z, IL_SIGMOID_END);
    const V s = FN(v_sigmoid)(x);
    return v_fma(v_mul(x, s), v_sub(v_set1(1), s), s);
}

IL_INLINE V
FN(g_softplus)(V z, V p)
{
    (void)p;
    const V e = FN(v_exp)(FN(v_with_sign)(FN(v_abs)(z), v_set1(-1)));
    return v_add(v_max(v_set1(0), z), FN(v_log1p)(e));
}

IL_INLINE V
FN(slope_softplus)(V z, V p)
{
    (void)p;
    return FN(v_sigmoid)(z);
}

IL_INLINE V
FN(g_softsign)(V z, V p)
{
    (void)p;
    const T largest = IL_IS_F32 ? (T)FLT_MAX : (T)DBL_MAX;
    const V magnitude = v_min(v_set1(largest), FN(v_abs)(z));
    return FN(v_with_sign)(v_div(magnitude, v_add(v_set1(1), magnitude)), z);
}

IL_INLINE V
FN(slope_softsign)(V a, V p)
{
    (void)p;
    const V rest = v_sub(v_set1(1), FN(v_abs)(a));
    return v_mul(rest, rest);
}

IL_INLINE V
FN(g_hard_tanh)(V z, V p)
{
    (void)p;
    return FN(v_within)(z, 1);
}

IL_INLINE V
FN(slope_hard_tanh)(V a, V p)
{
    (void)p;
    return FN(v_step)(v_sub(v_set1(1), FN(v_abs)(a)), v_set1(0), v_set1(1));
}

IL_INLINE V
FN(g_erf)(V z, V p)
{
    (void)p;
    return FN(v_erf)(z);
}

IL_INLINE V
FN(slope_erf)(V z, V p)
{
    (void)p;
    return v_mul(v_set1((T)1.12837916709551257390), FN(v_exp)(v_mul(v_sub(v_set1(0), z), z)));
}

/* y, times factor[i] unless factor is NULL (a constant of each call, so no branch) */
IL_INLINE V
FN(scaled)(V y, const T *factor, size_t i)
{
    return factor != NULL ? v_mul(v_load(factor + i), y) : y;
}

/* out[i] = f(x[i], p), times factor[i] unless that is NULL; four chains at once, as in map(). */
IL_INLINE void
FN(map_activation)(V (*f)(V, V), T parameter, size_t n, const T *x, const T *factor, T *out)
{
    const V p = v_set1(parameter);
    size_t i = 0;
    for (; i + 4 * W <= n; i += 4 * W) {
        const V y0 = f(v_load(x + i), p), y1 = f(v_load(x + i + W), p);
        const V y2 = f(v_load(x + i + 2 * W), p), y3 = f(v_load(x + i + 3 * W), p);
        const V s0 = FN(scaled)(y0, factor, i), s1 = FN(scaled)(y1, factor, i + W);
        const V s2 = FN(scaled)(y2, factor, i + 2 * W), s3 = FN(scaled)(y3, factor, i + 3 * W);
        v_store(out + i, s0);
        v_store(out + i + W, s1);
        v_store(out + i + 2 * W, s2);
        v_store(out + i + 3 * W, s3);
    }
    for (; i + W <= n; i += W) {
        v_store(out + i, FN(scaled)(f(v_load(x + i), p), factor, i));
    }
    if (i < n) {
        const V y = f(v_load_n(x + i, n - i), p);
        v_store_n(out + i, factor != NULL ? v_mul(v_load_n(factor + i, n - i), y) : y, n - i);
    }
}

/* ReLU is the leaky ReLU of slope 0, and does without the product. */
IL_INLINE il_activation_kind
FN(loop_kind)(il_activation g)
{
    return g.kind == IL_LEAKY_RELU && g.parameter == 0.0 ? IL_RELU : g.kind;
}

static void
FN(activate)(il_activation g, size_t n, const void *z, void *out)
{
    const T p = (T)g.parameter;
    switch (FN(loop_kind)(g)) {
    case IL_IDENTITY: FN(map_activation)(FN(g_identity), p, n, z, NULL, out); break;
    case IL_TANH: FN(map_activation)(FN(g_tanh), p, n, z, NULL, out); break;
    case IL_SIGMOID: FN(map_activation)(FN(g_sigmoid), p, n, z, NULL, out); break;
    case IL_RELU: FN(map_activation)(FN(g_relu), p, n, z, NULL, out); break;
    case IL_LEAKY_RELU: FN(map_activation)(FN(g_leaky_relu), p, n, z, NULL, out); break;
    case IL_ELU: FN(map_activation)(FN(g_elu), p, n, z, NULL, out); break;
    case IL_SELU: FN(map_activation)(FN(g_selu), p, n, z, NULL, out); break;
    case IL_GELU: FN(map_activation)(FN(g_gelu), p, n, z, NULL, out); break;
    case IL_GELU_TANH: FN(map_activation)(FN(g_gelu_tanh), p, n, z, NULL, out); break;
    case IL_SILU: FN(map_activation)(FN(g_silu), p, n, z, NULL, out); break;
    case IL_SOFTPLUS: FN(map_activation)(FN(g_softplus), p, n, z, NULL, out); break;
    case IL_SOFTSIGN: FN(map_activation)(FN(g_softsign), p, n, z, NULL, out); break;
    case IL_HARD_TANH: FN(map_activation)(FN(g_hard_tanh), p, n, z, NULL, out); break;
    case IL_ERF: FN(map_activation)(FN(g_erf), p, n, z, NULL, out); break;
    case IL_ACTIVATION_COUNT: break;
    }
}

/* out[i] = factor[i] g'; factor NULL: 1 */
IL_INLINE void
FN(slopes)(il_activation g, size_t n, const T *z, const T *a, const T *factor, T *out)
{
    const T p = (T)g.parameter;
    switch (FN(loop_kind)(g)) {
    case IL_IDENTITY: FN(map_activation)(FN(slope_identity), p, n, a, factor, out); break;
    case IL_TANH: FN(map_activation)(FN(slope_tanh), p, n, a, factor, out); break;
    case IL_SIGMOID: FN(map_activation)(FN(slope_sigmoid), p, n, a, factor, out); break;
    case IL_RELU: FN(map_activation)(FN(slope_relu), p, n, a, factor, out); break;
    case IL_LEAKY_RELU: FN(map_activation)(FN(slope_leaky_relu), p, n, a, factor, out); break;
    case IL_ELU: FN(map_activation)(FN(slope_elu), p, n, a, factor, out); break;
    case IL_SELU: FN(map_activation)(FN(slope_selu), p, n, a, factor, out); break;
    case IL_GELU: FN(map_activation)(FN(slope_gelu), p, n, z, factor, out); break;
    case IL_GELU_TANH: FN(map_activation)(FN(slope_gelu_tanh), p, n, z, factor, out); break;
    case IL_SILU: FN(map_activation)(FN(slope_silu), p, n, z, factor, out); break;
    case IL_SOFTPLUS: FN(map_activation)(FN(slope_softplus), p, n, z, factor, out); break;
    case IL_SOFTSIGN: FN(map_activation)(FN(slope_softsign), p, n, a, factor, out); break;
    case IL_HARD_TANH: FN(map_activation)(FN(slope_hard_tanh), p, n, a, factor, out); break;
    case IL_ERF: FN(map_activation)(FN(slope_erf), p, n, z, factor, out); break;
    case IL_ACTIVATION_COUNT: break;
    }
}

static void
FN(derive)(il_activation g, size_t n, const void *z, const void *a, const void *upstream, void *out)
{
    FN(slopes)(g, n, z, a, upstream, out);
}

static void
FN(slope)(il_activation g, size_t n, const void *z, const void *a, void *out)
{
    FN(slopes)(g, n, z, a, NULL, out);
}

#undef IL_SIGMOID_END
#undef IL_PHI_END
#undef IL_SELU_SCALE
#undef IL_SELU_ALPHA
#undef IL_GELU_SCALE
#undef IL_GELU_CUBIC
