/* sparse.h - which weights of a sparse matrix are not zero. */
#ifndef IL_SPARSE_H
#define IL_SPARSE_H

#include "../kernels/kernels.h"
#include "team.h"

/*
 * Clears all but `count` elements of each column (mode IL_FAN_IN: the inputs of a unit) or of each row
 * (IL_FAN_OUT: the outputs of an input) of matrix [n_in][n_out] of elements of `size` bytes.
 */
IL_MUST_USE il_status il_sparse_mask(const il_kernels *kernels, il_team *team, uint64_t key, uint32_t tensor,
                                     il_fan_mode mode, size_t count, size_t n_in, size_t n_out, size_t size,
                                     void *matrix);

#endif
