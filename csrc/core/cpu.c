/* cpu.c - see cpu.h. OSXSAVE and XGETBV come before AVX is believed (Intel SDM vol. 1, 14.3 and 15.2). */
#include "cpu.h"

#if defined(__x86_64__) || defined(_M_X64)
#define IL_X86 1
#else
#define IL_X86 0
#endif

#if IL_X86
#include <immintrin.h>
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif

typedef struct cpuid_words {
    unsigned a, b, c, d;
} cpuid_words;

static cpuid_words
cpuid(unsigned leaf)
{
    cpuid_words w = {0, 0, 0, 0};
#if defined(_MSC_VER)
    int r[4];
    __cpuid(r, 0);
    if ((unsigned)r[0] >= leaf) {
        __cpuidex(r, (int)leaf, 0);
        w = (cpuid_words){(unsigned)r[0], (unsigned)r[1], (unsigned)r[2], (unsigned)r[3]};
    }
#else
    if (!__get_cpuid_count(leaf, 0, &w.a, &w.b, &w.c, &w.d)) {
        w = (cpuid_words){0, 0, 0, 0};
    }
#endif
    return w;
}

/* XCR0: which register files the system saves. Needs OSXSAVE. */
static unsigned long long
saved_state(void)
{
#if defined(_MSC_VER)
    return _xgetbv(0);
#else
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((unsigned long long)high << 32) | low;
#endif
}

static int
has_avx_state(void)
{
    const unsigned osxsave_and_avx = (1u << 27) | (1u << 28);
    const unsigned long long sse_and_avx = 6;
    return (cpuid(1).c & osxsave_and_avx) == osxsave_and_avx && (saved_state() & sse_and_avx) == sse_and_avx;
}

int
il_cpu_has_fma(void)
{
    return has_avx_state() && (cpuid(1).c >> 12 & 1u);
}

int
il_cpu_has_avx2(void)
{
    return il_cpu_has_fma() && (cpuid(7).b >> 5 & 1u);
}

int
il_cpu_has_avx512(void)
{
    const unsigned f_dq_bw_vl = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);
    const unsigned long long masks_and_zmm = 0xe0; /* opmask, upper halves of zmm0-15, zmm16-31 */
    return il_cpu_has_avx2() && (cpuid(7).b & f_dq_bw_vl) == f_dq_bw_vl
           && (saved_state() & masks_and_zmm) == masks_and_zmm;
}

il_float_environment
il_float_enter(void)
{
    const il_float_environment saved = {_mm_getcsr()};
    _mm_setcsr(0x1f80u); /* all exceptions masked, round to nearest, no FTZ, no DAZ */
    return saved;
}

void
il_float_leave(il_float_environment saved)
{
    _mm_setcsr((unsigned)saved.control);
}

#else /* not x86-64 */

int
il_cpu_has_fma(void)
{
#if defined(__aarch64__) || defined(_M_ARM64)
    return 1;
#else
    return 0;
#endif
}

int
il_cpu_has_avx2(void)
{
    return 0;
}

int
il_cpu_has_avx512(void)
{
    return 0;
}

#if defined(__aarch64__) && !defined(_MSC_VER)
il_float_environment
il_float_enter(void)
{
    il_float_environment saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved.control));
    __asm__ volatile("msr fpcr, %0" : : "r"(0ull)); /* round to nearest, no FZ, no traps */
    return saved;
}

void
il_float_leave(il_float_environment saved)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(saved.control));
}
#else
#include <fenv.h>

il_float_environment
il_float_enter(void)
{
    const il_float_environment saved = {(unsigned long long)fegetround()};
    (void)fesetround(FE_TONEAREST);
    return saved;
}

void
il_float_leave(il_float_environment saved)
{
    (void)fesetround((int)saved.control);
}
#endif

#endif
