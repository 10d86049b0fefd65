/* test_layout.c - every table's ways between layouts, against their definitions element by element. */
#include "harness.h"

#include "../../csrc/core/dispatch.h"

#define BODY "test_layout.inc.h"
#include "both_precisions.inc.h"

static void
test_layout(void)
{
    const char *name;
    for (size_t i = 0; (name = il_isa_available(i)) != NULL; i++) {
        const il_kernels *k = il_kernels_find(name);
        CHECK(k->f32->element == sizeof(float) && k->f64->element == sizeof(double));
        CHECK(il_kernel_set_of(k, IL_FLOAT32) == k->f32 && il_kernel_set_of(k, IL_FLOAT64) == k->f64);
        test_layout_f32(k->f32);
        test_layout_f64(k->f64);
    }
}

TEST_MAIN(TEST(test_layout))
