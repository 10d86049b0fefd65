/*
 * lanes.inc.h - kernels with one net per vector lane: many small nets of one architecture at once.
 *
 * Arrays hold [..][W]: the same element of W nets side by side, so every operation of a net's own
 * chain is one vector operation, and nothing ever crosses lanes. Elementwise kernels need no lane
 * version: they run over these arrays as they are. 4 x 3 tiles: 12 sums, 3 of B, 1 of A.
 */
#define LANE_TILE_(rows, columns) FN(lane_tile_##rows##x##columns)
#define LANE_TILE(rows, columns) LANE_TILE_(rows, columns)
#define ROWS 1
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 2
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 3
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 4
#define COLS 1
#include "lane_tile.inc.h"
#define ROWS 1
#define COLS 2
#include "lane_tile.inc.h"
#define ROWS 2
#define COLS 2
#include "lane_tile.inc.h"
#define ROWS 3
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

/* All rows of up to 3 columns, and the sums with the first tile. */
static inline void
FN(lane_columns)(const IL_SET(lane_contraction) * job, size_t column, size_t columns, size_t k0, size_t k1, int shared,
                 int with_sums)
{
    for (size_t r = 0, rows; r < job->rows; r += rows) {
        const int sums = with_sums && r == 0;
        const size_t most = sums ? 3 : 4; /* the sums take a row's registers */
        rows = job->rows - r < most ? job->rows - r : most;
        switch (rows * 4 + columns) {
        case 4 * 4 + 3: FN(lane_tile_4x3)(job, r, column, k0, k1, shared, sums); break;
        case 4 * 4 + 2: FN(lane_tile_4x2)(job, r, column, k0, k1, shared, sums); break;
        case 4 * 4 + 1: FN(lane_tile_4x1)(job, r, column, k0, k1, shared, sums); break;
        case 3 * 4 + 3: FN(lane_tile_3x3)(job, r, column, k0, k1, shared, sums); break;
        case 3 * 4 + 2: FN(lane_tile_3x2)(job, r, column, k0, k1, shared, sums); break;
        case 3 * 4 + 1: FN(lane_tile_3x1)(job, r, column, k0, k1, shared, sums); break;
        case 2 * 4 + 3: FN(lane_tile_2x3)(job, r, column, k0, k1, shared, sums); break;
        case 2 * 4 + 2: FN(lane_tile_2x2)(job, r, column, k0, k1, shared, sums); break;
        case 2 * 4 + 1: FN(lane_tile_2x1)(job, r, column, k0, k1, shared, sums); break;
        case 1 * 4 + 3: FN(lane_tile_1x3)(job, r, column, k0, k1, shared, sums); break;
        case 1 * 4 + 2: FN(lane_tile_1x2)(job, r, column, k0, k1, shared, sums); break;
        case 1 * 4 + 1: FN(lane_tile_1x1)(job, r, column, k0, k1, shared, sums); break;
        default: break;
        }
    }
}

static void
FN(contract_lanes)(const IL_SET(lane_contraction) * job)
{
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        for (size_t j = 0; j < job->columns; j += 3) {
            const size_t columns = job->columns - j < 3 ? job->columns - j : 3;
            if (job->shared) {
                FN(lane_columns)(job, j, columns, k0, k1, 1, job->sums != NULL);
            } else {
                FN(lane_columns)(job, j, columns, k0, k1, 0, job->sums != NULL);
            }
        }
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
