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

typedef struct mask {
    const il_kernels *kernels;
    il_stream stream;
    il_fan_mode mode;
    size_t n_in, n_out, size;
    size_t *wanted; /* of each column or row */
    unsigned char *matrix;
} mask;

/* Some of the lines, which are columns or rows: a rectangle of elements. */
static void
mask_lines(void *context, il_part part)
{
    const mask *m = context;
    const int by_column = m->mode == IL_FAN_IN;
    size_t begin, end;
    il_share(by_column ? m->n_out : m->n_in, part, &begin, &end);
    const size_t i0 = by_column ? 0 : begin, i1 = by_column ? m->n_in : end;
    const size_t j0 = by_column ? begin : 0, j1 = by_column ? end : m->n_out;
    uint32_t hi[CHUNK], lo[CHUNK];
    size_t drawn = 0, first = 0; /* words of the elements first .. first + drawn - 1 */
    for (size_t i = i0; i < i1; i++) {
        for (size_t j = j0; j < j1; j++) {
            const size_t element = i * m->n_out + j;
            if (element >= first + drawn) {
                /* Whole rows follow each other. */
                const size_t rest = (j1 - j0 == m->n_out ? i1 * m->n_out : i * m->n_out + j1) - element;
                first = element;
                drawn = rest < CHUNK ? rest : CHUNK;
                m->kernels->f32->fill_words(m->stream, 0, first, drawn, hi);
                m->kernels->f32->fill_words(m->stream, 1, first, drawn, lo);
            }
            const uint64_t word = (uint64_t)hi[element - first] << 32 | lo[element - first];
            size_t *const line = &m->wanted[by_column ? j : i];
            if (il_below(word, by_column ? m->n_in - i : m->n_out - j) < *line) {
                --*line;
            } else {
                memset(m->matrix + element * m->size, 0, m->size);
            }
        }
    }
}

il_status
il_sparse_mask(const il_kernels *kernels, il_team *team, uint64_t key, uint32_t tensor, il_fan_mode mode, size_t count,
               size_t n_in, size_t n_out, size_t size, void *matrix)
{
    const size_t lines = mode == IL_FAN_IN ? n_out : n_in;
    mask m = {.kernels = kernels,
              .stream = il_stream_of(key, tensor, IL_PURPOSE_MASK),
              .mode = mode,
              .n_in = n_in,
              .n_out = n_out,
              .size = size,
              .wanted = il_allocate(lines, sizeof *m.wanted),
              .matrix = matrix};
    if (m.wanted == NULL) {
        return IL_ERROR_MEMORY;
    }
    for (size_t l = 0; l < lines; l++) {
        m.wanted[l] = count;
    }
    il_team_run(team, mask_lines, &m);
    il_release(m.wanted);
    return IL_OK;
}
