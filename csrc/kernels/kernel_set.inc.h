/*
 * kernel_set.inc.h - the functions one ISA gives for one precision. Template: expects T (float or
 * double) and P (f32 or f64); included by kernels.h only.
 */
#define IL_SET(name) IL_CAT3(il, name, P)

/*
 * One call of the contraction C[r][j] = start[j] + sum over k of A(r, k) B[k][j], as the chain of
 * NUMERICS 2: fma, k ascending, blocks of IL_BLOCK. Element (i, j) of A lies in panels of 2 W columns at
 *     a + i * a_row + (j / (2 W)) * a_panel + j % (2 W)
 * With A' and w = 1, C and sums are whole vectors: beyond the rows are start, and the one sum again.
 */
typedef struct IL_SET(contraction) {
    size_t rows, K;
    int transposed; /* A' instead of A: [K][rows] */
    int half;       /* w = 2 W, but of B only W columns are read, and the others of C and sums become +0 */
    const T *a;
    size_t a_row, a_panel; /* plain rows have an a_panel of 2 W */
    const T *b;            /* row k at b + k * b_row, w columns read */
    size_t b_row;          /* w for a panel; M for plain rows [K][M] that may be over-read by w - 1 */
    const T *start;        /* [w], or NULL for +0 */
    T *c;                  /* [rows][w] */
    T *sums;               /* [w]: sum over k of B[k][j], by the same chain; or NULL; with A' only */
} IL_SET(contraction);

/*
 * A net of one hidden layer and one output in training: panels of w = W or 2 W, at most IL_SHALLOW_INPUTS inputs; or
 * none, where the layer below is not the data and takes the deltas. shallow_forward() takes one panel. Lanes beyond the
 * units reach no other lane. Arrays of samples have room for whole strips of IL_SHALLOW_STRIP vectors.
 */
typedef struct IL_SET(shallow) {
    size_t inputs, units;
    il_activation activation; /* of the hidden units; its slope a function of a */
    const T *weights, *bias;  /* [panels][inputs][w], [panels][w] */
    const T *top_weights;     /* [panels][w] */
    const T *top_bias;        /* one */
    T *z, *a;                 /* [panels][rows][w]; may be the same */
    T *out;                   /* [rows] */
    const T *delta;           /* [rows] of the output */
    T *d;                     /* [panels][rows][w] of the hidden units; written where there are no inputs */
    T *gradient, *bias_gradient; /* [panels][inputs][w], [panels][w] */
    T *top_gradient;             /* [panels][w], +0 beyond the units */
    T *top_bias_gradient;        /* [W], the same in all lanes */
} IL_SET(shallow);

/*
 * The same contraction with a net in each lane: B, start, C and sums are arrays of vectors, strides
 * count vectors; A is one too, or plain scalars that all nets share.
 */
typedef struct IL_SET(lane_contraction) {
    size_t rows, columns, K;
    int shared; /* A is scalars */
    const T *a;
    size_t a_row, a_k; /* in vectors, or in scalars where shared */
    const T *b;
    size_t b_k, b_column;
    const T *start; /* [columns], or NULL for +0 */
    T *c;           /* row r at c + r * c_row, columns side by side */
    size_t c_row;
    T *sums; /* [columns]: sum over k of B(k, j); or NULL */
} IL_SET(lane_contraction);

/* What every element of one optimizer step needs. Lane i of a vector takes coefficient i: all the
 * same for one net, each net's own for many. */
typedef struct IL_SET(update) {
    il_optimizer_kind kind;
    int nesterov, decays, has_momentum; /* the coefficient is not 0: in all lanes or in none */
    T minus_rate[IL_MOST_LANES];        /* -learning rate; Adam: -learning rate / (1 - beta1^t) */
    T momentum[IL_MOST_LANES];
    T decay[IL_MOST_LANES];
    T rest1[IL_MOST_LANES]; /* 1 - beta1 */
    T beta2[IL_MOST_LANES]; /* RMSProp's alpha */
    T rest2[IL_MOST_LANES]; /* 1 - beta2 */
    T root[IL_MOST_LANES];  /* Adam: sqrt(1 - beta2^t) */
    T epsilon[IL_MOST_LANES];
} IL_SET(update);

/*
 * A normal distribution cut to bounds, not both far out on one side. Of the standard normal: probability
 * between the bounds, mean over the bounds of P(Z <= bound) - 1/2, probabilities below and above them.
 */
typedef struct IL_SET(truncation) {
    T mass, centre, low_tail, high_tail;
    T mean, std;
    T least, most; /* results are clipped to these */
} IL_SET(truncation);

typedef struct IL_SET(kernel_set) {
    size_t lanes; /* W: values in a vector; a panel is W (narrow) or 2 W (wide) columns */

    /* w = W, w = 2 W and w = 1. */
    void (*contract_narrow)(const IL_SET(contraction) * job);
    void (*contract_wide)(const IL_SET(contraction) * job);
    void (*contract_column)(const IL_SET(contraction) * job);

    /* x [rows][inputs] to z, a and out; then from delta and a to all gradients, rows at most IL_BLOCK. */
    void (*shallow_forward)(const IL_SET(shallow) * net, size_t rows, const T *x);
    void (*shallow_backward)(const IL_SET(shallow) * net, size_t rows, const T *x);

    void (*contract_lanes)(const IL_SET(lane_contraction) * job);
    /* shallow_backward() with any number of units: elements are vectors, x scalars that all nets share. */
    void (*shallow_lanes)(const IL_SET(shallow) * net, size_t rows, const T *x);
    /* z [B][M][W] -> out [B][M][W]; out may be z. */
    void (*softmax_lanes)(size_t B, size_t M, const T *z, T *out);

    /* out[i] = g(z[i]); out may be z. */
    void (*activate)(il_activation g, size_t n, const T *z, T *out);
    /* out[i] = upstream[i] * g'; z is read only where il_activation_needs_z(); out may be upstream. */
    void (*derive)(il_activation g, size_t n, const T *z, const T *a, const T *upstream, T *out);
    /* out[i] = g' */
    void (*slope)(il_activation g, size_t n, const T *z, const T *a, T *out);

    /* z [B][M] -> out [B][M], exp of the logits less the row's largest, over their sum; log_sum [B] = log sum exp of
     * the row. out may not be z; work has room for B M. */
    void (*softmax)(size_t B, size_t M, const T *z, T *work, T *out, T *log_sum);
    /* out[i] = (a[i] - y[i]) * c */
    void (*delta)(size_t n, const T *a, const T *y, T c, T *out);
    /* out[i] = max(z,0) - z*y + log1p(exp(-|z|)) */
    void (*binary_cross_entropy)(size_t n, const T *z, const T *y, T *out);
    /* out[b] = sum over m, ascending, of y[b][m] * (log_sum[b] - z[b][m]) */
    void (*cross_entropy)(size_t B, size_t M, const T *z, const T *y, const T *log_sum, T *out);

    /* One optimizer step on n elements, n a multiple of W; m, v: state or NULL where there is none. */
    void (*update)(const IL_SET(update) * u, size_t n, const T *gradient, T *w, T *m, T *v);

    /* out[i] += x[i] */
    void (*add)(size_t n, const T *x, T *out);
    /* dst[c][r] = src[r][c]; strides in elements between rows */
    void (*transpose)(size_t rows, size_t columns, const T *src, size_t src_stride, T *dst, size_t dst_stride);

    /* Reductions in double over 8 virtual lanes (NUMERICS 3.6): element i goes to lane i mod 8, on top
     * of what the lanes hold; a long array may come in pieces, all but the last multiples of 8. */
    void (*sum)(size_t n, const T *x, double lanes[IL_SUM_LANES]);
    void (*sum_squares)(size_t n, const T *x, double lanes[IL_SUM_LANES]);
    void (*sum_squared_deviations)(size_t n, const T *x, double mean, double lanes[IL_SUM_LANES]);
    void (*sum_squared_differences)(size_t n, const T *x, const T *y, double lanes[IL_SUM_LANES]);

    /* 1 if no element is NaN or infinite. */
    int (*all_finite)(size_t n, const T *x);

    /* Elements start .. start + n - 1 of a stream. uniform: fma(u, high - low, low), u in (0, 1);
     * normal: fma(std, z, mean). */
    void (*fill_uniform)(il_stream s, uint64_t start, size_t n, T low, T high, T *out);
    void (*fill_normal)(il_stream s, uint64_t start, size_t n, T mean, T std, T *out);
    /* The quantile of u between the bounds, u the lower tail's probability of fill_normal's number. */
    void (*fill_truncated_normal)(il_stream s, uint64_t start, size_t n, const IL_SET(truncation) * law, T *out);
    /* The words themselves: hi for half = 0, element by element (shuffles, known answers). */
    void (*fill_words)(il_stream s, uint32_t half, uint64_t start, size_t n, uint32_t *out);

    /* The functions on their own, for tests and tables: out[i] = f(x[i]). */
    void (*exp)(size_t n, const T *x, T *out);
    void (*expm1)(size_t n, const T *x, T *out);
    void (*log)(size_t n, const T *x, T *out);
    void (*log1p)(size_t n, const T *x, T *out);
    void (*tanh)(size_t n, const T *x, T *out);
    void (*sigmoid)(size_t n, const T *x, T *out);
    void (*erf)(size_t n, const T *x, T *out);
} IL_SET(kernel_set);

#undef IL_SET
