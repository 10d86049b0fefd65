/* test_net.c - nets through the public header: gradients, training, memory faults. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "activations.h"
#include "harness.h"

#include "../../csrc/core/memory.h"
#include "../../csrc/core/net.h"
#include "../../csrc/core/rng.h"
#include "../../csrc/core/dispatch.h"
#include "initlens.h"

enum { B = 300, N = 3, H = 5, M = 2, LAYERS = 3 };

static const size_t widths[LAYERS + 1] = {N, H, H + 13, M};
static double x[B * N], y[B * M];

static void
make_data(void)
{
    for (size_t i = 0; i < B * N; i++) {
        x[i] = sin(1.7 * (double)i) * 1.5;
    }
    for (size_t b = 0; b < B; b++) { /* one-hot: right for every loss */
        y[b * M] = b % 3 == 0;
        y[b * M + 1] = 1 - y[b * M];
    }
}

static il_net *
make_net(il_activation g, il_loss loss)
{
    make_data();
    const il_activation hidden[LAYERS - 1] = {g, g};
    const il_net_spec spec = {IL_FLOAT64, LAYERS, widths, hidden, loss};
    const il_scheme normal = {.kind = IL_SCHEME_NORMAL, .b = 0.6};
    const il_scheme schemes[LAYERS] = {normal, normal, normal};
    il_net *net = NULL;
    CHECK(il_net_create(&spec, &net) == IL_OK);
    CHECK(il_net_initialize(net, schemes, schemes, 7, 1) == IL_OK);
    return net;
}

static void
test_gradients(void)
{
    static double dw0[N * H], dw1[H * (H + 13)], dw2[(H + 13) * M], db0[H], db1[H + 13], db2[M];
    double *dw[LAYERS] = {dw0, dw1, dw2}, *db[LAYERS] = {db0, db1, db2};
    for (int kind = 0; kind < IL_ACTIVATION_COUNT; kind++) {
        for (int loss = 0; loss < IL_LOSS_COUNT; loss++) {
            il_net *net = make_net(activation_of(kind), (il_loss)loss);
            double value;
            CHECK(il_net_gradients(net, B, x, y, &value, (void *const *)dw, (void *const *)db) == IL_OK);
            for (size_t l = 0; l < LAYERS; l++) {
                double *w = il_net_weights(net, l);
                for (size_t i = 0; i < widths[l] * widths[l + 1]; i += 7) {
                    const double h = 1e-6, kept = w[i];
                    double up, down;
                    w[i] = kept + h;
                    CHECK(il_net_loss(net, B, x, y, &up) == IL_OK);
                    w[i] = kept - h;
                    CHECK(il_net_loss(net, B, x, y, &down) == IL_OK);
                    w[i] = kept;
                    const double rounding = 1e-15 * fabs(value) / h; /* exp of exp gives large losses */
                    CHECK(fabs((up - down) / (2 * h) - dw[l][i]) < 1e-8 + 1e-6 * fabs(dw[l][i]) + rounding);
                }
            }
            il_net_destroy(net);
        }
    }
}

static il_train_options
options_for(il_optimizer_kind kind, uint64_t steps, size_t batch)
{
    il_optimizer o = {.kind = kind, .learning_rate = 0.01, .weight_decay = 0.001};
    if (kind == IL_SGD) {
        o.momentum = 0.9;
        o.nesterov = 1;
    } else {
        o.beta1 = kind == IL_ADAM ? 0.9 : 0;
        o.beta2 = 0.99;
        o.epsilon = 1e-8;
    }
    return (il_train_options){.optimizer = o, .steps = steps, .batch_size = batch};
}

static void
check_same(il_net *p, il_net *q)
{
    for (size_t l = 0; l < LAYERS; l++) {
        CHECK_BITS(il_net_weights(p, l), il_net_weights(q, l), widths[l] * widths[l + 1] * sizeof(double));
        CHECK_BITS(il_net_biases(p, l), il_net_biases(q, l), widths[l + 1] * sizeof(double));
    }
}

/* 2k = k + k, recorded or not, for each optimizer, in one block, several, and short last batches. */
static void
test_training_in_pieces(void)
{
    static const size_t batches[] = {0, 7, 256, 299};
    enum { STEPS = 50 };
    static uint64_t step[STEPS + 2];
    static double loss[STEPS + 2];
    static il_layer_record layers[(STEPS + 2) * LAYERS];
    for (int kind = 0; kind < IL_OPTIMIZER_COUNT; kind++) {
        for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
            const il_activation tanh_ = {IL_TANH, 0};
            il_net *whole = make_net(tanh_, IL_CROSS_ENTROPY), *pieces = make_net(tanh_, IL_CROSS_ENTROPY);
            il_train_options o = options_for((il_optimizer_kind)kind, STEPS, batches[i]);
            il_train_result result;
            CHECK(il_net_train(whole, B, x, y, &o, NULL, &result) == IL_OK);
            CHECK(result.steps == STEPS && !result.diverged);
            for (uint64_t done = 0, part = 1; done < STEPS; done += part, part = part == 1 ? 9 : 10) {
                il_record record = {STEPS + 2, 0, step, loss, layers};
                o.steps = part;
                o.record_every = part == 1 ? 0 : 3;
                CHECK(il_net_train(pieces, B, x, y, &o, &record, &result) == IL_OK);
                CHECK(record.rows == il_record_rows(part, o.record_every));
            }
            check_same(whole, pieces);
            il_net_destroy(whole);
            il_net_destroy(pieces);
        }
    }
}

/* Step 0, every so many, and the end; what a size_t cannot count does not wrap. */
static void
test_record_rows(void)
{
    CHECK(il_record_rows(0, 0) == 0 && il_record_rows(UINT64_MAX, 0) == 0);
    CHECK(il_record_rows(0, 1) == 1 && il_record_rows(0, 5) == 1);
    CHECK(il_record_rows(10, 1) == 11 && il_record_rows(10, 5) == 3 && il_record_rows(10, 4) == 4);
    CHECK(il_record_rows(10, 11) == 2 && il_record_rows(UINT64_MAX, UINT64_MAX) == 2);
    CHECK(il_record_rows(SIZE_MAX - 2, 1) == SIZE_MAX - 1 && il_record_rows(SIZE_MAX - 1, 1) == SIZE_MAX);
    CHECK(il_record_rows(SIZE_MAX, 1) == SIZE_MAX && il_record_rows(UINT64_MAX, 1) == SIZE_MAX);
    CHECK(il_record_rows(UINT64_MAX, 2) == (SIZE_MAX < UINT64_MAX ? SIZE_MAX : SIZE_MAX / 2 + 2));
}

/* A row alone (plain weights) and in a batch (panels) gives the same bits. */
static void
test_rows_alone(void)
{
    static double together[B * M];
    double alone[M];
    il_net *net = make_net((il_activation){IL_GELU, 0}, IL_CROSS_ENTROPY);
    CHECK(il_net_forward(net, B, x, together) == IL_OK);
    for (size_t b = 0; b < B; b++) {
        CHECK(il_net_forward(net, 1, x + b * N, alone) == IL_OK);
        CHECK_BITS(alone, together + b * M, sizeof alone);
    }
    il_net_destroy(net);
}

/* Copies of panels, products of one row and what is left of a block change no bit of a wide net. */
static void
test_forward_in_parts(void)
{
    enum { SAMPLES = 257, IN = 9, OUT = 150 };
    static const size_t sizes[] = {IN, OUT, OUT}, parts[] = {1, 2, 23, 24, 129};
    static float input[SAMPLES * IN], all[SAMPLES * OUT], some[SAMPLES * OUT];
    for (size_t i = 0; i < SAMPLES * IN; i++) {
        input[i] = (float)sin(0.7 * (double)i);
    }
    const il_activation hidden[] = {{IL_TANH, 0}};
    const il_scheme normal = {.kind = IL_SCHEME_NORMAL, .b = 0.3}, schemes[] = {normal, normal};
    for (int loss = 0; loss < IL_LOSS_COUNT; loss++) {
        const il_net_spec spec = {IL_FLOAT32, 2, sizes, hidden, (il_loss)loss};
        il_net *net = NULL;
        CHECK(il_net_create(&spec, &net) == IL_OK);
        CHECK(il_net_initialize(net, schemes, schemes, 3, 1) == IL_OK);
        CHECK(il_net_forward(net, SAMPLES, input, all) == IL_OK);
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            for (size_t b = 0; b < SAMPLES; b += parts[i]) {
                const size_t count = SAMPLES - b < parts[i] ? SAMPLES - b : parts[i];
                CHECK(il_net_forward(net, count, input + b * IN, some + b * OUT) == IL_OK);
            }
            CHECK_BITS(some, all, sizeof all);
        }
        il_net_destroy(net);
    }
}

/* Many nets at once give the bits of each alone, records and a diverging neighbour included. */
static void
test_many_nets(void)
{
    enum { NETS = 11, STEPS = 40, ROWS = STEPS / 7 + 2 };
    static const size_t batches[] = {0, 7, 290};
    static uint64_t step[2][NETS][ROWS];
    static double loss[2][NETS][ROWS];
    static il_layer_record layers[2][NETS][ROWS * LAYERS];
    for (int kind = 0; kind < IL_OPTIMIZER_COUNT * IL_LOSS_COUNT; kind++) {
        for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
            il_net *alone[NETS], *together[NETS];
            il_train_options o[NETS];
            il_record records[2][NETS];
            il_train_result results[2][NETS];
            for (size_t i = 0; i < NETS; i++) {
                il_net_progress key;
                o[i] = options_for((il_optimizer_kind)(kind % IL_OPTIMIZER_COUNT), STEPS, batches[b]);
                o[i].optimizer.learning_rate *= i == 5 ? 1e200 : 1 + 0.1 * (double)i;
                o[i].record_every = 7;
                alone[i] =
                    make_net((il_activation){i < 20 ? IL_SILU : IL_TANH, 0}, (il_loss)(kind / IL_OPTIMIZER_COUNT));
                ((double *)il_net_weights(alone[i], 0))[0] += (double)i;
                key = il_net_get_progress(alone[i]);
                key.key = i;
                CHECK(il_net_set_progress(alone[i], &key) == IL_OK);
                if (i == 1 && batches[b] == 7) { /* ahead of its neighbours in the epoch: no lane beside them */
                    il_train_options ahead = o[i];
                    ahead.steps = 3;
                    ahead.record_every = 0;
                    CHECK(il_net_train(alone[i], B, x, y, &ahead, NULL, &results[0][i]) == IL_OK);
                }
                CHECK(il_net_copy(alone[i], &together[i]) == IL_OK);
                for (int side = 0; side < 2; side++) {
                    records[side][i] = (il_record){ROWS, 0, step[side][i], loss[side][i], layers[side][i]};
                }
                CHECK(il_net_train(alone[i], B, x, y, &o[i], &records[0][i], &results[0][i]) == IL_OK);
            }
            CHECK(il_nets_train(together, NETS, B, x, y, o, records[1], results[1]) == IL_OK);
            for (size_t i = 0; i < NETS; i++) {
                const size_t rows = records[0][i].rows;
                check_same(alone[i], together[i]);
                CHECK(results[0][i].steps == results[1][i].steps);
                CHECK(results[0][i].diverged == results[1][i].diverged);
                CHECK(records[1][i].rows == rows);
                CHECK_BITS(step[0][i], step[1][i], rows * sizeof step[0][i][0]);
                CHECK_BITS(loss[0][i], loss[1][i], rows * sizeof loss[0][i][0]);
                CHECK_BITS(layers[0][i], layers[1][i], rows * LAYERS * sizeof layers[0][i][0]);
                /* and go on alike */
                o[i].record_every = 0;
                CHECK(il_net_train(alone[i], B, x, y, &o[i], NULL, &results[0][i]) == IL_OK);
                CHECK(il_net_train(together[i], B, x, y, &o[i], NULL, &results[1][i]) == IL_OK);
                check_same(alone[i], together[i]);
                il_net_destroy(alone[i]);
                il_net_destroy(together[i]);
            }
        }
    }
}

static int
stop_at_once(void *context, uint64_t steps)
{
    *(uint64_t *)context = steps;
    return 1;
}

/* Nets that differ in one thing are of two architectures, whichever it is. */
static void
test_many_nets_of_two_architectures(void)
{
    static const size_t wider[] = {N, H + 1, H + 13, M}, deeper[] = {N, H, H + 13, M, M};
    static const il_activation elu[] = {{IL_ELU, 0.5}, {IL_ELU, 0.5}, {IL_IDENTITY, 0}}; /* as at the output */
    static const il_activation steeper[] = {{IL_ELU, 0.5}, {IL_ELU, 0.75}};
    static const il_activation leaky[] = {{IL_ELU, 0.5}, {IL_LEAKY_RELU, 0.5}};
    const il_net_spec spec = {IL_FLOAT64, LAYERS, widths, elu, IL_MSE};
    const il_net_spec others[] = {spec, /* the same: what is refused below is not refused for something else */
                                  {IL_FLOAT32, LAYERS, widths, elu, IL_MSE},
                                  {IL_FLOAT64, LAYERS + 1, deeper, elu, IL_MSE},
                                  {IL_FLOAT64, LAYERS, wider, elu, IL_MSE},
                                  {IL_FLOAT64, LAYERS, widths, leaky, IL_MSE},
                                  {IL_FLOAT64, LAYERS, widths, steeper, IL_MSE},
                                  {IL_FLOAT64, LAYERS, widths, elu, IL_CROSS_ENTROPY}};
    const il_train_options o[2] = {options_for(IL_SGD, 5, 0), options_for(IL_SGD, 5, 0)};
    make_data();
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        il_net *nets[2] = {NULL, NULL};
        il_train_result results[2];
        CHECK(il_net_create(&spec, &nets[0]) == IL_OK && il_net_create(&others[i], &nets[1]) == IL_OK);
        CHECK(il_nets_train(nets, 2, B, x, y, o, NULL, results) == (i == 0 ? IL_OK : IL_ERROR_ARGUMENT));
        CHECK((il_net_get_progress(nets[0]).steps > 0) == (i == 0));
        il_net_destroy(nets[0]);
        il_net_destroy(nets[1]);
    }
}

/* Options may differ in the optimizer's numbers, and in nothing else. */
static void
test_many_nets_of_two_kinds_of_options(void)
{
    enum { ROWS = 7, ALLOWED = 3, CHANGES = 12 };
    static uint64_t step[2][ROWS];
    static double loss[2][ROWS];
    static il_layer_record layers[2][ROWS * LAYERS];
    uint64_t polled;
    const il_train_options first = {.optimizer = {.kind = IL_SGD,
                                                  .learning_rate = 0.01,
                                                  .momentum = 0.9,
                                                  .beta2 = 0.99,
                                                  .epsilon = 1e-8,
                                                  .weight_decay = 0.001},
                                    .steps = 5,
                                    .record_every = 2,
                                    .poll_context = &polled};
    il_net *nets[2] = {make_net((il_activation){IL_TANH, 0}, IL_MSE), NULL};
    CHECK(il_net_copy(nets[0], &nets[1]) == IL_OK);
    for (int change = 0; change < CHANGES; change++) {
        il_train_options o[2] = {first, first};
        il_record records[2] = {{ROWS, 0, step[0], loss[0], layers[0]}, {ROWS, 0, step[1], loss[1], layers[1]}};
        il_train_result results[2];
        switch (change) {
        case 0: o[1].optimizer.learning_rate = 0.02; break;
        case 1: o[1].optimizer.momentum = 0.5; break;
        case 2: o[1].optimizer.weight_decay = 0.002; break;
        case ALLOWED: o[1].optimizer.kind = IL_RMSPROP; break;
        case 4: o[1].optimizer.momentum = 0; break;
        case 5: o[1].optimizer.nesterov = 1; break;
        case 6: o[1].optimizer.weight_decay = 0; break;
        case 7: o[1].steps = 6; break;
        case 8: o[1].batch_size = 7; break;
        case 9: o[1].record_every = 1; break;
        case 10: o[1].poll = stop_at_once; break;
        default: o[1].poll_context = NULL; break;
        }
        const uint64_t before = il_net_get_progress(nets[0]).epoch;
        const il_status expected = change < ALLOWED ? IL_OK : IL_ERROR_ARGUMENT;
        CHECK(il_nets_train(nets, 2, B, x, y, o, records, results) == expected);
        CHECK(il_net_get_progress(nets[0]).epoch - before == (change < ALLOWED ? first.steps : 0));
    }
    il_net_destroy(nets[0]);
    il_net_destroy(nets[1]);
}

static void
test_few_nets(void)
{
    il_net *net = make_net((il_activation){IL_TANH, 0}, IL_MSE);
    const il_train_options o = options_for(IL_SGD, 5, 0);
    il_train_result result;
    CHECK(il_nets_train(&net, 0, B, x, y, &o, NULL, &result) == IL_OK);
    CHECK(il_nets_train(&net, 1, B, x, y, &o, NULL, &result) == IL_OK && result.steps == 5);
    il_net_destroy(net);
}

static void
test_divergence(void)
{
    il_net *net = make_net((il_activation){IL_RELU, 0}, IL_MSE);
    il_train_options o = options_for(IL_SGD, 10000, 0);
    o.optimizer.learning_rate = 1e6;
    uint64_t step[3];
    double loss[3];
    il_layer_record layers[3 * LAYERS];
    il_record record = {3, 0, step, loss, layers};
    o.record_every = 10000;
    il_train_result result;
    CHECK(il_net_train(net, B, x, y, &o, &record, &result) == IL_OK);
    CHECK(result.diverged == 1);
    CHECK(result.steps > 0 && result.steps < 1000);
    CHECK(record.rows == 2 && step[1] == result.steps && !isfinite(loss[1]));
    il_net_destroy(net);
}

/* A NaN is on no part of an activation's curve: no share of saturated pairs, not 0. */
static void
test_saturation_of_nan(void)
{
    for (int kind = 0; kind < IL_ACTIVATION_COUNT; kind++) {
        for (int loss = 0; loss < IL_LOSS_COUNT; loss++) {
            il_net *net = make_net(activation_of(kind), (il_loss)loss);
            ((double *)il_net_biases(net, 1))[2] = (double)NAN;
            il_train_options o = options_for(IL_SGD, 1, 0);
            o.record_every = 1;
            uint64_t step[2];
            double value[2];
            il_layer_record layers[2 * LAYERS];
            il_record record = {2, 0, step, value, layers};
            il_train_result result;
            CHECK(il_net_train(net, B, x, y, &o, &record, &result) == IL_OK);
            CHECK(result.diverged == 1 && record.rows == 1 && isnan(value[0]));
            CHECK(isinf(il_activation_max_slope(activation_of(kind)))
                      ? isnan(layers[0].saturated)
                      : layers[0].saturated >= 0 && layers[0].saturated <= 1);
            CHECK(isnan(layers[1].saturated) && isnan(layers[2].saturated));
            il_net_destroy(net);
        }
    }
}

static void
test_interruption(void)
{
    const il_activation tanh_ = {IL_TANH, 0};
    il_net *stopped = make_net(tanh_, IL_MSE), *same = make_net(tanh_, IL_MSE);
    uint64_t polled = 0;
    il_train_options o = options_for(IL_ADAM, (uint64_t)1 << 40, 0);
    il_train_result result;
    o.poll = stop_at_once;
    o.poll_context = &polled;
    CHECK(il_net_train(stopped, B, x, y, &o, NULL, &result) == IL_ERROR_INTERRUPTED);
    CHECK(polled == result.steps && result.steps > 0);
    o.poll = NULL;
    o.steps = result.steps;
    CHECK(il_net_train(same, B, x, y, &o, NULL, &result) == IL_OK);
    check_same(stopped, same);
    il_net_destroy(stopped);
    il_net_destroy(same);
}

static void
test_bad_arguments(void)
{
    il_net *net = make_net((il_activation){IL_TANH, 0}, IL_MSE), *before = NULL;
    CHECK(il_net_copy(net, &before) == IL_OK);
    il_train_result result;
    il_train_options o = options_for(IL_SGD, 5, 0);
    o.optimizer.learning_rate = -1;
    CHECK(il_net_train(net, B, x, y, &o, NULL, &result) == IL_ERROR_ARGUMENT);
    o = options_for(IL_SGD, 5, 0);
    CHECK(il_net_train(net, 0, x, y, &o, NULL, &result) == IL_ERROR_ARGUMENT);
    o.record_every = 1;
    CHECK(il_net_train(net, B, x, y, &o, NULL, &result) == IL_ERROR_ARGUMENT);
    o.record_every = 0;
    const double kept = x[B * N - 1];
    x[B * N - 1] = (double)NAN;
    CHECK(il_net_train(net, B, x, y, &o, NULL, &result) == IL_ERROR_NOT_FINITE);
    x[B * N - 1] = kept;
    check_same(net, before);

    const size_t huge[] = {SIZE_MAX / 2, 3}, zero[] = {2, 0}, wide[] = {(size_t)1 << 40, (size_t)1 << 40};
    il_net *none = NULL;
    CHECK(il_net_create(&(il_net_spec){IL_FLOAT64, 1, huge, NULL, IL_MSE}, &none) == IL_ERROR_MEMORY);
    CHECK(il_net_create(&(il_net_spec){IL_FLOAT64, 1, wide, NULL, IL_MSE}, &none) == IL_ERROR_MEMORY);
    CHECK(il_net_create(&(il_net_spec){IL_FLOAT64, 1, zero, NULL, IL_MSE}, &none) == IL_ERROR_ARGUMENT);
    CHECK(none == NULL);
    il_net_destroy(net);
    il_net_destroy(before);
}

static void
test_distinct_units(void)
{
    il_net *net = make_net((il_activation){IL_TANH, 0}, IL_MSE);
    size_t distinct[LAYERS];
    CHECK(il_net_distinct_units(net, distinct) == IL_OK);
    CHECK(distinct[0] == H && distinct[1] == H + 13 && distinct[2] == M);
    double *w0 = il_net_weights(net, 0), *b0 = il_net_biases(net, 0), *w1 = il_net_weights(net, 1);
    for (size_t n = 0; n < N; n++) {
        w0[n * H + 3] = w0[n * H];
    }
    b0[3] = b0[0];
    CHECK(il_net_distinct_units(net, distinct) == IL_OK && distinct[0] == H);
    memcpy(w1 + 3 * (H + 13), w1, (H + 13) * sizeof *w1);
    CHECK(il_net_distinct_units(net, distinct) == IL_OK && distinct[0] == H - 1);
    w0[0] = 0.0;
    w0[3] = -0.0; /* equals +0 */
    CHECK(il_net_distinct_units(net, distinct) == IL_OK && distinct[0] == H - 1);
    w0[3] = DBL_MIN;
    CHECK(il_net_distinct_units(net, distinct) == IL_OK && distinct[0] == H);
    il_net_destroy(net);
}

static void
test_permutation(void)
{
    size_t order[1000], seen[1000], moved = 0;
    const il_kernels *k = il_kernels_get();
    for (uint64_t epoch = 0; epoch < 5; epoch++) {
        for (size_t n = 0; n <= 1000; n += 37) {
            memset(seen, 0, sizeof seen);
            il_permutation(k, 11, epoch, n, order);
            for (size_t i = 0; i < n; i++) {
                CHECK(order[i] < n);
                seen[order[i] % 1000]++;
                moved += order[i] != i;
            }
            for (size_t i = 0; i < n; i++) {
                CHECK(seen[i] == 1);
            }
        }
    }
    CHECK(moved > 5000);
}

/* The n-th allocation fails, for all n: memory is reported, nothing leaks or changes (ASan looks). */
static void
test_memory_faults(void)
{
#if defined(IL_TEST_FAULTS)
    const il_activation gelu = {IL_GELU, 0};
    static double out[B * M];
    for (long n = 0, failed = 1; failed; n++) {
        il_net *net = make_net(gelu, IL_MSE), *before = NULL, *copy = NULL;
        CHECK(il_net_copy(net, &before) == IL_OK);
        il_train_options o = options_for(IL_ADAM, 3, 7);
        il_train_result result;
        size_t distinct[LAYERS];
        int together = 0;
        il_memory_fail_at(n);
        il_status status = il_net_copy(net, &copy);
        status = status == IL_OK ? il_net_forward(net, B, x, out) : status;
        status = status == IL_OK ? il_net_distinct_units(net, distinct) : status;
        if (status == IL_OK) { /* both at the same place: side by side, not one after the other */
            il_net *pair[2] = {net, copy};
            const il_train_options both[2] = {o, o};
            il_train_result results[2];
            status = il_nets_train(pair, 2, B, x, y, both, NULL, results);
            together = status == IL_OK;
        }
        o.optimizer.learning_rate *= 2; /* another optimizer: a new state is allocated */
        status = status == IL_OK ? il_net_train(net, B, x, y, &o, NULL, &result) : status;
        il_memory_fail_at(-1);
        failed = status != IL_OK;
        CHECK(status == IL_OK || status == IL_ERROR_MEMORY);
        if (failed) {
            check_same(net, together ? copy : before);
        }
        CHECK(n < 50);
        il_net_destroy(net);
        il_net_destroy(before);
        il_net_destroy(copy);
    }
#endif
}

/* A row of a tiny net finds room in the engine itself. What does not is allocated, and gives the same bits. */
static void
test_small_forward_allocates_nothing(void)
{
#if defined(IL_TEST_FAULTS)
    const il_activation gelu = {IL_GELU, 0};
    static double row[M], all[B * M];
    il_net *net = make_net(gelu, IL_MSE);
    il_memory_fail_at(0);
    CHECK(il_net_forward(net, B, x, all) == IL_ERROR_MEMORY);
    il_memory_fail_at(0);
    CHECK(il_net_forward(net, 1, x, row) == IL_OK);
    il_memory_fail_at(-1);
    CHECK(il_net_forward(net, B, x, all) == IL_OK);
    CHECK(memcmp(row, all, sizeof row) == 0);
    il_net_destroy(net);
#endif
}

/* A fork may come while another thread changes the optimizer: slots of the new one, progress of the old one. */
static void
test_repair(void)
{
    const il_activation tanh_ = {IL_TANH, 0};
    il_train_options o = options_for(IL_ADAM, 3, 7);
    il_train_result result;
    il_net *net = make_net(tanh_, IL_MSE);
    CHECK(il_net_train(net, B, x, y, &o, NULL, &result) == IL_OK);
    il_net_repair(net);
    il_net_progress p = il_net_get_progress(net);
    CHECK(p.has_optimizer && p.steps == 3 && il_net_slot(net, 0) != NULL && il_net_slot(net, 1) != NULL);
    net->progress.optimizer = (il_optimizer){.kind = IL_SGD, .learning_rate = 0.1};
    il_net_repair(net);
    p = il_net_get_progress(net);
    CHECK(!p.has_optimizer && p.steps == 0 && il_net_slot(net, 0) == NULL && il_net_slot(net, 1) == NULL);
    CHECK(il_net_train(net, B, x, y, &o, NULL, &result) == IL_OK);
    net->progress.position = net->progress.samples;
    il_net_repair(net);
    CHECK(il_net_get_progress(net).position == 0);
    CHECK(il_net_train(net, B, x, y, &o, NULL, &result) == IL_OK);
    il_net_destroy(net);
}

TEST_MAIN(TEST(test_gradients), TEST(test_training_in_pieces), TEST(test_record_rows), TEST(test_rows_alone),
          TEST(test_forward_in_parts), TEST(test_many_nets), TEST(test_many_nets_of_two_architectures),
          TEST(test_many_nets_of_two_kinds_of_options), TEST(test_few_nets), TEST(test_divergence),
          TEST(test_saturation_of_nan), TEST(test_interruption), TEST(test_bad_arguments), TEST(test_distinct_units),
          TEST(test_permutation), TEST(test_memory_faults), TEST(test_small_forward_allocates_nothing),
          TEST(test_repair))
