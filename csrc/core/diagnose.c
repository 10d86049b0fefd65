/*
 * diagnose.c - a net measured on data: what its signal, slopes and gradients are. No judgement.
 *
 * Samples pass through an engine in the blocks of training. What is a count or a norm is summed on
 * the way; pre-activations and activations are kept as doubles, because quantiles and deviations
 * from a mean need them twice.
 */
#include "diagnose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "engine.h"
#include "spec.h"
#include "spectrum.h"

static const double UNDEFINED = (double)NAN;

void
il_moments_merge(il_layer_moments *m, double before, double n, double mean, double squares)
{
    const double total = before + n, delta = mean - m->mean;
    m->mean += delta * (n / total);
    m->squares += squares + delta * delta * (before * n / total);
}

/* ---- slopes ------------------------------------------------------------------------------ */

/* The function whose slope counts in layer l; 0 where no unit has one of its own (softmax), or none is the largest. */
static int
layer_activation(const il_net *net, size_t l, il_activation *g)
{
    *g = net->activations[l];
    if (l + 1 < net->layers) {
        return isfinite(il_activation_max_slope(*g));
    }
    g->kind = net->loss == IL_BINARY_CROSS_ENTROPY ? IL_SIGMOID : IL_IDENTITY;
    return net->loss != IL_CROSS_ENTROPY;
}

/* ---- quantiles --------------------------------------------------------------------------- */

static void
swap(double *a, double *b)
{
    const double kept = *a;
    *a = *b;
    *b = kept;
}

/* Puts the value of rank k of v[low..high] (inclusive) at its place, no larger one before it and no
 * smaller one after it (Hoare's FIND, median of three as pivot). */
static void
select_rank(double *v, size_t low, size_t high, size_t k)
{
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (v[middle] < v[low]) {
            swap(&v[middle], &v[low]);
        }
        if (v[high] < v[low]) {
            swap(&v[high], &v[low]);
        }
        if (v[high] < v[middle]) {
            swap(&v[high], &v[middle]);
        }
        const double pivot = v[middle];
        size_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) {
                i++;
            }
            while (pivot < v[j]) {
                j--;
            }
            if (i <= j) {
                swap(&v[i], &v[j]);
                i++;
                if (j == 0) {
                    break;
                }
                j--;
            }
        }
        if (k <= j && j < high) {
            high = j;
        } else if (k >= i) {
            low = i;
        } else {
            return;
        }
    }
}

/* Of n finite values, which are reordered. */
static void
quantiles_of(size_t n, double *v, double out[IL_QUANTILES])
{
    static const double share[IL_QUANTILES] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
    size_t low = 0;
    for (size_t q = 0; q < IL_QUANTILES; q++) {
        const double rank = share[q] * (double)(n - 1);
        const size_t k = (size_t)rank, above = k + 1 < n ? k + 1 : k;
        select_rank(v, low, n - 1, k);
        select_rank(v, k, n - 1, above);
        out[q] = v[k] + (v[above] - v[k]) * (rank - (double)k);
        low = k;
    }
}

/* ---- signal ------------------------------------------------------------------------------ */

/* Mean, standard deviation and quantiles of n values, which are reordered; NaN if one is not finite. */
static void
signal_of(size_t n, double *v, double *mean, double *std, double quantiles[IL_QUANTILES])
{
    const il_kernel_set_f64 *k = &il_kernels_get()->f64;
    if (!k->all_finite(n, v)) {
        *mean = *std = UNDEFINED;
        for (size_t q = 0; q < IL_QUANTILES; q++) {
            quantiles[q] = UNDEFINED;
        }
        return;
    }
    double lanes[IL_SUM_LANES] = {0}, squares[IL_SUM_LANES] = {0};
    k->sum(n, v, lanes);
    *mean = il_lanes_total(lanes) / (double)n;
    k->sum_squared_deviations(n, v, *mean, squares);
    *std = sqrt(il_lanes_total(squares) / (double)n);
    quantiles_of(n, v, quantiles);
}

/* Activations [B][M] to their deviations from the units' means; exactly 0 for a constant unit, whose
 * mean may round to something else. */
static void
centre(size_t B, size_t M, double *a)
{
    for (size_t m = 0; m < M; m++) {
        double sum = 0;
        int constant = 1;
        for (size_t b = 0; b < B; b++) {
            sum += a[b * M + m];
            constant &= a[b * M + m] == a[m];
        }
        const double mean = constant ? a[m] : sum / (double)B;
        for (size_t b = 0; b < B; b++) {
            a[b * M + m] -= mean;
        }
    }
}

static int
descending(const void *p, const void *q)
{
    const double a = *(const double *)p, b = *(const double *)q;
    return a > b ? -1 : a < b;
}

/* out[i][j] = sum over b of c[b][i] c[b][j]. */
static void
products(size_t B, size_t M, const double *c, double *out)
{
    enum { ROWS = 8 }; /* for which c is read once */
    memset(out, 0, M * M * sizeof *out);
    for (size_t i0 = 0; i0 < M; i0 += ROWS) {
        const size_t i1 = M - i0 < ROWS ? M : i0 + ROWS;
        for (size_t b = 0; b < B; b++) {
            const double *from = c + b * M;
            for (size_t i = i0; i < i1; i++) {
                double *row = out + i * M;
                const double factor = from[i];
                for (size_t j = i; j < M; j++) {
                    row[j] += factor * from[j];
                }
            }
        }
    }
    for (size_t i = 0; i < M; i++) {
        for (size_t j = 0; j < i; j++) {
            out[i * M + j] = out[j * M + i];
        }
    }
}

/* Singular values of c [B][M], largest first, by the products of its shorter side; `known` are those of the M columns,
 * or NULL. gram and work hold min(B, M)^2 and 2 min(B, M) values. The products halve the digits of small ones: what is
 * below 1e-8 of the largest is noise. */
static void
singular_values(size_t B, size_t M, const double *c, const double *known, double *gram, double *work, double *out)
{
    const size_t n = B < M ? B : M;
    if (M <= B && known != NULL) {
        memcpy(gram, known, n * n * sizeof *gram);
    } else if (M <= B) {
        products(B, M, c, gram);
    } else {
        for (size_t i = 0; i < B; i++) {
            for (size_t j = 0; j <= i; j++) {
                double sum = 0;
                for (size_t m = 0; m < M; m++) {
                    sum += c[i * M + m] * c[j * M + m];
                }
                gram[i * n + j] = gram[j * n + i] = sum;
            }
        }
    }
    if (!il_kernels_get()->f64.all_finite(n * n, gram)) {
        for (size_t i = 0; i < n; i++) {
            out[i] = UNDEFINED;
        }
        return;
    }
    il_symmetric_eigenvalues(n, gram, out, work);
    for (size_t i = 0; i < n; i++) {
        out[i] = out[i] > 0 ? sqrt(out[i]) : 0;
    }
    qsort(out, n, sizeof *out, descending);
}

/* ---- both precisions --------------------------------------------------------------------- */

/* Buffers of one call. */
typedef struct workspace {
    double **z, **a;             /* [L] of [B][M] */
    double *copy;                /* [B][widest] */
    double *gram, *spectrum;     /* [n][n] and [2 n], n = min(B, widest) */
    double *z_gradient;          /* [rows of a block][widest] */
    double *a_gradient_squares;  /* [L] */
    double *z_gradient_squares;  /* [L] */
    void *block;
} workspace;

static void
workspace_carve(workspace *w, const il_net *net, size_t B, size_t rows, il_arena *arena)
{
    const size_t L = net->layers, widest = il_widest_layer(net), shorter = B < widest ? B : widest;
    if (B > SIZE_MAX / widest) {
        arena->overflow = 1;
        return;
    }
    w->z = il_arena_take(arena, L, sizeof *w->z);
    w->a = il_arena_take(arena, L, sizeof *w->a);
    w->a_gradient_squares = il_arena_take(arena, L, sizeof *w->a_gradient_squares);
    w->z_gradient_squares = il_arena_take(arena, L, sizeof *w->z_gradient_squares);
    w->copy = il_arena_take(arena, B * widest, sizeof *w->copy);
    w->gram = il_arena_take(arena, shorter * shorter, sizeof *w->gram);
    w->spectrum = il_arena_take(arena, 2 * shorter, sizeof *w->spectrum);
    w->z_gradient = il_arena_take(arena, rows * widest, sizeof *w->z_gradient);
    for (size_t l = 0; l < L; l++) {
        double *z = il_arena_take(arena, B * net->widths[l + 1], sizeof *z);
        double *a = il_arena_take(arena, B * net->widths[l + 1], sizeof *a);
        if (arena->base != NULL) {
            w->z[l] = z;
            w->a[l] = a;
        }
    }
}

static il_status
workspace_create(workspace *w, const il_net *net, size_t B, size_t rows)
{
    il_arena arena = {.base = NULL};
    workspace_carve(w, net, B, rows, &arena);
    w->block = il_arena_allocate(&arena);
    if (w->block == NULL) {
        return IL_ERROR_MEMORY;
    }
    workspace_carve(w, net, B, rows, &arena);
    return IL_OK;
}

/* Everything undefined, or 0 where it will be summed. */
static void
layer_clear(il_layer_diagnosis *d, size_t B, size_t M, int has_slope, int has_gradient)
{
    d->z_mean = d->z_std = d->a_mean = d->a_std = UNDEFINED;
    for (size_t q = 0; q < IL_QUANTILES; q++) {
        d->z_quantiles[q] = d->a_quantiles[q] = UNDEFINED;
    }
    d->saturated_low = d->saturated_high = d->hard = d->linear = has_slope ? 0 : UNDEFINED;
    d->sparse = B > 0 ? 0 : UNDEFINED;
    d->weight_gradient_norm = d->bias_gradient_norm = d->z_gradient_norm = d->a_gradient_norm =
        d->signal_gradient_norm = has_gradient ? 0 : UNDEFINED;
    d->weights_not_finite = d->z_not_finite = d->gradients_not_finite = 0;
    for (size_t m = 0; m < M; m++) {
        if (d->unit_saturated != NULL) {
            d->unit_saturated[m] = has_slope ? 0 : UNDEFINED;
        }
        if (d->unit_inactive != NULL) {
            d->unit_inactive[m] = B > 0 ? 0 : UNDEFINED;
        }
        if (d->unit_activity != NULL) {
            d->unit_activity[m] = B > 0 ? 0 : UNDEFINED;
        }
    }
    for (size_t b = 0; b < B && d->sample_saturated != NULL; b++) {
        d->sample_saturated[b] = has_slope ? 0 : UNDEFINED;
    }
}

#define T float
#define P f32
#include "engine_names.h"
#include "diagnose.inc.h"
#include "engine_end.h"

#define T double
#define P f64
#include "engine_names.h"
#include "diagnose.inc.h"
#include "engine_end.h"

/* ---- after the last block ---------------------------------------------------------------- */

/* Counts and sums to shares and means, kept signals to moments. */
static void
layer_finish(il_layer_diagnosis *d, size_t B, size_t M, double *z, double *a, workspace *w)
{
    const size_t pairs = B * M;
    const double each = 1 / (double)pairs;
    d->saturated_low *= each;
    d->saturated_high *= each;
    d->hard *= each;
    d->linear *= each;
    d->sparse *= each;
    for (size_t m = 0; m < M; m++) {
        double inactive = 0, activity = 0;
        for (size_t b = 0; b < B; b++) {
            inactive += z[b * M + m] <= 0;
            activity += fabs(a[b * M + m]);
        }
        if (d->unit_saturated != NULL) {
            d->unit_saturated[m] /= (double)B;
        }
        if (d->unit_inactive != NULL) {
            d->unit_inactive[m] = inactive / (double)B;
        }
        if (d->unit_activity != NULL) {
            d->unit_activity[m] = activity / (double)B;
        }
    }
    for (size_t b = 0; b < B && d->sample_saturated != NULL; b++) {
        d->sample_saturated[b] /= (double)M;
    }
    memcpy(w->copy, a, pairs * sizeof *w->copy);
    signal_of(pairs, z, &d->z_mean, &d->z_std, d->z_quantiles);
    signal_of(pairs, w->copy, &d->a_mean, &d->a_std, d->a_quantiles);
    centre(B, M, a);
    if (d->scatter != NULL) {
        products(B, M, a, d->scatter);
    }
    if (d->singular_values != NULL) {
        singular_values(B, M, a, d->scatter, w->gram, w->spectrum, d->singular_values);
    }
}

il_status
il_net_diagnose(const il_net *net, size_t B, const void *x, const void *y, double threshold,
                il_layer_diagnosis *layers, il_loss_diagnosis *loss)
{
    if (net == NULL || layers == NULL || loss == NULL || (B == 0) != (x == NULL) || (x == NULL && y != NULL)
        || !(threshold >= 0 && threshold <= 1)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const size_t rows = B < IL_BLOCK ? B : IL_BLOCK;
    const int single = net->dtype == IL_FLOAT32;
    workspace w;
    il_status status = workspace_create(&w, net, B, rows);
    if (status != IL_OK) {
        goto done;
    }
    if (B > 0 && !(single ? diagnose_data_finite_f32(net, &k->f32, B, x, y)
                          : diagnose_data_finite_f64(net, &k->f64, B, x, y))) {
        status = IL_ERROR_NOT_FINITE;
        goto release;
    }
    for (size_t l = 0; l < net->layers; l++) {
        il_activation g;
        layer_clear(&layers[l], B, net->widths[l + 1], B > 0 && layer_activation(net, l, &g), y != NULL);
        if (single) {
            diagnose_weights_f32(net, &k->f32, l, &layers[l]);
        } else {
            diagnose_weights_f64(net, &k->f64, l, &layers[l]);
        }
    }
    *loss = (il_loss_diagnosis){UNDEFINED, UNDEFINED};
    if (B > 0) {
        status = single ? diagnose_run_f32(net, &k->f32, B, x, y, threshold, &w, layers, loss)
                        : diagnose_run_f64(net, &k->f64, B, x, y, threshold, &w, layers, loss);
        for (size_t l = 0; status == IL_OK && l < net->layers; l++) {
            layer_finish(&layers[l], B, net->widths[l + 1], w.z[l], w.a[l], &w);
        }
    }
release:
    il_release(w.block);
done:
    il_float_leave(saved);
    return status;
}
