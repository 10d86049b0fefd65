/*
 * kernels.h - the kernel table: what the core asks of each instruction set.
 *
 * One table per ISA holds one set of functions per precision. All tables give the same bits: the
 * scalar one is the reference, the others are tested against it. Kernels know nothing of nets; they
 * see arrays, panels and plain settings. They may not allocate, fail or call libm.
 *
 * Panels. A matrix of C columns is kept for the kernels as ceil(C / w) panels of w columns each:
 * panel p is [rows][w], row-major, columns p*w .. p*w + w - 1. Padding columns hold anything
 * finite or not: no contraction ever reads them as k, so they cannot reach a real output.
 */
#ifndef IL_KERNELS_H
#define IL_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

#include "copy.h"
#include "initlens.h"

#define IL_CAT2_(a, b) a##b
#define IL_CAT2(a, b) IL_CAT2_(a, b)
#define IL_CAT3_(a, b, c) a##_##b##_##c
#define IL_CAT3(a, b, c) IL_CAT3_(a, b, c)

/* A kernel's inner functions are part of its loop: called one by one, they would load their constants
 * anew for every vector. Compilers do not see that in a body of a hundred instructions. */
#if defined(_MSC_VER)
#define IL_INLINE static __forceinline
#elif defined(__GNUC__)
#define IL_INLINE static inline __attribute__((always_inline))
#else
#define IL_INLINE static inline
#endif

/* And some loops are better functions of their own: in one large one a compiler runs out of registers, and of time. */
#if defined(_MSC_VER)
#define IL_NOINLINE static __declspec(noinline)
#elif defined(__GNUC__)
#define IL_NOINLINE static __attribute__((noinline))
#else
#define IL_NOINLINE static
#endif

/* Place of the lowest bit that is set; there is one. */
IL_INLINE unsigned
il_lowest_bit(uint64_t word)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(word);
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_ARM64))
    unsigned long place;
    _BitScanForward64(&place, word);
    return (unsigned)place;
#else
    unsigned place = 0;
    for (; (word & 1) == 0; word >>= 1) {
        place++;
    }
    return place;
#endif
}

/* Fetch a line of the cache that will be overwritten soon: a fifth of the time of a large draw. */
#define IL_CACHE_LINE 64
#if defined(__GNUC__)
#define IL_WILL_WRITE(address) __builtin_prefetch(address, 1)
#else
#define IL_WILL_WRITE(address) ((void)(address))
#endif

/* k runs in blocks of this many (NUMERICS 2.2): part of the format, never tuned. */
#define IL_BLOCK 256

/* Virtual lanes of a reduction (NUMERICS 3.6): part of the format. */
#define IL_SUM_LANES 8

/* The reduction's last line. */
static inline double
il_lanes_total(const double l[IL_SUM_LANES])
{
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

/* A shallow net has at most so many inputs, a register each, and takes samples in strips of so many vectors. The
 * gradients of so many panels fit into a chunk. */
#define IL_SHALLOW_INPUTS 4
#define IL_SHALLOW_STRIP 4
#define IL_SHALLOW_PANELS 8

/* No table has wider vectors than this many values. */
#define IL_MOST_LANES 16

/* The counter of a stream, all but the block index: key and words 2 and 3 (NUMERICS 4.1). */
typedef struct il_stream {
    uint64_t key;
    uint32_t tensor;
    uint32_t purpose; /* already shifted: purpose << 24 */
} il_stream;

/* Is g' computed from z? For the others the stored activation is enough (NUMERICS 3.3). */
static inline int
il_activation_needs_z(il_activation_kind kind)
{
    enum { OF_A = 0, OF_Z = 1 };
    switch (kind) {
#define IL_ROW(KIND, name, SLOPE, CODE, ...)                                                                           \
    case IL_##KIND: return SLOPE;
#include "activation_table.inc.h"
    case IL_ACTIVATION_COUNT: break;
    }
    return 1;
}

/* Has shallow_backward() a body for it? Another slope costs more than all that one would save. */
static inline int
il_activation_is_shallow(il_activation_kind kind)
{
    enum { SMALL = 0, FAST = 1 };
    switch (kind) {
#define IL_ROW(KIND, name, SLOPE, CODE, ...)                                                                           \
    case IL_##KIND: return CODE && !il_activation_needs_z(kind);
#include "activation_table.inc.h"
    case IL_ACTIVATION_COUNT: break;
    }
    return 0;
}

#include "kernel_set.h"

typedef struct il_kernels {
    const char *name;
    const il_kernel_set *f32, *f64;
} il_kernels;

/* The set for values of this type. */
static inline const il_kernel_set *
il_kernel_set_of(const il_kernels *kernels, il_dtype dtype)
{
    return dtype == IL_FLOAT32 ? kernels->f32 : kernels->f64;
}

extern const il_kernels il_kernels_soft;   /* no FMA in hardware: exact software fma, slow */
extern const il_kernels il_kernels_scalar; /* one lane, hardware fma */
#if defined(IL_BUILD_AVX2)
extern const il_kernels il_kernels_avx2;
#endif
#if defined(IL_BUILD_AVX512)
extern const il_kernels il_kernels_avx512;
#endif
#if defined(IL_BUILD_EMU512)
extern const il_kernels il_kernels_emu512; /* vec_avx512.h over AVX2, for tests: tests/c/vec_emu512.h */
#endif
#if defined(IL_BUILD_NEON)
extern const il_kernels il_kernels_neon;
#endif

#endif
