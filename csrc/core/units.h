/* units.h - which units of a layer are copies, to the bit (but +0 equals -0), up to a symmetry, or nearly. */
#ifndef IL_UNITS_H
#define IL_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "net.h"

/* A unit's fingerprint; what the two functions below need as scratch, one for each unit. */
typedef struct il_unit {
    uint64_t hash;
    size_t index;
} il_unit;

/* Rows of weights that il_units_differ() is content with: random units differ in the first. */
#define IL_UNITS_GLANCE 4

/* Do the units of plain rows [rows][M] differ, each from all others, by these weights and their biases [M]? A few rows
 * say yes or leave it open. Scratch [M]. */
int il_units_differ(size_t rows, size_t M, const void *weights, const void *biases, size_t element, il_unit *scratch);

/* Groups of equal (incoming column, bias, outgoing row) among a layer's units; scratch [M]. */
size_t il_distinct_units_of(const il_net *net, size_t layer, il_unit *scratch);

/* Largest distance of a unit from the first, over the mean norm, from the squares of both [M]. */
double il_unit_spread(size_t M, const double *size, const double *distance);

#endif
