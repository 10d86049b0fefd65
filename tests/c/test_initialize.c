/*
 * test_initialize.c - schemes: slices and instruction sets bit by bit, matrices against their definition,
 * the truncated normal against erfc, refused settings, and every allocation that can fail.
 */
#include <math.h>

#include "harness.h"

#include "../../csrc/core/dispatch.h"
#include "../../csrc/core/memory.h"
#include "../../csrc/core/normal.h"

enum { N = 37, M = 29, COUNT = N * M };
static double wide[COUNT], other[COUNT];
static float narrow[COUNT], other_narrow[COUNT];

static const il_scheme schemes[] = {
    {.kind = IL_SCHEME_CONSTANT, .a = 0.5},
    {.kind = IL_SCHEME_NORMAL, .a = 1, .b = 0.5},
    {.kind = IL_SCHEME_UNIFORM, .a = -1, .b = 2},
    {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 1, .low = -2, .high = 2},
    {.kind = IL_SCHEME_TRUNCATED_NORMAL, .a = 3, .b = 2, .low = -1, .high = INFINITY},
    {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 1, .low = 5, .high = 5.5},
    {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 1, .low = -INFINITY, .high = -4},
    {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 2, .distribution = IL_DISTRIBUTION_TRUNCATED_NORMAL},
    {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 2, .mode = IL_FAN_GEO_AVG, .distribution = IL_DISTRIBUTION_UNIFORM},
    {.kind = IL_SCHEME_ORTHOGONAL, .a = 1},
    {.kind = IL_SCHEME_IDENTITY, .a = 2},
    {.kind = IL_SCHEME_SPARSE, .b = 1, .mode = IL_FAN_IN, .count = 5},
    {.kind = IL_SCHEME_SPARSE, .b = 1, .mode = IL_FAN_OUT, .count = 5},
    {.kind = IL_SCHEME_HADAMARD},
};
enum { SCHEMES = sizeof schemes / sizeof schemes[0] };

static il_status
draw(const il_scheme *s, il_dtype dtype, uint64_t start, size_t count, void *out)
{
    return il_fill(s, dtype, N, M, 0x0123456789abcdefu, 3, IL_PURPOSE_WEIGHTS, start, count, 1, out);
}

static void
test_slices_and_tables(void)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        CHECK(il_isa_select("scalar") == IL_OK);
        CHECK(draw(&schemes[i], IL_FLOAT64, 0, COUNT, wide) == IL_OK);
        CHECK(draw(&schemes[i], IL_FLOAT32, 0, COUNT, narrow) == IL_OK);
        int close = 1;
        for (size_t k = 0; k < COUNT; k++) {
            close &= fabs(wide[k] - (double)narrow[k]) <= 1e-5 * (1 + fabs(wide[k]));
        }
        CHECK(close);
        const char *name;
        for (size_t isa = 0; (name = il_isa_available(isa)) != NULL; isa++) {
            CHECK(il_isa_select(name) == IL_OK);
            CHECK(draw(&schemes[i], IL_FLOAT64, 0, COUNT, other) == IL_OK);
            CHECK_BITS(other, wide, sizeof wide);
            CHECK(draw(&schemes[i], IL_FLOAT32, 0, COUNT, other_narrow) == IL_OK);
            CHECK_BITS(other_narrow, narrow, sizeof narrow);
            for (uint64_t start = 0; start < 130; start += 43) {
                CHECK(draw(&schemes[i], IL_FLOAT64, start, 111, other) == IL_OK);
                CHECK_BITS(other, wide + start, 111 * sizeof *wide);
            }
        }
    }
    CHECK(il_isa_select("scalar") == IL_OK);
}

/* [rows][columns] with orthonormal columns */
static double
worst_product(const double *q, size_t rows, size_t columns, size_t row_stride, size_t column_stride)
{
    double worst = 0;
    for (size_t a = 0; a < columns; a++) {
        for (size_t b = 0; b < columns; b++) {
            double sum = a == b ? -1 : 0;
            for (size_t i = 0; i < rows; i++) {
                sum += q[i * row_stride + a * column_stride] * q[i * row_stride + b * column_stride];
            }
            worst = fmax(worst, fabs(sum));
        }
    }
    return worst;
}

static void
test_orthogonal(void)
{
    const il_scheme s = {.kind = IL_SCHEME_ORTHOGONAL, .a = 1};
    static const size_t shapes[][2] = {{1, 1},   {1, 6},   {6, 1},   {7, 7},  {31, 32},
                                       {33, 32}, {32, 33}, {2, 300}, {300, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const size_t n_in = shapes[i][0], n_out = shapes[i][1];
        CHECK(il_fill(&s, IL_FLOAT64, n_in, n_out, 1, 0, IL_PURPOSE_WEIGHTS, 0, n_in * n_out, 1, wide) == IL_OK);
        CHECK((n_in >= n_out ? worst_product(wide, n_in, n_out, n_out, 1) : worst_product(wide, n_out, n_in, 1, n_out))
              < 1e-14);
    }
    /* The plain method: reflect by reflect, from the same Gaussian vectors. */
    enum { S = 40 };
    static double q[S][S];
    for (size_t i = 0; i < S; i++) {
        for (size_t j = 0; j < S; j++) {
            q[i][j] = i == j;
        }
    }
    for (size_t k = S; k-- > 0;) {
        double x[S], norm = 0;
        const il_scheme gauss = {.kind = IL_SCHEME_NORMAL, .b = 1};
        CHECK(il_fill(&gauss, IL_FLOAT64, S, S, 1, 0, IL_PURPOSE_WEIGHTS, k * S + k, S - k, 1, x) == IL_OK);
        for (size_t i = 0; i < S - k; i++) {
            norm += x[i] * x[i];
        }
        const double diagonal = -copysign(sqrt(norm), x[0]);
        x[0] -= diagonal;
        double square = 0;
        for (size_t i = 0; i < S - k; i++) {
            square += x[i] * x[i];
        }
        for (size_t j = k; j < S; j++) {
            double dot = 0;
            for (size_t i = 0; i < S - k; i++) {
                dot += x[i] * q[k + i][j];
            }
            for (size_t i = 0; i < S - k; i++) {
                q[k + i][j] -= 2 * dot / square * x[i];
            }
        }
        for (size_t i = k; i < S; i++) {
            q[i][k] *= copysign(1, diagonal);
        }
    }
    static double fast[S][S];
    CHECK(il_fill(&s, IL_FLOAT64, S, S, 1, 0, IL_PURPOSE_WEIGHTS, 0, S * S, 1, &fast[0][0]) == IL_OK);
    double worst = 0;
    for (size_t i = 0; i < S; i++) {
        for (size_t j = 0; j < S; j++) {
            worst = fmax(worst, fabs(q[i][j] - fast[i][j]));
        }
    }
    CHECK(worst < 1e-14);
}

static void
test_sparse_counts(void)
{
    CHECK(draw(&schemes[11], IL_FLOAT64, 0, COUNT, wide) == IL_OK);
    for (size_t j = 0; j < M; j++) {
        size_t found = 0;
        for (size_t i = 0; i < N; i++) {
            found += wide[i * M + j] != 0;
        }
        CHECK(found == 5);
    }
    CHECK(draw(&schemes[12], IL_FLOAT32, 0, COUNT, narrow) == IL_OK);
    for (size_t i = 0; i < N; i++) {
        size_t found = 0;
        for (size_t j = 0; j < M; j++) {
            found += narrow[i * M + j] != 0;
        }
        CHECK(found == 5);
    }
}

/* Tail probabilities to a few ulp, and no number on a bound or outside. */
static void
test_truncated_normal(void)
{
    for (double x = -5; x < 36; x += 0.37) {
        const double wanted = (double)(0.5L * erfcl((long double)x * sqrtl(0.5L)));
        CHECK(fabs(il_normal_tail(&il_kernels_scalar, x) / wanted - 1) < (x < 3 ? 1e-13 : 1e-15 * (2 + x * x)));
    }
    CHECK(il_normal_tail(&il_kernels_scalar, INFINITY) == 0);
    CHECK(il_normal_tail(&il_kernels_scalar, -INFINITY) == 1);
    static const double bounds[][2] = {{-2, 2}, {0, 1e-9}, {2.9, INFINITY}, {3, INFINITY}, {50, 50.001}, {-8, -7}};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        const il_scheme s = {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 1, .low = bounds[i][0], .high = bounds[i][1]};
        CHECK(draw(&s, IL_FLOAT64, 0, COUNT, wide) == IL_OK);
        CHECK(draw(&s, IL_FLOAT32, 0, COUNT, narrow) == IL_OK);
        int inside = 1;
        for (size_t k = 0; k < COUNT; k++) {
            inside &= wide[k] > s.low && wide[k] < s.high;
            inside &= (double)narrow[k] > s.low && (double)narrow[k] < s.high;
        }
        CHECK(inside);
    }
    const il_scheme uncut = {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 2, .low = -INFINITY, .high = INFINITY};
    const il_scheme normal = {.kind = IL_SCHEME_NORMAL, .b = 2};
    CHECK(draw(&uncut, IL_FLOAT64, 0, COUNT, wide) == IL_OK);
    CHECK(draw(&normal, IL_FLOAT64, 0, COUNT, other) == IL_OK);
    CHECK_BITS(wide, other, sizeof wide);
}

static void
test_refused(void)
{
    static const il_scheme bad[] = {
        {.kind = IL_SCHEME_COUNT},
        {.kind = IL_SCHEME_NORMAL, .b = -1},
        {.kind = IL_SCHEME_UNIFORM, .a = 1, .b = 0},
        {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 0, .low = -1, .high = 1},
        {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 1, .low = 1, .high = 1},
        {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 1, .low = 1, .high = NAN},
        {.kind = IL_SCHEME_TRUNCATED_NORMAL, .b = 1, .low = -INFINITY, .high = -INFINITY},
        {.kind = IL_SCHEME_VARIANCE_SCALING, .a = -1},
        {.kind = IL_SCHEME_ORTHOGONAL, .a = INFINITY},
        {.kind = IL_SCHEME_SPARSE, .b = 1, .mode = IL_FAN_AVG, .count = 1},
        {.kind = IL_SCHEME_SPARSE, .b = 1, .mode = IL_FAN_IN, .count = N + 1},
    };
    memset(wide, 0x7e, sizeof wide);
    memcpy(other, wide, sizeof wide);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(draw(&bad[i], IL_FLOAT64, 0, COUNT, wide) == IL_ERROR_ARGUMENT);
    }
    CHECK(draw(&schemes[9], IL_FLOAT64, 1, COUNT, wide) == IL_ERROR_ARGUMENT);
    CHECK(il_fill(&schemes[9], IL_FLOAT64, N, M, 0, 0, IL_PURPOSE_BIASES, 0, M, 1, wide) == IL_ERROR_ARGUMENT);
    CHECK(il_fill(&schemes[9], IL_FLOAT64, SIZE_MAX, 2, 0, 0, IL_PURPOSE_WEIGHTS, 0, 1, 1, wide) == IL_ERROR_MEMORY);
    CHECK(il_fill(&schemes[9], IL_FLOAT64, SIZE_MAX / 32, 1, 0, 0, IL_PURPOSE_WEIGHTS, 0, 1, 1, wide)
          == IL_ERROR_MEMORY);
    CHECK(il_fill(&schemes[9], IL_FLOAT64, 0, 0, 0, 0, IL_PURPOSE_WEIGHTS, 0, 0, 1, NULL) == IL_OK);
    CHECK_BITS(wide, other, sizeof wide);
}

/* The n-th allocation fails, for every n: an error, and the net as it was. */
static void
test_out_of_memory(void)
{
#if defined(IL_TEST_FAULTS)
    const size_t widths[] = {5, 6, 4};
    const il_activation hidden[] = {{IL_TANH, 0}};
    const il_net_spec spec = {IL_FLOAT64, 2, widths, hidden, IL_MSE};
    const il_scheme start[] = {{.kind = IL_SCHEME_NORMAL, .b = 1}, {.kind = IL_SCHEME_NORMAL, .b = 1}};
    const il_scheme matrices[] = {{.kind = IL_SCHEME_SPARSE, .b = 1, .count = 2},
                                  {.kind = IL_SCHEME_ORTHOGONAL, .a = 1}};
    il_net *net = NULL;
    CHECK(il_net_create(&spec, &net) == IL_OK);
    CHECK(il_net_initialize(net, start, NULL, 1, 1) == IL_OK);
    double before[30];
    memcpy(before, il_net_weights(net, 0), sizeof before);
    long n = 0;
    for (il_status status = IL_ERROR_MEMORY; status != IL_OK; n++) {
        il_memory_fail_at(n);
        status = il_net_initialize(net, matrices, NULL, 2, 1);
        il_memory_fail_at(-1);
        if (status != IL_OK) {
            CHECK(status == IL_ERROR_MEMORY);
            CHECK_BITS(il_net_weights(net, 0), before, sizeof before);
        }
    }
    CHECK(n == 4); /* a place for the numbers, counts, the orthogonal workspace */
    il_net_destroy(net);
#endif
}

TEST_MAIN(TEST(test_slices_and_tables), TEST(test_orthogonal), TEST(test_sparse_counts), TEST(test_truncated_normal),
          TEST(test_refused), TEST(test_out_of_memory))
