/* test_lanes.inc.h - one precision of test_lanes.c. Expects T, P and FMA. */
#define TL(name) IL_CAT3(lanes, name, P)

enum { TL(most_rows) = 9, TL(most_columns) = 7, TL(most_K) = 513 };
static T TL(a)[TL(most_rows) * TL(most_K) * IL_MOST_LANES], TL(b)[TL(most_columns) * TL(most_K) * IL_MOST_LANES];
static T TL(start)[TL(most_columns) * IL_MOST_LANES], TL(sums)[TL(most_columns) * IL_MOST_LANES];
static T TL(c)[(TL(most_rows) + 1) * TL(most_columns) * IL_MOST_LANES], TL(zeros)[TL(most_columns) * IL_MOST_LANES];

/* NUMERICS 2, word for word, of one lane; a row beyond the last is the row of ones behind the sums. */
static T
TL(chain)(const il_lane_contraction *job, size_t W, size_t lane, size_t r, size_t j)
{
    T total = 0;
    for (size_t k0 = 0; k0 < job->K; k0 += IL_BLOCK) {
        T acc = k0 == 0 && job->start != NULL && r < job->rows ? ((const T *)job->start)[j * W + lane] : 0;
        for (size_t k = k0; k < job->K && k < k0 + IL_BLOCK; k++) {
            const size_t at = r * job->a_row + k * job->a_k;
            const T a = r == job->rows ? 1 : job->shared ? ((const T *)job->a)[at] : ((const T *)job->a)[at * W + lane];
            acc = FMA(a, ((const T *)job->b)[(k * job->b_k + j * job->b_column) * W + lane], acc);
        }
        total = k0 == 0 ? acc : total + acc;
    }
    return total;
}

static void
TL(one)(const il_kernel_set *k, size_t rows, size_t columns, size_t K, int shared, int with_sums)
{
    const size_t W = k->lanes;
    const int by_column = shared; /* B with k, or with the column, running fastest */
    const il_lane_contraction job = {.rows = rows,
                                     .columns = columns,
                                     .K = K,
                                     .shared = shared,
                                     .a = TL(a),
                                     .a_row = with_sums ? 1 : K,
                                     .a_k = with_sums ? rows : 1,
                                     .b = TL(b),
                                     .b_k = by_column ? 1 : columns,
                                     .b_column = by_column ? K : 1,
                                     .start = with_sums ? NULL : TL(start),
                                     .c = TL(c),
                                     .c_row = columns,
                                     .sums = with_sums ? TL(sums) : NULL};
    memset(TL(c), 0, sizeof TL(c));
    k->contract_lanes(&job);
    CHECK_BITS(&TL(zeros), &TL(c)[rows * columns * W], columns * W * sizeof(T)); /* no row too many */
    for (size_t lane = 0; lane < W; lane++) {
        for (size_t j = 0; j < columns; j++) {
            for (size_t r = 0; r < rows; r++) {
                const T want = TL(chain)(&job, W, lane, r, j);
                CHECK_BITS(&want, &TL(c)[(r * columns + j) * W + lane], sizeof want);
            }
            if (with_sums) {
                const T want = TL(chain)(&job, W, lane, rows, j);
                CHECK_BITS(&want, &TL(sums)[j * W + lane], sizeof want);
            }
        }
    }
}

/* All gradients in one pass against the three products and the slopes one by one. */
static void
TL(shallow)(const il_kernel_set *k, il_activation g, size_t rows, size_t inputs, size_t units)
{
    enum { MOST = 5, PARAMETERS = MOST * (IL_SHALLOW_INPUTS + 2) + 1 };
    static T a[33 * MOST * IL_MOST_LANES], d[33 * MOST * IL_MOST_LANES], deltas[33 * MOST * IL_MOST_LANES];
    T gradient[2][PARAMETERS * IL_MOST_LANES];
    const size_t W = k->lanes, count = units * (inputs + 2) + 1;
    const T *x = TL(a), *delta = TL(b), *weights = TL(start);
    il_shallow net = {.inputs = inputs, .units = units, .activation = g};
    net.top_weights = weights;
    net.a = a;
    net.delta = delta;
    k->activate(g, rows * units * W, TL(b) + 7, a);
    memset(gradient, 0, sizeof gradient);
    for (size_t way = 0; way < 2; way++) {
        T *const bias = gradient[way] + inputs * units * W, *const top = bias + units * W;
        T *const top_bias = top + units * W;
        if (way == 0) {
            net.gradient = gradient[way];
            net.bias_gradient = bias;
            net.top_gradient = top;
            net.top_bias_gradient = top_bias;
            k->shallow_lanes(&net, rows, x);
            continue;
        }
        const il_lane_contraction down = {.rows = rows,
                                          .columns = units,
                                          .K = 1,
                                          .a = delta,
                                          .a_row = 1,
                                          .a_k = 1,
                                          .b = weights,
                                          .b_k = 1,
                                          .b_column = 1,
                                          .c = d,
                                          .c_row = units};
        const il_lane_contraction across = {.rows = units,
                                            .columns = 1,
                                            .K = rows,
                                            .a = a,
                                            .a_row = 1,
                                            .a_k = units,
                                            .b = delta,
                                            .b_k = 1,
                                            .b_column = 1,
                                            .c = top,
                                            .c_row = 1,
                                            .sums = top_bias};
        const il_lane_contraction below = {.rows = inputs,
                                           .columns = units,
                                           .K = rows,
                                           .shared = 1,
                                           .a = x,
                                           .a_row = 1,
                                           .a_k = inputs,
                                           .b = d,
                                           .b_k = units,
                                           .b_column = 1,
                                           .c = gradient[way],
                                           .c_row = units,
                                           .sums = bias};
        k->contract_lanes(&down);
        k->derive(g, rows * units * W, NULL, a, d, d);
        k->contract_lanes(&across);
        k->contract_lanes(&below);
    }
    CHECK_BITS(gradient[1], gradient[0], count * W * sizeof(T));

    const size_t from = inputs * units * W; /* as the last layers of a deeper net: no gradient for inputs, but deltas */
    memset(gradient[0] + from, 0, (count * W - from) * sizeof(T));
    net.inputs = 0;
    net.d = deltas;
    k->shallow_lanes(&net, rows, x);
    CHECK_BITS(deltas, d, rows * units * W * sizeof(T));
    CHECK_BITS(gradient[1], gradient[0], count * W * sizeof(T));
}

static void
TL(all_shallow)(const il_kernel_set *k)
{
    for (int kind = 0; kind < IL_ACTIVATION_COUNT; kind++) {
        const il_activation g = {(il_activation_kind)kind, 0.5};
        for (size_t inputs = 1; inputs <= IL_SHALLOW_INPUTS && il_activation_is_shallow(g.kind); inputs++) {
            for (size_t units = 1; units <= 5; units++) {
                TL(shallow)(k, g, 1, inputs, units);
                TL(shallow)(k, g, 33, inputs, units);
            }
        }
    }
}

static void
IL_CAT3(test, lanes, P)(const il_kernel_set *k)
{
    static const size_t lengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 32, 257, 513};
    for (size_t i = 0; i < sizeof TL(a) / sizeof TL(a)[0]; i++) {
        TL(a)[i] = (T)sin(0.7 * (double)i);
    }
    for (size_t i = 0; i < sizeof TL(b) / sizeof TL(b)[0]; i++) {
        TL(b)[i] = (T)cos(0.9 * (double)i + 0.1);
    }
    for (size_t i = 0; i < sizeof TL(start) / sizeof TL(start)[0]; i++) {
        TL(start)[i] = (T)(0.1 * (double)i - 1);
    }
    for (size_t rows = 1; rows <= TL(most_rows); rows++) {
        for (size_t columns = 1; columns <= TL(most_columns); columns++) {
            for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                const int is_long = lengths[i] > 32;
                if (is_long && (rows % 4 != 1 || columns % 3 == 2)) {
                    continue; /* the blocks are the same for every tile */
                }
                for (int variant = 0; variant < 4; variant++) {
                    TL(one)(k, rows, columns, lengths[i], variant & 1, variant >> 1);
                }
            }
        }
    }
    TL(all_shallow)(k);
}

#undef TL
