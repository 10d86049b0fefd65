/* test_diagnose.c - measures of a net, groups of units and eigenvalues, against answers known by hand. */
#include <math.h>

#include "harness.h"

#include "../../csrc/core/memory.h"
#include "../../csrc/core/spectrum.h"
#include "initlens.h"

static int
near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * (1 + fabs(b));
}

/* ---- groups ------------------------------------------------------------------------------ */

static size_t
groups(const il_units *units, il_modulo modulo, double tolerance)
{
    size_t leader[8], count = 0;
    CHECK(units->M <= 8);
    CHECK(il_units_group(units, modulo, tolerance, leader) == IL_OK);
    for (size_t m = 0; m < units->M; m++) {
        CHECK(leader[m] <= m && leader[leader[m]] == leader[m]);
        count += leader[m] == m;
    }
    return count;
}

static void
test_groups(void)
{
    /* Columns: 0 and 2 equal, 1 is minus column 0, 3 is 2 times column 0. */
    const double w[2][4] = {{1, -1, 1, 2}, {-3, 3, -3, -6}}, b[4] = {0.5, -0.5, 0.5, 1};
    const double v[4][1] = {{2}, {-2}, {2}, {1}};
    const il_units u = {2, 4, 1, &w[0][0], b, &v[0][0]};
    CHECK(groups(&u, IL_MODULO_NONE, 0) == 3);
    CHECK(groups(&u, IL_MODULO_SIGN, 0) == 2);
    CHECK(groups(&u, IL_MODULO_SCALE, 1e-14) == 2);
    const double stronger[4][1] = {{2}, {-2}, {4}, {1}}; /* of a scale that no symmetry undoes */
    CHECK(groups(&(il_units){2, 4, 1, &w[0][0], b, &stronger[0][0]}, IL_MODULO_SCALE, 1e-14) == 3);
    const il_units outgoing = {0, 4, 1, NULL, NULL, &v[0][0]};
    CHECK(groups(&outgoing, IL_MODULO_NONE, 0) == 3);
    /* Zeros: nothing to turn or scale, and -0 equals 0. */
    const double zero[2][4] = {{0, -0.0, 0, 0}};
    const il_units zeros = {2, 4, 0, &zero[0][0], NULL, NULL};
    CHECK(groups(&zeros, IL_MODULO_NONE, 0) == 1);
    CHECK(groups(&zeros, IL_MODULO_SIGN, 0) == 1);
    CHECK(groups(&zeros, IL_MODULO_SCALE, 1e-14) == 1);
    size_t leader[4];
    CHECK(il_units_group(&u, IL_MODULO_NONE, -1, leader) == IL_ERROR_ARGUMENT);
}

static void
test_tolerance(void)
{
    const double b[3] = {1, 1 + 1e-6, 2};
    const il_units u = {0, 3, 0, NULL, b, NULL};
    CHECK(groups(&u, IL_MODULO_NONE, 0) == 3);
    CHECK(groups(&u, IL_MODULO_NONE, 1e-5) == 2);
    size_t members;
    double largest, mean;
    CHECK(il_units_spread(&u, 1e-5, &members, &largest, &mean) == IL_OK);
    CHECK(members == 2);
    CHECK(near(largest, 1e-6 / ((4 + 1e-6) / 3), 1e-12) && largest == mean);
    /* Nobody is near anybody: the whole layer, from its first unit, the farthest in the middle. */
    const double far[3] = {1, 4, 2};
    CHECK(il_units_spread(&(il_units){0, 3, 0, NULL, far, NULL}, 1e-9, &members, &largest, &mean) == IL_OK);
    CHECK(members == 3 && near(largest, 9.0 / 7, 1e-15) && near(mean, 6.0 / 7, 1e-15));
}

/* Long units that differ in their first value only, or in their last. */
static void
test_long_units(void)
{
    enum { N = 100 };
    static double w[N * 3];
    for (size_t i = 0; i < N * 3; i++) {
        w[i] = 1;
    }
    w[1] = 30;
    w[(N - 1) * 3 + 2] = 30;
    const il_units u = {N, 3, 0, w, NULL, NULL};
    CHECK(groups(&u, IL_MODULO_NONE, 0.1) == 3);
    CHECK(groups(&u, IL_MODULO_NONE, 3) == 1);
}

static void
test_spread_of_copies(void)
{
    const double b[3] = {0.1, 0.1, 0.1}, zero[3] = {0};
    size_t members;
    double largest = 1, mean = 1;
    CHECK(il_units_spread(&(il_units){0, 3, 0, NULL, b, NULL}, 0.1, &members, &largest, &mean) == IL_OK);
    CHECK(members == 3 && largest == 0 && mean == 0);
    CHECK(il_units_spread(&(il_units){0, 3, 0, NULL, zero, NULL}, 0.1, &members, &largest, &mean) == IL_OK);
    CHECK(members == 3 && largest == 0 && mean == 0);
    CHECK(il_units_spread(&(il_units){0, 1, 0, NULL, b, NULL}, 0.1, &members, &largest, &mean) == IL_OK);
    CHECK(members == 1 && largest == 0 && mean == 0);
}

static void
test_rank(void)
{
    enum { N = 3, M = 5 };
    double w[N * M];
    size_t rank = 99;
    for (size_t i = 0; i < N * M; i++) {
        w[i] = sin(3.1 * (double)(i * i));
    }
    const il_units u = {N, M, 0, w, NULL, NULL};
    CHECK(il_units_rank(&u, 1e-14, &rank) == IL_OK && rank == 3);
    for (size_t m = 0; m < M; m++) { /* the last input is the sum of the others */
        w[2 * M + m] = w[m] + w[M + m];
    }
    CHECK(il_units_rank(&u, 1e-14, &rank) == IL_OK && rank == 2);
    for (size_t i = 0; i < N * M; i++) {
        w[i] = 0.5;
    }
    CHECK(il_units_rank(&u, 1e-14, &rank) == IL_OK && rank == 1);
    memset(w, 0, sizeof w);
    CHECK(il_units_rank(&u, 1e-14, &rank) == IL_OK && rank == 0);
}

/* ---- eigenvalues ------------------------------------------------------------------------- */

static int
ascending(const void *p, const void *q)
{
    const double a = *(const double *)p, b = *(const double *)q;
    return a < b ? -1 : a > b;
}

static void
test_eigenvalues(void)
{
    enum { N = 40 };
    static double a[N * N], values[N], work[2 * N];
    /* The second difference: 2 - 2 cos(k pi / (N + 1)). */
    for (size_t i = 0; i < N * N; i++) {
        const size_t row = i / N, column = i % N;
        a[i] = row == column ? 2 : row + 1 == column || column + 1 == row ? -1 : 0;
    }
    il_symmetric_eigenvalues(N, a, values, 0, NULL, work);
    qsort(values, N, sizeof *values, ascending);
    for (size_t k = 0; k < N; k++) {
        CHECK(near(values[k], 2 - 2 * cos((double)(k + 1) * 3.14159265358979323846 / (N + 1)), 1e-14));
    }
    /* Full matrices: min(i, j) + 1 is the inverse of a tridiagonal one. */
    for (size_t i = 0; i < N * N; i++) {
        a[i] = 1e200 * (double)((i / N < i % N ? i / N : i % N) + 1);
    }
    il_symmetric_eigenvalues(N, a, values, 0, NULL, work);
    qsort(values, N, sizeof *values, ascending);
    for (size_t k = 0; k < N; k++) {
        const double angle = (2 * (double)(N - k) - 1) * 3.14159265358979323846 / (2 * N + 1);
        CHECK(near(values[k] / 1e200, 1 / (2 - 2 * cos(angle)), 1e-12));
    }
    /* One value; zeros; equal values. */
    a[0] = -3;
    il_symmetric_eigenvalues(1, a, values, 0, NULL, work);
    CHECK(values[0] == -3);
    memset(a, 0, sizeof a);
    il_symmetric_eigenvalues(N, a, values, 0, NULL, work);
    CHECK(values[0] == 0 && values[N - 1] == 0);
    for (size_t i = 0; i < N; i++) {
        a[i * N + i] = 7;
    }
    il_symmetric_eigenvalues(N, a, values, 0, NULL, work);
    CHECK(values[0] == 7 && values[N - 1] == 7);
}

/* Coordinates keep products of vectors, and those with the matrix between them. */
static void
test_coordinates(void)
{
    enum { N = 23, M = 2 };
    static double a[N * N], values[N], work[2 * N], x[N * M];
    double plain = 0, between = 0;
    for (size_t i = 0; i < N; i++) {
        x[i * M] = 1 / (double)(i + 1);
        x[i * M + 1] = i % 3 == 1 ? -2 : 1;
        plain += x[i * M] * x[i * M + 1];
    }
    for (size_t i = 0; i < N * N; i++) {
        a[i] = cos((double)(i / N) * (double)(i % N)) + (i / N == i % N);
        between += a[i] * x[i / N * M] * x[i % N * M + 1];
    }
    il_symmetric_eigenvalues(N, a, values, M, x, work);
    double of_coordinates = 0, of_values = 0;
    for (size_t i = 0; i < N; i++) {
        of_coordinates += x[i * M] * x[i * M + 1];
        of_values += values[i] * x[i * M] * x[i * M + 1];
    }
    CHECK(near(of_coordinates, plain, 1e-13));
    CHECK(near(of_values, between, 1e-12));
}

/* ---- a net ------------------------------------------------------------------------------- */

static il_net *
make_net(il_dtype dtype, il_activation_kind kind, const size_t *widths, size_t layers, il_loss loss)
{
    const il_activation hidden[3] = {{kind, 0}, {kind, 0}, {kind, 0}};
    const il_net_spec spec = {dtype, layers, widths, hidden, loss};
    il_net *net = NULL;
    CHECK(il_net_create(&spec, &net) == IL_OK);
    return net;
}

/* One tanh unit that passes its input on, so that a = tanh(x) and everything is known. */
static void
test_known_layer(void)
{
    static const size_t widths[] = {1, 1, 1};
    const double x[5] = {-3, -1, 0, 0.01, 20}, y[5] = {0, 0, 0, 0, 0};
    double low, inactive, activity, sample[5], scatter, singular;
    il_layer_diagnosis d[2] = {{.unit_saturated = &low,
                                .unit_inactive = &inactive,
                                .unit_activity = &activity,
                                .sample_saturated = sample,
                                .singular_values = &singular,
                                .scatter = &scatter}};
    il_loss_diagnosis loss;
    il_net *net = make_net(IL_FLOAT64, IL_TANH, widths, 2, IL_MSE);
    *(double *)il_net_weights(net, 0) = 1;
    *(double *)il_net_weights(net, 1) = 2;
    CHECK(il_net_diagnose(net, 5, x, y, 0.05, d, &loss) == IL_OK);
    CHECK(near(d[0].saturated_low, 0.2, 1e-15) && near(d[0].saturated_high, 0.2, 1e-15));
    CHECK(near(d[0].hard, 0.2, 1e-15)); /* tanh(20) is 1 */
    CHECK(near(d[0].linear, 0.4, 1e-15) && near(d[0].sparse, 0.2, 1e-15));
    CHECK(near(low, 0.4, 1e-15) && near(inactive, 0.6, 1e-15));
    CHECK(sample[0] == 1 && sample[1] == 0 && sample[2] == 0 && sample[3] == 0 && sample[4] == 1);
    const double mean = (-3 - 1 + 0.01 + 20) / 5;
    CHECK(near(d[0].z_mean, mean, 1e-15));
    const double quantiles[IL_QUANTILES] = {-3, -2.6, -1, 0, 0.01, 0.01 + 0.8 * 19.99, 20};
    double total = 0, squares = 0, absolute = 0, output = 0, a_gradient = 0;
    for (size_t q = 0; q < IL_QUANTILES; q++) {
        CHECK(near(d[0].z_quantiles[q], quantiles[q], 1e-14));
    }
    for (size_t b = 0; b < 5; b++) {
        const double a = tanh(x[b]);
        total += a / 5;
        absolute += fabs(a) / 5;
        output += 4 * a * a / 5;
        a_gradient += (2.0 / 5) * (2.0 / 5) * 4 * a * a * 4;
    }
    for (size_t b = 0; b < 5; b++) {
        squares += (tanh(x[b]) - total) * (tanh(x[b]) - total);
    }
    CHECK(near(activity, absolute, 1e-15));
    CHECK(near(scatter, squares, 1e-14) && near(singular, sqrt(squares), 1e-14));
    CHECK(near(loss.loss, output, 1e-14) && isnan(loss.confident_wrong));
    CHECK(near(d[0].a_gradient_norm, sqrt(a_gradient), 1e-14) && isnan(d[1].a_gradient_norm));
    CHECK(d[0].weight_norm == 1 && d[1].weight_norm == 2 && d[0].bias_norm == 0
          && d[0].weights_not_finite + d[0].z_not_finite == 0);
    CHECK(d[1].hard == 0 && d[1].linear == 1); /* identity */
    il_net_destroy(net);
}

/* Two blocks of samples, three layers: dA by hand from dZ, and the gradients of il_net_gradients. */
static void
test_gradients(void)
{
    enum { B = 300, N = 2, H = 3, M = 2 };
    static const size_t widths[] = {N, H, M};
    static double x[B * N], y[B * M], dw0[N * H], dw1[H * M], db0[H], db1[M], got0[N * H], got1[H * M];
    static double out[B * M], z0[B * H], a0[B * H];
    const il_scheme normal = {.kind = IL_SCHEME_NORMAL, .b = 0.8};
    const il_scheme schemes[2] = {normal, normal};
    il_layer_diagnosis d[2] = {{.weight_gradient = got0}, {.weight_gradient = got1}};
    il_loss_diagnosis measured;
    double loss;
    for (size_t i = 0; i < B * N; i++) {
        x[i] = 1 + sin(1.7 * (double)i);
    }
    for (size_t b = 0; b < B; b++) {
        y[b * M] = b % 3 == 0;
        y[b * M + 1] = 1 - y[b * M];
    }
    il_net *net = make_net(IL_FLOAT64, IL_SIGMOID, widths, 2, IL_CROSS_ENTROPY);
    CHECK(il_net_initialize(net, schemes, schemes, 3, 1) == IL_OK);
    CHECK(il_net_diagnose(net, B, x, y, 0.05, d, &measured) == IL_OK);
    void *const dw[] = {dw0, dw1}, *const db[] = {db0, db1};
    CHECK(il_net_gradients(net, B, x, y, &loss, dw, db) == IL_OK);
    CHECK_BITS(got0, dw0, sizeof got0);
    CHECK_BITS(got1, dw1, sizeof got1);
    CHECK(near(measured.loss, loss, 1e-15));
    CHECK(isnan(d[1].saturated_low) && isnan(d[1].hard)); /* softmax */

    void *const z[] = {z0, NULL}, *const a[] = {a0, out};
    CHECK(il_net_activations(net, B, x, z, a) == IL_OK);
    const double *v = il_net_weights(net, 1);
    double dz = 0, da = 0, dz_below = 0, signal = 0, wrong = 0;
    for (size_t b = 0; b < B; b++) {
        for (size_t m = 0; m < M; m++) {
            const double delta = (out[b * M + m] - y[b * M + m]) / B;
            dz += delta * delta;
            wrong += y[b * M + m] > 0 && out[b * M + m] < 0.05;
        }
        for (size_t h = 0; h < H; h++) {
            const double s = a0[b * H + h];
            double sum = 0;
            for (size_t m = 0; m < M; m++) {
                sum += (out[b * M + m] - y[b * M + m]) / B * v[h * M + m];
            }
            da += sum * sum;
            dz_below += sum * s * (1 - s) * sum * s * (1 - s);
        }
    }
    for (size_t h = 0; h < H; h++) {
        double mean = 0;
        for (size_t b = 0; b < B; b++) {
            mean += a0[b * H + h] / B;
        }
        for (size_t m = 0; m < M; m++) {
            double sum = 0;
            for (size_t b = 0; b < B; b++) {
                sum += (a0[b * H + h] - mean) * (out[b * M + m] - y[b * M + m]) / B;
            }
            signal += sum * sum;
        }
    }
    CHECK(near(d[1].z_gradient_norm, sqrt(dz), 1e-13));
    CHECK(near(d[0].a_gradient_norm, sqrt(da), 1e-13));
    CHECK(near(d[0].z_gradient_norm, sqrt(dz_below), 1e-13));
    CHECK(near(d[1].signal_gradient_norm, sqrt(signal), 1e-12));
    CHECK(near(measured.confident_wrong, wrong / B, 1e-15));
    il_net_destroy(net);
}

/* A net that trains in straight lines, whose hidden deltas stay in registers there: dZ by hand. */
static void
test_gradient_of_the_lectures_net(void)
{
    enum { B = 30, H = 8 };
    static const size_t widths[] = {1, H, 1};
    double x[B], y[B], a0[B * H], out[B], squares = 0;
    il_layer_diagnosis d[2] = {{.saturated_low = 0}, {.saturated_low = 0}};
    il_loss_diagnosis loss;
    il_net *net = make_net(IL_FLOAT64, IL_TANH, widths, 2, IL_MSE);
    const double *v = il_net_weights(net, 1);
    for (size_t b = 0; b < B; b++) {
        x[b] = cos((double)b);
        y[b] = sin((double)b);
    }
    for (size_t h = 0; h < H; h++) {
        ((double *)il_net_weights(net, 0))[h] = 0.2 * (double)h - 0.7;
        ((double *)il_net_weights(net, 1))[h] = cos(2.0 * (double)h);
    }
    CHECK(il_net_diagnose(net, B, x, y, 0.05, d, &loss) == IL_OK);
    void *const z[] = {NULL, NULL}, *const a[] = {a0, out};
    CHECK(il_net_activations(net, B, x, z, a) == IL_OK);
    for (size_t b = 0; b < B; b++) {
        for (size_t h = 0; h < H; h++) {
            const double delta = 2 * (out[b] - y[b]) / B * v[h] * (1 - a0[b * H + h] * a0[b * H + h]);
            squares += delta * delta;
        }
    }
    CHECK(near(d[0].z_gradient_norm, sqrt(squares), 1e-13));
    il_net_destroy(net);
}

static void
test_constant_units(void)
{
    enum { B = 7 };
    static const size_t widths[] = {1, 2, 1};
    double x[B], scatter[4], singular[2];
    il_layer_diagnosis d[2] = {{.scatter = scatter, .singular_values = singular}};
    il_loss_diagnosis loss;
    for (size_t b = 0; b < B; b++) {
        x[b] = 0.1 * (double)b;
    }
    il_net *net = make_net(IL_FLOAT64, IL_SIGMOID, widths, 2, IL_MSE);
    ((double *)il_net_weights(net, 0))[1] = 1;
    for (int i = 0; i < 20; i++) { /* seven times some of these outputs, over seven, are others */
        ((double *)il_net_biases(net, 0))[0] = 0.1 * i;
        CHECK(il_net_diagnose(net, B, x, NULL, 0.05, d, &loss) == IL_OK);
        CHECK(scatter[0] == 0 && scatter[1] == 0 && scatter[2] == 0 && scatter[3] > 0);
    }
    CHECK(near(singular[0] * singular[0], scatter[3], 1e-14) && singular[1] == 0);
    CHECK(isnan(loss.loss) && isnan(d[0].weight_gradient_norm));
    il_net_destroy(net);
}

/* Singular values do not depend on whether the products are asked for too. */
static void
test_singular_values_alone(void)
{
    enum { B = 40, M = 11 };
    static const size_t widths[] = {1, M, 1};
    double x[B], scatter[M * M], singular[2][M];
    il_loss_diagnosis loss;
    for (size_t b = 0; b < B; b++) {
        x[b] = sin((double)b);
    }
    il_net *net = make_net(IL_FLOAT64, IL_TANH, widths, 2, IL_MSE);
    for (size_t m = 0; m < M; m++) {
        ((double *)il_net_weights(net, 0))[m] = cos((double)m);
        ((double *)il_net_biases(net, 0))[m] = 0.1 * (double)m;
    }
    for (int alone = 0; alone < 2; alone++) {
        il_layer_diagnosis d[2] = {{.scatter = alone ? NULL : scatter, .singular_values = singular[alone]}};
        CHECK(il_net_diagnose(net, B, x, NULL, 0.05, d, &loss) == IL_OK);
    }
    CHECK(singular[0][0] > 0.1 && scatter[M + 2] != 0 && scatter[M + 2] == scatter[2 * M + 1]);
    CHECK_BITS(singular[0], singular[1], sizeof singular[0]);
    il_net_destroy(net);
}

static void
test_not_finite(void)
{
    static const size_t widths[] = {1, 2, 1};
    const float x[2] = {1, 2}, y[2] = {0, 1}, bad[2] = {1, (float)NAN};
    il_layer_diagnosis d[2] = {{.z_mean = 0}};
    il_loss_diagnosis loss;
    il_net *net = make_net(IL_FLOAT32, IL_TANH, widths, 2, IL_BINARY_CROSS_ENTROPY);
    ((float *)il_net_weights(net, 0))[1] = (float)NAN;
    CHECK(il_net_diagnose(net, 2, x, y, 0.05, d, &loss) == IL_OK);
    CHECK(d[0].weights_not_finite == 1 && d[0].z_not_finite == 2 && d[1].z_not_finite == 2);
    CHECK(d[1].weights_not_finite == 0 && d[1].gradients_not_finite > 0);
    CHECK(isnan(d[0].z_mean) && isnan(d[0].z_quantiles[3]));
    CHECK(il_net_diagnose(net, 0, NULL, NULL, 0.05, d, &loss) == IL_OK);
    CHECK(d[0].weights_not_finite == 1 && d[0].z_not_finite == 0 && d[1].weight_norm == 0 && isnan(d[1].z_std));
    CHECK(il_net_diagnose(net, 2, bad, y, 0.05, d, &loss) == IL_ERROR_NOT_FINITE);
    CHECK(il_net_diagnose(net, 2, x, y, 1.5, d, &loss) == IL_ERROR_ARGUMENT);
    CHECK(il_net_diagnose(net, 0, NULL, y, 0.05, d, &loss) == IL_ERROR_ARGUMENT);
    il_net_destroy(net);
}

static void
test_memory_faults(void)
{
#if defined(IL_TEST_FAULTS)
    static const size_t widths[] = {1, 2, 1};
    const double x[2] = {1, 2}, y[2] = {0, 1};
    il_layer_diagnosis d[2] = {{.z_mean = 0}};
    il_loss_diagnosis loss;
    il_net *net = make_net(IL_FLOAT64, IL_TANH, widths, 2, IL_MSE);
    const il_units u = {1, 2, 0, x, NULL, NULL};
    size_t leader[2], members, rank;
    double largest, mean;
    long n = 0;
    for (il_status status = IL_ERROR_MEMORY; status != IL_OK; n++) {
        il_memory_fail_at(n);
        status = il_net_diagnose(net, 2, x, y, 0.05, d, &loss);
        CHECK(status == IL_OK || status == IL_ERROR_MEMORY);
    }
    CHECK(n > 3);
    for (n = 0; n < 2; n++) {
        il_memory_fail_at(n);
        CHECK(il_units_spread(&u, 0.1, &members, &largest, &mean) == IL_ERROR_MEMORY);
        il_memory_fail_at(n);
        CHECK(il_units_rank(&u, 1e-14, &rank) == IL_ERROR_MEMORY);
    }
    il_memory_fail_at(0);
    CHECK(il_units_group(&u, IL_MODULO_NONE, 0, leader) == IL_ERROR_MEMORY);
    il_memory_fail_at(-1);
    il_net_destroy(net);
#endif
}

TEST_MAIN(TEST(test_groups), TEST(test_tolerance), TEST(test_long_units), TEST(test_spread_of_copies), TEST(test_rank),
          TEST(test_eigenvalues), TEST(test_coordinates), TEST(test_known_layer), TEST(test_gradients),
          TEST(test_gradient_of_the_lectures_net), TEST(test_constant_units), TEST(test_singular_values_alone),
          TEST(test_not_finite), TEST(test_memory_faults))
