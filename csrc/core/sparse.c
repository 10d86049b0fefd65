/*
 * sparse.c - see sparse.h.
 *
 * Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): of `left` elements still to come, the next is kept
 * with probability wanted / left. One pass in memory order, one 64-bit word an element, every subset equally
 * likely up to n / 2^64. The words are those of the purpose MASK at the weight's own place.
 */
#include "sparse.h"

#include <string.h>

#include "memory.h"
#include "rng.h"

enum { CHUNK = 64 };

il_status
il_sparse_mask(const il_kernels *kernels, uint64_t key, uint32_t tensor, il_fan_mode mode, size_t count, size_t n_in,
               size_t n_out, size_t size, void *matrix)
{
    const il_stream s = il_stream_of(key, tensor, IL_PURPOSE_MASK);
    const size_t lines = mode == IL_FAN_IN ? n_out : n_in;
    uint32_t hi[CHUNK], lo[CHUNK];
    unsigned char *const bytes = matrix;
    size_t *wanted = il_allocate(lines, sizeof *wanted); /* of each column or row */
    if (wanted == NULL) {
        return IL_ERROR_MEMORY;
    }
    for (size_t l = 0; l < lines; l++) {
        wanted[l] = count;
    }
    for (size_t i = 0; i < n_in; i++) {
        for (size_t j = 0; j < n_out; j++) {
            const size_t element = i * n_out + j, place = element % CHUNK;
            if (place == 0) {
                const size_t rest = n_in * n_out - element, n = rest < CHUNK ? rest : CHUNK;
                kernels->f32.fill_words(s, 0, element, n, hi);
                kernels->f32.fill_words(s, 1, element, n, lo);
            }
            const size_t left = mode == IL_FAN_IN ? n_in - i : n_out - j;
            size_t *const line = &wanted[mode == IL_FAN_IN ? j : i];
            if (il_below((uint64_t)hi[place] << 32 | lo[place], left) < *line) {
                --*line;
            } else {
                memset(bytes + element * size, 0, size);
            }
        }
    }
    il_release(wanted);
    return IL_OK;
}
