/*
 * statistics.h - what diagnosis and records say of arrays of doubles: running moments, quantiles, scatter and singular
 * values.
 */
#ifndef IL_STATISTICS_H
#define IL_STATISTICS_H

#include "initlens.h"

/* Running statistics of a layer's activations. */
typedef struct il_layer_moments {
    double mean;
    double squares;   /* sum of squared deviations from the mean */
    double saturated; /* pairs */
} il_layer_moments;

/* Add `n` values of that mean and sum of squared deviations to `before` earlier ones (Chan, Golub &
 * LeVeque 1983); an order of blocks that is fixed makes the result fixed. */
void il_moments_merge(il_layer_moments *m, double before, double n, double mean, double squares);

/* Mean, standard deviation and quantiles of n values, which are reordered; NaN if one is not finite. */
void il_signal_of(size_t n, double *v, double *mean, double *std, double quantiles[IL_QUANTILES]);

/* Means of the columns of a [B][M]; that of a constant column is its value, to the bit. */
void il_column_means(size_t B, size_t M, const double *a, double *means);

/* Activations [B][M] to their deviations from the units' means; exactly 0 for a constant unit, whose
 * mean may round to something else. */
void il_centre(size_t B, size_t M, double *a);

/* out[i][j] = sum over b of c[b][i] c[b][j]. */
void il_scatter_of(size_t B, size_t M, const double *c, double *out);

/* Singular values of c [B][M], largest first, by the products of its shorter side; `known` are those of the M columns,
 * or NULL. gram and work hold min(B, M)^2 and 2 min(B, M) values. The products halve the digits of small ones: what is
 * below 1e-8 of the largest is noise. */
void il_singular_values(size_t B, size_t M, const double *c, const double *known, double *gram, double *work,
                        double *out);

#endif
