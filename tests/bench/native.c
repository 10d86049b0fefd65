/*
 * native.c - what Python does not reach: the machine's peak of fused multiply-adds, and the core's
 * products and functions on their own.
 *
 * native.py compiles it for one instruction set ISA, whose vector vocabulary is the header VECTORS,
 * and links it with that ISA's kernels as they are.
 */
#include "kernels.h"

#include VECTORS

#define KERNELS IL_CAT2(il_kernels_, ISA)

/* Independent sums: at least latency times units, and no more than stay in registers. */
#if defined(__AVX512F__) || defined(__aarch64__)
enum { SUMS = 24 };
#else
enum { SUMS = 12 };
#endif

/* Returns the operations done. Each sum tends to 1, whatever the number of rounds, and none starts there: a compiler
 * leaves out the multiply-adds of a sum that it knows not to change. gcc keeps the array in registers only if the loop
 * over it is unrolled whole, which it does by itself for 12, not for 24. */
#define PEAK(T, P, LANES)                                                                                              \
    double peak_##P(size_t rounds)                                                                                     \
    {                                                                                                                  \
        static volatile T sink;                                                                                        \
        T lanes[LANES];                                                                                                \
        v_##P sums[SUMS];                                                                                              \
        const v_##P factor = v_set1_##P((T)0.5), term = v_set1_##P((T)0.5);                                            \
        for (int i = 0; i < SUMS; i++) {                                                                               \
            sums[i] = v_set1_##P((T)(i + 2));                                                                          \
        }                                                                                                              \
        for (size_t round = 0; round < rounds; round++) {                                                              \
            _Pragma("GCC unroll 24") for (int i = 0; i < SUMS; i++)                                                    \
            {                                                                                                          \
                sums[i] = v_fma_##P(sums[i], factor, term);                                                            \
            }                                                                                                          \
        }                                                                                                              \
        for (int i = 0; i < SUMS; i++) {                                                                               \
            v_store_##P(lanes, sums[i]);                                                                               \
            sink = lanes[0];                                                                                           \
        }                                                                                                              \
        (void)sink;                                                                                                    \
        return 2.0 * SUMS * LANES * (double)rounds;                                                                    \
    }

PEAK(float, f32, IL_LANES_F32)
PEAK(double, f64, IL_LANES_F64)

/* c = a b, or a' b, columns of all in panels of `panel_P` (a multiple of it). */
#define PRODUCT(T, P, LANES)                                                                                           \
    const size_t panel_##P = 2 * LANES;                                                                                \
    void product_##P(size_t rows, size_t K, size_t columns, int transposed, const T *a, const T *b, T *c)              \
    {                                                                                                                  \
        const size_t w = panel_##P;                                                                                    \
        il_contraction job = {.rows = rows, .K = K, .transposed = transposed, .a = a};                                 \
        job.a_row = job.b_row = w;                                                                                     \
        job.a_panel = (transposed ? K : rows) * w;                                                                     \
        for (size_t p = 0; p < columns / w; p++) {                                                                     \
            job.b = b + p * K * w;                                                                                     \
            job.c = c + p * rows * w;                                                                                  \
            KERNELS.P->contract_wide(&job);                                                                            \
        }                                                                                                              \
    }

PRODUCT(float, f32, IL_LANES_F32)
PRODUCT(double, f64, IL_LANES_F64)

#define FUNCTION(name, T, P)                                                                                           \
    void name##_##P(size_t n, const T *x, T *out)                                                                      \
    {                                                                                                                  \
        KERNELS.P->name(n, x, out);                                                                                    \
    }

#define FUNCTIONS(name) FUNCTION(name, float, f32) FUNCTION(name, double, f64)

FUNCTIONS(tanh)
FUNCTIONS(exp)
FUNCTIONS(sigmoid)
FUNCTIONS(erf)
