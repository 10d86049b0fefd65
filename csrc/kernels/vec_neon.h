/*
 * vec_neon.h - the vector vocabulary in NEON: 4 floats or 2 doubles.
 *
 * For 64-bit ARM only: 32-bit NEON has no doubles, no division, and flushes subnormal numbers to zero.
 */
#ifndef IL_VEC_NEON_H
#define IL_VEC_NEON_H

#if !defined(__aarch64__) && !defined(_M_ARM64)
#error "vec_neon.h needs 64-bit ARM"
#endif

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#define IL_LANES_F32 4
#define IL_LANES_F64 2
#define IL_TILE_ROWS 12 /* of 2 vectors: 24 sums in 32 registers; clang spills 28, as it loads much of A at once */

typedef float32x4_t v_f32;
typedef uint32x4_t vi_f32;
typedef uint32x4_t vm_f32;
typedef float64x2_t v_f64;
typedef uint64x2_t vi_f64;
typedef uint64x2_t vm_f64;

static inline v_f32 v_load_f32(const float *p) { return vld1q_f32(p); }
static inline void v_store_f32(float *p, v_f32 x) { vst1q_f32(p, x); }
/* There are no masked loads and stores: lane by lane. */
static inline v_f32
v_load_n_f32(const float *p, size_t n)
{
    float lanes[IL_LANES_F32] = {0};
    for (size_t i = 0; i < n; i++) {
        lanes[i] = p[i];
    }
    return vld1q_f32(lanes);
}
static inline void
v_store_n_f32(float *p, v_f32 x, size_t n)
{
    float lanes[IL_LANES_F32];
    vst1q_f32(lanes, x);
    for (size_t i = 0; i < n; i++) {
        p[i] = lanes[i];
    }
}
static inline v_f32 v_set1_f32(float x) { return vdupq_n_f32(x); }
static inline v_f32 v_add_f32(v_f32 a, v_f32 b) { return vaddq_f32(a, b); }
static inline v_f32 v_sub_f32(v_f32 a, v_f32 b) { return vsubq_f32(a, b); }
static inline v_f32 v_mul_f32(v_f32 a, v_f32 b) { return vmulq_f32(a, b); }
static inline v_f32 v_div_f32(v_f32 a, v_f32 b) { return vdivq_f32(a, b); }
static inline v_f32 v_sqrt_f32(v_f32 a) { return vsqrtq_f32(a); }
static inline v_f32 v_fma_f32(v_f32 a, v_f32 b, v_f32 c) { return vfmaq_f32(c, a, b); }
/* ARM's own maximum and minimum treat NaN and zeros of both signs in another way. */
static inline v_f32 v_max_f32(v_f32 a, v_f32 b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline v_f32 v_min_f32(v_f32 a, v_f32 b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
static inline vm_f32 v_lt_f32(v_f32 a, v_f32 b) { return vcltq_f32(a, b); }
static inline vm_f32 v_le_f32(v_f32 a, v_f32 b) { return vcleq_f32(a, b); }
static inline vm_f32 v_eq_f32(v_f32 a, v_f32 b) { return vceqq_f32(a, b); }
static inline vm_f32 vm_and_f32(vm_f32 a, vm_f32 b) { return vandq_u32(a, b); }
static inline vm_f32 vm_or_f32(vm_f32 a, vm_f32 b) { return vorrq_u32(a, b); }
/* The truth values as bits, lane 0 lowest. */
static inline unsigned
vm_bits_f32(vm_f32 m)
{
    const uint32_t place[IL_LANES_F32] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(m, vld1q_u32(place)));
}
static inline v_f32 v_select_f32(vm_f32 m, v_f32 a, v_f32 b) { return vbslq_f32(m, a, b); }
static inline vi_f32 v_bits_f32(v_f32 x) { return vreinterpretq_u32_f32(x); }
static inline v_f32 v_from_bits_f32(vi_f32 x) { return vreinterpretq_f32_u32(x); }
static inline vi_f32 vi_load_f32(const uint32_t *p) { return vld1q_u32(p); }
static inline void vi_store_f32(uint32_t *p, vi_f32 x) { vst1q_u32(p, x); }
static inline vi_f32 vi_set1_f32(uint32_t x) { return vdupq_n_u32(x); }
static inline vi_f32 vi_and_f32(vi_f32 a, vi_f32 b) { return vandq_u32(a, b); }
static inline vi_f32 vi_or_f32(vi_f32 a, vi_f32 b) { return vorrq_u32(a, b); }
static inline vi_f32 vi_xor_f32(vi_f32 a, vi_f32 b) { return veorq_u32(a, b); }
static inline vi_f32 vi_add_f32(vi_f32 a, vi_f32 b) { return vaddq_u32(a, b); }
static inline vi_f32 vi_sub_f32(vi_f32 a, vi_f32 b) { return vsubq_u32(a, b); }
/* Macros: the instruction holds the count, so it has to be a constant without any inlining. */
#define vi_sll_f32(a, n) vshlq_n_u32(a, (n))
#define vi_srl_f32(a, n) vshrq_n_u32(a, (n))

static inline v_f64 v_load_f64(const double *p) { return vld1q_f64(p); }
static inline void v_store_f64(double *p, v_f64 x) { vst1q_f64(p, x); }
static inline v_f64
v_load_n_f64(const double *p, size_t n)
{
    return n > 0 ? vsetq_lane_f64(*p, vdupq_n_f64(0), 0) : vdupq_n_f64(0);
}
static inline void
v_store_n_f64(double *p, v_f64 x, size_t n)
{
    if (n > 0) {
        *p = vgetq_lane_f64(x, 0);
    }
}
static inline v_f64 v_set1_f64(double x) { return vdupq_n_f64(x); }
static inline v_f64 v_add_f64(v_f64 a, v_f64 b) { return vaddq_f64(a, b); }
static inline v_f64 v_sub_f64(v_f64 a, v_f64 b) { return vsubq_f64(a, b); }
static inline v_f64 v_mul_f64(v_f64 a, v_f64 b) { return vmulq_f64(a, b); }
static inline v_f64 v_div_f64(v_f64 a, v_f64 b) { return vdivq_f64(a, b); }
static inline v_f64 v_sqrt_f64(v_f64 a) { return vsqrtq_f64(a); }
static inline v_f64 v_fma_f64(v_f64 a, v_f64 b, v_f64 c) { return vfmaq_f64(c, a, b); }
static inline v_f64 v_max_f64(v_f64 a, v_f64 b) { return vbslq_f64(vcgtq_f64(a, b), a, b); }
static inline v_f64 v_min_f64(v_f64 a, v_f64 b) { return vbslq_f64(vcltq_f64(a, b), a, b); }
static inline vm_f64 v_lt_f64(v_f64 a, v_f64 b) { return vcltq_f64(a, b); }
static inline vm_f64 v_le_f64(v_f64 a, v_f64 b) { return vcleq_f64(a, b); }
static inline vm_f64 v_eq_f64(v_f64 a, v_f64 b) { return vceqq_f64(a, b); }
static inline vm_f64 vm_and_f64(vm_f64 a, vm_f64 b) { return vandq_u64(a, b); }
static inline vm_f64 vm_or_f64(vm_f64 a, vm_f64 b) { return vorrq_u64(a, b); }
static inline unsigned
vm_bits_f64(vm_f64 m)
{
    const uint64_t place[IL_LANES_F64] = {1, 2};
    return (unsigned)vaddvq_u64(vandq_u64(m, vld1q_u64(place)));
}
static inline v_f64 v_select_f64(vm_f64 m, v_f64 a, v_f64 b) { return vbslq_f64(m, a, b); }
static inline vi_f64 v_bits_f64(v_f64 x) { return vreinterpretq_u64_f64(x); }
static inline v_f64 v_from_bits_f64(vi_f64 x) { return vreinterpretq_f64_u64(x); }
static inline vi_f64 vi_load_f64(const uint64_t *p) { return vld1q_u64(p); }
static inline void vi_store_f64(uint64_t *p, vi_f64 x) { vst1q_u64(p, x); }
static inline vi_f64 vi_set1_f64(uint64_t x) { return vdupq_n_u64(x); }
static inline vi_f64 vi_and_f64(vi_f64 a, vi_f64 b) { return vandq_u64(a, b); }
static inline vi_f64 vi_or_f64(vi_f64 a, vi_f64 b) { return vorrq_u64(a, b); }
static inline vi_f64 vi_xor_f64(vi_f64 a, vi_f64 b) { return veorq_u64(a, b); }
static inline vi_f64 vi_add_f64(vi_f64 a, vi_f64 b) { return vaddq_u64(a, b); }
static inline vi_f64 vi_sub_f64(vi_f64 a, vi_f64 b) { return vsubq_u64(a, b); }
#define vi_sll_f64(a, n) vshlq_n_u64(a, (n))
#define vi_srl_f64(a, n) vshrq_n_u64(a, (n))
/* Square blocks: pairs of rows, then the halves. */
#define IL_SIDE_F32 4
#define IL_SIDE_F64 2
static inline void
v_transpose_f32(const float *src, size_t src_stride, float *dst, size_t dst_stride)
{
    const float32x4_t a = vld1q_f32(src), b = vld1q_f32(src + src_stride);
    const float32x4_t c = vld1q_f32(src + 2 * src_stride), d = vld1q_f32(src + 3 * src_stride);
    const float32x4x2_t ab = vtrnq_f32(a, b), cd = vtrnq_f32(c, d);
    vst1q_f32(dst, vcombine_f32(vget_low_f32(ab.val[0]), vget_low_f32(cd.val[0])));
    vst1q_f32(dst + dst_stride, vcombine_f32(vget_low_f32(ab.val[1]), vget_low_f32(cd.val[1])));
    vst1q_f32(dst + 2 * dst_stride, vcombine_f32(vget_high_f32(ab.val[0]), vget_high_f32(cd.val[0])));
    vst1q_f32(dst + 3 * dst_stride, vcombine_f32(vget_high_f32(ab.val[1]), vget_high_f32(cd.val[1])));
}
static inline void
v_transpose_f64(const double *src, size_t src_stride, double *dst, size_t dst_stride)
{
    const float64x2_t a = vld1q_f64(src), b = vld1q_f64(src + src_stride);
    vst1q_f64(dst, vtrn1q_f64(a, b));
    vst1q_f64(dst + dst_stride, vtrn2q_f64(a, b));
}
/* Product of the low 32 bits of each. */
static inline vi_f64 vi_mul32_f64(vi_f64 a, vi_f64 b) { return vmull_u32(vmovn_u64(a), vmovn_u64(b)); }
/* c[4], element k of a block of four in each lane: stored block by block, the low 32 bits or all. */
static inline void
vi_store_blocks_f32(uint32_t *p, const vi_f64 *c)
{
    const uint32x2x4_t low = {{vmovn_u64(c[0]), vmovn_u64(c[1]), vmovn_u64(c[2]), vmovn_u64(c[3])}};
    vst4_u32(p, low);
}
static inline void
vi_store_blocks_f64(uint64_t *p, const vi_f64 *c)
{
    const uint64x2x4_t all = {{c[0], c[1], c[2], c[3]}};
    vst4q_u64(p, all);
}

#endif
