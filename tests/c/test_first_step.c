/* test_first_step.c - measures of an optimizer's first step, against answers known by hand. */
#include <math.h>

#include "harness.h"

#include "../../csrc/core/memory.h"
#include "initlens.h"

enum { B = 4, MOST_LAYERS = 2, MULTIPLES = 3 };

static const double multiple[MULTIPLES] = {0, 1, 2};

static int
near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * (1 + fabs(b));
}

/* One input, one output, no hidden layer, mean squared error: z = w x + b. */
static il_net *
make_line(il_dtype dtype, double w, double b)
{
    const size_t widths[] = {1, 1};
    const il_net_spec spec = {dtype, 1, widths, NULL, IL_MSE};
    il_net *net = NULL;
    CHECK(il_net_create(&spec, &net) == IL_OK);
    if (dtype == IL_FLOAT64) {
        *(double *)il_net_weights(net, 0) = w;
        *(double *)il_net_biases(net, 0) = b;
    } else {
        *(float *)il_net_weights(net, 0) = (float)w;
        *(float *)il_net_biases(net, 0) = (float)b;
    }
    return net;
}

typedef struct measured {
    il_first_step step;
    il_layer_step layers[MOST_LAYERS];
    double ray[MULTIPLES];
} measured;

static il_status
measure(const il_net *net, size_t count, const void *inputs, const void *targets, const il_first_step_options *options,
        measured *m)
{
    m->step.layers = m->layers;
    m->step.ray = m->ray;
    return il_net_first_step(net, count, inputs, targets, options, &m->step);
}

static il_first_step_options
options_of(il_optimizer optimizer, size_t batch_size)
{
    return (il_first_step_options){.optimizer = optimizer,
                                   .batch_size = batch_size,
                                   .steps = 7,
                                   .multiple_count = MULTIPLES,
                                   .multiples = multiple};
}

static const double x[B] = {-1, 0, 1, 2}, y[B] = {1, 2, 3, 4}; /* y = x + 2, of mean 2.5 */

static void
test_descent_on_a_line(void)
{
    il_net *net = make_line(IL_FLOAT64, 0.5, 0);
    const il_optimizer optimizer = {.kind = IL_SGD, .learning_rate = 0.05, .momentum = 0.5};
    const il_first_step_options options = options_of(optimizer, 0);
    measured m;
    CHECK(measure(net, B, x, y, &options, &m) == IL_OK);
    /* Centred residual 1.5, 0.5, -0.5, -1.5 times 2 / B: dW = (-1.5 + 0 - 0.5 - 3) / 2. */
    CHECK(near(m.layers[0].gradient_norm, 2.5));
    CHECK(near(m.layers[0].move, 0.1 * 2.5 / 0.5));
    CHECK(m.layers[0].bias_move == 0); /* they sum to 0 */
    CHECK(m.layers[0].rate == 0.1 && m.step.learning_rate == 0.05);
    CHECK(near(m.step.aim, 1));
    /* K = x x' + 1; centred 5 along y: lambda = 0.1 * 5 * 2 / 4. */
    CHECK(near(m.step.lin, 1 - exp(-2 * 0.25 * 7)));
    /* Largest eigenvalue of x x' + 1 on 4 samples, half of it: of [[6, 2], [2, 4]] / 4 times 2. */
    CHECK(near(m.step.sharpness, (5 + sqrt(5)) / 2));
    /* Real residual w x + b - y = -1.5, -2, -2.5, -3. */
    CHECK(near(m.step.loss, (2.25 + 4 + 6.25 + 9) / 4) && m.ray[0] == m.step.loss);
    const double dw = (1.5 - 2.5 - 6) / 2, db = -9.0 / 2;
    for (size_t i = 0; i < MULTIPLES; i++) {
        double loss = 0;
        for (size_t b = 0; b < B; b++) {
            const double z = (0.5 - multiple[i] * 0.1 * dw) * x[b] - multiple[i] * 0.1 * db;
            loss += (z - y[b]) * (z - y[b]) / B;
        }
        CHECK(near(m.ray[i], loss));
    }
    CHECK(*(double *)il_net_weights(net, 0) == 0.5 && *(double *)il_net_biases(net, 0) == 0);
    il_net_destroy(net);
}

static void
test_noise_of_minibatches(void)
{
    il_net *net = make_line(IL_FLOAT64, 0.5, 0);
    const il_optimizer adam = {.kind = IL_ADAM, .learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    measured whole, two;
    const il_first_step_options all = options_of(adam, 0), some = options_of(adam, 2);
    CHECK(measure(net, B, x, y, &all, &whole) == IL_OK && measure(net, B, x, y, &some, &two) == IL_OK);
    CHECK(near(whole.layers[0].move, 0.01 / 0.5 * 2.5 / (2.5 + 1e-8)));
    /* Gradients of the samples, 2 (p - y) x: -3, 0, -1, -6, of mean -2.5 and variance 5.25. */
    const double v = 6.25 + 5.25 / 2 * 2 / 3;
    CHECK(near(two.layers[0].move, 0.01 / 0.5 * 2.5 / (sqrt(v) + 1e-8)));
    il_net_destroy(net);
}

static void
test_rate_of_the_curvature(void)
{
    il_net *net = make_line(IL_FLOAT64, 0.5, 0);
    il_first_step_options options = options_of((il_optimizer){.kind = IL_SGD}, 0);
    options.curvature_share = 0.5;
    measured m;
    CHECK(measure(net, B, x, y, &options, &m) == IL_OK && m.step.learning_rate == 0.5 * (2 / m.step.sharpness));
    il_net_destroy(net);
}

static void
test_stated_values(void)
{
    const il_first_step_options options = options_of((il_optimizer){.kind = IL_SGD, .learning_rate = 0.1}, 0);
    const double same[B] = {0.1, 0.1, 0.1, 0.1}, one = 1, three = 3;
    measured m;
    il_net *net = make_line(IL_FLOAT64, 0, 0);
    CHECK(measure(net, B, x, y, &options, &m) == IL_OK);
    CHECK(isinf(m.layers[0].move));
    CHECK(measure(net, B, x, same, &options, &m) == IL_OK);
    CHECK(m.layers[0].move == 0 && m.layers[0].rate == 0 && m.step.aim == 0 && m.step.lin == 0);
    CHECK(measure(net, 1, &one, &three, &options, &m) == IL_OK);
    CHECK(m.layers[0].move == 0 && m.step.aim == 0 && m.step.lin == 0 && near(m.step.sharpness, 4));
    il_net_destroy(net);
    for (int i = 0; i < 3; i++) {
        net = make_line(i < 2 ? IL_FLOAT64 : IL_FLOAT32, i == 0 ? (double)NAN : (double)INFINITY, 0);
        const float x32[2] = {1, 2}, y32[2] = {1, 3};
        CHECK(measure(net, 2, i < 2 ? (const void *)x : x32, i < 2 ? (const void *)y : y32, &options, &m) == IL_OK);
        CHECK(isinf(m.step.loss) && isinf(m.ray[1]));
        il_net_destroy(net);
    }
}

static void
test_bad_arguments(void)
{
    il_net *net = make_line(IL_FLOAT64, 1, 0);
    il_first_step_options options = options_of((il_optimizer){.kind = IL_SGD, .learning_rate = 0.1}, 0);
    const double bad[B] = {0, (double)NAN, 0, 0};
    measured m;
    CHECK(measure(net, 0, x, y, &options, &m) == IL_ERROR_ARGUMENT);
    CHECK(measure(net, B, NULL, y, &options, &m) == IL_ERROR_ARGUMENT);
    CHECK(measure(net, B, x, NULL, &options, &m) == IL_ERROR_ARGUMENT);
    CHECK(measure(net, B, bad, y, &options, &m) == IL_ERROR_NOT_FINITE);
    CHECK(measure(net, B, x, bad, &options, &m) == IL_ERROR_NOT_FINITE);
    options.curvature_share = -1;
    CHECK(measure(net, B, x, y, &options, &m) == IL_ERROR_ARGUMENT);
    options.curvature_share = 0;
    options.optimizer.momentum = 1;
    CHECK(measure(net, B, x, y, &options, &m) == IL_ERROR_ARGUMENT);
    il_net_destroy(net);
}

static void
test_memory_faults(void)
{
#if defined(IL_TEST_FAULTS)
    il_net *net = make_line(IL_FLOAT64, 1, 0);
    const il_first_step_options options = options_of((il_optimizer){.kind = IL_SGD, .learning_rate = 0.1}, 0);
    measured m;
    for (long n = 0; n < 2; n++) {
        il_memory_fail_at(n);
        CHECK(measure(net, B, x, y, &options, &m) == IL_ERROR_MEMORY);
    }
    il_memory_fail_at(2);
    CHECK(measure(net, B, x, y, &options, &m) == IL_OK);
    il_memory_fail_at(-1);
    il_net_destroy(net);
#endif
}

TEST_MAIN(TEST(test_descent_on_a_line), TEST(test_noise_of_minibatches), TEST(test_rate_of_the_curvature),
          TEST(test_stated_values), TEST(test_bad_arguments), TEST(test_memory_faults))
