/* memory.c - see memory.h. C11's aligned_alloc is not in MSVC, so alignment is made by hand. */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>

#if defined(IL_TEST_FAULTS)
static long fail_at = -1;

void
il_memory_fail_at(long n)
{
    fail_at = n;
}
#endif

int
il_size_add(size_t *total, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - IL_ALIGNMENT) / size) {
        return 0;
    }
    const size_t bytes = (count * size + IL_ALIGNMENT - 1) / IL_ALIGNMENT * IL_ALIGNMENT;
    if (bytes > (size_t)PTRDIFF_MAX - *total) {
        return 0;
    }
    *total += bytes;
    return 1;
}

void *
il_arena_take(il_arena *arena, size_t count, size_t size)
{
    const size_t offset = arena->used;
    if (!il_size_add(&arena->used, count, size)) {
        arena->overflow = 1;
    }
    return arena->base != NULL && il_arena_fits(arena) ? arena->base + offset : NULL;
}

int
il_arena_fits(const il_arena *arena)
{
    return !arena->overflow && arena->used <= arena->capacity;
}

static void *
allocate(size_t count, size_t size, int zeroed)
{
    size_t bytes = 0;
    if (!il_size_add(&bytes, count, size) || bytes > (size_t)PTRDIFF_MAX - 2 * IL_ALIGNMENT) {
        return NULL;
    }
#if defined(IL_TEST_FAULTS)
    if (fail_at >= 0 && fail_at-- == 0) {
        return NULL;
    }
#endif
    /* calloc, not malloc and memset: large zeroed blocks come fresh from the system for free. */
    unsigned char *block = zeroed ? calloc(1, bytes + 2 * IL_ALIGNMENT) : malloc(bytes + 2 * IL_ALIGNMENT);
    if (block == NULL) {
        return NULL;
    }
    const size_t misaligned = (size_t)((uintptr_t)block % IL_ALIGNMENT);
    unsigned char *aligned = block + IL_ALIGNMENT - misaligned;
    if ((size_t)(aligned - block) < sizeof(void *)) {
        aligned += IL_ALIGNMENT;
    }
    ((void **)(void *)aligned)[-1] = block;
    return aligned;
}

void *
il_allocate(size_t count, size_t size)
{
    return allocate(count, size, 1);
}

void *
il_arena_allocate(il_arena *arena)
{
    void *block = arena->overflow ? NULL : allocate(1, arena->used, !arena->as_it_comes);
    *arena = (il_arena){.base = block, .capacity = arena->used};
    return block;
}

void
il_release(void *memory)
{
    if (memory != NULL) {
        free(((void **)memory)[-1]);
    }
}
