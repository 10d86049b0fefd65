/*
 * harness.h - all that a C test needs: CHECK, CHECK_BITS and a main that runs functions by name.
 *
 *     static void sums_to_one(void) { CHECK(sum == 1.0); CHECK_BITS(got, wanted, bytes); }
 *     TEST_MAIN(TEST(sums_to_one), TEST(twins_stay_twins))
 *
 * A failed check is reported and the test goes on. With the argument --fault the first check is
 * turned round and has to fail the run: `make check` asks every test program for that proof.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    int fault;
    unsigned long checks, failures;
    const char *test;
} harness;

#define CHECK(condition) harness_check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_BITS(got, wanted, bytes)                                                                                 \
    harness_check(memcmp(got, wanted, bytes) == 0, "bits of " #got " are those of " #wanted, __FILE__, __LINE__)

static inline void
harness_check(int holds, const char *what, const char *file, int line)
{
    harness.checks++;
    if (harness.fault ? !holds : holds) {
        return;
    }
    harness.failures++;
    fprintf(stderr, "%s:%d: %s: does not hold: %s\n", file, line, harness.test, what);
    if (harness.fault) {
        exit(EXIT_FAILURE);
    }
}

typedef struct harness_test {
    const char *name;
    void (*run)(void);
} harness_test;

#define TEST(function) {#function, function}
#define TEST_MAIN(...)                                                                                                 \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        const harness_test tests[] = {__VA_ARGS__};                                                                    \
        return harness_main(argc, argv, sizeof tests / sizeof tests[0], tests);                                        \
    }

static inline int
harness_main(int argc, char **argv, size_t count, const harness_test *tests)
{
    harness.fault = argc > 1 && strcmp(argv[1], "--fault") == 0;
    for (size_t i = 0; i < count; i++) {
        harness.test = tests[i].name;
        tests[i].run();
    }
    printf("%s: %lu checks, %lu failed\n", argv[0], harness.checks, harness.failures);
    return harness.failures == 0 && harness.checks > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
