/*
 * test_threads.c - threads that use different nets, or read one, at once: the bits are those of one thread
 * alone. `make tsan` runs it under the thread sanitizer, which sees races that do no harm here.
 *
 * The threads come first, so that they also race for the first call, which chooses the table.
 */
#include <pthread.h>

#include "harness.h"

#include "initlens.h"

enum { THREADS = 4, B = 40, N = 3, H = 9, M = 2, STEPS = 60, NETS = 3, ROUNDS = 20 };

static float x[B * N], y[B * M];

/* What one thread makes; harness.h counts checks for one thread only. */
typedef struct job {
    uint64_t key;
    il_net *solo, *group[NETS];
    const il_net *common; /* read by all, changed by none */
    float outputs[B * M];
    int ok;
} job;

static il_net *
make_net(uint64_t key)
{
    const size_t widths[] = {N, H, M};
    const il_activation hidden[] = {{IL_TANH, 0}};
    const il_net_spec spec = {IL_FLOAT32, 2, widths, hidden, IL_CROSS_ENTROPY};
    const il_scheme glorot = {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 1, .mode = IL_FAN_AVG};
    const il_scheme schemes[] = {glorot, glorot};
    il_net *net = NULL;
    if (il_net_create(&spec, &net) != IL_OK) {
        return NULL;
    }
    if (il_net_initialize(net, schemes, NULL, key, 1) != IL_OK) {
        il_net_destroy(net);
        return NULL;
    }
    return net;
}

static void *
work(void *argument)
{
    job *j = argument;
    const il_train_options one = {
        .optimizer = {.kind = IL_SGD, .learning_rate = 0.1}, .steps = STEPS, .batch_size = 16};
    const il_train_options all[NETS] = {one, one, one};
    il_train_result results[NETS];
    j->ok = il_isa_name() != NULL && il_isa_reason() != NULL;
    j->solo = make_net(j->key);
    for (size_t i = 0; i < NETS; i++) {
        j->group[i] = make_net(j->key + i);
        j->ok &= j->group[i] != NULL;
    }
    j->ok = j->ok && j->solo != NULL && il_net_train(j->solo, B, x, y, &one, NULL, results) == IL_OK;
    j->ok = j->ok && il_nets_train(j->group, NETS, B, x, y, all, NULL, results) == IL_OK;
    for (int round = 0; j->ok && j->common != NULL && round < ROUNDS; round++) {
        j->ok = il_net_forward(j->common, B, x, j->outputs) == IL_OK;
    }
    return NULL;
}

static void
end(job *j)
{
    il_net_destroy(j->solo);
    for (size_t i = 0; i < NETS; i++) {
        il_net_destroy(j->group[i]);
    }
}

static int
same_net(il_net *p, il_net *q)
{
    int same = 1;
    for (size_t l = 0; l < il_net_layers(p); l++) {
        const size_t n = il_net_width(p, l), m = il_net_width(p, l + 1);
        same &= memcmp(il_net_weights(p, l), il_net_weights(q, l), n * m * sizeof(float)) == 0;
        same &= memcmp(il_net_biases(p, l), il_net_biases(q, l), m * sizeof(float)) == 0;
    }
    return same;
}

/* Static, so that no library call comes before the threads'. */
static job together[THREADS], alone[THREADS];

static void
run_together(void)
{
    pthread_t threads[THREADS];
    int started[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        together[i].key = 100 * i;
        started[i] = pthread_create(&threads[i], NULL, work, &together[i]) == 0;
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(started[i] && pthread_join(threads[i], NULL) == 0 && together[i].ok);
    }
}

static void
test_threads(void)
{
    for (size_t i = 0; i < B * N; i++) {
        x[i] = (float)(i * 37 % 64) / 32.0F - 1.0F;
    }
    for (size_t b = 0; b < B; b++) {
        y[b * M + b % M] = 1;
    }
    run_together(); /* and choose the table */
    for (size_t i = 0; i < THREADS; i++) {
        end(&together[i]);
    }
    il_net *common = make_net(7);
    CHECK(common != NULL);
    for (size_t i = 0; i < THREADS; i++) {
        together[i].common = alone[i].common = common;
    }
    run_together();
    for (size_t i = 0; i < THREADS; i++) {
        alone[i].key = together[i].key;
        work(&alone[i]);
        CHECK(alone[i].ok);
        CHECK(same_net(together[i].solo, alone[i].solo));
        CHECK_BITS(together[i].outputs, alone[i].outputs, sizeof alone[i].outputs);
        for (size_t n = 0; n < NETS; n++) {
            CHECK(same_net(together[i].group[n], alone[i].group[n]));
        }
        CHECK(same_net(together[i].group[0], alone[i].solo));
        end(&together[i]);
        end(&alone[i]);
    }
    il_net_destroy(common);
}

TEST_MAIN(TEST(test_threads))
