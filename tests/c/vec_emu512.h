/*
 * vec_emu512.h - csrc/kernels/vec_avx512.h as it is, on a CPU without AVX-512: each intrinsic it uses
 * becomes the same operation on two AVX2 registers, by Intel's definitions.
 *
 * So the vocabulary's own text, 16 and 8 lanes, mask bits and wide panels are tested everywhere AVX2 is. What
 * is not: the compiler's translation of the real intrinsics.
 */
#ifndef VEC_EMU512_H
#define VEC_EMU512_H

#include <immintrin.h>
#include <stdint.h>

/* half[0] is the low one. */
typedef struct emu512 {
    __m256 half[2];
} emu512;
typedef struct emu512d {
    __m256d half[2];
} emu512d;
typedef struct emu512i {
    __m256i half[2];
} emu512i;

/* All bits of lane i where bit i of the mask is set. */
static inline __m256i
emu_spread_32(unsigned mask)
{
    const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)mask), bits), bits);
}

static inline __m256i
emu_spread_64(unsigned mask)
{
    const __m256i bits = _mm256_setr_epi64x(1, 2, 4, 8);
    return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x((long long)mask), bits), bits);
}

static inline emu512
emu_maskz_loadu_ps(unsigned mask, const float *p)
{
    return (emu512){{_mm256_maskload_ps(p, emu_spread_32(mask)), _mm256_maskload_ps(p + 8, emu_spread_32(mask >> 8))}};
}

static inline void
emu_mask_storeu_ps(float *p, unsigned mask, emu512 x)
{
    _mm256_maskstore_ps(p, emu_spread_32(mask), x.half[0]);
    _mm256_maskstore_ps(p + 8, emu_spread_32(mask >> 8), x.half[1]);
}

static inline emu512d
emu_maskz_loadu_pd(unsigned mask, const double *p)
{
    return (emu512d){{_mm256_maskload_pd(p, emu_spread_64(mask)), _mm256_maskload_pd(p + 4, emu_spread_64(mask >> 4))}};
}

static inline void
emu_mask_storeu_pd(double *p, unsigned mask, emu512d x)
{
    _mm256_maskstore_pd(p, emu_spread_64(mask), x.half[0]);
    _mm256_maskstore_pd(p + 4, emu_spread_64(mask >> 4), x.half[1]);
}

/* Where the mask's bit is set, b. */
static inline emu512
emu_mask_blend_ps(unsigned mask, emu512 a, emu512 b)
{
    const __m256 low = _mm256_castsi256_ps(emu_spread_32(mask)), high = _mm256_castsi256_ps(emu_spread_32(mask >> 8));
    return (emu512){{_mm256_blendv_ps(a.half[0], b.half[0], low), _mm256_blendv_ps(a.half[1], b.half[1], high)}};
}

static inline emu512d
emu_mask_blend_pd(unsigned mask, emu512d a, emu512d b)
{
    const __m256d low = _mm256_castsi256_pd(emu_spread_64(mask)), high = _mm256_castsi256_pd(emu_spread_64(mask >> 4));
    return (emu512d){{_mm256_blendv_pd(a.half[0], b.half[0], low), _mm256_blendv_pd(a.half[1], b.half[1], high)}};
}

static inline emu512i
emu_mask_blend_epi32(unsigned mask, emu512i a, emu512i b)
{
    return (emu512i){{_mm256_blendv_epi8(a.half[0], b.half[0], emu_spread_32(mask)),
                      _mm256_blendv_epi8(a.half[1], b.half[1], emu_spread_32(mask >> 8))}};
}

static inline emu512i
emu_loadu_si512(const void *p)
{
    const __m256i *halves = p;
    return (emu512i){{_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)}};
}

static inline void
emu_storeu_si512(void *p, emu512i x)
{
    __m256i *halves = p;
    _mm256_storeu_si256(halves, x.half[0]);
    _mm256_storeu_si256(halves + 1, x.half[1]);
}

/* Element i: that of a (bit 3 of index i clear) or of b, with the number in its low three bits. */
static inline emu512i
emu_permutex2var_epi64(emu512i a, emu512i indices, emu512i b)
{
    uint64_t from[16], index[8], to[8];
    emu_storeu_si512(from, a);
    emu_storeu_si512(from + 8, b);
    emu_storeu_si512(index, indices);
    for (int i = 0; i < 8; i++) {
        to[i] = from[index[i] & 15];
    }
    return emu_loadu_si512(to);
}

/* One 256-bit operation on both halves, with one, two or three vector operands, or a constant. */
#define EMU_1(type, op, a) ((type){{op((a).half[0]), op((a).half[1])}})
#define EMU_2(type, op, a, b) ((type){{op((a).half[0], (b).half[0]), op((a).half[1], (b).half[1])}})
#define EMU_3(type, op, a, b, c)                                                                             \
    ((type){{op((a).half[0], (b).half[0], (c).half[0]), op((a).half[1], (b).half[1], (c).half[1])}})
#define EMU_SHIFT(op, a, n) ((emu512i){{op((a).half[0], n), op((a).half[1], n)}})
#define EMU_SAME(type, x) ((type){{x, x}})

/* gcc and clang have some of these as macros already. */
#undef _mm512_cmp_ps_mask
#undef _mm512_cmp_pd_mask
#undef _mm512_slli_epi32
#undef _mm512_srli_epi32
#undef _mm512_slli_epi64
#undef _mm512_srli_epi64
#undef _mm512_setr_epi64

#define __m512 emu512
#define __m512d emu512d
#define __m512i emu512i

#define _mm512_loadu_ps(p) ((emu512){{_mm256_loadu_ps(p), _mm256_loadu_ps((p) + 8)}})
#define _mm512_storeu_ps(p, x) (_mm256_storeu_ps(p, (x).half[0]), _mm256_storeu_ps((p) + 8, (x).half[1]))
#define _mm512_maskz_loadu_ps emu_maskz_loadu_ps
#define _mm512_mask_storeu_ps emu_mask_storeu_ps
#define _mm512_set1_ps(x) EMU_SAME(emu512, _mm256_set1_ps(x))
#define _mm512_add_ps(a, b) EMU_2(emu512, _mm256_add_ps, a, b)
#define _mm512_sub_ps(a, b) EMU_2(emu512, _mm256_sub_ps, a, b)
#define _mm512_mul_ps(a, b) EMU_2(emu512, _mm256_mul_ps, a, b)
#define _mm512_div_ps(a, b) EMU_2(emu512, _mm256_div_ps, a, b)
#define _mm512_sqrt_ps(a) EMU_1(emu512, _mm256_sqrt_ps, a)
#define _mm512_fmadd_ps(a, b, c) EMU_3(emu512, _mm256_fmadd_ps, a, b, c)
#define _mm512_max_ps(a, b) EMU_2(emu512, _mm256_max_ps, a, b)
#define _mm512_min_ps(a, b) EMU_2(emu512, _mm256_min_ps, a, b)
#define _mm512_cmp_ps_mask(a, b, how)                                                                        \
    ((__mmask16)(_mm256_movemask_ps(_mm256_cmp_ps((a).half[0], (b).half[0], how))                            \
                 | _mm256_movemask_ps(_mm256_cmp_ps((a).half[1], (b).half[1], how)) << 8))
#define _mm512_mask_blend_ps emu_mask_blend_ps
#define _mm512_castps_si512(x) EMU_1(emu512i, _mm256_castps_si256, x)
#define _mm512_castsi512_ps(x) EMU_1(emu512, _mm256_castsi256_ps, x)

#define _mm512_loadu_pd(p) ((emu512d){{_mm256_loadu_pd(p), _mm256_loadu_pd((p) + 4)}})
#define _mm512_storeu_pd(p, x) (_mm256_storeu_pd(p, (x).half[0]), _mm256_storeu_pd((p) + 4, (x).half[1]))
#define _mm512_maskz_loadu_pd emu_maskz_loadu_pd
#define _mm512_mask_storeu_pd emu_mask_storeu_pd
#define _mm512_set1_pd(x) EMU_SAME(emu512d, _mm256_set1_pd(x))
#define _mm512_add_pd(a, b) EMU_2(emu512d, _mm256_add_pd, a, b)
#define _mm512_sub_pd(a, b) EMU_2(emu512d, _mm256_sub_pd, a, b)
#define _mm512_mul_pd(a, b) EMU_2(emu512d, _mm256_mul_pd, a, b)
#define _mm512_div_pd(a, b) EMU_2(emu512d, _mm256_div_pd, a, b)
#define _mm512_sqrt_pd(a) EMU_1(emu512d, _mm256_sqrt_pd, a)
#define _mm512_fmadd_pd(a, b, c) EMU_3(emu512d, _mm256_fmadd_pd, a, b, c)
#define _mm512_max_pd(a, b) EMU_2(emu512d, _mm256_max_pd, a, b)
#define _mm512_min_pd(a, b) EMU_2(emu512d, _mm256_min_pd, a, b)
#define _mm512_cmp_pd_mask(a, b, how)                                                                        \
    ((__mmask8)(_mm256_movemask_pd(_mm256_cmp_pd((a).half[0], (b).half[0], how))                             \
                | _mm256_movemask_pd(_mm256_cmp_pd((a).half[1], (b).half[1], how)) << 4))
#define _mm512_mask_blend_pd emu_mask_blend_pd
#define _mm512_castpd_si512(x) EMU_1(emu512i, _mm256_castpd_si256, x)
#define _mm512_castsi512_pd(x) EMU_1(emu512d, _mm256_castsi256_pd, x)

#define _mm512_loadu_si512 emu_loadu_si512
#define _mm512_storeu_si512 emu_storeu_si512
#define _mm512_set1_epi32(x) EMU_SAME(emu512i, _mm256_set1_epi32(x))
#define _mm512_set1_epi64(x) EMU_SAME(emu512i, _mm256_set1_epi64x(x))
#define _mm512_setr_epi64(a, b, c, d, e, f, g, h)                                                            \
    ((emu512i){{_mm256_setr_epi64x(a, b, c, d), _mm256_setr_epi64x(e, f, g, h)}})
#define _mm512_and_si512(a, b) EMU_2(emu512i, _mm256_and_si256, a, b)
#define _mm512_or_si512(a, b) EMU_2(emu512i, _mm256_or_si256, a, b)
#define _mm512_xor_si512(a, b) EMU_2(emu512i, _mm256_xor_si256, a, b)
#define _mm512_add_epi32(a, b) EMU_2(emu512i, _mm256_add_epi32, a, b)
#define _mm512_sub_epi32(a, b) EMU_2(emu512i, _mm256_sub_epi32, a, b)
#define _mm512_add_epi64(a, b) EMU_2(emu512i, _mm256_add_epi64, a, b)
#define _mm512_sub_epi64(a, b) EMU_2(emu512i, _mm256_sub_epi64, a, b)
#define _mm512_mul_epu32(a, b) EMU_2(emu512i, _mm256_mul_epu32, a, b)
#define _mm512_slli_epi32(a, n) EMU_SHIFT(_mm256_slli_epi32, a, n)
#define _mm512_srli_epi32(a, n) EMU_SHIFT(_mm256_srli_epi32, a, n)
#define _mm512_slli_epi64(a, n) EMU_SHIFT(_mm256_slli_epi64, a, n)
#define _mm512_srli_epi64(a, n) EMU_SHIFT(_mm256_srli_epi64, a, n)
#define _mm512_mask_blend_epi32 emu_mask_blend_epi32
#define _mm512_permutex2var_epi64 emu_permutex2var_epi64

/* What vec_avx512.h asks of the compiler's flags. */
#define __AVX512F__ 1
#define __AVX512DQ__ 1
#define __AVX512BW__ 1
#define __AVX512VL__ 1
#include "vec_avx512.h"

#endif
