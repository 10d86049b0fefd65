/*
 * contract.inc.h - the one contraction behind forward, backward and gradient: register tiles over a
 * panel. See NUMERICS 2 for the chain it must keep; the naive loop with fma is its test oracle.
 *
 * The gradient of the bias is the column sums of the delta: a row of ones that rides along with the
 * first rows of the weight's gradient, so that its chain does not run alone.
 *
 * 6 x 2 vectors fill AVX2's 16 registers (12 sums, 2 of B, 1 broadcast); a panel of one vector takes
 * 8 rows, which covers fma's latency of 4 at 2 a cycle.
 */
#define COLS 1
#define SUM 0
#define TILE(rows) FN(IL_CAT2(narrow_tile_, rows))
#define ROWS 1
#include "tile.inc.h"
#define ROWS 2
#include "tile.inc.h"
#define ROWS 3
#include "tile.inc.h"
#define ROWS 4
#include "tile.inc.h"
#define ROWS 5
#include "tile.inc.h"
#define ROWS 6
#include "tile.inc.h"
#define ROWS 7
#include "tile.inc.h"
#define ROWS 8
#include "tile.inc.h"
#undef SUM
#undef TILE
#define SUM 1
#define TILE(rows) FN(IL_CAT2(narrow_sum_tile_, rows))
#define ROWS 1
#include "tile.inc.h"
#define ROWS 2
#include "tile.inc.h"
#define ROWS 3
#include "tile.inc.h"
#define ROWS 4
#include "tile.inc.h"
#define ROWS 5
#include "tile.inc.h"
#define ROWS 6
#include "tile.inc.h"
#define ROWS 7
#include "tile.inc.h"
#define ROWS 8
#include "tile.inc.h"
#undef SUM
#undef TILE
#undef COLS

static void
FN(contract_narrow)(const IL_SET(contraction) * job)
{
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        size_t r = 0;
        if (job->sums != NULL) {
            r = job->rows < 8 ? job->rows : 8;
            switch (r) {
            case 8: FN(narrow_sum_tile_8)(job, 0, k0, k1); break;
            case 7: FN(narrow_sum_tile_7)(job, 0, k0, k1); break;
            case 6: FN(narrow_sum_tile_6)(job, 0, k0, k1); break;
            case 5: FN(narrow_sum_tile_5)(job, 0, k0, k1); break;
            case 4: FN(narrow_sum_tile_4)(job, 0, k0, k1); break;
            case 3: FN(narrow_sum_tile_3)(job, 0, k0, k1); break;
            case 2: FN(narrow_sum_tile_2)(job, 0, k0, k1); break;
            default: FN(narrow_sum_tile_1)(job, 0, k0, k1); break;
            }
        }
        for (; r + 8 <= job->rows; r += 8) {
            FN(narrow_tile_8)(job, r, k0, k1);
        }
        switch (job->rows - r) {
        case 7: FN(narrow_tile_7)(job, r, k0, k1); break;
        case 6: FN(narrow_tile_6)(job, r, k0, k1); break;
        case 5: FN(narrow_tile_5)(job, r, k0, k1); break;
        case 4: FN(narrow_tile_4)(job, r, k0, k1); break;
        case 3: FN(narrow_tile_3)(job, r, k0, k1); break;
        case 2: FN(narrow_tile_2)(job, r, k0, k1); break;
        case 1: FN(narrow_tile_1)(job, r, k0, k1); break;
        default: break;
        }
    }
}

#define COLS 2
#define SUM 0
#define TILE(rows) FN(IL_CAT2(wide_tile_, rows))
#define ROWS 1
#include "tile.inc.h"
#define ROWS 2
#include "tile.inc.h"
#define ROWS 3
#include "tile.inc.h"
#define ROWS 4
#include "tile.inc.h"
#define ROWS 5
#include "tile.inc.h"
#define ROWS 6
#include "tile.inc.h"
#undef SUM
#undef TILE
#define SUM 1
#define TILE(rows) FN(IL_CAT2(wide_sum_tile_, rows))
#define ROWS 1
#include "tile.inc.h"
#define ROWS 2
#include "tile.inc.h"
#define ROWS 3
#include "tile.inc.h"
#define ROWS 4
#include "tile.inc.h"
#undef SUM
#undef TILE
#undef COLS

static void
FN(contract_wide)(const IL_SET(contraction) * job)
{
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        size_t r = 0;
        if (job->sums != NULL) {
            r = job->rows < 4 ? job->rows : 4;
            switch (r) {
            case 4: FN(wide_sum_tile_4)(job, 0, k0, k1); break;
            case 3: FN(wide_sum_tile_3)(job, 0, k0, k1); break;
            case 2: FN(wide_sum_tile_2)(job, 0, k0, k1); break;
            default: FN(wide_sum_tile_1)(job, 0, k0, k1); break;
            }
        }
        for (; r + 6 <= job->rows; r += 6) {
            FN(wide_tile_6)(job, r, k0, k1);
        }
        switch (job->rows - r) {
        case 5: FN(wide_tile_5)(job, r, k0, k1); break;
        case 4: FN(wide_tile_4)(job, r, k0, k1); break;
        case 3: FN(wide_tile_3)(job, r, k0, k1); break;
        case 2: FN(wide_tile_2)(job, r, k0, k1); break;
        case 1: FN(wide_tile_1)(job, r, k0, k1); break;
        default: break;
        }
    }
}

/* 16 x 16 at a time: the destination's lines stay in cache while they fill. */
static void
FN(transpose)(size_t rows, size_t columns, const T *src, size_t src_stride, T *dst, size_t dst_stride)
{
    enum { SIDE = 16 };
    for (size_t r0 = 0; r0 < rows; r0 += SIDE) {
        const size_t r1 = rows - r0 < SIDE ? rows : r0 + SIDE;
        for (size_t c0 = 0; c0 < columns; c0 += SIDE) {
            const size_t c1 = columns - c0 < SIDE ? columns : c0 + SIDE;
            for (size_t c = c0; c < c1; c++) {
                for (size_t r = r0; r < r1; r++) {
                    dst[c * dst_stride + r] = src[r * src_stride + c];
                }
            }
        }
    }
}
