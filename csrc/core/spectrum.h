/* spectrum.h - eigenvalues of a symmetric matrix, and coordinates along its eigenvectors. */
#ifndef IL_SPECTRUM_H
#define IL_SPECTRUM_H

#include <stddef.h>

/* values [n], unordered, of a finite symmetric matrix a [n][n], which is destroyed; work [2 n]. Columns of x
 * [n][columns], if any, become their coordinates along the eigenvectors: row i along that of values[i]. */
void il_symmetric_eigenvalues(size_t n, double *a, double *values, size_t columns, double *x, double *work);

#endif
