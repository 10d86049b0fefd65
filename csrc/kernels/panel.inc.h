/*
 * panel.inc.h - the contraction over one panel of B, tile by tile: NAME(plain), and where COLS is 2 NAME(packed) for
 * rows of B side by side. Template: expects COLS (1 or 2 vectors a panel), TRANSPOSED, NAME(name) and the precision's
 * names; undefines the first three.
 *
 * There are tiles of 1 to FEW rows and of MOST: 6 x 2 vectors where 16 registers hold no more, else 8; and the
 * IL_TILE_ROWS of 32 registers, but not of A', where each row has an offset of its own. Rows left over are shared
 * between two tiles, so that fewer of them have less than the 8 sums that the latency of fma takes (4 cycles, 2 a
 * cycle).
 */
#if IL_TILE_ROWS > 8 && !TRANSPOSED
#define MOST IL_TILE_ROWS
#define FEW 8
#elif IL_TILE_ROWS > 8 || COLS == 1
#define MOST 8
#define FEW 8
#define MOST_WITH_SUM 8
#else
#define MOST 6
#define FEW 6
#define MOST_WITH_SUM 4
#endif

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
#if FEW > 6
#define ROWS 7
#include "tile.inc.h"
#define ROWS 8
#include "tile.inc.h"
#endif
#if MOST > FEW
#define ROWS MOST
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
#if MOST_WITH_SUM > 4
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

/* Rows of the next tile, of those that are left. */
IL_INLINE size_t
NAME(tile_rows)(size_t left)
{
    enum { LEAST = 4 }; /* that are worth a tile */
    if (left <= FEW) {
        return left;
    }
    if (left == MOST || left >= MOST + LEAST) {
        return MOST;
    }
    const size_t half = (left + 1) / 2;
    return half < FEW ? half : FEW;
}

IL_INLINE void
NAME(rows)(const il_contraction *job, size_t b_row)
{
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
#if MOST_WITH_SUM > 4
            case 5: NAME(sum_tile_5)(job, b_row, 0, k0, k1); break;
            case 6: NAME(sum_tile_6)(job, b_row, 0, k0, k1); break;
            case 7: NAME(sum_tile_7)(job, b_row, 0, k0, k1); break;
            case 8: NAME(sum_tile_8)(job, b_row, 0, k0, k1); break;
#endif
            }
        }
#endif
        while (r < job->rows) {
            const size_t rows = NAME(tile_rows)(job->rows - r);
            switch (rows) {
            case 1: NAME(tile_1)(job, b_row, r, k0, k1); break;
            case 2: NAME(tile_2)(job, b_row, r, k0, k1); break;
            case 3: NAME(tile_3)(job, b_row, r, k0, k1); break;
            case 4: NAME(tile_4)(job, b_row, r, k0, k1); break;
            case 5: NAME(tile_5)(job, b_row, r, k0, k1); break;
            case 6: NAME(tile_6)(job, b_row, r, k0, k1); break;
#if FEW > 6
            case 7: NAME(tile_7)(job, b_row, r, k0, k1); break;
            case 8: NAME(tile_8)(job, b_row, r, k0, k1); break;
#endif
#if MOST > FEW
            case MOST: NAME(IL_CAT2(tile_, MOST))(job, b_row, r, k0, k1); break;
#endif
            }
            r += rows;
        }
    }
}

IL_NOINLINE void
NAME(plain)(const il_contraction *job)
{
    NAME(rows)(job, job->b_row);
}

#if COLS == 2
/* A stride that the compiler knows saves one instruction in twenty. */
IL_NOINLINE void
NAME(packed)(const il_contraction *job)
{
    NAME(rows)(job, 2 * W);
}
#endif

#undef COLS
#undef TRANSPOSED
#undef NAME
#undef MOST
#undef FEW
#undef MOST_WITH_SUM
