/*
 * shallow.inc.h - forward and gradients of a net of one hidden layer and of one output, the lecture's net, in straight
 * lines: a hidden unit a lane, the weights in registers. The chains are those of contract.inc.h and derive(); what is
 * saved is everything around them. cols, the vectors of a panel, is a constant of each call, as `inputs` below. With
 * many nets a net is a lane, and only the gradients are taken here. Of deeper nets the last hidden layer and the output
 * are such a net on the way back, without inputs: it hands its deltas on.
 */

/* The output of a strip of samples, which are turned into the lanes. */
IL_INLINE void
FN(shallow_top)(const il_shallow *net, const T *a, T *out, size_t cols)
{
    enum { STRIP = IL_SHALLOW_STRIP * W };
    T turned[2 * W * STRIP];
    for (size_t i = 0; i < STRIP; i += IL_SIDE) {
        for (size_t j = 0; j < cols * W; j += IL_SIDE) {
            v_transpose(a + i * cols * W + j, cols * W, turned + j * STRIP + i, STRIP);
        }
    }
    V sum0 = v_set1(*(const T *)net->top_bias), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (size_t k = 0; k < net->units; k++) {
        const T *at = turned + k * STRIP;
        const V w = v_set1(((const T *)net->top_weights)[k]);
        sum0 = v_fma(v_load(at), w, sum0);
        sum1 = v_fma(v_load(at + W), w, sum1);
        sum2 = v_fma(v_load(at + 2 * W), w, sum2);
        sum3 = v_fma(v_load(at + 3 * W), w, sum3);
    }
    v_store(out, sum0);
    v_store(out + W, sum1);
    v_store(out + 2 * W, sum2);
    v_store(out + 3 * W, sum3);
}

IL_INLINE void
FN(shallow_samples)(const il_shallow *net, size_t rows, const T *x, size_t cols)
{
    const il_contraction hidden = {.rows = rows,
                                        .K = net->inputs,
                                        .a = x,
                                        .a_row = net->inputs,
                                        .b = net->weights,
                                        .b_row = cols * W,
                                        .start = net->bias,
                                        .c = net->z};
    FN(short_panel)(&hidden, cols);
    FN(activate)(net->activation, rows * cols * W, net->z, net->a);
    for (size_t r = 0; r < rows; r += IL_SHALLOW_STRIP * W) {
        FN(shallow_top)(net, (const T *)net->a + r * cols * W, (T *)net->out + r, cols);
    }
}

static void
FN(shallow_forward)(const il_shallow *net, size_t rows, const void *x)
{
    if (net->units <= W) {
        FN(shallow_samples)(net, rows, x, 1);
    } else {
        FN(shallow_samples)(net, rows, x, 2);
    }
}

/*
 * All gradients of `count` vectors of hidden units, 1 or 2, from the first on, in one pass over the samples. Each is a
 * chain that waits for itself, so a pass that carries all of them takes as long as one alone, and the hidden deltas
 * never leave the registers. A sample has so many vectors: of the units of one net, or of one unit of many nets, whose
 * deltas are vectors too.
 */
IL_INLINE void
FN(shallow_chains)(const il_shallow *net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs, size_t panel,
                   size_t first, size_t count, size_t vectors, int many)
{
    const size_t row = vectors * W, unit = panel * row + first * W, sample = panel * rows * row + first * W;
    const V p = v_set1((T)net->activation.parameter), zero = v_set1(0);
    V weights[2], top[2], sum[2], gradient[IL_SHALLOW_INPUTS][2], top_sum = zero;
    for (size_t j = 0; j < count; j++) {
        weights[j] = v_load((const T *)net->top_weights + unit + j * W);
        top[j] = sum[j] = zero;
        for (size_t i = 0; i < inputs; i++) {
            gradient[i][j] = zero;
        }
    }
    const T *a = (const T *)net->a + sample, *upstream = net->delta;
    for (size_t r = 0; r < rows; r++, x += inputs, a += row, upstream += many ? W : 1) {
        const V delta = many ? v_load(upstream) : v_set1(*upstream);
        top_sum = v_add(top_sum, delta); /* fma(1, delta, sum) */
        for (size_t j = 0; j < count; j++) {
            const V activation = v_load(a + j * W);
            top[j] = v_fma(activation, delta, top[j]);
            const V d = v_mul(v_fma(delta, weights[j], zero), slope(activation, p));
            sum[j] = v_add(sum[j], d);
            for (size_t i = 0; i < inputs; i++) {
                gradient[i][j] = v_fma(v_set1(x[i]), d, gradient[i][j]);
            }
            if (inputs == 0) {
                v_store((T *)net->d + sample + r * row + j * W, d);
            }
        }
    }
    for (size_t j = 0; j < count; j++) {
        const size_t at = unit + j * W;
        for (size_t i = 0; i < inputs; i++) {
            v_store((T *)net->gradient + (panel * inputs + i) * row + (first + j) * W, gradient[i][j]);
        }
        v_store((T *)net->bias_gradient + at, sum[j]);
        if (many || at + W <= net->units) {
            v_store((T *)net->top_gradient + at, top[j]);
        } else {
            v_store((T *)net->top_gradient + at, zero);
            v_store_n((T *)net->top_gradient + at, top[j], at < net->units ? net->units - at : 0);
        }
    }
    v_store(net->top_bias_gradient, top_sum); /* of one net: the same in all lanes */
}

/* A panel; two vectors of units a pass where registers hold their chains: 16 of them do for those of two inputs. */
IL_INLINE void
FN(shallow_passes)(const il_shallow *net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs, size_t panel,
                   size_t vectors, int many)
{
    const int pairs = inputs <= 2 || IL_TILE_ROWS > 8;
    size_t j = 0;
    for (; pairs && j + 2 <= vectors; j += 2) {
        FN(shallow_chains)(net, rows, x, slope, inputs, panel, j, 2, vectors, many);
    }
    for (; j < vectors; j++) {
        FN(shallow_chains)(net, rows, x, slope, inputs, panel, j, 1, vectors, many);
    }
}

IL_INLINE void
FN(shallow_narrow)(const il_shallow *net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs)
{
    FN(shallow_passes)(net, rows, x, slope, inputs, 0, 1, 0);
}

IL_INLINE void
FN(shallow_wide)(const il_shallow *net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs)
{
    for (size_t p = 0; p * 2 * W < net->units; p++) {
        FN(shallow_passes)(net, rows, x, slope, inputs, p, 2, 0);
    }
}

IL_INLINE void
FN(shallow_many)(const il_shallow *net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs)
{
    FN(shallow_passes)(net, rows, x, slope, inputs, 0, net->units, 1);
}

/* What a body is compiled for: a slope and a number of inputs. */
typedef void FN(shallow_body)(const il_shallow *net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs);

IL_INLINE void
FN(shallow_inputs)(FN(shallow_body) * body, const il_shallow *net, size_t rows, const T *x, V (*slope)(V, V))
{
    switch (net->inputs) {
    case 0: body(net, rows, x, slope, 0); break;
    case 1: body(net, rows, x, slope, 1); break;
    case 2: body(net, rows, x, slope, 2); break;
    case 3: body(net, rows, x, slope, 3); break;
    default: body(net, rows, x, slope, IL_SHALLOW_INPUTS); break;
    }
}

IL_INLINE void
FN(shallow_slopes)(FN(shallow_body) * body, const il_shallow *net, size_t rows, const T *x)
{
    switch (FN(loop_kind)(net->activation)) {
#define IL_FAST_OF_A(KIND, name)                                                                                       \
    case IL_##KIND: FN(shallow_inputs)(body, net, rows, x, FN(slope_##name)); break;
#define IL_OTHER(KIND, name)                                                                                           \
    case IL_##KIND: break; /* not il_activation_is_shallow() */
#define IL_FAST_OF_Z IL_OTHER
#define IL_SMALL_OF_A IL_OTHER
#define IL_SMALL_OF_Z IL_OTHER
#define IL_ROW(KIND, name, SLOPE, CODE, ...) IL_##CODE##_##SLOPE(KIND, name)
#include "activation_table.inc.h"
#undef IL_FAST_OF_A
#undef IL_OTHER
#undef IL_FAST_OF_Z
#undef IL_SMALL_OF_A
#undef IL_SMALL_OF_Z
    case IL_ACTIVATION_COUNT: break;
    }
}

static void
FN(shallow_backward)(const il_shallow *net, size_t rows, const void *x)
{
    if (net->units <= W) {
        FN(shallow_slopes)(FN(shallow_narrow), net, rows, x);
    } else {
        FN(shallow_slopes)(FN(shallow_wide), net, rows, x);
    }
}

static void
FN(shallow_lanes)(const il_shallow *net, size_t rows, const void *x)
{
    FN(shallow_slopes)(FN(shallow_many), net, rows, x);
}
