/* orthogonal.h - random matrices with orthonormal columns or rows, uniform in Haar's sense. */
#ifndef IL_ORTHOGONAL_H
#define IL_ORTHOGONAL_H

#include "../kernels/kernels.h"
#include "team.h"

/*
 * out [n_in][n_out] = gain * Q: orthonormal columns if n_in >= n_out, else orthonormal rows. Computed in
 * double whatever the dtype. IL_ERROR_MEMORY leaves out alone.
 */
IL_MUST_USE il_status il_orthogonal_fill(const il_kernels *kernels, il_team *team, il_stream stream, il_dtype dtype,
                                         size_t n_in, size_t n_out, double gain, void *out);

#endif
