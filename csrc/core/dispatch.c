/*
 * dispatch.c - one table per process, chosen once by what the CPU can do; INITLENS_ISA lowers the
 * choice and never raises it. Two threads that choose at once choose the same.
 */
#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "cpu.h"

/* MSVC has no <stdatomic.h> before 2022; a pointer store is one instruction on all it targets. */
#if defined(_MSC_VER)
#define IL_ATOMIC volatile
#else
#include <stdatomic.h>
#define IL_ATOMIC _Atomic
#endif

typedef struct candidate {
    const il_kernels *table;
    int (*usable)(void);
    const char *reason; /* why it is the best where it is chosen */
} candidate;

static int
always(void)
{
    return 1;
}

/* Worst first. */
static const candidate candidates[] = {
    {&il_kernels_soft, always, "this CPU has no fused multiply-add: exact but slow"},
    {&il_kernels_scalar, il_cpu_has_fma, "no vector table for this CPU"},
#if defined(IL_BUILD_EMU512)
    {&il_kernels_emu512, il_cpu_has_avx2, "for tests"},
#endif
#if defined(IL_BUILD_AVX2)
    {&il_kernels_avx2, il_cpu_has_avx2, "the CPU has AVX2 and FMA, and the system saves their registers"},
#endif
#if defined(IL_BUILD_AVX512)
    {&il_kernels_avx512, il_cpu_has_avx512, "the CPU has AVX-512, and the system saves its registers"},
#endif
#if defined(IL_BUILD_NEON)
    {&il_kernels_neon, always, "every 64-bit ARM CPU has NEON"},
#endif
};
enum { CANDIDATES = sizeof candidates / sizeof candidates[0] };

static const il_kernels *IL_ATOMIC chosen;
static const char *IL_ATOMIC chosen_reason;

static const candidate *
find(const char *name)
{
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (strcmp(candidates[i].table->name, name) == 0 && candidates[i].usable()) {
            return &candidates[i];
        }
    }
    return NULL;
}

static void
choose(void)
{
    const char *wish = getenv("INITLENS_ISA");
    const candidate *best = &candidates[0];
    const candidate *wished = wish != NULL ? find(wish) : NULL;
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (candidates[i].usable()) {
            best = &candidates[i];
        }
    }
    if (wished != NULL) {
        chosen_reason = "set by INITLENS_ISA";
        chosen = wished->table;
    } else {
        chosen_reason = wish == NULL ? best->reason : "INITLENS_ISA names no table this CPU and build have";
        chosen = best->table;
    }
}

const il_kernels *
il_kernels_get(void)
{
    if (chosen == NULL) {
        choose();
    }
    return chosen;
}

const il_kernels *
il_kernels_find(const char *name)
{
    const candidate *c = find(name);
    return c != NULL ? c->table : NULL;
}

const char *
il_isa_name(void)
{
    return il_kernels_get()->name;
}

const char *
il_isa_reason(void)
{
    (void)il_kernels_get();
    return chosen_reason;
}

il_status
il_isa_select(const char *name)
{
    const candidate *c = name != NULL ? find(name) : NULL;
    if (c == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    chosen_reason = "chosen by il_isa_select";
    chosen = c->table;
    return IL_OK;
}

const char *
il_isa_available(size_t index)
{
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (candidates[i].usable() && index-- == 0) {
            return candidates[i].table->name;
        }
    }
    return NULL;
}
