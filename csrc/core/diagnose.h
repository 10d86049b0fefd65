/* diagnose.h - measures shared by records and diagnosis. */
#ifndef IL_DIAGNOSE_H
#define IL_DIAGNOSE_H

#include "net.h"
#include "units.h"

/* A unit-sample pair is saturated where |g'(z)| is below this share of max|g'|. */
#define IL_SATURATED_SLOPE 0.05

/* Running statistics of a layer's activations. */
typedef struct il_layer_moments {
    double mean;
    double squares;   /* sum of squared deviations from the mean */
    double saturated; /* pairs */
} il_layer_moments;

/* Add `n` values of that mean and sum of squared deviations to `before` earlier ones (Chan, Golub &
 * LeVeque 1983); an order of blocks that is fixed makes the result fixed. */
void il_moments_merge(il_layer_moments *m, double before, double n, double mean, double squares);

#endif
