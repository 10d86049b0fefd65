/*
 * test_random.c - Philox streams: known answers, every table against a plain Philox written from the
 * paper, slices, and the normal quantile against erf and erfc in long double.
 */
#include <math.h>

#include "harness.h"

#include "../../csrc/core/dispatch.h"

/* Salmon et al., 2011: Philox4x32 with 10 rounds. counter[4] in, words out. */
static void
slow_philox(const uint32_t *key, uint32_t *counter)
{
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * counter[0], p1 = (uint64_t)0xCD9E8D57u * counter[2];
        const uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ counter[1] ^ k0, (uint32_t)p1,
                                  (uint32_t)(p0 >> 32) ^ counter[3] ^ k1, (uint32_t)p0};
        memcpy(counter, next, sizeof next);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* NUMERICS 4.1: element i of a stream. */
static uint32_t
slow_word(il_stream s, uint32_t half, uint64_t i)
{
    const uint64_t block = i / 4;
    const uint32_t key[2] = {(uint32_t)s.key, (uint32_t)(s.key >> 32)};
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), s.tensor, s.purpose | half << 23};
    slow_philox(key, counter);
    return counter[i % 4];
}

#define T float
#define P f32
#define U uint32_t
#define BITS 32
#define FMA fmaf
#include "test_random.inc.h"
#undef T
#undef P
#undef U
#undef BITS
#undef FMA
#define T double
#define P f64
#define U uint64_t
#define BITS 64
#define FMA fma
#include "test_random.inc.h"

/* The published known answers (Random123, kat_vectors), through the tables where a counter allows. */
static void
test_known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
        {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
         {0xa4093822u, 0x299f31d0u},
         {0xd16cfe09u, 0x94fdcceBu, 0x5001e420u, 0x24126ea1u}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t words[4];
        memcpy(words, known[i].counter, sizeof words);
        slow_philox(known[i].key, words);
        CHECK_BITS(words, known[i].answer, sizeof words);

        /* fill_words reaches blocks below 2^62: clear the top bits and ask the plain Philox. */
        const uint64_t key = known[i].key[0] | (uint64_t)known[i].key[1] << 32;
        const il_stream s = {key, known[i].counter[2], known[i].counter[3]};
        const uint64_t block = known[i].counter[0] | (uint64_t)(known[i].counter[1] & 0x3fffffffu) << 32;
        uint32_t wanted[4] = {(uint32_t)block, (uint32_t)(block >> 32), s.tensor, s.purpose};
        slow_philox(known[i].key, wanted);
        const char *name;
        for (size_t isa = 0; (name = il_isa_available(isa)) != NULL; isa++) {
            const il_kernels *k = il_kernels_find(name);
            k->f32->fill_words(s, 0, 4 * block, 4, words);
            CHECK_BITS(words, wanted, sizeof words);
            k->f64->fill_words(s, 0, 4 * block, 4, words);
            CHECK_BITS(words, wanted, sizeof words);
            if (i == 0) {
                CHECK_BITS(words, known[i].answer, sizeof words);
            }
        }
    }
}

static void
test_words_of_both_halves(void)
{
    const il_stream s = {0xfeedface12345678u, 11, 2u << 24};
    uint32_t words[61];
    const char *name;
    for (size_t isa = 0; (name = il_isa_available(isa)) != NULL; isa++) {
        for (uint32_t half = 0; half < 2; half++) {
            for (uint64_t start = 0; start < 9; start++) {
                il_kernels_find(name)->f32->fill_words(s, half, start, 61, words);
                int same = 1;
                for (size_t i = 0; i < 61; i++) {
                    same &= words[i] == slow_word(s, half, start + i);
                }
                CHECK(same);
            }
        }
    }
}

/* float32 and float64 of one seed are the same numbers. */
static void
test_precisions_agree(void)
{
    enum { N = 1 << 14 };
    static float narrow[N];
    static double wide[N];
    const il_stream s = {99, 1, 0};
    il_kernels_scalar.f32->fill_uniform(s, 0, N, 0, 1, narrow);
    il_kernels_scalar.f64->fill_uniform(s, 0, N, 0, 1, wide);
    double worst = 0.0;
    for (size_t i = 0; i < N; i++) {
        worst = fmax(worst, fabs((double)narrow[i] - wide[i]));
    }
    CHECK(worst <= 0x1p-24);
    il_kernels_scalar.f32->fill_normal(s, 0, N, 0, 1, narrow);
    il_kernels_scalar.f64->fill_normal(s, 0, N, 0, 1, wide);
    int close = 1;
    for (size_t i = 0; i < N; i++) {
        /* p differs by at most 2^-33, z by that over the density, and both are rounded */
        const double density = exp(-wide[i] * wide[i] / 2) / sqrt(2 * acos(-1.0));
        const double allowed = 1.1 * 0x1p-33 / density + 4 * 0x1p-23 * fabs(wide[i]);
        close &= fabs((double)narrow[i] - wide[i]) <= allowed;
    }
    CHECK(close);
}

TEST_MAIN(TEST(test_known_answers), TEST(test_words_of_both_halves), TEST(test_values_f32), TEST(test_values_f64),
          TEST(test_tables_and_slices_f32), TEST(test_tables_and_slices_f64), TEST(test_moments_f32),
          TEST(test_moments_f64), TEST(test_precisions_agree))
