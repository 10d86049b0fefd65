/*
 * initlens.h - see, compare and test how dense neural networks start.
 *
 * The only public header of the C core. C99 and C++ clean.
 *
 *     il_net *net = NULL;
 *     const size_t widths[] = {2, 4, 1};
 *     const il_activation hidden[] = {{IL_TANH, 0.0}};
 *     const il_net_spec spec = {IL_FLOAT64, 2, widths, hidden, IL_BINARY_CROSS_ENTROPY};
 *     const il_scheme scheme = {.kind = IL_SCHEME_NORMAL, .b = 0.01};
 *     il_status status = il_net_create(&spec, &net);
 *     if (status == IL_OK) { status = il_net_initialize(net, &scheme, NULL, key, 1); }
 *     if (status == IL_OK) { status = il_net_train(net, m, x, y, &options, NULL, &result); }
 *     il_net_destroy(net);
 *
 * Conventions
 *   - B samples (batch), N inputs and M outputs of a layer, L dense layers. Matrices are row-major,
 *     samples in rows; weights of layer l are [widths[l]][widths[l + 1]].
 *   - `void *` data holds float or double, as the net's dtype says; it must be aligned for that type.
 *   - Every fallible call returns an il_status; results come through pointers and are written only
 *     on IL_OK. Bad arguments never change a net.
 *   - No global state. A net may be used by one thread at a time; different nets are independent.
 *   - Same bits on every CPU, thread count and batch split: see NUMERICS in csrc/README.md.
 */
#ifndef INITLENS_H
#define INITLENS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define IL_MUST_USE __attribute__((warn_unused_result))
#elif defined(_MSC_VER)
#define IL_MUST_USE _Check_return_
#include <sal.h>
#else
#define IL_MUST_USE
#endif

/* Version of the numerical format; a change of any bit is a new number. */
#define IL_NUMERICS_VERSION 1

/* ---- status ------------------------------------------------------------------------------ */

typedef enum il_status {
    IL_OK = 0,
    IL_ERROR_MEMORY,     /* an allocation failed or a size overflows */
    IL_ERROR_ARGUMENT,   /* a setting is out of its range */
    IL_ERROR_NOT_FINITE, /* input data holds NaN or infinity */
    IL_ERROR_INTERRUPTED /* the poll callback asked to stop; the net is as after its last step */
} il_status;

/* A short English sentence; never NULL, static storage. */
const char *il_status_message(il_status status);

/* ---- settings ---------------------------------------------------------------------------- */

typedef enum il_dtype { IL_FLOAT32 = 0, IL_FLOAT64 } il_dtype;

typedef enum il_activation_kind {
    IL_IDENTITY = 0,
    IL_TANH,
    IL_SIGMOID,
    IL_RELU,
    IL_LEAKY_RELU, /* parameter: slope for z <= 0, in [0, 1] */
    IL_ELU,        /* parameter: alpha > 0 */
    IL_SELU,
    IL_GELU,      /* z Phi(z), by erf */
    IL_GELU_TANH, /* the tanh approximation */
    IL_SILU,
    IL_SOFTPLUS,
    IL_SOFTSIGN,
    IL_HARD_TANH,
    IL_ERF,
    IL_MISH,
    IL_RELU6,
    IL_HARD_SIGMOID, /* relu6(z + 3) / 6 */
    IL_HARD_SWISH,
    IL_CELU, /* parameter: alpha > 0 */
    IL_LOG_SIGMOID,
    IL_SOFT_SHRINK, /* parameter: threshold >= 0 */
    IL_HARD_SHRINK, /* the same */
    IL_TANH_SHRINK,
    IL_SQUARED_RELU,
    IL_EXPONENTIAL,
    IL_ARCTAN,
    IL_LECUN_TANH, /* 1.7159 tanh(2 z / 3) */
    IL_SIN,        /* for |z| <= 2^13; beyond, sin(2^13) with the sign of z, and slope 0 */
    IL_ACTIVATION_COUNT
} il_activation_kind;

typedef struct il_activation {
    il_activation_kind kind;
    double parameter; /* 0 where the kind takes none */
} il_activation;

/* The loss fixes the output: sigmoid, softmax, identity. */
typedef enum il_loss { IL_BINARY_CROSS_ENTROPY = 0, IL_CROSS_ENTROPY, IL_MSE, IL_LOSS_COUNT } il_loss;

typedef struct il_net_spec {
    il_dtype dtype;
    size_t layers;                    /* L >= 1 */
    const size_t *widths;             /* [L + 1], each >= 1 */
    const il_activation *activations; /* [L - 1], one a hidden layer; may be NULL if L == 1 */
    il_loss loss;
} il_net_spec;

typedef enum il_optimizer_kind { IL_SGD = 0, IL_ADAM, IL_RMSPROP, IL_OPTIMIZER_COUNT } il_optimizer_kind;

/* PyTorch's formulas. Unused fields must be 0. */
typedef struct il_optimizer {
    il_optimizer_kind kind;
    double learning_rate; /* >= 0, finite */
    double momentum;      /* SGD, RMSProp: [0, 1) */
    int nesterov;         /* SGD: 0 or 1; 1 needs momentum > 0 */
    double beta1, beta2;  /* Adam: [0, 1). RMSProp: beta2 is its smoothing constant alpha */
    double epsilon;       /* Adam, RMSProp: > 0 */
    double weight_decay;  /* L2, added to the gradient of weights and biases: >= 0 */
} il_optimizer;

/* ---- initialization ---------------------------------------------------------------------- */

typedef enum il_scheme_kind {
    IL_SCHEME_CONSTANT = 0,     /* a = value */
    IL_SCHEME_NORMAL,           /* a = mean, b = standard deviation >= 0 */
    IL_SCHEME_UNIFORM,          /* on (a, b), a <= b */
    IL_SCHEME_TRUNCATED_NORMAL, /* a = mean, b = standard deviation > 0 before the cut to (a + b low, a + b high) */
    IL_SCHEME_VARIANCE_SCALING, /* a = scale >= 0: variance = scale / fan, by mode and distribution */
    /* Of a whole matrix: for weights only. */
    IL_SCHEME_ORTHOGONAL, /* a = gain: orthonormal columns or rows, whichever are fewer; Haar uniform */
    IL_SCHEME_IDENTITY,   /* a = gain: on the diagonal */
    IL_SCHEME_SPARSE,     /* normal (a, b), but 0 outside `count` inputs of a unit (IL_FAN_IN) or outputs of an
                             input (IL_FAN_OUT) */
    IL_SCHEME_HADAMARD,   /* ZerO: the identity, cut off; where the layer widens, of a Hadamard matrix */
    IL_SCHEME_COUNT
} il_scheme_kind;

typedef enum il_fan_mode { IL_FAN_IN = 0, IL_FAN_OUT, IL_FAN_AVG, IL_FAN_GEO_AVG } il_fan_mode;
typedef enum il_distribution {
    IL_DISTRIBUTION_NORMAL = 0,
    IL_DISTRIBUTION_UNIFORM,
    IL_DISTRIBUTION_TRUNCATED_NORMAL /* cut at two standard deviations, and widened to keep the variance */
} il_distribution;

/* Fields that a kind does not name are not read. */
typedef struct il_scheme {
    il_scheme_kind kind;
    double a, b;
    il_fan_mode mode;
    il_distribution distribution;
    double low, high; /* low < high, in units of b; may be infinite */
    size_t count;     /* at most the fan of the mode */
} il_scheme;

/* What a random stream is for: a coordinate of the counter, so that no two tensors share numbers. */
typedef enum il_purpose { IL_PURPOSE_WEIGHTS = 0, IL_PURPOSE_BIASES, IL_PURPOSE_SHUFFLE, IL_PURPOSE_MASK } il_purpose;

/*
 * Fill out[count] with elements start .. start + count - 1 of the tensor (n_in, n_out) that `scheme`
 * gives for (key, tensor, purpose). Element i counts row-major over (n_in, n_out); any slice can be
 * drawn alone, at the cost of the whole where the law is one of the whole matrix. For biases pass
 * n_in = fan-in of the layer, n_out = its width, count = n_out. Elements that are independent may be more
 * than n_in * n_out: the two are then no more than fans. Large arrays are drawn by up to `threads` threads, the
 * caller's with them; 0 and 1: that one. The bits are the same.
 */
IL_MUST_USE il_status il_fill(const il_scheme *scheme, il_dtype dtype, size_t n_in, size_t n_out, uint64_t key,
                              uint32_t tensor, il_purpose purpose, uint64_t start, size_t count, size_t threads,
                              void *out);

/* ---- net: create, look inside ------------------------------------------------------------ */

typedef struct il_net il_net;

/* All parameters start at +0. IL_ERROR_MEMORY also where a size overflows. */
IL_MUST_USE il_status il_net_create(const il_net_spec *spec, il_net **out);
IL_MUST_USE il_status il_net_copy(const il_net *net, il_net **out); /* with optimizer state and counters */
void il_net_destroy(il_net *net);                                   /* NULL is fine */

il_dtype il_net_dtype(const il_net *net);
size_t il_net_layers(const il_net *net);              /* L */
size_t il_net_width(const il_net *net, size_t index); /* index 0..L */
il_loss il_net_loss_kind(const il_net *net);
il_activation il_net_activation(const il_net *net, size_t layer); /* layer 0..L-2 */
size_t il_net_parameter_count(const il_net *net);

/* Borrowed, writable, live as long as the net: [widths[l]][widths[l+1]] and [widths[l+1]]. */
void *il_net_weights(il_net *net, size_t layer);
void *il_net_biases(il_net *net, size_t layer);

/* One scheme a layer ([L]); bias_schemes NULL means zeros. Layer l draws tensor l. Clears the
 * optimizer state and the counters, and makes `key` the net's key for the order of minibatches.
 * `threads` as for il_fill. IL_ERROR_MEMORY is possible for schemes of a whole matrix; the net has not changed then. */
IL_MUST_USE il_status il_net_initialize(il_net *net, const il_scheme *schemes, const il_scheme *bias_schemes,
                                        uint64_t key, size_t threads);

/* The part of a net that training carries from call to call. */
typedef struct il_net_progress {
    uint64_t key;      /* of the minibatch order */
    uint64_t epoch;    /* of the next minibatch */
    uint64_t position; /* samples of that epoch already used */
    uint64_t samples;  /* data set size and batch size the position belongs to */
    uint64_t batch_size;
    uint64_t steps;                  /* optimizer steps since its state was cleared */
    double beta1_power, beta2_power; /* beta^steps, by recurrence */
    il_optimizer optimizer;          /* whose state the slots hold */
    int has_optimizer;               /* 0: no state */
} il_net_progress;

il_net_progress il_net_get_progress(const il_net *net);
/* Clears or restores; IL_ERROR_ARGUMENT for what no training leaves: a position beyond the samples, for example. */
IL_MUST_USE il_status il_net_set_progress(il_net *net, const il_net_progress *progress);

/* Makes a net usable again in the child of a fork that came while another thread trained it: clears progress and
 * slots if they do not belong together. The numbers are those of that moment, perhaps of two steps. */
void il_net_repair(il_net *net);
/* Optimizer state, borrowed: slot 0 momentum or first moment, slot 1 second moment; each
 * [parameter_count], in the order W0 b0 W1 b1 ... NULL where the optimizer keeps none. */
void *il_net_slot(il_net *net, size_t slot);

/* ---- net: compute ------------------------------------------------------------------------ */

/* x [B][widths[0]] -> out [B][widths[L]]: probabilities for the cross-entropies, else values. */
IL_MUST_USE il_status il_net_forward(const il_net *net, size_t B, const void *x, void *out);

/* z[l], a[l]: [B][widths[l + 1]] for each layer l; pointers may be NULL to skip one. */
IL_MUST_USE il_status il_net_activations(const il_net *net, size_t B, const void *x, void *const *z, void *const *a);

/* y [B][widths[L]]: 0/1, one-hot rows, or values. */
IL_MUST_USE il_status il_net_loss(const il_net *net, size_t B, const void *x, const void *y, double *loss);

/* Mean gradients over the batch, without weight decay. dw[l] [widths[l]][widths[l+1]], db[l] [widths[l+1]]. */
IL_MUST_USE il_status il_net_gradients(const il_net *net, size_t B, const void *x, const void *y, double *loss,
                                       void *const *dw, void *const *db);

/* ---- net: train -------------------------------------------------------------------------- */

/* One recorded row: the net after `step` steps of this call, on the batch of the next step. */
typedef struct il_layer_record {
    double activation_mean, activation_std; /* over samples and units */
    double saturated;      /* share of unit-sample pairs with |g'(z)| < 0.05 max|g'|; NaN: not defined */
    double gradient_norm;  /* Frobenius norm of dW */
    double weight_norm;    /* Frobenius norm of W */
    double unit_spread;    /* largest distance of a unit from the first, over their mean norm; copies: 0 */
    size_t distinct_units; /* as il_net_distinct_units() counts them */
} il_layer_record;

typedef struct il_record {
    size_t capacity;         /* rows that fit; need il_record_rows() */
    size_t rows;             /* written */
    uint64_t *step;          /* [capacity] */
    double *loss;            /* [capacity], loss of that batch */
    il_layer_record *layers; /* [capacity][L] */
} il_record;

typedef struct il_train_options {
    il_optimizer optimizer;
    uint64_t steps;
    size_t batch_size;     /* 0 or >= B: the full batch in its own order; else seeded shuffle by epoch */
    uint64_t record_every; /* 0: never; else steps 0, k, 2k, ... and the end */
    size_t threads;        /* at most, the caller's with them; 0 and 1: that one. The bits are the same. */
    /* Called between steps about 20 times a second; non-zero stops. May be NULL. */
    int (*poll)(void *context, uint64_t steps_done);
    void *poll_context;
} il_train_options;

typedef struct il_train_result {
    uint64_t steps; /* done */
    int diverged;   /* 1: the deltas of the outputs were not finite at step `steps`, which was not taken */
} il_train_result;

/* Rows of a record of so many steps; SIZE_MAX where there are more. */
size_t il_record_rows(uint64_t steps, uint64_t record_every);

/*
 * Train from where the net is. Optimizer state goes on when `optimizer` equals the last call's,
 * and is cleared otherwise. 2k steps give the bits of k + k. `record` may be NULL. On
 * IL_ERROR_INTERRUPTED `result` and `record` are written too.
 */
IL_MUST_USE il_status il_net_train(il_net *net, size_t B, const void *x, const void *y, const il_train_options *options,
                                   il_record *record, il_train_result *result);

/* The most parameters of a net that shares vectors with others, one net per lane. A larger net fills the vectors alone,
 * and a vector's worth of them would not fit the cache. */
#define IL_SMALL_NET 4096

/*
 * Train many nets on the same data, each as il_net_train would, to the same bits: `options` [count],
 * `records` [count] or NULL, `results` [count]. Small nets of one architecture run one a vector lane;
 * others, one after the other. The nets must be different nets. The options may differ in every
 * number of the optimizer, but not in its kind, in which of momentum, nesterov and weight_decay are
 * used, in steps, batch_size, record_every and poll, which is called for all; then each net is as
 * after its last full step, and results[i].steps says which. Nets of different architectures or
 * options of different kinds are an IL_ERROR_ARGUMENT; no net has changed then.
 */
IL_MUST_USE il_status il_nets_train(il_net *const *nets, size_t count, size_t B, const void *x, const void *y,
                                    const il_train_options *options, il_record *records, il_train_result *results);

/* ---- diagnose ---------------------------------------------------------------------------- */

/* Groups of equal (incoming column, bias, outgoing row) per layer: out [L]. Values are equal if their bits are, and
 * +0 equals -0. */
IL_MUST_USE il_status il_net_distinct_units(const il_net *net, size_t *out);

/* M units side by side: incoming [N][M], biases [M], outgoing [M][K]. A part that is NULL does not
 * count. Gradients have the same shape and are grouped by the same calls. */
typedef struct il_units {
    size_t N, M, K;
    const double *incoming, *biases, *outgoing;
} il_units;

/* Units that are the same function by an activation's own symmetry count as equal. */
typedef enum il_modulo {
    IL_MODULO_NONE = 0,
    IL_MODULO_SIGN, /* odd activations: (w, b, v) and (-w, -b, -v) */
    IL_MODULO_SCALE /* ReLU family: (w, b, v) and (c w, c b, v / c), c > 0 */
} il_modulo;

/* leader[m], m < M: the first unit of m's group. tolerance 0: equal bits, or zeros; else units within that
 * multiple of the units' mean norm of their leader. Scaling rounds: IL_MODULO_SCALE wants a few ulps. */
IL_MUST_USE il_status il_units_group(const il_units *units, il_modulo modulo, double tolerance, size_t *leader);

/* Rank of the incoming weights: directions left once what is below `tolerance` times the longest
 * column is taken for rounding. */
IL_MUST_USE il_status il_units_rank(const il_units *units, double tolerance, size_t *rank);

/* Distance of the other members of the largest group (the whole layer where no two units are near)
 * from its first unit, over the units' mean norm. 0 for copies, for a single unit, for all zeros. */
IL_MUST_USE il_status il_units_spread(const il_units *units, double tolerance, size_t *members, double *largest,
                                      double *mean);

/* The quantiles 0, 0.05, 0.25, 0.5, 0.75, 0.95, 1, interpolated linearly. */
#define IL_QUANTILES 7

/*
 * One layer of a net on B samples. Norms are Frobenius norms; gradients are those of the mean loss.
 * A pair is a unit on a sample; its relative slope is |g'(z)| / max|g'|. What is not defined is NaN:
 * moments and quantiles of values that are not finite, slopes of softmax, gradients without targets,
 * a_gradient_norm of the output layer (the loss works from logits).
 */
typedef struct il_layer_diagnosis {
    double z_mean, z_std, z_quantiles[IL_QUANTILES];
    double a_mean, a_std, a_quantiles[IL_QUANTILES];
    double saturated_low, saturated_high; /* share of pairs below the threshold, z <= 0 and z > 0 */
    double hard;                          /* of slope exactly 0 */
    double linear;                        /* of relative slope above 1 - 0.05^2: |a| < 0.05 for tanh */
    double sparse;                        /* of a == 0 */
    double weight_norm, bias_norm;
    double weight_gradient_norm, bias_gradient_norm, z_gradient_norm, a_gradient_norm;
    double signal_gradient_norm; /* of dW without what the inputs' means give it, which a bias could do */
    /* Values that are NaN or infinite: in W and b, in z, in their gradients. */
    double weights_not_finite, z_not_finite, gradients_not_finite;
    /* Arrays of the caller's, each may be NULL. */
    double *unit_saturated;   /* [M] share of samples below the threshold */
    double *unit_inactive;    /* [M] share of samples with z <= 0 */
    double *unit_activity;    /* [M] mean |a| */
    double *sample_saturated; /* [B] share of units below the threshold */
    double *singular_values;  /* [min(B, M)] of the same deviations [B][M], largest first */
    double *scatter;          /* [M][M] products of deviations of a from the units' means, summed over samples; a
                        constant unit's are exactly 0 */
    void *weight_gradient, *bias_gradient; /* [N][M] and [M] in the net's dtype */
} il_layer_diagnosis;

typedef struct il_loss_diagnosis {
    double loss;
    double confident_wrong; /* share of samples (of outputs: binary cross-entropy) whose true class has a
                               probability below 0.05; NaN for mse */
} il_loss_diagnosis;

/*
 * Measure a net, with sums in double. x NULL (B 0): weights and biases only; y NULL: no loss and no
 * gradients. A pair is saturated where its relative slope is below `threshold`, in [0, 1]; 0.05 in
 * records. layers [L], the output layer last.
 */
IL_MUST_USE il_status il_net_diagnose(const il_net *net, size_t B, const void *x, const void *y, double threshold,
                                      il_layer_diagnosis *layers, il_loss_diagnosis *loss);

/* ---- first step -------------------------------------------------------------------------- */

/* Tangent kernels are those of at most so many samples, and the mean over at most so many outputs, chosen evenly:
 * number floor(i count / most), i < most. */
#define IL_KERNEL_ROWS 40
#define IL_KERNEL_OUTPUTS 16

typedef struct il_first_step_options {
    il_optimizer optimizer; /* its weight decay and Nesterov's form are not part of the step */
    double curvature_share; /* >= 0, finite. 0: the optimizer's rate; else that share of 2 / sharpness is the rate, and
                               0 where that is not finite */
    size_t batch_size;      /* of training, whose noise Adam and RMSProp divide by; 0 or >= B: none */
    uint64_t steps;         /* of training, for `lin` */
    size_t multiple_count;
    const double *multiples; /* [multiple_count] of the step, for `ray`; finite */
} il_first_step_options;

/* A layer under the step from the centred residual. */
typedef struct il_layer_step {
    double move;          /* norm(step of W) / norm(W), 0 / 0 is 0 */
    double bias_move;     /* the same of the biases */
    double rate;          /* norm(step of W) / norm(dW); 0 without a gradient */
    double gradient_norm; /* of W */
} il_layer_step;

typedef struct il_first_step {
    double learning_rate; /* of the step */
    double loss;          /* before it; infinite where it is not finite */
    double aim;       /* cosine between the change of the outputs' pre-activations by the step, to first order, and y,
                             both less their means over samples; 0 where one of them is constant or not finite */
    double lin;       /* share of the energy of y less its mean that linearised training learns in `steps` steps;
                             0 where y is constant or the kernel is not finite */
    double sharpness; /* largest eigenvalue of the Gauss-Newton matrix at the best constant output */
    il_layer_step *layers; /* [L], the caller's */
    double *ray;           /* [multiple_count], the caller's: the loss at each multiple of the step from the real
                              residual; infinite where it is not finite */
} il_first_step;

/*
 * Measure the optimizer's first step, without taking it. The centred residual is the best constant output (the mean of
 * y, as values or probabilities) less y; the real one that of the net. The step of a gradient g of the mean loss is
 *     SGD             -rate g / (1 - momentum)
 *     Adam, RMSProp   -rate g / (sqrt(v) + epsilon) / (1 - momentum), v = g^2 + Var(g_s) / batch (B - batch) / (B - 1)
 * with Var(g_s) the variance over samples of their own gradients: what the optimizer's averages tend to.
 */
IL_MUST_USE il_status il_net_first_step(const il_net *net, size_t B, const void *x, const void *y,
                                        const il_first_step_options *options, il_first_step *out);

/* ---- activations ------------------------------------------------------------------------- */

/* Where an activation is flat: its slope is 0 there, or tends to it. Bits. */
typedef enum il_flat { IL_FLAT_LEFT = 1, IL_FLAT_RIGHT = 2, IL_FLAT_MIDDLE = 4 } il_flat;

/* What is known of a kind of activation: its row in csrc/kernels/activation_table.inc.h. A field left out is 0. */
typedef struct il_activation_info {
    const char *name;    /* "leaky_relu" */
    const char *aliases; /* other names, one space between them; or NULL */

    const char *parameter; /* its name, or NULL: the kind takes none, and the parameter is 0 */
    double initial;        /* the parameter where none is given */
    double least, most;    /* its range, ends included; */
    int above;             /* 1: but for the least */

    double max_slope;    /* max |g'|, by closed form or to the last bit of a double; infinite if unbounded */
    int parameter_slope; /* 1: the parameter is a slope as well, and max |g'| the larger of both */
    int linear;          /* 1: the largest slope is reached on, or approached along, a straight stretch. 0: it is
                            that of a hump or of the end of a curve, or there is none */
    il_modulo symmetry;  /* its own */
    unsigned flat;       /* of il_flat */
    int rectified;       /* 1: 0 or p z for z <= 0, p the parameter, so that a unit can be off */

    size_t kink_count; /* points where g or one of its derivatives jumps */
    double kinks[2];
    int kinks_scaled; /* 1: times the parameter */
    double pole;      /* distance of the nearest complex singularity from the real line, 2 where there is none; it sets
                         the step of the theory's quadrature. 0: has kinks, or the distance depends on the parameter;
                         the quadrature then goes by halves */
} il_activation_info;

/* NULL for what is no kind. */
const il_activation_info *il_activation_info_of(il_activation_kind kind);

/* max over z of |g'(z)|; infinite where the slope has no bound. */
double il_activation_max_slope(il_activation activation);

/* out[i] = g(z[i]) and slope[i] = g'(z[i]); either may be NULL. */
IL_MUST_USE il_status il_activation_apply(il_activation activation, il_dtype dtype, size_t count, const void *z,
                                          void *out, void *slope);

/* ---- this machine ------------------------------------------------------------------------ */

/* Name of the kernel table in use ("avx2", "scalar", ...) and why it was chosen; static storage.
 * The environment variable INITLENS_ISA lowers the choice, read once at the first call. */
const char *il_isa_name(void);
const char *il_isa_reason(void);
/* Choose a table by name for the calls that follow (tests; not while another thread computes).
 * IL_ERROR_ARGUMENT if this CPU or build has none of that name. */
IL_MUST_USE il_status il_isa_select(const char *name);
/* Names that il_isa_select takes here: index 0.., NULL past the end. */
const char *il_isa_available(size_t index);

#ifdef __cplusplus
}
#endif
#endif
