/* rng.h - streams by name, and the order of minibatches. The generator itself is a kernel. */
#ifndef IL_RNG_H
#define IL_RNG_H

#include "../kernels/kernels.h"

/* The stream of (key, tensor, purpose), NUMERICS 4.1. */
il_stream il_stream_of(uint64_t key, uint32_t tensor, il_purpose purpose);

/* floor(word * n / 2^64): an integer below n from 64 random bits; the bias is below n / 2^64. */
uint64_t il_below(uint64_t word, uint64_t n);

/*
 * order[0..n-1]: a permutation that is a pure function of (key, epoch, n). Fisher-Yates from the top;
 * step i draws an index below i + 1 from the 64-bit word (hi, lo) of element i.
 */
void il_permutation(const il_kernels *kernels, uint64_t key, uint64_t epoch, size_t n, size_t *order);

#endif
