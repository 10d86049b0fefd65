/*
 * kernel_set.h - the functions that one instruction set gives for one precision.
 *
 * The kernels alone know the type T of a net's values, float or double. To all others arrays are void * with the size
 * of an element beside them; whoever hands a set an array of the other precision computes nonsense. Counts, strides
 * and leading dimensions are in elements, not in bytes. Included by kernels.h only.
 */

/*
 * One call of the contraction C[r][j] = start[j] + sum over k of A(r, k) B[k][j], as the chain of
 * NUMERICS 2: fma, k ascending, blocks of IL_BLOCK. Element (i, j) of A lies in panels of 2 W columns at
 *     a + i * a_row + (j / (2 W)) * a_panel + j % (2 W)
 * With A' and w = 1, C and sums are whole vectors: beyond the rows are start, and the one sum again.
 */
typedef struct il_contraction {
    size_t rows, K;
    int transposed; /* A' instead of A: [K][rows] */
    int half;       /* w = 2 W, but of B only W columns are read, and the others of C and sums become +0 */
    const void *a;
    size_t a_row, a_panel; /* leading dimension, and from panel to panel: plain rows have an a_panel of 2 W */
    const void *b;         /* row k at b + k * b_row, w columns read */
    size_t b_row;          /* leading dimension: w for a panel; M for plain rows [K][M], over-read by up to w - 1 */
    const void *start;     /* [w], or NULL for +0 */
    void *c;               /* [rows][w] */
    void *sums;            /* [w]: sum over k of B[k][j], by the same chain; or NULL; with A' only */
} il_contraction;

/*
 * A net of one hidden layer and one output in training: panels of w = W or 2 W, at most IL_SHALLOW_INPUTS inputs; or
 * none, where the layer below is not the data and takes the deltas. shallow_forward() takes one panel. Lanes beyond the
 * units reach no other lane. Arrays of samples have room for whole strips of IL_SHALLOW_STRIP vectors.
 */
typedef struct il_shallow {
    size_t inputs, units;
    il_activation activation;       /* of the hidden units; its slope a function of a */
    const void *weights, *bias;     /* [panels][inputs][w], [panels][w] */
    const void *top_weights;        /* [panels][w] */
    const void *top_bias;           /* one */
    void *z, *a;                    /* [panels][rows][w]; may be the same */
    void *out;                      /* [rows] */
    const void *delta;              /* [rows] of the output */
    void *d;                        /* [panels][rows][w] of the hidden units; written where there are no inputs */
    void *gradient, *bias_gradient; /* [panels][inputs][w], [panels][w] */
    void *top_gradient;             /* [panels][w], +0 beyond the units */
    void *top_bias_gradient;        /* [W], the same in all lanes */
} il_shallow;

/*
 * The same contraction with a net in each lane: B, start, C and sums are arrays of vectors, strides
 * count vectors; A is one too, or plain scalars that all nets share.
 */
typedef struct il_lane_contraction {
    size_t rows, columns, K;
    int shared; /* A is scalars */
    const void *a;
    size_t a_row, a_k; /* in vectors, or in scalars where shared */
    const void *b;
    size_t b_k, b_column;
    const void *start; /* [columns], or NULL for +0 */
    void *c;           /* row r at c + r * c_row, columns side by side */
    size_t c_row;
    void *sums; /* [columns]: sum over k of B(k, j); or NULL */
} il_lane_contraction;

/* A minibatch for a net in each lane: sample i of lane j is the order[j * stride + i]-th. */
typedef struct il_lane_batch {
    size_t count;
    const size_t *order;
    size_t stride;
    size_t N, M;
    const void *x, *y;      /* [samples][N] and [samples][M], plain */
    void *inputs, *targets; /* [count][N] and [count][M] of vectors */
} il_lane_batch;

/* A number for each lane of a vector, in the precision of the set that reads it. */
typedef union il_lane_values {
    float f32[IL_MOST_LANES];
    double f64[IL_MOST_LANES];
} il_lane_values;

/* What every element of one optimizer step needs. Lane i of a vector takes coefficient i: all the
 * same for one net, each net's own for many. */
typedef struct il_update {
    il_optimizer_kind kind;
    int nesterov, decays, has_momentum; /* the coefficient is not 0: in all lanes or in none */
    il_lane_values minus_rate;          /* -learning rate; Adam: -learning rate / (1 - beta1^t) */
    il_lane_values momentum;
    il_lane_values decay;
    il_lane_values rest1; /* 1 - beta1 */
    il_lane_values beta2; /* RMSProp's alpha */
    il_lane_values rest2; /* 1 - beta2 */
    il_lane_values root;  /* Adam: sqrt(1 - beta2^t) */
    il_lane_values epsilon;
} il_update;

/*
 * A normal distribution cut to bounds, not both far out on one side. Of the standard normal: probability
 * between the bounds, mean over the bounds of P(Z <= bound) - 1/2, probabilities below and above them. Each is rounded
 * to T once.
 */
typedef struct il_truncation {
    double mass, centre, low_tail, high_tail;
    double mean, std;
    double least, most; /* results are clipped to these */
} il_truncation;

typedef struct il_kernel_set {
    size_t lanes;   /* W: values in a vector; a panel is W (narrow) or 2 W (wide) columns */
    size_t element; /* bytes of a value */

    /* w = W, w = 2 W and w = 1. */
    void (*contract_narrow)(const il_contraction *job);
    void (*contract_wide)(const il_contraction *job);
    void (*contract_column)(const il_contraction *job);
    /* One row of A, its values side by side, and plain rows of B: several panels of 2 W at once, `columns` in all, with
     * start [columns] and C [columns]. No A', sums or half. */
    void (*contract_row)(const il_contraction *job, size_t columns);

    /* x [rows][inputs] to z, a and out; then from delta and a to all gradients, rows at most IL_BLOCK. */
    void (*shallow_forward)(const il_shallow *net, size_t rows, const void *x);
    void (*shallow_backward)(const il_shallow *net, size_t rows, const void *x);

    void (*contract_lanes)(const il_lane_contraction *job);
    /* shallow_backward() with any number of units: elements are vectors, x scalars that all nets share. */
    void (*shallow_lanes)(const il_shallow *net, size_t rows, const void *x);
    /* z [B][M][W] -> out [B][M][W]; out may be z. */
    void (*softmax_lanes)(size_t B, size_t M, const void *z, void *out);
    /* x [n] into one lane of out [n][W], zeros where x is NULL; and that lane of x back. */
    void (*to_lane)(size_t n, const void *x, size_t lane, void *out);
    void (*from_lane)(size_t n, const void *x, size_t lane, void *out);
    /* x [n] into every lane of out [n][W]. */
    void (*to_lanes)(size_t n, const void *x, void *out);
    void (*gather_lanes)(const il_lane_batch *batch);

    /* out[i] = g(z[i]); out may be z. */
    void (*activate)(il_activation g, size_t n, const void *z, void *out);
    /* out[i] = upstream[i] * g'; z is read only where il_activation_needs_z(); out may be upstream. */
    void (*derive)(il_activation g, size_t n, const void *z, const void *a, const void *upstream, void *out);
    /* out[i] = g' */
    void (*slope)(il_activation g, size_t n, const void *z, const void *a, void *out);

    /* z [B][M] -> out [B][M], exp of the logits less the row's largest, over their sum; log_sum [B] = log sum exp of
     * the row. out may not be z; work has room for B M. */
    void (*softmax)(size_t B, size_t M, const void *z, void *work, void *out, void *log_sum);
    /* out[i] = (a[i] - y[i]) * c, c = numerator / count, which are whole numbers */
    void (*delta)(size_t n, const void *a, const void *y, double numerator, double count, void *out);
    /* out[i] = max(z,0) - z*y + log1p(exp(-|z|)) */
    void (*binary_cross_entropy)(size_t n, const void *z, const void *y, void *out);
    /* out[b] = sum over m, ascending, of y[b][m] * (log_sum[b] - z[b][m]) */
    void (*cross_entropy)(size_t B, size_t M, const void *z, const void *y, const void *log_sum, void *out);

    /* One optimizer step on n elements, n a multiple of W; m, v: state or NULL where there is none. */
    void (*update)(const il_update *u, size_t n, const void *gradient, void *w, void *m, void *v);

    /* out[i] += x[i] */
    void (*add)(size_t n, const void *x, void *out);
    /* dst[c][r] = src[r][c]; strides in elements between rows */
    void (*transpose)(size_t rows, size_t columns, const void *src, size_t src_stride, void *dst, size_t dst_stride);

    /* Plain rows [rows][M] into panels [panels][rows][w], padding columns left as they are; and back from panels that
     * lie `stride` apart, rows * w unless only some rows are wanted. */
    void (*pack)(size_t rows, size_t M, size_t w, const void *plain, void *panels);
    void (*unpack)(size_t rows, size_t M, size_t w, const void *panels, size_t stride, void *plain);

    /* Values as doubles, and doubles rounded to values. */
    void (*to_doubles)(size_t n, const void *x, double *out);
    void (*from_doubles)(size_t n, const double *x, void *out);

    /* Reductions in double over 8 virtual lanes (NUMERICS 3.6): element i goes to lane i mod 8, on top
     * of what the lanes hold; a long array may come in pieces, all but the last multiples of 8. */
    void (*sum)(size_t n, const void *x, double lanes[IL_SUM_LANES]);
    void (*sum_squares)(size_t n, const void *x, double lanes[IL_SUM_LANES]);
    void (*sum_squared_deviations)(size_t n, const void *x, double mean, double lanes[IL_SUM_LANES]);
    void (*sum_squared_differences)(size_t n, const void *x, const void *y, double lanes[IL_SUM_LANES]);
    /* sum_squares() of x and of y: each sum is a chain of additions, and two go side by side. */
    void (*sum_squares_of_both)(size_t n, const void *x, const void *y, double x_lanes[IL_SUM_LANES],
                                double y_lanes[IL_SUM_LANES]);

    /* Columns of x, `rows` rows of M values that lie `stride` apart, onto the sums of a unit each, rows ascending:
     * squares onto size [M], and onto distance [M] those of the differences from the first unit, whose values lie at
     * `first`, `stride` apart. */
    void (*unit_squares)(size_t rows, size_t M, size_t stride, const void *x, const void *first, double *size,
                         double *distance);
    /* How many of x are nearer to 0 than the limit. */
    size_t (*count_below)(size_t n, const void *x, double limit);

    /* 1 if no element is NaN or infinite. */
    int (*all_finite)(size_t n, const void *x);

    /* Elements start .. start + n - 1 of a stream. uniform: fma(u, high - low, low), u in (0, 1);
     * normal: fma(std, z, mean). low, high, mean and std are rounded to T before all else. */
    void (*fill_uniform)(il_stream s, uint64_t start, size_t n, double low, double high, void *out);
    void (*fill_normal)(il_stream s, uint64_t start, size_t n, double mean, double std, void *out);
    /* The quantile of u between the bounds, u the lower tail's probability of fill_normal's number. */
    void (*fill_truncated_normal)(il_stream s, uint64_t start, size_t n, const il_truncation *law, void *out);
    /* The words themselves: hi for half = 0, element by element (shuffles, known answers). */
    void (*fill_words)(il_stream s, uint32_t half, uint64_t start, size_t n, uint32_t *out);

    /* The functions on their own, for tests and tables: out[i] = f(x[i]). */
    void (*exp)(size_t n, const void *x, void *out);
    void (*expm1)(size_t n, const void *x, void *out);
    void (*log)(size_t n, const void *x, void *out);
    void (*log1p)(size_t n, const void *x, void *out);
    void (*tanh)(size_t n, const void *x, void *out);
    void (*sigmoid)(size_t n, const void *x, void *out);
    void (*erf)(size_t n, const void *x, void *out);
} il_kernel_set;
