/* test_lanes.c - every table's contraction with one net per lane against each net's own chain, bit by bit. */
#include <math.h>

#include "harness.h"

#include "../../csrc/core/dispatch.h"

#define BODY "test_lanes.inc.h"
#include "both_precisions.inc.h"

static void
test_lanes(void)
{
    const char *name;
    for (size_t i = 0; (name = il_isa_available(i)) != NULL; i++) {
        const il_kernels *k = il_kernels_find(name);
        test_lanes_f32(k->f32);
        test_lanes_f64(k->f64);
    }
}

TEST_MAIN(TEST(test_lanes))
