/* diagnose.h - measures shared by records and diagnosis. */
#ifndef IL_DIAGNOSE_H
#define IL_DIAGNOSE_H

#include <stddef.h>
#include <stdint.h>

#include "net.h"

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

/* A unit's fingerprint; scratch of il_distinct_units_of. */
typedef struct il_unit {
    uint64_t hash;
    size_t index;
} il_unit;

size_t il_widest_layer(const il_net *net);

/* Groups of bit-equal (incoming column, bias, outgoing row) among a layer's units; scratch [M]. */
size_t il_distinct_units_of(const il_net *net, size_t layer, il_unit *scratch);

#endif
