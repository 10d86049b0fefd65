/* truncated.h - the truncated normal distribution: from bounds to the constants of its kernel. */
#ifndef IL_TRUNCATED_H
#define IL_TRUNCATED_H

#include "../kernels/kernels.h"

/* Elements start .. start + n - 1; low < high in units of std > 0, about mean. */
void il_truncated_fill(const il_kernels *kernels, il_dtype dtype, il_stream s, uint64_t start, size_t n, double mean,
                       double std, double low, double high, void *out);

#endif
