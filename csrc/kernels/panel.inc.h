/*
 * panel.inc.h - the contraction over one panel of B, tile by tile: NAME(rows). Template: expects COLS (1 or
 * 2 vectors a panel), TRANSPOSED, NAME(name) and the precision's names; undefines the first three.
 *
 * 6 x 2 vectors fill AVX2's 16 registers (12 sums, 2 of B, 1 broadcast); a panel of one vector takes
 * 8 rows. Rows left over are shared between two tiles, so that fewer of them have less than the 8
 * sums that the latency of fma (4 cycles, 2 a cycle) takes.
 */
#define SUM 0
#define TILE(rows) NAME(IL_CAT2(tile_, rows))
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
#if COLS == 1
#define ROWS 7
#include "tile.inc.h"
#define ROWS 8
#include "tile.inc.h"
#endif
#undef SUM
#undef TILE

#if TRANSPOSED
#define SUM 1
#define TILE(rows) NAME(IL_CAT2(sum_tile_, rows))
#define ROWS 1
#include "tile.inc.h"
#define ROWS 2
#include "tile.inc.h"
#define ROWS 3
#include "tile.inc.h"
#define ROWS 4
#include "tile.inc.h"
#if COLS == 1
#define ROWS 5
#include "tile.inc.h"
#define ROWS 6
#include "tile.inc.h"
#define ROWS 7
#include "tile.inc.h"
#define ROWS 8
#include "tile.inc.h"
#endif
#undef SUM
#undef TILE
#endif

IL_INLINE void
NAME(rows)(const IL_SET(contraction) * job, size_t b_row)
{
    enum { MOST = COLS == 1 ? 8 : 6, MOST_WITH_SUM = COLS == 1 ? 8 : 4, LEAST = 4 };
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        const size_t k1 = job->K - k0 < IL_BLOCK ? job->K : k0 + IL_BLOCK;
        size_t r = 0;
#if TRANSPOSED
        if (job->sums != NULL) {
            r = job->rows < MOST_WITH_SUM ? job->rows : MOST_WITH_SUM;
            switch (r) {
            case 1: NAME(sum_tile_1)(job, b_row, 0, k0, k1); break;
            case 2: NAME(sum_tile_2)(job, b_row, 0, k0, k1); break;
            case 3: NAME(sum_tile_3)(job, b_row, 0, k0, k1); break;
            case 4: NAME(sum_tile_4)(job, b_row, 0, k0, k1); break;
#if COLS == 1
            case 5: NAME(sum_tile_5)(job, b_row, 0, k0, k1); break;
            case 6: NAME(sum_tile_6)(job, b_row, 0, k0, k1); break;
            case 7: NAME(sum_tile_7)(job, b_row, 0, k0, k1); break;
            case 8: NAME(sum_tile_8)(job, b_row, 0, k0, k1); break;
#endif
            }
        }
#endif
        while (r < job->rows) {
            const size_t left = job->rows - r;
            const size_t rows = left <= MOST ? left : left >= MOST + LEAST ? MOST : (left + 1) / 2;
            switch (rows) {
            case 1: NAME(tile_1)(job, b_row, r, k0, k1); break;
            case 2: NAME(tile_2)(job, b_row, r, k0, k1); break;
            case 3: NAME(tile_3)(job, b_row, r, k0, k1); break;
            case 4: NAME(tile_4)(job, b_row, r, k0, k1); break;
            case 5: NAME(tile_5)(job, b_row, r, k0, k1); break;
            case 6: NAME(tile_6)(job, b_row, r, k0, k1); break;
#if COLS == 1
            case 7: NAME(tile_7)(job, b_row, r, k0, k1); break;
            case 8: NAME(tile_8)(job, b_row, r, k0, k1); break;
#endif
            }
            r += rows;
        }
    }
}

#undef COLS
#undef TRANSPOSED
#undef NAME
