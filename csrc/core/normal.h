/* normal.h - tail probabilities of the standard normal distribution, the same bits on every machine. */
#ifndef IL_NORMAL_H
#define IL_NORMAL_H

#include "../kernels/kernels.h"

/* From here on the tail is computed by Mills' ratio. */
#define IL_FAR_TAIL 3.0

/* Terms of the continued fraction that give Mills' ratio to double precision at x >= IL_FAR_TAIL. */
size_t il_mills_terms(double x);

/* P(Z > x) / density(x) = 1 / (x + 1 / (x + 2 / (x + 3 / (x + ...)))), `terms` of them. */
double il_mills_ratio(double x, size_t terms);

/* P(Z > x), good to a few ulp however small; x may be infinite. */
double il_normal_tail(const il_kernels *kernels, double x);

/* P(Z <= x) - 1/2, good to a few ulp about 0. */
double il_normal_centre(const il_kernels *kernels, double x);

#endif
