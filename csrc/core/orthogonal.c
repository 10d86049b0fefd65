/*
 * orthogonal.c - see orthogonal.h.
 *
 * The Q of the QR factorization of a Gaussian matrix, its columns multiplied by the signs of R's diagonal,
 * is Haar distributed (Mezzadri, math-ph/0609050). By Householder's method each reflector is made from a
 * Gaussian vector independent of those before, so the vectors may be drawn directly, one shorter than the
 * other, and R need not be computed (Stewart, SIAM J. Numer. Anal. 17, 1980): half the work.
 *
 * BLOCK reflectors at a time are I - V T V' (Schreiber & Van Loan 1989). All products are contractions of
 * the kernel table, elementwise chains of NUMERICS 2, so the bits do not depend on the instruction set; a team
 * shares the reflectors of a block, the panels they are applied to, and the rows of the result.
 */
#include "orthogonal.h"

#include <math.h>
#include <string.h>

#include "memory.h"

enum { BLOCK = 32 }; /* a multiple of every panel's width */

/* Arrays that each thread of the team needs for itself. */
typedef struct scratch {
    double *vq, *tvq; /* [BLOCK][w]: V' Q and -T V' Q of a panel */
    double *change;   /* [rows][w] */
    double *vector;   /* [rows] */
} scratch;

/* rows >= columns is the tall shape of Q; it lies in panels of w columns. */
typedef struct workspace {
    const il_kernel_set *kernels;
    il_team *team;
    il_stream stream;
    size_t rows, columns, w, panels;
    double *q;    /* [panels][rows][w] */
    double *v;    /* [rows][BLOCK]: reflectors as columns, from the block's first row on */
    double *gram; /* [BLOCK / w][BLOCK][w]: V' V */
    double *t;    /* [BLOCK][BLOCK]: -T, upper triangular */
    double *sign; /* [columns]: of R's diagonal */
    double tau[BLOCK];
    scratch *own;     /* [team] */
    size_t k0, count; /* the block: reflectors k0 .. k0 + count - 1 */
    /* the result */
    size_t n_in, n_out;
    il_dtype dtype;
    double gain;
    void *out;
} workspace;

static void
carve(workspace *s, il_arena *arena)
{
    s->q = il_arena_take(arena, s->panels * s->rows * s->w, sizeof(double));
    s->v = il_arena_take(arena, s->rows * BLOCK, sizeof(double));
    s->gram = il_arena_take(arena, BLOCK * BLOCK, sizeof(double));
    s->t = il_arena_take(arena, BLOCK * BLOCK, sizeof(double));
    s->sign = il_arena_take(arena, s->columns, sizeof(double));
    s->own = il_arena_take(arena, il_team_size(s->team), sizeof *s->own);
    for (size_t i = 0; i < il_team_size(s->team); i++) {
        const scratch own = {
            .vq = il_arena_take(arena, BLOCK * s->w, sizeof(double)),
            .tvq = il_arena_take(arena, BLOCK * s->w, sizeof(double)),
            .change = il_arena_take(arena, s->rows * s->w, sizeof(double)),
            .vector = il_arena_take(arena, s->rows, sizeof(double)),
        };
        if (s->own != NULL) {
            s->own[i] = own;
        }
    }
}

/* c [rows][w] = A B, or A' B; A has rows of BLOCK. */
static void
multiply(const workspace *s, size_t rows, size_t K, const double *a, int transposed, const double *b, size_t b_row,
         double *c)
{
    const il_contraction job = {
        .rows = rows,
        .K = K,
        .transposed = transposed,
        .a = a,
        .a_row = BLOCK,
        .a_panel = 2 * s->kernels->lanes,
        .b = b,
        .b_row = b_row,
        .c = c,
    };
    s->kernels->contract_wide(&job);
}

/*
 * Column j of V, from row j on, and tau of H = I - tau v v' that takes a Gaussian vector to a multiple of the
 * first unit vector. `k` counts all reflectors.
 */
static double
draw_reflector(const workspace *s, size_t k, size_t j, double *vector)
{
    const size_t n = s->rows - k;
    double lanes[IL_SUM_LANES] = {0};
    s->kernels->fill_normal(s->stream, (uint64_t)k * s->rows + k, n, 0, 1, vector);
    s->kernels->sum_squares(n, vector, lanes);
    const double first = vector[0];
    const double diagonal = -copysign(sqrt(il_lanes_total(lanes)), first);
    const double pivot = first - diagonal; /* no cancellation, and never 0: no normal number is */
    s->sign[k] = copysign(1, diagonal);
    s->v[j * BLOCK + j] = 1;
    for (size_t i = 1; i < n; i++) {
        s->v[(j + i) * BLOCK + j] = vector[i] / pivot;
    }
    return (diagonal - first) / diagonal;
}

static void
draw_reflectors(void *context, il_part part)
{
    workspace *s = context;
    size_t begin, end;
    il_share(s->count, part, &begin, &end);
    for (size_t j = begin; j < end; j++) {
        s->tau[j] = draw_reflector(s, s->k0 + j, j, s->own[part.member].vector);
    }
}

/* H_k0 H_k0+1 ... = I - V T V' on the rows from k0 on; leaves V and -T. */
static void
draw_block(workspace *s)
{
    const size_t rows = s->rows - s->k0, count = s->count, w = s->w;
    memset(s->v, 0, rows * BLOCK * sizeof *s->v);
    memset(s->t, 0, BLOCK * BLOCK * sizeof *s->t);
    il_team_run(s->team, draw_reflectors, s);
    for (size_t j = 0; j < count; j += w) {
        multiply(s, count, rows, s->v, 1, s->v + j, BLOCK, s->gram + j * BLOCK);
    }
    for (size_t j = 0; j < count; j++) {
        const double *column = s->gram + j / w * w * BLOCK + j % w;
        for (size_t i = 0; i < j; i++) {
            double sum = 0;
            for (size_t l = i; l < j; l++) {
                sum += s->t[i * BLOCK + l] * column[l * w];
            }
            s->t[i * BLOCK + j] = -s->tau[j] * sum;
        }
        s->t[j * BLOCK + j] = -s->tau[j];
    }
}

static void
apply_block(void *context, il_part part)
{
    const workspace *s = context;
    const scratch *own = &s->own[part.member];
    const size_t rows = s->rows - s->k0, count = s->count, w = s->w;
    const size_t first = s->k0 / w; /* columns before k0 are still unit vectors */
    size_t begin, end;
    il_share(s->panels - first, part, &begin, &end);
    for (size_t p = first + begin; p < first + end; p++) {
        double *q = s->q + (p * s->rows + s->k0) * w;
        multiply(s, count, rows, s->v, 1, q, w, own->vq);
        multiply(s, count, count, s->t, 0, own->vq, w, own->tvq);
        multiply(s, rows, count, s->v, 0, own->tvq, w, own->change);
        s->kernels->add(rows * w, own->change, q);
    }
}

static double
element(const workspace *s, size_t row, size_t column)
{
    return s->gain * s->sign[column] * s->q[(column / s->w * s->rows + row) * s->w + column % s->w];
}

static void
write_rows(void *context, il_part part)
{
    const workspace *s = context;
    const int tall = s->n_in >= s->n_out;
    size_t begin, end;
    il_share(s->n_in, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        for (size_t j = 0; j < s->n_out; j++) {
            const double x = tall ? element(s, i, j) : element(s, j, i);
            if (s->dtype == IL_FLOAT32) {
                ((float *)s->out)[i * s->n_out + j] = (float)x;
            } else {
                ((double *)s->out)[i * s->n_out + j] = x;
            }
        }
    }
}

il_status
il_orthogonal_fill(const il_kernels *kernels, il_team *team, il_stream stream, il_dtype dtype, size_t n_in,
                   size_t n_out, double gain, void *out)
{
    workspace s = {.kernels = kernels->f64,
                   .team = team,
                   .stream = stream,
                   .w = 2 * kernels->f64->lanes,
                   .n_in = n_in,
                   .n_out = n_out,
                   .dtype = dtype,
                   .gain = gain,
                   .out = out};
    s.rows = n_in > n_out ? n_in : n_out;
    s.columns = n_in > n_out ? n_out : n_in;
    s.panels = s.columns / s.w + (s.columns % s.w != 0);
    if (s.panels > SIZE_MAX / s.w / s.rows || s.rows > SIZE_MAX / BLOCK) {
        return IL_ERROR_MEMORY;
    }
    il_arena arena = {.base = NULL};
    carve(&s, &arena);
    void *memory = il_arena_allocate(&arena);
    if (memory == NULL) {
        return IL_ERROR_MEMORY;
    }
    carve(&s, &arena);

    for (size_t j = 0; j < s.columns; j++) {
        s.q[(j / s.w * s.rows + j) * s.w + j % s.w] = 1;
    }
    for (size_t block = (s.columns - 1) / BLOCK + 1; block-- > 0;) {
        s.k0 = block * BLOCK;
        s.count = s.columns - s.k0 < BLOCK ? s.columns - s.k0 : BLOCK;
        draw_block(&s);
        il_team_run(team, apply_block, &s);
    }
    il_team_run(team, write_rows, &s);
    il_release(memory);
    return IL_OK;
}
