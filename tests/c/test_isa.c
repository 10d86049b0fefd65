/*
 * test_isa.c - one battery of everything the tables compute: every table here gives the same bits.
 *
 * The hashes are printed, so that machines of another kind can be compared with this one (`make neon`). The
 * data are made of integers and exact operations: libm differs between machines.
 */
#include "activations.h"
#include "harness.h"

#include <math.h>

#include "../../csrc/core/dispatch.h"
#include "../../csrc/core/rng.h"

/* FNV-1a */
typedef struct digest {
    uint64_t hash;
} digest;

static void
add_byte(digest *d, unsigned byte)
{
    d->hash = (d->hash ^ byte) * 0x100000001b3u;
}

/* The value, not the machine's order of bytes. */
static void
add_word(digest *d, uint64_t word)
{
    for (int i = 0; i < 8; i++) {
        add_byte(d, (unsigned)(word >> 8 * i & 0xff));
    }
}

static void add_f64(digest *d, size_t n, const double *x); /* test_isa.inc.h */

static uint64_t random_state;

/* splitmix64 */
static uint64_t
next_random(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Lengths with and without tails, for vectors of every width. */
static const size_t lengths[] = {1, 2, 3, 5, 8, 11, 16, 17, 31, 32, 33, 64, 97, 260};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

#define T float
#define P f32
#define U uint32_t
#define DTYPE IL_FLOAT32
#include "test_isa.inc.h"
#undef T
#undef P
#undef U
#undef DTYPE
#define T double
#define P f64
#define U uint64_t
#define DTYPE IL_FLOAT64
#include "test_isa.inc.h"

static void
words(const il_kernels *k, digest *d)
{
    static uint32_t out[300];
    for (size_t i = 0; i < LENGTHS; i++) {
        const il_stream s = {0x0123456789abcdefu + i, (uint32_t)i, 2u << 24};
        k->f32->fill_words(s, (uint32_t)(i & 1), 3 * i + 1, lengths[i], out);
        for (size_t j = 0; j < lengths[i]; j++) {
            add_word(d, out[j]);
        }
    }
}

static void
permutation(const il_kernels *k, digest *d)
{
    static size_t order[300];
    for (size_t i = 0; i < LENGTHS; i++) {
        il_permutation(k, 77 + i, i, lengths[i], order);
        for (size_t j = 0; j < lengths[i]; j++) {
            add_word(d, order[j]);
        }
    }
}

#define ITEM(function) {#function, function}
static const struct {
    const char *name;
    void (*run)(const il_kernels *k, digest *d);
} battery[] = {
    ITEM(contraction_f32), ITEM(contraction_f64), ITEM(functions_f32),   ITEM(functions_f64),  ITEM(activations_f32),
    ITEM(activations_f64), ITEM(losses_f32),      ITEM(losses_f64),      ITEM(optimizers_f32), ITEM(optimizers_f64),
    ITEM(reductions_f32),  ITEM(reductions_f64),  ITEM(random_f32),      ITEM(random_f64),     ITEM(schemes_f32),
    ITEM(schemes_f64),     ITEM(training_f32),    ITEM(training_f64),    ITEM(inference_f32),  ITEM(inference_f64),
    ITEM(many_f32),        ITEM(many_f64),        ITEM(words),           ITEM(permutation),    ITEM(one_output_f32),
    ITEM(one_output_f64),  ITEM(record_sums_f32), ITEM(record_sums_f64),
};
enum { BATTERY = sizeof battery / sizeof battery[0] };

static void
test_battery(void)
{
    const char *const chosen = il_isa_name();
    const char *name;
    uint64_t reference[BATTERY] = {0};
    for (size_t table = 0; (name = il_isa_available(table)) != NULL; table++) {
        CHECK(il_isa_select(name) == IL_OK);
        for (size_t i = 0; i < BATTERY; i++) {
            digest d = {0xcbf29ce484222325u};
            random_state = i;
            battery[i].run(il_kernels_get(), &d);
            if (table == 0) {
                reference[i] = d.hash;
                printf("hash %-16s %016llx\n", battery[i].name, (unsigned long long)d.hash);
            } else if (d.hash != reference[i]) {
                printf("table %s differs in %s\n", name, battery[i].name);
            }
            CHECK(d.hash == reference[i]);
        }
        printf("table %s\n", name);
    }
    CHECK(il_isa_select(chosen) == IL_OK);
}

TEST_MAIN(TEST(test_battery))
