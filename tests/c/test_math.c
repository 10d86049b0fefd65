/*
 * test_math.c - the elementary functions and activations of every table: same bits as scalar, distance
 * from libm in a wider type, special values; and the software fma against the hardware's.
 *
 *     test_math                         a million points a function, and a slice of all floats
 *     test_math --thorough              10^8 fma, 10^7 points a function
 *     test_math --floats NAME STRIDE    one batch in STRIDE of all 2^32 floats through the function NAME, or
 *                                       through every activation and its slope (NAME activations)
 *     test_math --hash NAME STRIDE      a hash of the results of the best table here
 */
#include <float.h>
#include <math.h>

#include "activations.h"
#include "harness.h"

#include "../../csrc/core/dispatch.h"
#include "../../csrc/kernels/fma_soft.h"

#define IL_NAME_(p) #p
#define IL_NAME(p) IL_NAME_(p)

#if !defined(IL_TEST_BATCHES)
#define IL_TEST_BATCHES 256 /* fewer where long double is slow */
#endif
static size_t batches = IL_TEST_BATCHES; /* of 4096 points */

static const il_kernels *tables[8]; /* those that this machine has: asking the CPU each time is slow */
static size_t tables_here = 0;

/* Every kind, then those with a parameter at others. */
static const il_activation more_activations[] = {{IL_LEAKY_RELU, 0.0}, {IL_LEAKY_RELU, 0.01}, {IL_LEAKY_RELU, 1.0},
                                                 {IL_ELU, 0.01},       {IL_ELU, 0.5},         {IL_ELU, 1.0},
                                                 {IL_ELU, 1.5},        {IL_CELU, 1.5},        {IL_SOFT_SHRINK, 0},
                                                 {IL_HARD_SHRINK, 0},  {IL_HARD_SHRINK, 1.5}};
enum { ACTIVATIONS = IL_ACTIVATION_COUNT + sizeof more_activations / sizeof more_activations[0] };

static il_activation
activation(size_t which)
{
    if (which >= IL_ACTIVATION_COUNT) {
        return more_activations[which - IL_ACTIVATION_COUNT];
    }
    return activation_of((int)which);
}

/* `holds`; says of which activation and where if it does not. */
static int
holds_at(int holds, il_activation g, double z)
{
    if (!holds) {
        fprintf(stderr, "  %s, parameter %g, z = %a (%.9g)\n", il_activation_info_of(g.kind)->name, g.parameter, z, z);
    }
    return holds;
}

#define CHECK_AT(g, z, condition)                                                                                      \
    harness_check(holds_at((condition) ? 1 : 0, g, (double)(z)), #condition, __FILE__, __LINE__)

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

/* ---- all floats -------------------------------------------------------------------------- */

/* In the order of their bits all floats are 2^20 batches. Software fma, slow, gets one in 17 of those checked. */
enum { FLOAT_BATCHES = 1 << 20, SOFT_STRIDE = 17 };

static void
float_batch(uint32_t batch, float *x)
{
    for (uint32_t i = 0; i < batch_f32; i++) {
        x[i] = of_bits_f32(batch * batch_f32 + i);
    }
}

/* What takes the floats: a function, or after these all activations and their slopes. */
enum { SUBJECTS = functions_f32 + 1 };

static const char *
subject_name(size_t subject)
{
    return subject < functions_f32 ? specs_f32[subject].name : "activations";
}

static void
check_float_batch(size_t subject, uint32_t batch, int soft, error_f32 *worst)
{
    static float x[batch_f32], out[3 * batch_f32];
    const unsigned long failures = harness.failures;
    float_batch(batch, x);
    if (subject < functions_f32) {
        check_batch_f32(subject, x, soft, worst);
    } else {
        for (size_t which = 0; which < ACTIVATIONS; which++) {
            check_activation_f32(activation(which), batch_f32, x, soft, out);
        }
    }
    if (harness.failures > failures) {
        fprintf(stderr, "  %s of the %d floats from %a\n", subject_name(subject), batch_f32, (double)x[0]);
    }
}

static void
test_slice_of_floats(void)
{
    /* Odd: an exponent has 2^11 batches, and in each other ones are met. */
    const uint32_t stride = (uint32_t)(FLOAT_BATCHES / batches) - 3;
    for (size_t subject = 0; subject < SUBJECTS; subject++) {
        error_f32 worst = {0};
        for (uint32_t batch = 0; batch < FLOAT_BATCHES; batch += stride) {
            check_float_batch(subject, batch, batch / stride % SOFT_STRIDE == 0, &worst);
        }
    }
}

static size_t chosen_subject;
static uint32_t chosen_stride;

/* Reports its progress, and stops at the first batch that fails. */
static void
test_floats(void)
{
    const char *const name = subject_name(chosen_subject);
    error_f32 worst = {0};
    uint32_t soft = 0, sixteenths = 0;
    for (uint32_t batch = 0; batch < FLOAT_BATCHES && harness.failures == 0; batch += chosen_stride) {
        check_float_batch(chosen_subject, batch, soft++ % SOFT_STRIDE == 0, &worst);
        if (batch >= sixteenths * (FLOAT_BATCHES / 16)) {
            fprintf(stderr, "%s: %u of 16\n", name, sixteenths++);
        }
    }
    if (chosen_subject < functions_f32) {
        print_error_f32(chosen_subject, worst);
    }
}

/* FNV-1a over words */
static uint64_t
hash_of(uint64_t hash, size_t n, const float *y)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t nan = 0x7fc00000u; /* payloads are not promised */
        hash = (hash ^ (isnan(y[i]) ? nan : bits_of_f32(y[i]))) * 0x100000001b3u;
    }
    return hash;
}

static void
print_hash(void)
{
    static float x[batch_f32], out[3 * batch_f32];
    const il_kernel_set *const k = il_kernels_get()->f32;
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t batch = 0; batch < FLOAT_BATCHES; batch += chosen_stride) {
        float_batch(batch, x);
        if (chosen_subject < functions_f32) {
            apply_f32(k, chosen_subject, batch_f32, x, out);
            hash = hash_of(hash, batch_f32, out);
        } else {
            for (size_t which = 0; which < ACTIVATIONS; which++) {
                activations_of_f32(k, activation(which), batch_f32, x, out);
                hash = hash_of(hash, 3 * batch_f32, out);
            }
        }
    }
    printf("hash %s %u %016llx\n", subject_name(chosen_subject), chosen_stride, (unsigned long long)hash);
}

static int
choose(const char *name, const char *stride)
{
    chosen_stride = (uint32_t)strtoul(stride, NULL, 10);
    for (chosen_subject = 0; chosen_subject < SUBJECTS; chosen_subject++) {
        if (strcmp(subject_name(chosen_subject), name) == 0) {
            return chosen_stride > 0 && chosen_stride <= FLOAT_BATCHES;
        }
    }
    return 0;
}

int
main(int argc, char **argv)
{
    const harness_test tests[] = {
        TEST(test_accuracy_f32),       TEST(test_accuracy_f64),          TEST(test_special_values_f32),
        TEST(test_special_values_f64), TEST(test_lengths_f32),           TEST(test_lengths_f64),
        TEST(test_soft_fma_f32),       TEST(test_soft_fma_f64),          TEST(test_activations_f32),
        TEST(test_activations_f64),    TEST(test_activation_limits_f32), TEST(test_activation_limits_f64),
        TEST(test_slice_of_floats),
    };
    const harness_test all_floats = TEST(test_floats);
    const char *const mode = argc > 1 ? argv[1] : "";
    const char *name;
    while ((name = il_isa_available(tables_here)) != NULL) {
        tables[tables_here++] = il_kernels_find(name);
    }
    if (argc == 4) {
        const int hash = strcmp(mode, "--hash") == 0;
        if ((!hash && strcmp(mode, "--floats") != 0) || !choose(argv[2], argv[3])) {
            fprintf(stderr, "%s (--floats | --hash) NAME STRIDE\n", argv[0]);
            return EXIT_FAILURE;
        }
        if (hash) {
            print_hash();
            return EXIT_SUCCESS;
        }
        return harness_main(argc, argv, 1, &all_floats);
    }
    batches = strcmp(mode, "--thorough") == 0 ? 4096 : batches;
    return harness_main(argc, argv, sizeof tests / sizeof tests[0], tests);
}
