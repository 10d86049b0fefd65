/*
 * lanes.inc.h - kernels with one net per vector lane: many small nets of one architecture at once.
 *
 * Arrays hold [..][W]: the same element of W nets side by side, so every operation of a net's own
 * chain is one vector operation, and nothing ever crosses lanes. Elementwise kernels need no lane
 * version: they run over these arrays as they are. 4 x 3 tiles: 12 sums, 3 of B, 1 of A; a single
 * column takes 8 rows, to have chains enough.
 */
#define LANE_TILE_(rows, columns) FN(lane_tile_##rows##x##columns)
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
FN(lane_columns)(const IL_SET(lane_contraction) * job, size_t column, size_t columns, size_t k0, size_t k1, int shared,
                 int with_sums)
{
    for (size_t r = 0, rows; r < job->rows; r += rows) {
        const int sums = with_sums && r == 0;
        const size_t left = job->rows - r;
        if (columns == 3) {
            const size_t most = sums ? 3 : 4;
            rows = left < most ? left : most;
            switch (rows) {
            case 4: FN(lane_tile_4x3)(job, r, column, k0, k1, shared, sums); break;
            case 3: FN(lane_tile_3x3)(job, r, column, k0, k1, shared, sums); break;
            case 2: FN(lane_tile_2x3)(job, r, column, k0, k1, shared, sums); break;
            default: FN(lane_tile_1x3)(job, r, column, k0, k1, shared, sums); break;
            }
        } else if (columns == 2) {
            rows = left >= 4 ? 4 : left >= 2 ? 2 : 1;
            switch (rows) {
            case 4: FN(lane_tile_4x2)(job, r, column, k0, k1, shared, sums); break;
            case 2: FN(lane_tile_2x2)(job, r, column, k0, k1, shared, sums); break;
            default: FN(lane_tile_1x2)(job, r, column, k0, k1, shared, sums); break;
            }
        } else {
            rows = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
            switch (rows) {
            case 8: FN(lane_tile_8x1)(job, r, column, k0, k1, shared, sums); break;
            case 4: FN(lane_tile_4x1)(job, r, column, k0, k1, shared, sums); break;
            case 2: FN(lane_tile_2x1)(job, r, column, k0, k1, shared, sums); break;
            default: FN(lane_tile_1x1)(job, r, column, k0, k1, shared, sums); break;
            }
        }
    }
}

/*
 * All rows of `columns` <= 3 columns where K <= 4: B and start stay in registers. With constants for
 * both, the loops over them are straight lines.
 */
enum { FN(short_K) = 4 };

IL_INLINE void
FN(lane_short)(const IL_SET(lane_contraction) * job, size_t column, size_t columns, size_t K, int shared)
{
    const size_t unit = shared ? 1 : W, rows = job->rows;
    const size_t a_row = job->a_row * unit, a_k = job->a_k * unit, c_row = job->c_row * W;
    V start[3], b[FN(short_K)][3];
    for (size_t j = 0; j < columns; j++) {
        start[j] = job->start != NULL ? v_load(job->start + (column + j) * W) : v_set1(0);
        for (size_t k = 0; k < K; k++) {
            b[k][j] = v_load(job->b + (k * job->b_k + (column + j) * job->b_column) * W);
        }
    }
    const T *a = job->a;
    T *c = job->c + column * W;
    for (size_t r = 0; r < rows; r++, a += a_row, c += c_row) {
        V sum[3];
        for (size_t j = 0; j < columns; j++) {
            sum[j] = start[j];
        }
        for (size_t k = 0; k < K; k++) {
            const V x = shared ? v_set1(a[k * a_k]) : v_load(a + k * a_k);
            for (size_t j = 0; j < columns; j++) {
                sum[j] = v_fma(x, b[k][j], sum[j]);
            }
        }
        for (size_t j = 0; j < columns; j++) {
            v_store(c + j * W, sum[j]);
        }
    }
}

static inline void
FN(lane_short_columns)(const IL_SET(lane_contraction) * job, size_t column, size_t columns, int shared)
{
    switch (columns * 8 + job->K) {
    case 3 * 8 + 4: FN(lane_short)(job, column, 3, 4, shared); break;
    case 3 * 8 + 3: FN(lane_short)(job, column, 3, 3, shared); break;
    case 3 * 8 + 2: FN(lane_short)(job, column, 3, 2, shared); break;
    case 3 * 8 + 1: FN(lane_short)(job, column, 3, 1, shared); break;
    case 2 * 8 + 4: FN(lane_short)(job, column, 2, 4, shared); break;
    case 2 * 8 + 3: FN(lane_short)(job, column, 2, 3, shared); break;
    case 2 * 8 + 2: FN(lane_short)(job, column, 2, 2, shared); break;
    case 2 * 8 + 1: FN(lane_short)(job, column, 2, 1, shared); break;
    case 1 * 8 + 4: FN(lane_short)(job, column, 1, 4, shared); break;
    case 1 * 8 + 3: FN(lane_short)(job, column, 1, 3, shared); break;
    case 1 * 8 + 2: FN(lane_short)(job, column, 1, 2, shared); break;
    case 1 * 8 + 1: FN(lane_short)(job, column, 1, 1, shared); break;
    default: break;
    }
}

IL_INLINE void
FN(contract_lanes_of)(const IL_SET(lane_contraction) * job, int shared)
{
    const int is_short = job->K <= FN(short_K) && job->sums == NULL;
    for (size_t j = 0; j < job->columns; j += 3) {
        const size_t columns = job->columns - j < 3 ? job->columns - j : 3;
        if (is_short) {
            FN(lane_short_columns)(job, j, columns, shared);
            continue;
        }
        for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
            const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
            FN(lane_columns)(job, j, columns, k0, k1, shared, job->sums != NULL);
        }
    }
}

static void
FN(contract_lanes)(const IL_SET(lane_contraction) * job)
{
    if (job->shared) {
        FN(contract_lanes_of)(job, 1);
    } else {
        FN(contract_lanes_of)(job, 0);
    }
}

/* Softmax over M for each of B samples and W nets: the chain of softmax() in every lane. */
static void
FN(softmax_lanes)(size_t B, size_t M, const T *z, T *out)
{
    const size_t row = M * W;
    for (size_t b = 0; b < B; b++, z += row, out += row) {
        V largest = v_load(z);
        for (size_t m = 1; m < M; m++) {
            const V x = v_load(z + m * W);
            largest = v_select(v_lt(largest, x), x, largest);
        }
        V sum = v_set1(0);
        for (size_t m = 0; m < M; m++) {
            const V e = FN(v_exp)(v_sub(v_load(z + m * W), largest));
            v_store(out + m * W, e);
            sum = v_add(sum, e);
        }
        for (size_t m = 0; m < M; m++) {
            v_store(out + m * W, v_div(v_load(out + m * W), sum));
        }
    }
}
