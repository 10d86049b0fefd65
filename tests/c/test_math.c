/*
 * test_math.c - the elementary functions and activations of every table: same bits as scalar, distance
 * from libm in a wider type, special values; and the software fma against the hardware's.
 *
 *     test_math             a million points a function
 *     test_math --thorough  every float (many minutes), 10^8 fma and 10^7 double points
 */
#include <float.h>
#include <math.h>

#include "harness.h"

#include "../../csrc/core/dispatch.h"
#include "../../csrc/kernels/fma_soft.h"

#define IL_NAME_(p) #p
#define IL_NAME(p) IL_NAME_(p)

#if !defined(IL_TEST_BATCHES)
#define IL_TEST_BATCHES 256 /* fewer where long double is slow */
#endif
static size_t batches = IL_TEST_BATCHES; /* of 4096 points */
static int exhaustive = 0;

/* splitmix64 */
static uint64_t random_state = 1;

static uint64_t
next_random(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#define T float
#define P f32
#define U uint32_t
#define WIDE double
#define L(name) name
#define SOFT_FMA il_fma_soft_f32
#define HARD_FMA fmaf
#define FRACTION_BITS 23
#define LEAST_EXPONENT (-149)
#define EXP_BOUND 1.0
#define LOG_BOUND 1.0
#define DIFFERENCE_BITS 17
#define DIFFERENCE_ERROR 1e-10
#include "test_math.inc.h"
#undef T
#undef P
#undef U
#undef WIDE
#undef L
#undef SOFT_FMA
#undef HARD_FMA
#undef FRACTION_BITS
#undef LEAST_EXPONENT
#undef EXP_BOUND
#undef LOG_BOUND
#undef DIFFERENCE_BITS
#undef DIFFERENCE_ERROR
#define T double
#define P f64
#define U uint64_t
#define WIDE long double
#define L(name) name##l
#define SOFT_FMA il_fma_soft_f64
#define HARD_FMA fma
#define FRACTION_BITS 52
#define LEAST_EXPONENT (-1074)
#define EXP_BOUND 2.0
#define LOG_BOUND 2.0
#define DIFFERENCE_BITS 20
#define DIFFERENCE_ERROR 1e-12
#include "test_math.inc.h"

/* Every float through every function. */
static void
test_every_float(void)
{
    static float x[batch_f32];
    if (!exhaustive) {
        return;
    }
    for (size_t which = 0; which < functions_f32; which++) {
        double worst = 0.0;
        for (uint64_t first = 0; first < (uint64_t)1 << 32; first += batch_f32) {
            for (size_t i = 0; i < batch_f32; i++) {
                x[i] = of_bits_f32((uint32_t)(first + i));
            }
            worst = fmax(worst, check_batch_f32(which, x));
        }
        printf("  f32 %-8s %.4f ulp at most, all floats\n", specs_f32[which].name, worst);
        fflush(stdout);
    }
}

int
main(int argc, char **argv)
{
    const harness_test tests[] = {
        TEST(test_accuracy_f32),         TEST(test_accuracy_f64),
        TEST(test_special_values_f32),   TEST(test_special_values_f64),
        TEST(test_lengths_f32),          TEST(test_lengths_f64),
        TEST(test_soft_fma_f32),         TEST(test_soft_fma_f64),
        TEST(test_activations_f32),      TEST(test_activations_f64),
        TEST(test_activation_limits_f32), TEST(test_activation_limits_f64),
        TEST(test_every_float),
    };
    exhaustive = argc > 1 && strcmp(argv[1], "--thorough") == 0;
    batches = exhaustive ? 4096 : batches;
    return harness_main(argc, argv, sizeof tests / sizeof tests[0], tests);
}
