/* units.h - which units of a layer are copies, to the bit, up to a symmetry, or nearly. */
#ifndef IL_UNITS_H
#define IL_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "net.h"

/* A unit's fingerprint; scratch of il_distinct_units_of. */
typedef struct il_unit {
    uint64_t hash;
    size_t index;
} il_unit;

/* Groups of bit-equal (incoming column, bias, outgoing row) among a layer's units; scratch [M]. */
size_t il_distinct_units_of(const il_net *net, size_t layer, il_unit *scratch);

/* Largest distance of a unit (the same three parts) from the first, over the mean norm; sums [2 * M]. */
double il_unit_spread_of(const il_net *net, size_t layer, double *sums);

#endif
