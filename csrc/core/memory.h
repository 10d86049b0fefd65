/* memory.h - the only allocator, 64-byte aligned, overflow-checked, zeroed unless said. */
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
 * Carves many arrays from one block in two passes over the same code: the first, without a block, only counts and
 * hands out NULL; il_arena_allocate() makes the block; the second hands it out. With a block of its own to begin with,
 * the first is the only one if all that was counted fits.
 */
typedef struct il_arena {
    unsigned char *base; /* aligned, or NULL */
    size_t capacity;
    size_t used;
    int overflow;    /* the sizes have no sum */
    int as_it_comes; /* the block need not be zeroed */
} il_arena;

void *il_arena_take(il_arena *arena, size_t count, size_t size);
int il_arena_fits(const il_arena *arena);

/* A block for what was counted, or NULL; zeroed unless `as_it_comes`. The arena is to hand it out, the caller to
 * release it. */
void *il_arena_allocate(il_arena *arena);

/* Tests: let the n-th allocation from now on (0: the next) fail once; negative: none. Only builds
 * with IL_TEST_FAULTS have it. */
#if defined(IL_TEST_FAULTS)
void il_memory_fail_at(long n);
#endif

#endif
