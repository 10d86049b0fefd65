/*
 * first_step.c - an optimizer's first step, measured before it is taken: how far it moves each layer, where it aims,
 * what linearised training would learn, how sharp the loss is, and the loss along the step. No judgement; the net
 * stays as it is.
 *
 * Forward and backward passes run in the net's dtype, so that a gradient which underflows there is 0 here. Everything
 * made of their products (second moments, tangent kernels, norms) is in double.
 *
 * The parts, in this order, over one engine: tangent kernels on at most IL_KERNEL_ROWS samples, which give the
 * sharpness; gradients of both residuals over all samples; the steps; the derivative of the outputs along the first;
 * the loss along the second.
 */
#include <math.h>
#include <string.h>

#include "engine.h"
#include "spec.h"
#include "spectrum.h"
#include "statistics.h"

/* Gradients, their second moments and the step that an optimizer makes of them. */
typedef struct residual {
    void *gradient;  /* [engine count], in panels */
    double *squares; /* [net count]: sums over samples of the squares of their own gradients; NULL for SGD */
    double *step;    /* [net count] */
} residual;

/* Tangent kernels on S samples, layer by layer; the products of the deltas times those of the inputs plus 1,
 * which is the bias, element by element. */
typedef struct kernels {
    size_t S, O;      /* samples, outputs */
    void *x;          /* [S][N] of the first layer */
    double *y;        /* [S][M] of the last */
    double *inputs;   /* [L][S][S] products of the layer's inputs */
    double *deltas;   /* [L][S][S] products of deltas, the mean over outputs */
    double *together; /* [L][S][S] those of the outputs' sum over sqrt(M) */
    double *sum;      /* [S][S] */
    double *turned;   /* [S][S] the same, transposed */
    double *values;   /* [S] eigenvalues, */
    double *learned;  /* [S] and what of each is learned */
    double *work;     /* [2 S] */
} kernels;

/* One call. */
typedef struct measurement {
    const il_net *net;
    const il_first_step_options *options;
    const il_kernel_set *k; /* of doubles */
    il_engine e;
    size_t B, rows, widest; /* samples, of a block at most, and units of the widest layer with the inputs */
    const void *x, *y;
    residual centred, real;
    kernels kernel;
    double *mean;            /* [M] of the targets */
    void *constant;          /* [rows][M] the same, as outputs */
    double *target, *change; /* [B][M] targets; derivatives of the outputs */
    void *plain, *panels;    /* [net count] and [engine count] of a step in the net's dtype */
    void *scratch;           /* [rows][2 W] in the net's dtype */
    double *left, *right;    /* [max(rows, S)][widest] */
    double *right_panels;    /* the same, transposed or not, filled up to whole panels */
    double *product, *sums;  /* [max(widest, S)][2 W], [2 W] */
    double *values;          /* [3][engine count] */
    il_first_step *out;
    void *block;
} measurement;

/* ---- memory ------------------------------------------------------------------------------ */

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void
carve_kernels(measurement *s, il_arena *arena)
{
    kernels *t = &s->kernel;
    const size_t L = s->net->layers, S = t->S, M = s->net->widths[L];
    t->x = il_arena_take(arena, S * s->net->widths[0], s->e.element);
    t->y = il_arena_take(arena, S * M, sizeof *t->y);
    t->inputs = il_arena_take(arena, L * S * S, sizeof *t->inputs);
    t->deltas = il_arena_take(arena, L * S * S, sizeof *t->deltas);
    t->together = il_arena_take(arena, L * S * S, sizeof *t->together);
    t->sum = il_arena_take(arena, S * S, sizeof *t->sum);
    t->turned = il_arena_take(arena, S * S, sizeof *t->turned);
    t->values = il_arena_take(arena, S, sizeof *t->values);
    t->learned = il_arena_take(arena, S, sizeof *t->learned);
    t->work = il_arena_take(arena, 2 * S, sizeof *t->work);
}

static void
carve_residual(const measurement *s, residual *r, il_arena *arena)
{
    const int adaptive = s->options->optimizer.kind != IL_SGD;
    r->gradient = il_arena_take(arena, s->e.count, s->e.element);
    r->step = il_arena_take(arena, s->net->count, sizeof *r->step);
    r->squares = adaptive ? il_arena_take(arena, s->net->count, sizeof *r->squares) : NULL;
}

static void
carve_measurement(measurement *s, il_arena *arena)
{
    const size_t W = s->k->lanes, M = s->net->widths[s->net->layers];
    if (s->B > SIZE_MAX / M || s->widest > SIZE_MAX / 2 / (s->rows + 2 * W) - 2 * W) {
        arena->overflow = 1;
        return;
    }
    carve_kernels(s, arena);
    carve_residual(s, &s->centred, arena);
    carve_residual(s, &s->real, arena);
    s->mean = il_arena_take(arena, M, sizeof *s->mean);
    s->constant = il_arena_take(arena, s->rows * M, s->e.element);
    s->target = il_arena_take(arena, s->B * M, sizeof *s->target);
    s->change = il_arena_take(arena, s->B * M, sizeof *s->change);
    s->plain = il_arena_take(arena, s->net->count, s->e.element);
    s->panels = il_arena_take(arena, s->e.count, s->e.element);
    s->scratch = il_arena_take(arena, s->rows * 2 * s->e.k->lanes, s->e.element);
    s->left = il_arena_take(arena, s->rows * s->widest, sizeof *s->left);
    s->right = il_arena_take(arena, s->rows * s->widest, sizeof *s->right);
    s->right_panels = il_arena_take(arena, (s->rows + 2 * W) * (s->widest + 2 * W), sizeof *s->right_panels);
    s->product = il_arena_take(arena, larger(s->widest, s->rows) * 2 * W, sizeof *s->product);
    s->sums = il_arena_take(arena, 2 * W, sizeof *s->sums);
    s->values = il_arena_take(arena, 3 * s->e.count, sizeof *s->values);
}

static il_status
measurement_create(measurement *s)
{
    const size_t N = s->net->widths[0], widest = il_widest_layer(s->net), M = s->net->widths[s->net->layers];
    s->k = il_kernels_get()->f64;
    s->rows = smaller(s->B, IL_BLOCK);
    s->widest = larger(N, widest);
    s->kernel.S = smaller(s->B, IL_KERNEL_ROWS);
    s->kernel.O = smaller(M, IL_KERNEL_OUTPUTS);
    const il_kernel_set *k = il_kernel_set_of(il_kernels_get(), s->net->dtype);
    const il_status status = il_engine_create(&s->e, s->net, k, s->rows, IL_KEEP_Z | IL_BACKWARD, NULL, NULL);
    if (status != IL_OK) {
        return status;
    }
    il_arena arena = {.base = NULL};
    carve_measurement(s, &arena);
    s->block = il_arena_allocate(&arena);
    if (s->block == NULL) {
        il_engine_destroy(&s->e);
        return IL_ERROR_MEMORY;
    }
    carve_measurement(s, &arena);
    return IL_OK;
}

static void
measurement_destroy(measurement *s)
{
    il_release(s->block);
    il_engine_destroy(&s->e);
}

/* ---- targets ----------------------------------------------------------------------------- */

/* The best constant outputs: the mean of the targets, as values or probabilities; and these as rows of outputs. */
static void
find_constant(measurement *s)
{
    const size_t M = s->net->widths[s->net->layers];
    s->e.k->to_doubles(s->B * M, s->y, s->target);
    il_column_means(s->B, M, s->target, s->mean);
    for (size_t r = 0; r < s->rows; r++) {
        s->e.k->from_doubles(M, s->mean, il_at(s->constant, r * M, s->e.element));
    }
}

/* Second derivative of the mean loss by one output of a sample, times B, at the best constant; mean over outputs. */
static double
curvature(const measurement *s)
{
    const size_t M = s->net->widths[s->net->layers];
    if (s->net->loss == IL_MSE) {
        return 2 / (double)M;
    }
    double sum = 0;
    for (size_t m = 0; m < M; m++) {
        sum += s->mean[m] * (1 - s->mean[m]);
    }
    return sum / (double)M / (s->net->loss == IL_BINARY_CROSS_ENTROPY ? (double)M : 1);
}

/* ---- tangent kernels --------------------------------------------------------------------- */

/* Row i of at most `most` rows that are chosen evenly from `count`. */
static size_t
evenly(size_t i, size_t count, size_t most)
{
    return count <= most ? i : i * (count / most) + i * (count % most) / most;
}

/* out [S][S] += c c', c [S][K] doubles. */
static void
add_products(measurement *s, size_t K, const double *c, double *out)
{
    const size_t S = s->kernel.S, w = 2 * s->k->lanes;
    for (size_t j = 0; j < S; j += w) {
        const size_t columns = smaller(S - j, w);
        s->k->transpose(columns, K, c + j * K, K, s->right_panels, w);
        s->k->contract_wide(&(il_contraction){
            .rows = S, .K = K, .a = c, .a_row = K, .a_panel = w, .b = s->right_panels, .b_row = w, .c = s->product});
        for (size_t i = 0; i < S; i++) {
            for (size_t n = 0; n < columns; n++) {
                out[i * S + j + n] += s->product[i * w + n];
            }
        }
    }
}

/* Products of the deltas of output o; where o is M, of the sum of all outputs over sqrt(M). */
static void
add_direction(measurement *s, size_t o, double *out)
{
    il_engine *e = &s->e;
    const size_t S = s->kernel.S, L = e->L, M = s->net->widths[L];
    const double all = 1 / sqrt((double)M);
    for (size_t m = 0; m < M; m++) {
        s->right[m] = o == M ? all : m == o;
    }
    for (size_t r = 0; r < S; r++) {
        e->k->from_doubles(M, s->right, il_at(e->delta, r * M, e->element));
    }
    il_engine_backward(e, S);
    for (size_t l = 0; l < L; l++) {
        il_engine_samples_to_doubles(e, &e->layers[l], S, e->layers[l].d, s->left);
        add_products(s, e->layers[l].M, s->left, out + l * S * S);
    }
}

/* sum [S][S] of the kernels of all layers: each at its layer's rate, or at 1. */
static void
sum_kernels(measurement *s, const double *deltas, double each, int at_rates)
{
    kernels *t = &s->kernel;
    const size_t square = t->S * t->S;
    memset(t->sum, 0, square * sizeof *t->sum);
    for (size_t l = 0; l < s->net->layers; l++) {
        const double factor = at_rates ? each * s->out->layers[l].rate : each;
        const double *d = deltas + l * square, *a = t->inputs + l * square;
        for (size_t i = 0; factor != 0 && i < square; i++) {
            t->sum[i] += factor * (d[i] * (a[i] + 1));
        }
    }
}

/* Largest eigenvalue of the sum; infinite or NaN where the sum is. */
static double
largest_eigenvalue(measurement *s)
{
    kernels *t = &s->kernel;
    const size_t S = t->S;
    if (!s->k->all_finite(S * S, t->sum)) {
        double sum = 0;
        for (size_t i = 0; i < S * S; i++) {
            sum += fabs(t->sum[i]);
        }
        return sum;
    }
    il_symmetric_eigenvalues(S, t->sum, t->values, 0, NULL, t->work);
    double most = 0;
    for (size_t i = 0; i < S; i++) {
        most = t->values[i] > most ? t->values[i] : most;
    }
    return most;
}

static void
measure_kernels(measurement *s)
{
    il_engine *e = &s->e;
    kernels *t = &s->kernel;
    const size_t S = t->S, N = s->net->widths[0], L = e->L, M = s->net->widths[L];
    for (size_t i = 0; i < S; i++) {
        const size_t row = evenly(i, s->B, S);
        memcpy(il_at(t->x, i * N, e->element), il_const_at(s->x, row * N, e->element), N * e->element);
        memcpy(t->y + i * M, s->target + row * M, M * sizeof *t->y);
    }
    il_engine_forward(e, S, t->x);
    for (size_t l = 0; l < L; l++) {
        if (l == 0) {
            e->k->to_doubles(S * N, t->x, s->left);
        } else {
            il_engine_samples_to_doubles(e, &e->layers[l - 1], S, e->layers[l - 1].a, s->left);
        }
        add_products(s, e->layers[l].N, s->left, t->inputs + l * S * S);
    }
    for (size_t i = 0; i < t->O; i++) {
        add_direction(s, evenly(i, M, t->O), t->deltas);
    }
    const double scale = curvature(s) / (double)S;
    sum_kernels(s, t->deltas, 1 / (double)t->O, 0);
    s->out->sharpness = largest_eigenvalue(s) * scale;
    if (M > 1 && s->net->loss != IL_CROSS_ENTROPY) {
        add_direction(s, M, t->together);
        sum_kernels(s, t->together, 1, 0);
        const double together = largest_eigenvalue(s) * scale;
        s->out->sharpness = together > s->out->sharpness ? together : s->out->sharpness;
    }
}

/* Share of the energy of the targets' deviations that linearised training learns in so many steps. */
static double
linear_share(measurement *s)
{
    kernels *t = &s->kernel;
    const size_t S = t->S, M = s->net->widths[s->net->layers];
    sum_kernels(s, t->deltas, 1 / (double)t->O, 1);
    if (!s->k->all_finite(S * S, t->sum)) {
        return 0;
    }
    il_centre(S, M, t->y);
    il_centre(S, S, t->sum); /* the columns, then the rows, which are the columns of the transpose */
    s->k->transpose(S, S, t->sum, S, t->turned, S);
    il_centre(S, S, t->turned);
    double before = 0;
    for (size_t i = 0; i < S * M; i++) {
        before += t->y[i] * t->y[i];
    }
    il_symmetric_eigenvalues(S, t->turned, t->values, M, t->y, t->work);
    const double each = -2 * curvature(s) / (double)S * (double)s->options->steps;
    for (size_t i = 0; i < S; i++) {
        t->learned[i] = t->values[i] > 0 ? each * t->values[i] : 0;
    }
    s->k->expm1(S, t->learned, t->learned);
    double sum = 0;
    for (size_t i = 0; i < S; i++) {
        for (size_t m = 0; m < M; m++) {
            sum -= t->learned[i] * (t->y[i * M + m] * t->y[i * M + m]);
        }
    }
    const double share = before > 0 && sum > 0 ? sum / before : 0;
    return share < 1 ? share : 1; /* rounding may add to what there was */
}

/* ---- gradients --------------------------------------------------------------------------- */

/* x[i] = x[i]^2 */
static void
square(size_t n, double *x)
{
    for (size_t i = 0; i < n; i++) {
        x[i] *= x[i];
    }
}

/* Products of the squares of inputs and deltas of R samples: the squares of their own gradients, summed. */
static void
add_squares(measurement *s, size_t R, const void *x, double *squares)
{
    il_engine *e = &s->e;
    for (size_t l = 0; l < e->L; l++) {
        const il_layer *layer = &e->layers[l];
        const size_t N = layer->N, M = layer->M, w = 2 * s->k->lanes;
        double *const weights = squares + s->net->weight_offset[l], *const biases = squares + s->net->bias_offset[l];
        if (l == 0) {
            e->k->to_doubles(R * N, x, s->left);
        } else {
            il_engine_samples_to_doubles(e, layer - 1, R, layer[-1].a, s->left);
        }
        il_engine_samples_to_doubles(e, layer, R, layer->d, s->right);
        square(R * N, s->left);
        square(R * M, s->right);
        s->k->pack(R, M, w, s->right, s->right_panels);
        for (size_t j = 0; j < M; j += w) {
            s->k->contract_wide(&(il_contraction){.rows = N,
                                                  .K = R,
                                                  .transposed = 1,
                                                  .a = s->left,
                                                  .a_row = N,
                                                  .a_panel = w,
                                                  .b = s->right_panels + j * R,
                                                  .b_row = w,
                                                  .c = s->product,
                                                  .sums = s->sums});
            const size_t columns = smaller(M - j, w);
            for (size_t n = 0; n < N; n++) {
                s->k->add(columns, s->product + n * w, weights + n * M + j);
            }
            s->k->add(columns, s->sums, biases + j);
        }
    }
}

/* Gradients of R samples from the deltas of `outputs`. */
static void
add_gradients(measurement *s, size_t R, const void *x, const void *y, const void *outputs, int add, residual *r)
{
    il_engine_set_gradient(&s->e, r->gradient);
    il_engine_delta_of(&s->e, R, outputs, y, s->B);
    il_engine_store_gradients(&s->e, R, x, add);
    if (r->squares != NULL) {
        add_squares(s, R, x, r->squares);
    }
}

/* An infinite loss where it is none. */
static double
finite_or_infinite(double loss)
{
    return isfinite(loss) ? loss : (double)INFINITY;
}

static void
measure_residuals(measurement *s)
{
    il_engine *e = &s->e;
    const size_t N = s->net->widths[0], M = s->net->widths[e->L];
    double lanes[IL_SUM_LANES] = {0};
    for (size_t b = 0; b < s->B; b += IL_BLOCK) {
        const size_t R = smaller(s->B - b, IL_BLOCK);
        const void *const x = il_const_at(s->x, b * N, e->element), *const y = il_const_at(s->y, b * M, e->element);
        il_engine_forward(e, R, x);
        il_engine_add_loss(e, R, y, lanes);
        add_gradients(s, R, x, y, e->outputs, b > 0, &s->real);
        add_gradients(s, R, x, y, s->constant, b > 0, &s->centred);
    }
    s->out->loss = finite_or_infinite(il_lanes_total(lanes) / il_engine_loss_count(e, s->B));
}

/* ---- steps ------------------------------------------------------------------------------- */

/* One value of the step that `optimizer` makes in the long run of a gradient g: by its own size, or by the root of its
 * second moment, with the noise of minibatches. */
static double
step_value(const il_optimizer *optimizer, double size, double g, double second_moment)
{
    if (optimizer->kind == IL_SGD) {
        return -size * g;
    }
    const double root = isfinite(second_moment) ? sqrt(second_moment) : fabs(g);
    return -size * g / (root + optimizer->epsilon);
}

/* The step [net count] from gradients and second moments. */
static void
make_step(measurement *s, residual *r)
{
    const il_optimizer *optimizer = &s->options->optimizer;
    const size_t B = s->B, batch = s->options->batch_size;
    const double size = s->out->learning_rate / (1 - optimizer->momentum);
    const int whole = batch == 0 || batch >= B;
    const double noise = whole ? 0 : (double)(B - batch) / (double)(B - 1) / (double)batch;
    il_engine_unpack(&s->e, s->net, r->gradient, s->plain);
    s->e.k->to_doubles(s->net->count, s->plain, r->step);
    for (size_t i = 0; i < s->net->count; i++) {
        const double g = r->step[i];
        const double variance = r->squares != NULL ? (double)B * r->squares[i] - g * g : 0;
        r->step[i] = step_value(optimizer, size, g, g * g + (variance > 0 ? variance * noise : 0));
    }
}

/* Norm of n doubles. */
static double
norm_of_doubles(const il_kernel_set *k, size_t n, const double *x)
{
    double lanes[IL_SUM_LANES] = {0};
    k->sum_squares(n, x, lanes);
    return sqrt(il_lanes_total(lanes));
}

/* a / b, where 0 / 0 is 0 and all else over 0 infinite. */
static double
ratio(double a, double b)
{
    return b != 0 ? a / b : a != 0 ? (double)INFINITY : 0;
}

static void
measure_moves(measurement *s)
{
    const il_net *net = s->net;
    double *const gradient = s->values, *const parameters = s->values + net->count;
    const int plain = s->options->optimizer.kind == IL_SGD;
    il_engine_unpack(&s->e, net, s->centred.gradient, s->plain);
    s->e.k->to_doubles(net->count, s->plain, gradient);
    s->e.k->to_doubles(net->count, net->parameters, parameters);
    for (size_t l = 0; l < net->layers; l++) {
        const size_t weights = net->weight_offset[l], biases = net->bias_offset[l], M = net->widths[l + 1];
        const size_t count = net->widths[l] * M;
        const double *step = s->centred.step;
        il_layer_step *layer = &s->out->layers[l];
        const double moved = norm_of_doubles(s->k, count, step + weights);
        layer->gradient_norm = norm_of_doubles(s->k, count, gradient + weights);
        layer->move = ratio(moved, norm_of_doubles(s->k, count, parameters + weights));
        layer->bias_move =
            ratio(norm_of_doubles(s->k, M, step + biases), norm_of_doubles(s->k, M, parameters + biases));
        layer->rate = layer->gradient_norm == 0 ? 0
                      : plain                   ? s->out->learning_rate / (1 - s->options->optimizer.momentum)
                                                : moved / layer->gradient_norm;
    }
}

/* A step into panels of the net's dtype. */
static void
pack_step(measurement *s, const double *step)
{
    s->e.k->from_doubles(s->net->count, step, s->plain);
    il_engine_pack(&s->e, s->net, s->plain, s->panels);
}

/* ---- along the step ---------------------------------------------------------------------- */

/* x over its largest |x|, so that its squares neither overflow nor vanish. */
static void
scale_down(size_t n, double *x)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    }
    for (size_t i = 0; largest > 0 && i < n; i++) {
        x[i] /= largest;
    }
}

/* Cosine of a and b [B][M], both with centred columns; 0 where one of them is constant or not finite. Changes both. */
static double
cosine(size_t B, size_t M, double *a, double *b)
{
    const size_t n = B * M;
    double squares_a = 0, squares_b = 0, products = 0;
    scale_down(n, a);
    scale_down(n, b);
    il_centre(B, M, a);
    il_centre(B, M, b);
    for (size_t i = 0; i < n; i++) {
        squares_a += a[i] * a[i];
        squares_b += b[i] * b[i];
        products += a[i] * b[i];
    }
    const double norms = sqrt(squares_a) * sqrt(squares_b);
    return norms > 0 ? products / norms : 0;
}

static void
measure_aim(measurement *s)
{
    il_engine *e = &s->e;
    const il_layer *top = &e->layers[e->L - 1];
    const size_t N = s->net->widths[0], M = top->M;
    pack_step(s, s->centred.step);
    for (size_t b = 0; b < s->B; b += IL_BLOCK) {
        const size_t R = smaller(s->B - b, IL_BLOCK);
        const void *const x = il_const_at(s->x, b * N, e->element);
        if (s->B > IL_BLOCK) { /* else the engine still has the pass */
            il_engine_forward(e, R, x);
        }
        il_engine_forward_derivative(e, R, x, s->panels, s->scratch);
        il_engine_samples_to_doubles(e, top, R, top->d, s->change + b * M);
    }
    s->out->aim = cosine(s->B, M, s->change, s->target);
}

/* The loss at a multiple of the real step. */
static double
loss_at(measurement *s, double multiple)
{
    il_engine *e = &s->e;
    const size_t N = s->net->widths[0], M = s->net->widths[e->L], n = e->count;
    const double *origin = s->values, *step = s->values + n;
    double *const at = s->values + 2 * n;
    double lanes[IL_SUM_LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        at[i] = origin[i] + multiple * step[i];
    }
    e->k->from_doubles(n, at, e->parameters);
    for (size_t b = 0; b < s->B; b += IL_BLOCK) {
        const size_t R = smaller(s->B - b, IL_BLOCK);
        il_engine_forward(e, R, il_const_at(s->x, b * N, e->element));
        il_engine_add_loss(e, R, il_const_at(s->y, b * M, e->element), lanes);
    }
    return finite_or_infinite(il_lanes_total(lanes) / il_engine_loss_count(e, s->B));
}

/* Changes the engine's parameters, so it comes last. */
static void
measure_ray(measurement *s)
{
    const size_t n = s->e.count;
    pack_step(s, s->real.step);
    s->e.k->to_doubles(n, s->e.parameters, s->values);
    s->e.k->to_doubles(n, s->panels, s->values + n);
    for (size_t i = 0; i < s->options->multiple_count; i++) {
        s->out->ray[i] = loss_at(s, s->options->multiples[i]);
    }
}

/* ---- the call ---------------------------------------------------------------------------- */

static int
options_valid(const il_first_step_options *options)
{
    int valid = il_optimizer_valid(&options->optimizer) && isfinite(options->curvature_share)
                && options->curvature_share >= 0 && (options->multiple_count == 0 || options->multiples != NULL);
    for (size_t i = 0; valid && i < options->multiple_count; i++) {
        valid = isfinite(options->multiples[i]);
    }
    return valid;
}

/* The rate that was given, or that of the curvature. */
static double
learning_rate_of(const il_first_step_options *options, double sharpness)
{
    if (options->curvature_share == 0) {
        return options->optimizer.learning_rate;
    }
    const double rate = sharpness > 0 ? options->curvature_share * (2 / sharpness) : 0;
    return isfinite(rate) ? rate : 0;
}

il_status
il_net_first_step(const il_net *net, size_t B, const void *x, const void *y, const il_first_step_options *options,
                  il_first_step *out)
{
    if (net == NULL || B < 1 || x == NULL || y == NULL || options == NULL || out == NULL || out->layers == NULL
        || (options->multiple_count > 0 && out->ray == NULL) || !options_valid(options)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernel_set *k = il_kernel_set_of(il_kernels_get(), net->dtype);
    il_status status = IL_ERROR_NOT_FINITE;
    if (k->all_finite(B * net->widths[0], x) && k->all_finite(B * net->widths[net->layers], y)) {
        measurement s = {.net = net, .options = options, .B = B, .x = x, .y = y, .out = out};
        status = measurement_create(&s);
        if (status == IL_OK) {
            find_constant(&s);
            measure_kernels(&s);
            out->learning_rate = learning_rate_of(options, out->sharpness);
            measure_residuals(&s);
            make_step(&s, &s.centred);
            make_step(&s, &s.real);
            measure_moves(&s);
            measure_aim(&s);
            out->lin = linear_share(&s);
            measure_ray(&s);
            measurement_destroy(&s);
        }
    }
    il_float_leave(saved);
    return status;
}
