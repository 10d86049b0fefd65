/*
 * vec_scalar.h - the vector vocabulary with one lane: the reference of every other table.
 *
 * Each operation is exactly one IEEE operation or one integer operation. fma is the hardware's where
 * the compiler was told of it or the architecture always has it; IL_SOFT_FMA takes fma_soft.h.
 */
#ifndef IL_VEC_SCALAR_H
#define IL_VEC_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(IL_SOFT_FMA)
#include "fma_soft.h"
#define IL_FMA_F32 il_fma_soft_f32
#define IL_FMA_F64 il_fma_soft_f64
#else
#define IL_FMA_F32 fmaf
#define IL_FMA_F64 fma
#endif

#define IL_LANES_F32 1
#define IL_LANES_F64 1
#define IL_TILE_ROWS 6
#define IL_SIDE_F32 1
#define IL_SIDE_F64 1

typedef float v_f32;
typedef uint32_t vi_f32;
typedef int vm_f32;
typedef double v_f64;
typedef uint64_t vi_f64;
typedef int vm_f64;

#define T float
#define P f32
#define U uint32_t
#define IL_FMA IL_FMA_F32
#define IL_SQRT sqrtf
#include "vec_scalar.inc.h"
#undef T
#undef P
#undef U
#undef IL_FMA
#undef IL_SQRT
#define T double
#define P f64
#define U uint64_t
#define IL_FMA IL_FMA_F64
#define IL_SQRT sqrt
#include "vec_scalar.inc.h"
#undef T
#undef P
#undef U
#undef IL_FMA
#undef IL_SQRT

/* Product of the low 32 bits of each. */
static inline uint64_t vi_mul32_f64(uint64_t a, uint64_t b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }
/* c[4], element k of a block of four in each lane: stored block by block, the low 32 bits or all. */
static inline void
vi_store_blocks_f32(uint32_t *p, const uint64_t *c)
{
    for (int k = 0; k < 4; k++) {
        p[k] = (uint32_t)c[k];
    }
}
static inline void
vi_store_blocks_f64(uint64_t *p, const uint64_t *c)
{
    for (int k = 0; k < 4; k++) {
        p[k] = c[k];
    }
}

#endif
