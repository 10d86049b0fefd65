/*
 * one_output.inc.h - layers of one unit, as the last of the lecture's nets. As panels of one vector they would leave
 * all lanes but the first idle, so lanes hold something else, each the chain that it would be in a panel
 * (NUMERICS 2.5):
 *
 *   column    the contraction where B is a single column: lanes hold rows of C. Here b_row is 1 and start one value.
 *   shallow   a hidden layer and the output above it together, in training: lanes hold hidden units and their weights
 *             stay in registers, so that no delta is written and read again. Forward of a net of one hidden layer;
 *             backward of the same, of the last two layers of a deeper one, which has no inputs here and hands its
 *             deltas on, and of many nets, where lanes hold nets.
 */

/* ---- column ------------------------------------------------------------------------------ */

/* The first lane, the result of all. */
IL_INLINE void
store_lane(T *at, V x)
{
    T lanes[W];
    v_store(lanes, x);
    *at = lanes[0];
}

/* Vectors of one block's sums become c, or are added to it. */
IL_INLINE void
store_blocks(T *c, size_t vectors, const V *sums, int first)
{
    for (size_t i = 0; i < vectors; i++, c += W) {
        v_store(c, first ? sums[i] : v_add(v_load(c), sums[i]));
    }
}

/* C[r] .. of as many vectors of rows, 4 or 1: squares of A are turned, so that a vector holds one k of W rows. */
IL_INLINE void
column_strip(const il_contraction *job, size_t r, size_t vectors)
{
    enum { PANEL = 2 * W };
    const size_t rows = vectors * W, a_row = job->a_row;
    T turned[PANEL * 4 * W];
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        const V start = v_set1(k0 == 0 && job->start != NULL ? *(const T *)job->start : 0);
        V sum0 = start, sum1 = start, sum2 = start, sum3 = start;
        for (size_t k = k0; k < k1; k += PANEL) {
            const size_t columns = k1 - k < PANEL ? k1 - k : PANEL, whole = columns - columns % IL_SIDE;
            const T *a = (const T *)job->a + r * a_row + k / PANEL * job->a_panel;
            for (size_t j = 0; j < whole; j += IL_SIDE) {
                for (size_t i = 0; i < rows; i += IL_SIDE) {
                    v_transpose(a + i * a_row + j, a_row, turned + j * rows + i, rows);
                }
            }
            for (size_t j = whole; j < columns; j++) {
                for (size_t i = 0; i < rows; i++) {
                    turned[j * rows + i] = a[i * a_row + j];
                }
            }
            const T *x = turned;
            for (size_t j = 0; j < columns; j++, x += rows) {
                const V b = v_set1(((const T *)job->b)[k + j]);
                sum0 = v_fma(v_load(x), b, sum0);
                if (vectors == 4) {
                    sum1 = v_fma(v_load(x + W), b, sum1);
                    sum2 = v_fma(v_load(x + 2 * W), b, sum2);
                    sum3 = v_fma(v_load(x + 3 * W), b, sum3);
                }
            }
        }
        const V sums[4] = {sum0, sum1, sum2, sum3};
        store_blocks((T *)job->c + r, vectors, sums, k0 == 0);
    }
}

/* One C[r]: all lanes do the same. */
static void
column_row(const il_contraction *job, size_t r)
{
    enum { PANEL = 2 * W };
    T *c = (T *)job->c + r;
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        V sum = v_set1(k0 == 0 && job->start != NULL ? *(const T *)job->start : 0);
        for (size_t k = k0; k < k1; k++) {
            const T *a = (const T *)job->a + r * job->a_row + k / PANEL * job->a_panel + k % PANEL;
            sum = v_fma(v_set1(*a), v_set1(((const T *)job->b)[k]), sum);
        }
        store_lane(c, k0 == 0 ? sum : v_add(v_set1(*c), sum));
    }
}

static void
column_rows(const il_contraction *job)
{
    const size_t rows = job->rows;
    size_t r = 0;
    for (; r + 4 * W <= rows; r += 4 * W) {
        column_strip(job, r, 4);
    }
    for (; r + W <= rows; r += W) {
        column_strip(job, r, 1);
    }
    if (r < rows && rows >= W) { /* some rows twice, to the same bits */
        column_strip(job, rows - W, 1);
    } else {
        for (; r < rows; r++) {
            column_row(job, r);
        }
    }
}

/*
 * `count` vectors of C[n] = start + sum over k of A[k][n] b[k], k from k0 to k1, from row n on; unless they are whole,
 * the last has fewer than W rows. With the first rows the sum of b.
 */
IL_INLINE void
column_vectors(const il_contraction *job, size_t n, size_t count, int whole, size_t k0, size_t k1)
{
    enum { PANEL = 2 * W };
    const size_t last = (count - 1) * W, rows = whole ? W : job->rows - n - last;
    const T *at[4];
    for (size_t i = 0; i < 4; i++) {
        const size_t row = n + (i < count ? i : 0) * W;
        at[i] = (const T *)job->a + row / PANEL * job->a_panel + row % PANEL + k0 * job->a_row;
    }
    const V start = v_set1(k0 == 0 && job->start != NULL ? *(const T *)job->start : 0);
    V c0 = start, c1 = start, c2 = start, c3 = start, sum = v_set1(0);
    for (size_t k = k0; k < k1; k++) {
        const size_t to = (k - k0) * job->a_row;
        const V b = v_set1(((const T *)job->b)[k]);
        const V edge = whole ? v_load(at[count - 1] + to) : v_load_n(at[count - 1] + to, rows);
        c0 = v_fma(count == 1 ? edge : v_load(at[0] + to), b, c0);
        if (count > 1) {
            c1 = v_fma(count == 2 ? edge : v_load(at[1] + to), b, c1);
        }
        if (count > 2) {
            c2 = v_fma(count == 3 ? edge : v_load(at[2] + to), b, c2);
        }
        if (count > 3) {
            c3 = v_fma(edge, b, c3);
        }
        sum = v_add(sum, b); /* fma(1, b, sum) */
    }
    const V sums[4] = {c0, c1, c2, c3};
    store_blocks((T *)job->c + n, count, sums, k0 == 0); /* lanes without a row hold the start */
    if (n == 0 && job->sums != NULL) {
        store_blocks(job->sums, 1, &sum, k0 == 0); /* the same in all lanes */
    }
}

static void
column_transposed(const il_contraction *job)
{
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        for (size_t n = 0; n < job->rows; n += 4 * W) {
            const size_t left = job->rows - n;
            switch ((left + W - 1) / W * 2 + (left % W == 0)) {
            case 2: column_vectors(job, n, 1, 0, k0, k1); break;
            case 3: column_vectors(job, n, 1, 1, k0, k1); break;
            case 4: column_vectors(job, n, 2, 0, k0, k1); break;
            case 5: column_vectors(job, n, 2, 1, k0, k1); break;
            case 6: column_vectors(job, n, 3, 0, k0, k1); break;
            case 7: column_vectors(job, n, 3, 1, k0, k1); break;
            case 8: column_vectors(job, n, 4, 0, k0, k1); break;
            default: column_vectors(job, n, 4, 1, k0, k1); break;
            }
        }
    }
}

static void
contract_column(const il_contraction *job)
{
    if (job->transposed) {
        column_transposed(job);
    } else {
        column_rows(job);
    }
}

/* ---- shallow, forward -------------------------------------------------------------------- */

/* The output of a strip of samples, which are turned into the lanes. */
IL_INLINE void
shallow_top(const il_shallow *net, const T *a, T *out, size_t cols)
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
shallow_samples(const il_shallow *net, size_t rows, const T *x, size_t cols)
{
    const il_contraction hidden = {.rows = rows,
                                   .K = net->inputs,
                                   .a = x,
                                   .a_row = net->inputs,
                                   .b = net->weights,
                                   .b_row = cols * W,
                                   .start = net->bias,
                                   .c = net->z};
    short_panel(&hidden, cols);
    activate(net->activation, rows * cols * W, net->z, net->a);
    for (size_t r = 0; r < rows; r += IL_SHALLOW_STRIP * W) {
        shallow_top(net, (const T *)net->a + r * cols * W, (T *)net->out + r, cols);
    }
}

static void
shallow_forward(const il_shallow *net, size_t rows, const void *x)
{
    if (net->units <= W) {
        shallow_samples(net, rows, x, 1);
    } else {
        shallow_samples(net, rows, x, 2);
    }
}

/* ---- shallow, backward ------------------------------------------------------------------- */

/* One or two vectors of hidden units: of the units of one net, or of one unit of each of many nets. */
typedef struct shallow_units {
    const T *top_weights, *a;
    T *d, *gradient, *bias_gradient, *top_gradient;
    size_t row; /* leading dimension of a, d and gradient */
} shallow_units;

/* What a body is compiled for: the slope, how sample r's delta is read, the number of inputs. */
typedef V shallow_slope(V a, V p);
typedef V shallow_delta(const T *delta, size_t r);

IL_INLINE V
delta_of_net(const T *delta, size_t r)
{
    return v_set1(delta[r]);
}

IL_INLINE V
delta_of_nets(const T *delta, size_t r)
{
    return v_load(delta + r * W);
}

/*
 * All gradients of `count` vectors of hidden units in one pass over the samples. Each is a chain that waits for itself,
 * so a pass that carries all of them takes as long as one alone, and the hidden deltas never leave the registers.
 */
IL_INLINE void
shallow_chains(const il_shallow *net, const shallow_units *at, size_t rows, const T *x, shallow_slope *slope_of,
               shallow_delta *delta_of, size_t inputs, size_t count)
{
    const V p = v_set1((T)net->activation.parameter), zero = v_set1(0);
    V weights[2], top[2], sum[2], gradient[IL_SHALLOW_INPUTS][2], top_sum = zero;
    for (size_t j = 0; j < count; j++) {
        weights[j] = v_load(at->top_weights + j * W);
        top[j] = sum[j] = zero;
        for (size_t i = 0; i < inputs; i++) {
            gradient[i][j] = zero;
        }
    }
    const T *a = at->a;
    T *out = at->d;
    for (size_t r = 0; r < rows; r++, x += inputs, a += at->row, out += at->row) {
        const V delta = delta_of(net->delta, r);
        top_sum = v_add(top_sum, delta); /* fma(1, delta, sum) */
        for (size_t j = 0; j < count; j++) {
            const V activation = v_load(a + j * W);
            top[j] = v_fma(activation, delta, top[j]);
            const V d = v_mul(v_fma(delta, weights[j], zero), slope_of(activation, p));
            sum[j] = v_add(sum[j], d);
            for (size_t i = 0; i < inputs; i++) {
                gradient[i][j] = v_fma(v_set1(x[i]), d, gradient[i][j]);
            }
            if (inputs == 0) {
                v_store(out + j * W, d);
            }
        }
    }
    for (size_t j = 0; j < count; j++) {
        for (size_t i = 0; i < inputs; i++) {
            v_store(at->gradient + i * at->row + j * W, gradient[i][j]);
        }
        v_store(at->bias_gradient + j * W, sum[j]);
        v_store(at->top_gradient + j * W, top[j]);
    }
    v_store(net->top_bias_gradient, top_sum); /* of one net: the same in all lanes */
}

/* Panel p of `vectors` vectors; two of them a pass where registers hold their chains: 16 do for those of two inputs. */
IL_INLINE void
shallow_panel(const il_shallow *net, size_t rows, const T *x, shallow_slope *slope_of, shallow_delta *delta_of,
              size_t inputs, size_t vectors, size_t p)
{
    const size_t row = vectors * W;
    const size_t most = inputs <= 2 || IL_TILE_ROWS > 8 ? 2 : 1;
    for (size_t j = 0, count; j < vectors; j += count) {
        const size_t unit = p * row + j * W, sample = p * rows * row + j * W;
        const shallow_units at = {.top_weights = (const T *)net->top_weights + unit,
                                  .a = (const T *)net->a + sample,
                                  .d = inputs == 0 ? (T *)net->d + sample : NULL,
                                  .gradient = inputs > 0 ? (T *)net->gradient + p * inputs * row + j * W : NULL,
                                  .bias_gradient = (T *)net->bias_gradient + unit,
                                  .top_gradient = (T *)net->top_gradient + unit,
                                  .row = row};
        count = vectors - j < most ? 1 : most;
        if (count == 2) {
            shallow_chains(net, &at, rows, x, slope_of, delta_of, inputs, 2);
        } else {
            shallow_chains(net, &at, rows, x, slope_of, delta_of, inputs, 1);
        }
    }
}

IL_INLINE void
shallow_net(const il_shallow *net, size_t rows, const T *x, shallow_slope *slope_of, size_t inputs, size_t vectors)
{
    size_t p = 0;
    for (; p * vectors * W < net->units; p++) {
        shallow_panel(net, rows, x, slope_of, delta_of_net, inputs, vectors, p);
    }
    T *top_gradient = net->top_gradient;
    for (size_t unit = net->units; unit < p * vectors * W; unit++) {
        top_gradient[unit] = 0;
    }
}

IL_INLINE void
shallow_narrow(const il_shallow *net, size_t rows, const T *x, shallow_slope *slope_of, size_t inputs)
{
    shallow_net(net, rows, x, slope_of, inputs, 1);
}

IL_INLINE void
shallow_wide(const il_shallow *net, size_t rows, const T *x, shallow_slope *slope_of, size_t inputs)
{
    shallow_net(net, rows, x, slope_of, inputs, 2);
}

/* A unit of all nets is a vector, and all units are one panel. */
IL_INLINE void
shallow_many(const il_shallow *nets, size_t rows, const T *x, shallow_slope *slope_of, size_t inputs)
{
    shallow_panel(nets, rows, x, slope_of, delta_of_nets, inputs, nets->units, 0);
}

typedef void shallow_body(const il_shallow *net, size_t rows, const T *x, shallow_slope *slope_of, size_t inputs);

IL_INLINE void
shallow_inputs(shallow_body *body, const il_shallow *net, size_t rows, const T *x, shallow_slope *slope_of)
{
    switch (net->inputs) {
    case 0: body(net, rows, x, slope_of, 0); break;
    case 1: body(net, rows, x, slope_of, 1); break;
    case 2: body(net, rows, x, slope_of, 2); break;
    case 3: body(net, rows, x, slope_of, 3); break;
    default: body(net, rows, x, slope_of, IL_SHALLOW_INPUTS); break;
    }
}

IL_INLINE void
shallow_slopes(shallow_body *body, const il_shallow *net, size_t rows, const T *x)
{
    switch (loop_kind(net->activation)) {
#define IL_FAST_OF_A(KIND, name)                                                                                       \
    case IL_##KIND: shallow_inputs(body, net, rows, x, slope_##name); break;
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
shallow_backward(const il_shallow *net, size_t rows, const void *x)
{
    if (net->units <= W) {
        shallow_slopes(shallow_narrow, net, rows, x);
    } else {
        shallow_slopes(shallow_wide, net, rows, x);
    }
}

static void
shallow_lanes(const il_shallow *nets, size_t rows, const void *x)
{
    shallow_slopes(shallow_many, nets, rows, x);
}
