/* test_contract.c - every table's contraction against the naive chain, bit by bit. */
#include <math.h>

#include "harness.h"

#include "../../csrc/core/dispatch.h"

enum width { NARROW, WIDE, COLUMN, HALF };
enum { ROW = 1100 }; /* most columns of B: more than contract_row() takes at a time */

#define BODY "test_contract.inc.h"
#include "both_precisions.inc.h"

static void
test_contract(void)
{
    const char *name;
    for (size_t i = 0; (name = il_isa_available(i)) != NULL; i++) {
        const il_kernels *k = il_kernels_find(name);
        const int thorough = k != &il_kernels_soft; /* software fma is slow */
        test_table_f32(k->f32, thorough);
        test_table_f64(k->f64, thorough);
    }
}

TEST_MAIN(TEST(test_contract))
