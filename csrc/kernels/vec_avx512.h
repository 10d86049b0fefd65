/*
 * vec_avx512.h - the vector vocabulary in AVX-512: 16 floats or 8 doubles, truth values in mask registers.
 *
 * Include only from a file compiled with F, DQ, BW and VL enabled (-mavx512f -mavx512dq -mavx512bw
 * -mavx512vl; MSVC /arch:AVX512). The vectors need F alone; the compiler may use the others, so il_cpu_has_avx512()
 * asks for all four.
 */
#ifndef IL_VEC_AVX512_H
#define IL_VEC_AVX512_H

#if !defined(__AVX512F__) || !defined(__AVX512DQ__) || !defined(__AVX512BW__) || !defined(__AVX512VL__)
#error "vec_avx512.h: compile this file with -mavx512f -mavx512dq -mavx512bw -mavx512vl"
#endif

#include <immintrin.h>
#include <stdint.h>

#include "transpose_x86.h"

#define IL_LANES_F32 16
#define IL_LANES_F64 8
#define IL_TILE_ROWS 14 /* of 2 vectors: 28 sums, 2 of B and 1 of A in 32 registers */

typedef __m512 v_f32;
typedef __m512i vi_f32;
typedef __mmask16 vm_f32;
typedef __m512d v_f64;
typedef __m512i vi_f64;
typedef __mmask8 vm_f64;

/* First n < W lanes on. */
static inline vm_f32 il_avx512_tail_f32(size_t n) { return (vm_f32)((1u << n) - 1); }
static inline vm_f64 il_avx512_tail_f64(size_t n) { return (vm_f64)((1u << n) - 1); }

static inline v_f32 v_load_f32(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store_f32(float *p, v_f32 x) { _mm512_storeu_ps(p, x); }
static inline v_f32 v_load_n_f32(const float *p, size_t n) { return _mm512_maskz_loadu_ps(il_avx512_tail_f32(n), p); }
static inline void v_store_n_f32(float *p, v_f32 x, size_t n) { _mm512_mask_storeu_ps(p, il_avx512_tail_f32(n), x); }
static inline v_f32 v_set1_f32(float x) { return _mm512_set1_ps(x); }
static inline v_f32 v_add_f32(v_f32 a, v_f32 b) { return _mm512_add_ps(a, b); }
static inline v_f32 v_sub_f32(v_f32 a, v_f32 b) { return _mm512_sub_ps(a, b); }
static inline v_f32 v_mul_f32(v_f32 a, v_f32 b) { return _mm512_mul_ps(a, b); }
static inline v_f32 v_div_f32(v_f32 a, v_f32 b) { return _mm512_div_ps(a, b); }
static inline v_f32 v_sqrt_f32(v_f32 a) { return _mm512_sqrt_ps(a); }
static inline v_f32 v_fma_f32(v_f32 a, v_f32 b, v_f32 c) { return _mm512_fmadd_ps(a, b, c); }
static inline v_f32 v_max_f32(v_f32 a, v_f32 b) { return _mm512_max_ps(a, b); }
static inline v_f32 v_min_f32(v_f32 a, v_f32 b) { return _mm512_min_ps(a, b); }
static inline vm_f32 v_lt_f32(v_f32 a, v_f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline vm_f32 v_le_f32(v_f32 a, v_f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
static inline vm_f32 v_eq_f32(v_f32 a, v_f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
static inline vm_f32 vm_and_f32(vm_f32 a, vm_f32 b) { return (vm_f32)(a & b); }
static inline vm_f32 vm_or_f32(vm_f32 a, vm_f32 b) { return (vm_f32)(a | b); }
/* The truth values as bits, lane 0 lowest. */
static inline unsigned vm_bits_f32(vm_f32 m) { return m; }
static inline v_f32 v_select_f32(vm_f32 m, v_f32 a, v_f32 b) { return _mm512_mask_blend_ps(m, b, a); }
static inline vi_f32 v_bits_f32(v_f32 x) { return _mm512_castps_si512(x); }
static inline v_f32 v_from_bits_f32(vi_f32 x) { return _mm512_castsi512_ps(x); }
static inline vi_f32 vi_load_f32(const uint32_t *p) { return _mm512_loadu_si512(p); }
static inline void vi_store_f32(uint32_t *p, vi_f32 x) { _mm512_storeu_si512(p, x); }
static inline vi_f32 vi_set1_f32(uint32_t x) { return _mm512_set1_epi32((int32_t)x); }
static inline vi_f32 vi_and_f32(vi_f32 a, vi_f32 b) { return _mm512_and_si512(a, b); }
static inline vi_f32 vi_or_f32(vi_f32 a, vi_f32 b) { return _mm512_or_si512(a, b); }
static inline vi_f32 vi_xor_f32(vi_f32 a, vi_f32 b) { return _mm512_xor_si512(a, b); }
static inline vi_f32 vi_add_f32(vi_f32 a, vi_f32 b) { return _mm512_add_epi32(a, b); }
static inline vi_f32 vi_sub_f32(vi_f32 a, vi_f32 b) { return _mm512_sub_epi32(a, b); }
/* Macros: the instruction holds the count, so it has to be a constant without any inlining. */
#define vi_sll_f32(a, n) _mm512_slli_epi32(a, (n))
#define vi_srl_f32(a, n) _mm512_srli_epi32(a, (n))

static inline v_f64 v_load_f64(const double *p) { return _mm512_loadu_pd(p); }
static inline void v_store_f64(double *p, v_f64 x) { _mm512_storeu_pd(p, x); }
static inline v_f64 v_load_n_f64(const double *p, size_t n) { return _mm512_maskz_loadu_pd(il_avx512_tail_f64(n), p); }
static inline void v_store_n_f64(double *p, v_f64 x, size_t n) { _mm512_mask_storeu_pd(p, il_avx512_tail_f64(n), x); }
static inline v_f64 v_set1_f64(double x) { return _mm512_set1_pd(x); }
static inline v_f64 v_add_f64(v_f64 a, v_f64 b) { return _mm512_add_pd(a, b); }
static inline v_f64 v_sub_f64(v_f64 a, v_f64 b) { return _mm512_sub_pd(a, b); }
static inline v_f64 v_mul_f64(v_f64 a, v_f64 b) { return _mm512_mul_pd(a, b); }
static inline v_f64 v_div_f64(v_f64 a, v_f64 b) { return _mm512_div_pd(a, b); }
static inline v_f64 v_sqrt_f64(v_f64 a) { return _mm512_sqrt_pd(a); }
static inline v_f64 v_fma_f64(v_f64 a, v_f64 b, v_f64 c) { return _mm512_fmadd_pd(a, b, c); }
static inline v_f64 v_max_f64(v_f64 a, v_f64 b) { return _mm512_max_pd(a, b); }
static inline v_f64 v_min_f64(v_f64 a, v_f64 b) { return _mm512_min_pd(a, b); }
static inline vm_f64 v_lt_f64(v_f64 a, v_f64 b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
static inline vm_f64 v_le_f64(v_f64 a, v_f64 b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
static inline vm_f64 v_eq_f64(v_f64 a, v_f64 b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
static inline vm_f64 vm_and_f64(vm_f64 a, vm_f64 b) { return (vm_f64)(a & b); }
static inline vm_f64 vm_or_f64(vm_f64 a, vm_f64 b) { return (vm_f64)(a | b); }
static inline unsigned vm_bits_f64(vm_f64 m) { return m; }
static inline v_f64 v_select_f64(vm_f64 m, v_f64 a, v_f64 b) { return _mm512_mask_blend_pd(m, b, a); }
static inline vi_f64 v_bits_f64(v_f64 x) { return _mm512_castpd_si512(x); }
static inline v_f64 v_from_bits_f64(vi_f64 x) { return _mm512_castsi512_pd(x); }
static inline vi_f64 vi_load_f64(const uint64_t *p) { return _mm512_loadu_si512(p); }
static inline void vi_store_f64(uint64_t *p, vi_f64 x) { _mm512_storeu_si512(p, x); }
static inline vi_f64 vi_set1_f64(uint64_t x) { return _mm512_set1_epi64((int64_t)x); }
static inline vi_f64 vi_and_f64(vi_f64 a, vi_f64 b) { return _mm512_and_si512(a, b); }
static inline vi_f64 vi_or_f64(vi_f64 a, vi_f64 b) { return _mm512_or_si512(a, b); }
static inline vi_f64 vi_xor_f64(vi_f64 a, vi_f64 b) { return _mm512_xor_si512(a, b); }
static inline vi_f64 vi_add_f64(vi_f64 a, vi_f64 b) { return _mm512_add_epi64(a, b); }
static inline vi_f64 vi_sub_f64(vi_f64 a, vi_f64 b) { return _mm512_sub_epi64(a, b); }
#define vi_sll_f64(a, n) _mm512_slli_epi64(a, (n))
#define vi_srl_f64(a, n) _mm512_srli_epi64(a, (n))
/* Product of the low 32 bits of each. */
static inline vi_f64 vi_mul32_f64(vi_f64 a, vi_f64 b) { return _mm512_mul_epu32(a, b); }

/* a0 b0 a1 b1 a2 b2 a3 b3, and the same of elements 4..7 */
static inline __m512i
il_avx512_zip_low(__m512i a, __m512i b)
{
    return _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), b);
}
static inline __m512i
il_avx512_zip_high(__m512i a, __m512i b)
{
    return _mm512_permutex2var_epi64(a, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), b);
}
/* a0 a1 b0 b1 a2 a3 b2 b3 -> p[8], then the same of elements 4..7 */
static inline void
il_avx512_store_pairs(uint64_t *p, __m512i a, __m512i b)
{
    vi_store_f64(p, _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), b));
    vi_store_f64(p + 8, _mm512_permutex2var_epi64(a, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), b));
}
/* c[4], element k of a block of four in each lane: stored block by block, the low 32 bits or all. */
static inline void
vi_store_blocks_f32(uint32_t *p, const vi_f64 *c)
{
    const __m512i c01 = _mm512_mask_blend_epi32(0xaaaa, c[0], _mm512_slli_epi64(c[1], 32));
    const __m512i c23 = _mm512_mask_blend_epi32(0xaaaa, c[2], _mm512_slli_epi64(c[3], 32));
    vi_store_f32(p, il_avx512_zip_low(c01, c23));
    vi_store_f32(p + 16, il_avx512_zip_high(c01, c23));
}
static inline void
vi_store_blocks_f64(uint64_t *p, const vi_f64 *c)
{
    il_avx512_store_pairs(p, il_avx512_zip_low(c[0], c[1]), il_avx512_zip_low(c[2], c[3]));
    il_avx512_store_pairs(p + 16, il_avx512_zip_high(c[0], c[1]), il_avx512_zip_high(c[2], c[3]));
}

#endif
