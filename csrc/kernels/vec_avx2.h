/*
 * vec_avx2.h - the vector vocabulary in AVX2 and FMA: 8 floats or 4 doubles.
 *
 * Include only from a file compiled with both enabled (-mavx2 -mfma; MSVC /arch:AVX2).
 */
#ifndef IL_VEC_AVX2_H
#define IL_VEC_AVX2_H

#if !defined(__AVX2__)
#error "vec_avx2.h needs AVX2 and FMA: compile this file with -mavx2 -mfma"
#endif

#include <immintrin.h>
#include <stdint.h>

#include "transpose_x86.h"

#define IL_LANES_F32 8
#define IL_LANES_F64 4
#define IL_TILE_ROWS 6 /* of 2 vectors: 12 sums, 2 of B and 1 of A in 16 registers */

typedef __m256 v_f32;
typedef __m256i vi_f32;
typedef __m256 vm_f32;
typedef __m256d v_f64;
typedef __m256i vi_f64;
typedef __m256d vm_f64;

/* First n lanes on: a window into ones followed by zeros. */
static const int32_t il_avx2_tail[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

static inline __m256i
il_avx2_mask(size_t lanes32)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)(il_avx2_tail + 8 - lanes32));
}

static inline v_f32 v_load_f32(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store_f32(float *p, v_f32 x) { _mm256_storeu_ps(p, x); }
static inline v_f32 v_load_n_f32(const float *p, size_t n) { return _mm256_maskload_ps(p, il_avx2_mask(n)); }
static inline void v_store_n_f32(float *p, v_f32 x, size_t n) { _mm256_maskstore_ps(p, il_avx2_mask(n), x); }
static inline v_f32 v_set1_f32(float x) { return _mm256_set1_ps(x); }
static inline v_f32 v_add_f32(v_f32 a, v_f32 b) { return _mm256_add_ps(a, b); }
static inline v_f32 v_sub_f32(v_f32 a, v_f32 b) { return _mm256_sub_ps(a, b); }
static inline v_f32 v_mul_f32(v_f32 a, v_f32 b) { return _mm256_mul_ps(a, b); }
static inline v_f32 v_div_f32(v_f32 a, v_f32 b) { return _mm256_div_ps(a, b); }
static inline v_f32 v_sqrt_f32(v_f32 a) { return _mm256_sqrt_ps(a); }
static inline v_f32 v_fma_f32(v_f32 a, v_f32 b, v_f32 c) { return _mm256_fmadd_ps(a, b, c); }
static inline v_f32 v_max_f32(v_f32 a, v_f32 b) { return _mm256_max_ps(a, b); }
static inline v_f32 v_min_f32(v_f32 a, v_f32 b) { return _mm256_min_ps(a, b); }
static inline vm_f32 v_lt_f32(v_f32 a, v_f32 b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
static inline vm_f32 v_le_f32(v_f32 a, v_f32 b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
static inline vm_f32 v_eq_f32(v_f32 a, v_f32 b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
static inline vm_f32 vm_and_f32(vm_f32 a, vm_f32 b) { return _mm256_and_ps(a, b); }
static inline vm_f32 vm_or_f32(vm_f32 a, vm_f32 b) { return _mm256_or_ps(a, b); }
/* The truth values as bits, lane 0 lowest. */
static inline unsigned vm_bits_f32(vm_f32 m) { return (unsigned)_mm256_movemask_ps(m); }
static inline v_f32 v_select_f32(vm_f32 m, v_f32 a, v_f32 b) { return _mm256_blendv_ps(b, a, m); }
static inline vi_f32 v_bits_f32(v_f32 x) { return _mm256_castps_si256(x); }
static inline v_f32 v_from_bits_f32(vi_f32 x) { return _mm256_castsi256_ps(x); }
static inline vi_f32
vi_load_f32(const uint32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
static inline void vi_store_f32(uint32_t *p, vi_f32 x) { _mm256_storeu_si256((__m256i *)(void *)p, x); }
static inline vi_f32 vi_set1_f32(uint32_t x) { return _mm256_set1_epi32((int32_t)x); }
static inline vi_f32 vi_and_f32(vi_f32 a, vi_f32 b) { return _mm256_and_si256(a, b); }
static inline vi_f32 vi_or_f32(vi_f32 a, vi_f32 b) { return _mm256_or_si256(a, b); }
static inline vi_f32 vi_xor_f32(vi_f32 a, vi_f32 b) { return _mm256_xor_si256(a, b); }
static inline vi_f32 vi_add_f32(vi_f32 a, vi_f32 b) { return _mm256_add_epi32(a, b); }
static inline vi_f32 vi_sub_f32(vi_f32 a, vi_f32 b) { return _mm256_sub_epi32(a, b); }
static inline vi_f32 vi_sll_f32(vi_f32 a, int n) { return _mm256_slli_epi32(a, n); }
static inline vi_f32 vi_srl_f32(vi_f32 a, int n) { return _mm256_srli_epi32(a, n); }

static inline v_f64 v_load_f64(const double *p) { return _mm256_loadu_pd(p); }
static inline void v_store_f64(double *p, v_f64 x) { _mm256_storeu_pd(p, x); }
static inline v_f64 v_load_n_f64(const double *p, size_t n) { return _mm256_maskload_pd(p, il_avx2_mask(2 * n)); }
static inline void v_store_n_f64(double *p, v_f64 x, size_t n) { _mm256_maskstore_pd(p, il_avx2_mask(2 * n), x); }
static inline v_f64 v_set1_f64(double x) { return _mm256_set1_pd(x); }
static inline v_f64 v_add_f64(v_f64 a, v_f64 b) { return _mm256_add_pd(a, b); }
static inline v_f64 v_sub_f64(v_f64 a, v_f64 b) { return _mm256_sub_pd(a, b); }
static inline v_f64 v_mul_f64(v_f64 a, v_f64 b) { return _mm256_mul_pd(a, b); }
static inline v_f64 v_div_f64(v_f64 a, v_f64 b) { return _mm256_div_pd(a, b); }
static inline v_f64 v_sqrt_f64(v_f64 a) { return _mm256_sqrt_pd(a); }
static inline v_f64 v_fma_f64(v_f64 a, v_f64 b, v_f64 c) { return _mm256_fmadd_pd(a, b, c); }
static inline v_f64 v_max_f64(v_f64 a, v_f64 b) { return _mm256_max_pd(a, b); }
static inline v_f64 v_min_f64(v_f64 a, v_f64 b) { return _mm256_min_pd(a, b); }
static inline vm_f64 v_lt_f64(v_f64 a, v_f64 b) { return _mm256_cmp_pd(a, b, _CMP_LT_OQ); }
static inline vm_f64 v_le_f64(v_f64 a, v_f64 b) { return _mm256_cmp_pd(a, b, _CMP_LE_OQ); }
static inline vm_f64 v_eq_f64(v_f64 a, v_f64 b) { return _mm256_cmp_pd(a, b, _CMP_EQ_OQ); }
static inline vm_f64 vm_and_f64(vm_f64 a, vm_f64 b) { return _mm256_and_pd(a, b); }
static inline vm_f64 vm_or_f64(vm_f64 a, vm_f64 b) { return _mm256_or_pd(a, b); }
static inline unsigned vm_bits_f64(vm_f64 m) { return (unsigned)_mm256_movemask_pd(m); }
static inline v_f64 v_select_f64(vm_f64 m, v_f64 a, v_f64 b) { return _mm256_blendv_pd(b, a, m); }
static inline vi_f64 v_bits_f64(v_f64 x) { return _mm256_castpd_si256(x); }
static inline v_f64 v_from_bits_f64(vi_f64 x) { return _mm256_castsi256_pd(x); }
static inline vi_f64
vi_load_f64(const uint64_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
static inline void vi_store_f64(uint64_t *p, vi_f64 x) { _mm256_storeu_si256((__m256i *)(void *)p, x); }
static inline vi_f64 vi_set1_f64(uint64_t x) { return _mm256_set1_epi64x((int64_t)x); }
static inline vi_f64 vi_and_f64(vi_f64 a, vi_f64 b) { return _mm256_and_si256(a, b); }
static inline vi_f64 vi_or_f64(vi_f64 a, vi_f64 b) { return _mm256_or_si256(a, b); }
static inline vi_f64 vi_xor_f64(vi_f64 a, vi_f64 b) { return _mm256_xor_si256(a, b); }
static inline vi_f64 vi_add_f64(vi_f64 a, vi_f64 b) { return _mm256_add_epi64(a, b); }
static inline vi_f64 vi_sub_f64(vi_f64 a, vi_f64 b) { return _mm256_sub_epi64(a, b); }
static inline vi_f64 vi_sll_f64(vi_f64 a, int n) { return _mm256_slli_epi64(a, n); }
static inline vi_f64 vi_srl_f64(vi_f64 a, int n) { return _mm256_srli_epi64(a, n); }
/* Product of the low 32 bits of each. */
static inline vi_f64 vi_mul32_f64(vi_f64 a, vi_f64 b) { return _mm256_mul_epu32(a, b); }
/* c[4], element k of a block of four in each lane: stored block by block, the low 32 bits or all. */
static inline void
vi_store_blocks_f32(uint32_t *p, const vi_f64 *c)
{
    const __m256i c01 = _mm256_blend_epi32(c[0], _mm256_slli_epi64(c[1], 32), 0xaa);
    const __m256i c23 = _mm256_blend_epi32(c[2], _mm256_slli_epi64(c[3], 32), 0xaa);
    const __m256i blocks02 = _mm256_unpacklo_epi64(c01, c23), blocks13 = _mm256_unpackhi_epi64(c01, c23);
    vi_store_f32(p, _mm256_permute2x128_si256(blocks02, blocks13, 0x20));
    vi_store_f32(p + 8, _mm256_permute2x128_si256(blocks02, blocks13, 0x31));
}
static inline void
vi_store_blocks_f64(uint64_t *p, const vi_f64 *c)
{
    const __m256i even01 = _mm256_unpacklo_epi64(c[0], c[1]), odd01 = _mm256_unpackhi_epi64(c[0], c[1]);
    const __m256i even23 = _mm256_unpacklo_epi64(c[2], c[3]), odd23 = _mm256_unpackhi_epi64(c[2], c[3]);
    vi_store_f64(p, _mm256_permute2x128_si256(even01, even23, 0x20));
    vi_store_f64(p + 4, _mm256_permute2x128_si256(odd01, odd23, 0x20));
    vi_store_f64(p + 8, _mm256_permute2x128_si256(even01, even23, 0x31));
    vi_store_f64(p + 12, _mm256_permute2x128_si256(odd01, odd23, 0x31));
}

#endif
