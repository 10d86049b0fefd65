/*
 * lanes.inc.h - kernels with one net per vector lane: many small nets of one architecture at once.
 *
 * Arrays hold [..][W]: the same element of W nets side by side, so every operation of a net's own
 * chain is one vector operation, and nothing ever crosses lanes. Elementwise kernels need no lane
 * version: they run over these arrays as they are. 4 x 3 tiles: 12 sums, 3 of B, 1 of A; a single
 * column takes 8 rows, to have chains enough. Where K is short, B stays in registers instead.
 */
#define LANE_TILE_(rows, columns) lane_tile_##rows##x##columns
#define LANE_TILE(rows, columns) LANE_TILE_(rows, columns)
#define ROWS 1
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 2
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 4
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 8
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 1
#define COLS 2
#include "lane_tile.inc.h"
#define ROWS 2
#define COLS 2
#include "lane_tile.inc.h"
#define ROWS 4
#define COLS 2
#include "lane_tile.inc.h"
#define ROWS 1
#define COLS 3
#include "lane_tile.inc.h"
#define ROWS 2
#define COLS 3
#include "lane_tile.inc.h"
#define ROWS 3
#define COLS 3
#include "lane_tile.inc.h"
#define ROWS 4
#define COLS 3
#include "lane_tile.inc.h"
#undef LANE_TILE
#undef LANE_TILE_

/* All rows of up to 3 columns, and the sums with the first tile, whose registers they share. */
static inline void
lane_columns(const il_lane_contraction *job, size_t column, size_t columns, size_t k0, size_t k1, int shared,
             int with_sums)
{
    for (size_t r = 0; r < job->rows;) {
        const int sums = with_sums && r == 0;
        const size_t left = job->rows - r;
        if (columns == 3) {
            const size_t most = sums ? 3 : 4;
            switch (left < most ? left : most) {
            case 4: r = lane_tile_4x3(job, r, column, k0, k1, shared, sums); break;
            case 3: r = lane_tile_3x3(job, r, column, k0, k1, shared, sums); break;
            case 2: r = lane_tile_2x3(job, r, column, k0, k1, shared, sums); break;
            default: r = lane_tile_1x3(job, r, column, k0, k1, shared, sums); break;
            }
        } else if (columns == 2) {
            switch (left < 4 ? left : 4) {
            case 4: r = lane_tile_4x2(job, r, column, k0, k1, shared, sums); break;
            case 1: r = lane_tile_1x2(job, r, column, k0, k1, shared, sums); break;
            default: r = lane_tile_2x2(job, r, column, k0, k1, shared, sums); break;
            }
        } else if (left >= 8) {
            r = lane_tile_8x1(job, r, column, k0, k1, shared, sums);
        } else {
            switch (left < 4 ? left : 4) {
            case 4: r = lane_tile_4x1(job, r, column, k0, k1, shared, sums); break;
            case 1: r = lane_tile_1x1(job, r, column, k0, k1, shared, sums); break;
            default: r = lane_tile_2x1(job, r, column, k0, k1, shared, sums); break;
            }
        }
    }
}

/* Some vectors, 1 to 4, as many as a constant says; the others are not used. */
typedef struct few {
    V at0, at1, at2, at3;
} few;

IL_INLINE few
load_few(size_t count, const T *p, size_t step, int shared)
{
    few v;
    v.at0 = shared ? v_set1(p[0]) : v_load(p);
    v.at1 = count < 2 ? v.at0 : shared ? v_set1(p[step]) : v_load(p + step);
    v.at2 = count < 3 ? v.at0 : shared ? v_set1(p[2 * step]) : v_load(p + 2 * step);
    v.at3 = count < 4 ? v.at0 : shared ? v_set1(p[3 * step]) : v_load(p + 3 * step);
    return v;
}

IL_INLINE V
few_chain(size_t count, few a, few b, V start)
{
    const V sum1 = v_fma(a.at0, b.at0, start), sum2 = count < 2 ? sum1 : v_fma(a.at1, b.at1, sum1);
    const V sum3 = count < 3 ? sum2 : v_fma(a.at2, b.at2, sum2);
    return count < 4 ? sum3 : v_fma(a.at3, b.at3, sum3);
}

/* All rows of 4 columns where K <= 4, a constant: B and the start stay in registers. */
IL_INLINE void
lane_short_columns(const il_lane_contraction *job, size_t column, size_t K, int shared)
{
    const size_t unit = shared ? 1 : W, a_row = job->a_row * unit, a_k = job->a_k * unit;
    const size_t rows = job->rows, c_row = job->c_row * W, b_k = job->b_k * W, b_column = job->b_column * W;
    const T *b = (const T *)job->b + column * b_column;
    const few b0 = load_few(K, b, b_k, 0), b1 = load_few(K, b + b_column, b_k, 0);
    const few b2 = load_few(K, b + 2 * b_column, b_k, 0), b3 = load_few(K, b + 3 * b_column, b_k, 0);
    few start = {v_set1(0), v_set1(0), v_set1(0), v_set1(0)};
    if (job->start != NULL) {
        start = load_few(4, (const T *)job->start + column * W, W, 0);
    }
    const T *a = job->a;
    T *c = (T *)job->c + column * W;
    for (size_t r = 0; r < rows; r++, a += a_row, c += c_row) {
        const few x = load_few(K, a, a_k, shared);
        v_store(c, few_chain(K, x, b0, start.at0));
        v_store(c + W, few_chain(K, x, b1, start.at1));
        v_store(c + 2 * W, few_chain(K, x, b2, start.at2));
        v_store(c + 3 * W, few_chain(K, x, b3, start.at3));
    }
}

/* The same of one column where K <= 8. */
IL_INLINE void
lane_short_column(const il_lane_contraction *job, size_t column, size_t K, int shared)
{
    const size_t unit = shared ? 1 : W, a_row = job->a_row * unit, a_k = job->a_k * unit;
    const size_t rows = job->rows, c_row = job->c_row * W, b_k = job->b_k * W;
    const size_t low = K < 4 ? K : 4, high = K - low, next = high > 0 ? low : 0;
    const T *b = (const T *)job->b + column * job->b_column * W;
    const few b0 = load_few(low, b, b_k, 0), b1 = load_few(high, b + next * b_k, b_k, 0);
    const V start = job->start != NULL ? v_load((const T *)job->start + column * W) : v_set1(0);
    const T *a = job->a;
    T *c = (T *)job->c + column * W;
    for (size_t r = 0; r < rows; r++, a += a_row, c += c_row) {
        const V sum = few_chain(low, load_few(low, a, a_k, shared), b0, start);
        v_store(c, high > 0 ? few_chain(high, load_few(high, a + next * a_k, a_k, shared), b1, sum) : sum);
    }
}

IL_INLINE void
lane_short_rows(const il_lane_contraction *job, size_t K, int shared)
{
    size_t j = 0;
    for (; j + 4 <= job->columns; j += 4) {
        lane_short_columns(job, j, K, shared);
    }
    for (; j < job->columns; j++) {
        lane_short_column(job, j, K, shared);
    }
}

IL_INLINE void
contract_lanes_of(const il_lane_contraction *job, int shared)
{
    enum { LONGEST = 8 }; /* chain of a short column */
    const size_t limit = job->sums != NULL ? 0 : job->columns == 1 ? LONGEST : LONGEST / 2;
    switch (job->K <= limit ? job->K : 0) {
    case 1: lane_short_rows(job, 1, shared); return;
    case 2: lane_short_rows(job, 2, shared); return;
    case 3: lane_short_rows(job, 3, shared); return;
    case 4: lane_short_rows(job, 4, shared); return;
    case 5: lane_short_column(job, 0, 5, shared); return;
    case 6: lane_short_column(job, 0, 6, shared); return;
    case 7: lane_short_column(job, 0, 7, shared); return;
    case 8: lane_short_column(job, 0, 8, shared); return;
    default: break;
    }
    for (size_t j = 0; j < job->columns; j += 3) {
        const size_t columns = job->columns - j < 3 ? job->columns - j : 3;
        for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
            const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
            lane_columns(job, j, columns, k0, k1, shared, job->sums != NULL);
        }
    }
}

static void
contract_lanes(const il_lane_contraction *job)
{
    if (job->shared) {
        contract_lanes_of(job, 1);
    } else {
        contract_lanes_of(job, 0);
    }
}
