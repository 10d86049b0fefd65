/* spectrum.h - eigenvalues of a symmetric matrix. */
#ifndef IL_SPECTRUM_H
#define IL_SPECTRUM_H

#include <stddef.h>

/* values [n], unordered, of a finite symmetric matrix a [n][n], which is destroyed; work [2 n]. */
void il_symmetric_eigenvalues(size_t n, double *a, double *values, double *work);

#endif
