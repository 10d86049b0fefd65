/* memory.h - the core's only allocator: 64-byte aligned, zeroed, overflow-checked. */
#ifndef IL_MEMORY_H
#define IL_MEMORY_H

#include <stddef.h>

#define IL_ALIGNMENT 64

/* Zeroed memory for count elements of `size` bytes, or NULL; never NULL for a size of 0. */
void *il_allocate(size_t count, size_t size);
void il_release(void *memory); /* NULL is fine */

/* *total += count * size rounded up to the alignment; 0 where it overflows. */
int il_size_add(size_t *total, size_t count, size_t size);

/*
 * Carves many arrays from one block in two passes over the same code: with base NULL it only counts
 * (and returns NULL), with base set it hands out. `overflow` is set where the sizes have no sum.
 */
typedef struct il_arena {
    unsigned char *base;
    size_t used;
    int overflow;
} il_arena;

void *il_arena_take(il_arena *arena, size_t count, size_t size);

/* Tests: let the n-th allocation from now on (0: the next) fail once; negative: none. Only builds
 * with IL_TEST_FAULTS have it. */
#if defined(IL_TEST_FAULTS)
void il_memory_fail_at(long n);
#endif

#endif
