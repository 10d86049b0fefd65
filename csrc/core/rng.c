/* rng.c - see rng.h. */
#include "rng.h"

il_stream
il_stream_of(uint64_t key, uint32_t tensor, il_purpose purpose)
{
    return (il_stream){key, tensor, (uint32_t)purpose << 24};
}

uint64_t
il_below(uint64_t word, uint64_t n)
{
    /* The high half of their product. */
    const uint64_t a0 = word & 0xffffffffu, a1 = word >> 32, b0 = n & 0xffffffffu, b1 = n >> 32;
    const uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    const uint64_t cross = a0 * b1 + (middle & 0xffffffffu);
    return a1 * b1 + (middle >> 32) + (cross >> 32);
}

void
il_permutation(const il_kernels *kernels, uint64_t key, uint64_t epoch, size_t n, size_t *order)
{
    enum { CHUNK = 64 };
    uint32_t hi[CHUNK], lo[CHUNK];
    /* The epoch is the stream's tensor id; past 2^32 epochs its high part moves into the key. */
    const il_stream s = il_stream_of(key ^ (epoch >> 32 << 32), (uint32_t)epoch, IL_PURPOSE_SHUFFLE);
    for (size_t i = 0; i < n; i++) {
        order[i] = i;
    }
    for (size_t end = n; end > 1;) {
        const size_t begin = (end - 1) / CHUNK * CHUNK;
        kernels->f32->fill_words(s, 0, begin, end - begin, hi);
        kernels->f32->fill_words(s, 1, begin, end - begin, lo);
        for (size_t i = end; i-- > begin;) {
            const uint64_t word = (uint64_t)hi[i - begin] << 32 | lo[i - begin];
            const size_t j = (size_t)il_below(word, (uint64_t)i + 1);
            const size_t swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        end = begin;
    }
}
