/* test_shallow.c - the shallow net's own kernels against those of any net, bit by bit. */
#include <math.h>

#include "harness.h"

#include "../../csrc/core/dispatch.h"

#define BODY "test_shallow.inc.h"
#include "both_precisions.inc.h"

static void
test_shallow(void)
{
    const char *name;
    for (size_t i = 0; (name = il_isa_available(i)) != NULL; i++) {
        const il_kernels *k = il_kernels_find(name);
        test_shallow_f32(k->f32);
        test_shallow_f64(k->f64);
    }
}

TEST_MAIN(TEST(test_shallow))
