/*
 * orthogonal.c - see orthogonal.h.
 *
 * The Q of the QR factorization of a Gaussian matrix, its columns multiplied by the signs of R's diagonal,
 * is Haar distributed (Mezzadri, math-ph/0609050). By Householder's method each reflector is made from a
 * Gaussian vector independent of those before, so the vectors may be drawn directly, one shorter than the
 * other, and R need not be computed (Stewart, SIAM J. Numer. Anal. 17, 1980): half the work.
 *
 * BLOCK reflectors at a time are I - V T V' (Schreiber & Van Loan 1989). All products are contractions of
 * the kernel table, elementwise chains of NUMERICS 2, so the bits do not depend on the instruction set.
 */
#include "orthogonal.h"

#include <math.h>
#include <string.h>

#include "engine.h"
#include "memory.h"

enum { BLOCK = 32 }; /* a multiple of every panel's width */

/* rows >= columns is the tall shape of Q; it lies in panels of w columns. */
typedef struct workspace {
    const il_kernel_set_f64 *kernels;
    size_t rows, columns, w, panels;
    double *q;      /* [panels][rows][w] */
    double *v;      /* [rows][BLOCK]: reflectors as columns, from the block's first row on */
    double *gram;   /* [BLOCK / w][BLOCK][w]: V' V */
    double *t;      /* [BLOCK][BLOCK]: -T, upper triangular */
    double *vq, *tvq; /* [BLOCK][w]: V' Q and -T V' Q of a panel */
    double *change; /* [rows][w] */
    double *vector; /* [rows] */
    double *sign;   /* [columns]: of R's diagonal */
} workspace;

static void
carve(workspace *s, il_arena *arena)
{
    s->q = il_arena_take(arena, s->panels * s->rows * s->w, sizeof(double));
    s->v = il_arena_take(arena, s->rows * BLOCK, sizeof(double));
    s->gram = il_arena_take(arena, BLOCK * BLOCK, sizeof(double));
    s->t = il_arena_take(arena, BLOCK * BLOCK, sizeof(double));
    s->vq = il_arena_take(arena, BLOCK * s->w, sizeof(double));
    s->tvq = il_arena_take(arena, BLOCK * s->w, sizeof(double));
    s->change = il_arena_take(arena, s->rows * s->w, sizeof(double));
    s->vector = il_arena_take(arena, s->rows, sizeof(double));
    s->sign = il_arena_take(arena, s->columns, sizeof(double));
}

/* c [rows][w] = A B, A(r, k) at a + r * row_stride + k * k_stride */
static void
multiply(const workspace *s, size_t rows, size_t K, const double *a, size_t row_stride, size_t k_stride,
         const double *b, size_t b_stride, double *c)
{
    const il_contraction_f64 job = {
        .rows = rows,
        .K = K,
        .a = a,
        .row_stride = (ptrdiff_t)row_stride,
        .k_stride = (ptrdiff_t)k_stride,
        .segment = K,
        .b = b,
        .b_stride = (ptrdiff_t)b_stride,
        .c = c,
    };
    s->kernels->contract_wide(&job);
}

/*
 * Column j of V, from row j on, and tau of H = I - tau v v' that takes a Gaussian vector to a multiple of the
 * first unit vector. `k` counts all reflectors.
 */
static double
draw_reflector(workspace *s, il_stream stream, size_t k, size_t j)
{
    const size_t n = s->rows - k;
    double lanes[IL_SUM_LANES] = {0};
    s->kernels->fill_normal(stream, (uint64_t)k * s->rows + k, n, 0, 1, s->vector);
    s->kernels->sum_squares(n, s->vector, lanes);
    const double first = s->vector[0];
    const double diagonal = -copysign(sqrt(il_lanes_total(lanes)), first);
    const double pivot = first - diagonal; /* no cancellation, and never 0: no normal number is */
    s->sign[k] = copysign(1, diagonal);
    s->v[j * BLOCK + j] = 1;
    for (size_t i = 1; i < n; i++) {
        s->v[(j + i) * BLOCK + j] = s->vector[i] / pivot;
    }
    return (diagonal - first) / diagonal;
}

/* H_k0 H_k0+1 ... = I - V T V' on the rows from k0 on; leaves V and -T. */
static void
draw_block(workspace *s, il_stream stream, size_t k0, size_t count)
{
    const size_t rows = s->rows - k0, w = s->w;
    double tau[BLOCK];
    memset(s->v, 0, rows * BLOCK * sizeof *s->v);
    memset(s->t, 0, BLOCK * BLOCK * sizeof *s->t);
    for (size_t j = 0; j < count; j++) {
        tau[j] = draw_reflector(s, stream, k0 + j, j);
    }
    for (size_t j = 0; j < count; j += w) {
        multiply(s, count, rows, s->v, 1, BLOCK, s->v + j, BLOCK, s->gram + j * BLOCK);
    }
    for (size_t j = 0; j < count; j++) {
        const double *column = s->gram + j / w * w * BLOCK + j % w;
        for (size_t i = 0; i < j; i++) {
            double sum = 0;
            for (size_t l = i; l < j; l++) {
                sum += s->t[i * BLOCK + l] * column[l * w];
            }
            s->t[i * BLOCK + j] = -tau[j] * sum;
        }
        s->t[j * BLOCK + j] = -tau[j];
    }
}

static void
apply_block(const workspace *s, size_t k0, size_t count)
{
    const size_t rows = s->rows - k0, w = s->w;
    for (size_t p = k0 / w; p < s->panels; p++) { /* columns before k0 are still unit vectors */
        double *q = s->q + (p * s->rows + k0) * w;
        multiply(s, count, rows, s->v, 1, BLOCK, q, w, s->vq);
        multiply(s, count, count, s->t, BLOCK, 1, s->vq, w, s->tvq);
        multiply(s, rows, count, s->v, BLOCK, 1, s->tvq, w, s->change);
        s->kernels->add(rows * w, s->change, q);
    }
}

static double
element(const workspace *s, double gain, size_t row, size_t column)
{
    return gain * s->sign[column] * s->q[(column / s->w * s->rows + row) * s->w + column % s->w];
}

il_status
il_orthogonal_fill(const il_kernels *kernels, il_stream stream, il_dtype dtype, size_t n_in, size_t n_out, double gain,
                   void *out)
{
    workspace s = {.kernels = &kernels->f64, .w = 2 * kernels->f64.lanes};
    s.rows = n_in > n_out ? n_in : n_out;
    s.columns = n_in > n_out ? n_out : n_in;
    s.panels = s.columns / s.w + (s.columns % s.w != 0);
    if (s.panels > SIZE_MAX / s.w / s.rows || s.rows > SIZE_MAX / BLOCK) {
        return IL_ERROR_MEMORY;
    }
    il_arena arena = {NULL, 0, 0};
    carve(&s, &arena);
    void *memory = arena.overflow ? NULL : il_allocate(arena.used, 1);
    if (memory == NULL) {
        return IL_ERROR_MEMORY;
    }
    arena = (il_arena){memory, 0, 0};
    carve(&s, &arena);

    for (size_t j = 0; j < s.columns; j++) {
        s.q[(j / s.w * s.rows + j) * s.w + j % s.w] = 1;
    }
    for (size_t k0 = (s.columns - 1) / BLOCK * BLOCK;; k0 -= BLOCK) {
        const size_t count = s.columns - k0 < BLOCK ? s.columns - k0 : BLOCK;
        draw_block(&s, stream, k0, count);
        apply_block(&s, k0, count);
        if (k0 == 0) {
            break;
        }
    }
    const int tall = n_in >= n_out;
    for (size_t i = 0; i < n_in; i++) {
        for (size_t j = 0; j < n_out; j++) {
            const double x = tall ? element(&s, gain, i, j) : element(&s, gain, j, i);
            if (dtype == IL_FLOAT32) {
                ((float *)out)[i * n_out + j] = (float)x;
            } else {
                ((double *)out)[i * n_out + j] = x;
            }
        }
    }
    il_release(memory);
    return IL_OK;
}
