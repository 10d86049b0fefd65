/*
 * test_team.c - threads that share one call: each part is done once, by any number of them, and what they
 * make is what one makes alone. `make tsan` runs it under the thread sanitizer.
 */
#include <time.h>

#include "harness.h"

#include "../../csrc/core/memory.h"
#include "../../csrc/core/team.h"
#include "initlens.h"

/* ---- the team itself --------------------------------------------------------------------- */

enum { ROUNDS = 2000, MOST_PARTS = 64, THINGS = 1001 };

typedef struct tally {
    size_t parts, member_limit;
    int done[MOST_PARTS];
    int things[THINGS];
    int outside; /* a member or part that cannot be */
} tally;

static void
count(void *context, il_part part)
{
    tally *t = context;
    size_t begin, end;
    il_share(THINGS, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        t->things[i]++;
    }
    if (part.index >= MOST_PARTS || part.member >= t->member_limit) {
        t->outside = 1;
        return;
    }
    t->done[part.index]++;
    if (part.index == 0) {
        t->parts = part.count;
    }
}

static void
pause_for(long nanoseconds)
{
    const time_t begin = time(NULL);
    struct timespec start, now;
    (void)timespec_get(&start, TIME_UTC);
    do {
        (void)timespec_get(&now, TIME_UTC);
    } while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < nanoseconds
             && time(NULL) - begin < 2);
}

static void
check_team(il_team *team, size_t threads, int rounds, long rest)
{
    static tally t;
    t = (tally){.member_limit = threads};
    for (int round = 0; round < rounds; round++) {
        il_team_run(team, count, &t);
        if (rest > 0) {
            pause_for(rest);
        }
    }
    CHECK(!t.outside && t.parts >= threads && t.parts <= MOST_PARTS);
    for (size_t p = 0; p < t.parts; p++) {
        CHECK(t.done[p] == rounds);
    }
    for (size_t i = 0; i < THINGS; i++) {
        CHECK(t.things[i] == rounds);
    }
}

static void
test_every_part_once(void)
{
    for (size_t threads = 1; threads <= 5; threads++) {
        il_team *team = il_team_create(threads);
        CHECK(il_team_size(team) == threads);
        check_team(team, threads, ROUNDS, 0);
        check_team(team, threads, 5, 5000000); /* long enough for them to fall asleep */
        check_team(team, threads, 50, 30000);  /* about as long as they stay awake */
        il_team_destroy(team);
    }
    CHECK(il_team_create(0) == NULL && il_team_create(1) == NULL);
    il_team_destroy(il_team_create(3)); /* which has never worked */
}

static void
test_threads_that_do_not_start(void)
{
#if defined(IL_TEST_FAULTS)
    il_team_start_at_most(0);
    CHECK(il_team_create(4) == NULL);
    il_team_start_at_most(1);
    il_team *two = il_team_create(4);
    CHECK(il_team_size(two) == 2);
    check_team(two, 2, 100, 0);
    il_team_destroy(two);
    il_team_start_at_most(1000);
    for (long n = 0; n < 2; n++) {
        il_memory_fail_at(n);
        CHECK(il_team_create(4) == NULL);
        il_memory_fail_at(-1);
    }
#endif
}

/* ---- one net ----------------------------------------------------------------------------- */

/* Steps worth several threads, of two blocks of samples or one, with leftover columns and rows. */
enum { B = 300, N = 70, H1 = 101, H2 = 53, M = 5, STEPS = 5, ROWS = 4, LAYERS = 3 };

static double x[B * N], y[B * M];

static void
make_data(il_dtype dtype)
{
    for (size_t i = 0; i < B * N; i++) {
        const double value = (double)(i * 37 % 1009) / 512 - 1;
        if (dtype == IL_FLOAT32) {
            ((float *)x)[i] = (float)value;
        } else {
            x[i] = value;
        }
    }
    memset(y, 0, sizeof y);
    for (size_t b = 0; b < B; b++) {
        if (dtype == IL_FLOAT32) {
            ((float *)y)[b * M + b % M] = 1;
        } else {
            y[b * M + b % M] = 1;
        }
    }
}

typedef struct outcome {
    il_net *net;
    uint64_t step[ROWS];
    double loss[ROWS];
    il_layer_record layers[ROWS * LAYERS];
} outcome;

static void
train(outcome *o, il_dtype dtype, const il_optimizer *optimizer, size_t batch_size, size_t threads)
{
    const size_t widths[] = {N, H1, H2, M};
    const il_activation hidden[] = {{IL_TANH, 0}, {IL_GELU, 0}};
    const il_net_spec spec = {dtype, LAYERS, widths, hidden, IL_CROSS_ENTROPY};
    const il_scheme schemes[] = {{.kind = IL_SCHEME_ORTHOGONAL, .a = 1},
                                 {.kind = IL_SCHEME_NORMAL, .b = 0.1},
                                 {.kind = IL_SCHEME_NORMAL, .b = 0.1}};
    memset(o, 0, sizeof *o);
    CHECK(il_net_create(&spec, &o->net) == IL_OK);
    CHECK(il_net_initialize(o->net, schemes, NULL, 9, threads) == IL_OK);
    const il_train_options options = {
        .optimizer = *optimizer, .steps = STEPS, .batch_size = batch_size, .record_every = 2, .threads = threads};
    il_record record = {ROWS, 0, o->step, o->loss, o->layers};
    il_train_result result;
    CHECK(il_net_train(o->net, B, x, y, &options, &record, &result) == IL_OK);
    CHECK(result.steps == STEPS && record.rows == ROWS);
}

static void
check_net(il_dtype dtype, const il_optimizer *optimizer, size_t batch_size)
{
    static outcome alone, shared;
    const size_t size = dtype == IL_FLOAT32 ? sizeof(float) : sizeof(double);
    train(&alone, dtype, optimizer, batch_size, 1);
    for (size_t threads = 2; threads <= 5; threads += threads == 2 ? 1 : 2) {
        train(&shared, dtype, optimizer, batch_size, threads);
        for (size_t l = 0; l < LAYERS; l++) {
            const size_t n = il_net_width(alone.net, l), m = il_net_width(alone.net, l + 1);
            CHECK_BITS(il_net_weights(shared.net, l), il_net_weights(alone.net, l), n * m * size);
            CHECK_BITS(il_net_biases(shared.net, l), il_net_biases(alone.net, l), m * size);
        }
        CHECK_BITS(shared.loss, alone.loss, sizeof alone.loss);
        CHECK_BITS(shared.layers, alone.layers, sizeof alone.layers);
        il_net_destroy(shared.net);
    }
    il_net_destroy(alone.net);
}

static void
test_training(void)
{
    const il_optimizer sgd = {.kind = IL_SGD, .learning_rate = 0.1, .momentum = 0.9};
    const il_optimizer adam = {.kind = IL_ADAM, .learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    for (int d = 0; d < 2; d++) {
        const il_dtype dtype = d == 0 ? IL_FLOAT32 : IL_FLOAT64;
        make_data(dtype);
        check_net(dtype, &sgd, 0);
        check_net(dtype, &adam, 130);
    }
}

/* ---- one array --------------------------------------------------------------------------- */

static void
test_fill(void)
{
    enum { ROW = 400, COLUMN = 333 };
    static double alone[ROW * COLUMN], shared[ROW * COLUMN];
    const il_scheme schemes[] = {{.kind = IL_SCHEME_NORMAL, .b = 1},
                                 {.kind = IL_SCHEME_ORTHOGONAL, .a = 1},
                                 {.kind = IL_SCHEME_SPARSE, .b = 1, .mode = IL_FAN_IN, .count = 9},
                                 {.kind = IL_SCHEME_SPARSE, .b = 1, .mode = IL_FAN_OUT, .count = 9}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        for (size_t threads = 2; threads < 5; threads++) {
            memset(shared, 0, sizeof shared);
            CHECK(il_fill(&schemes[i], IL_FLOAT64, ROW, COLUMN, 1, 2, IL_PURPOSE_WEIGHTS, 0, ROW * COLUMN, 1, alone)
                  == IL_OK);
            CHECK(il_fill(&schemes[i], IL_FLOAT64, ROW, COLUMN, 1, 2, IL_PURPOSE_WEIGHTS, 0, ROW * COLUMN, threads,
                          shared)
                  == IL_OK);
            CHECK_BITS(shared, alone, sizeof alone);
        }
    }
}

TEST_MAIN(TEST(test_every_part_once), TEST(test_threads_that_do_not_start), TEST(test_training), TEST(test_fill))
