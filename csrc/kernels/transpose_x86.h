/* transpose_x86.h - the vocabulary's square blocks for AVX2 and AVX-512, which takes 256-bit registers for them too. */
#ifndef IL_TRANSPOSE_X86_H
#define IL_TRANSPOSE_X86_H

#include <immintrin.h>
#include <stddef.h>

#define IL_SIDE_F32 8
#define IL_SIDE_F64 4

/* Pairs of rows, pairs of pairs, then the halves: 24 shuffles for 64 values. */
static inline void
v_transpose_f32(const float *src, size_t src_stride, float *dst, size_t dst_stride)
{
    __m256 row[8], pair[8], four[8];
    for (size_t i = 0; i < 8; i++) {
        row[i] = _mm256_loadu_ps(src + i * src_stride);
    }
    for (size_t i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
    for (size_t i = 0; i < 8; i += 4) {
        four[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], _MM_SHUFFLE(1, 0, 1, 0));
        four[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], _MM_SHUFFLE(3, 2, 3, 2));
        four[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], _MM_SHUFFLE(1, 0, 1, 0));
        four[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], _MM_SHUFFLE(3, 2, 3, 2));
    }
    for (size_t i = 0; i < 4; i++) {
        _mm256_storeu_ps(dst + i * dst_stride, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
        _mm256_storeu_ps(dst + (i + 4) * dst_stride, _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
    }
}

static inline void
v_transpose_f64(const double *src, size_t src_stride, double *dst, size_t dst_stride)
{
    const __m256d a = _mm256_loadu_pd(src), b = _mm256_loadu_pd(src + src_stride);
    const __m256d c = _mm256_loadu_pd(src + 2 * src_stride), d = _mm256_loadu_pd(src + 3 * src_stride);
    const __m256d even_low = _mm256_unpacklo_pd(a, b), odd_low = _mm256_unpackhi_pd(a, b);
    const __m256d even_high = _mm256_unpacklo_pd(c, d), odd_high = _mm256_unpackhi_pd(c, d);
    _mm256_storeu_pd(dst, _mm256_permute2f128_pd(even_low, even_high, 0x20));
    _mm256_storeu_pd(dst + dst_stride, _mm256_permute2f128_pd(odd_low, odd_high, 0x20));
    _mm256_storeu_pd(dst + 2 * dst_stride, _mm256_permute2f128_pd(even_low, even_high, 0x31));
    _mm256_storeu_pd(dst + 3 * dst_stride, _mm256_permute2f128_pd(odd_low, odd_high, 0x31));
}

#endif
