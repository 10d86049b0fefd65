/* test_isa.inc.h - one precision of test_isa.c. Expects T, P, U and DTYPE. */
#define FN(name) IL_CAT2(IL_CAT2(name, _), P)

/* NaN payloads and signs are not promised (NUMERICS 1). */
static void
FN(add)(digest *d, size_t n, const T *x)
{
    for (size_t i = 0; i < n; i++) {
        U bits;
        memcpy(&bits, x + i, sizeof bits);
        add_word(d, x[i] == x[i] ? bits : 1);
    }
}

/* Multiples of 2^-20 in [-scale, scale). */
static void
FN(draw)(size_t n, T scale, T *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = ((T)(next_random() >> 43) * (T)0x1p-20 - 1) * scale;
    }
}

/* All exponents, subnormal numbers, infinities and NaN. */
static void
FN(draw_bits)(size_t n, T *out)
{
    for (size_t i = 0; i < n; i++) {
        const U bits = (U)next_random();
        memcpy(out + i, &bits, sizeof bits);
    }
}

enum { FN(most) = 300 };

static void
FN(contraction)(const il_kernels *kernels, digest *d)
{
    enum { ROWS = 23, K = 520, COLUMNS = 3 * IL_MOST_LANES };
    static T a[ROWS * K], b[K * COLUMNS], start[COLUMNS], c[ROWS * COLUMNS], sums[COLUMNS];
    static const size_t depths[] = {1, 2, 9, 255, 256, 257, 520};
    const il_kernel_set *k = kernels->P;
    FN(draw)(ROWS * K, 3, a);
    FN(draw)(K * COLUMNS, 1, b);
    FN(draw)(COLUMNS, 1, start);
    for (size_t i = 0; i < 2 * (sizeof depths / sizeof depths[0]); i++) {
        const int transposed = i % 2;
        for (size_t rows = 1; rows <= ROWS; rows += 1 + rows / 4) {
            for (size_t at = 0; at < COLUMNS;) { /* all columns: a narrow panel of this table's, wide ones, the rest */
                const int wide = at + 2 * k->lanes <= COLUMNS && at >= k->lanes;
                const il_contraction job = {.rows = rows,
                                            .K = depths[i / 2],
                                            .transposed = transposed,
                                            .a = a,
                                            .a_row = transposed ? ROWS : K,
                                            .a_panel = 2 * k->lanes,
                                            .b = b + at,
                                            .b_row = COLUMNS,
                                            .start = start + at,
                                            .c = c,
                                            .sums = transposed ? sums : NULL};
                const size_t w = wide ? 2 * k->lanes : k->lanes;
                (wide ? k->contract_wide : k->contract_narrow)(&job);
                /* Hashed column by column, so that the width of the panels does not show. */
                for (size_t j = 0; j < w; j++) {
                    if (transposed) {
                        FN(add)(d, 1, sums + j);
                    }
                    for (size_t r = 0; r < rows; r++) {
                        FN(add)(d, 1, c + r * w + j);
                    }
                }
                at += w;
            }
        }
    }
}

static void
FN(functions)(const il_kernels *kernels, digest *d)
{
    static T x[FN(most)], out[FN(most)];
    const il_kernel_set *k = kernels->P;
    void (*const all[])(size_t, const void *, void *) = {k->exp,  k->expm1,   k->log, k->log1p,
                                                         k->tanh, k->sigmoid, k->erf};
    for (size_t f = 0; f < sizeof all / sizeof all[0]; f++) {
        for (size_t i = 0; i < LENGTHS; i++) {
            for (int kind = 0; kind < 3; kind++) {
                if (kind == 0) {
                    FN(draw_bits)(lengths[i], x);
                } else {
                    FN(draw)(lengths[i], kind == 1 ? 4 : 120, x);
                }
                all[f](lengths[i], x, out);
                FN(add)(d, lengths[i], out);
            }
        }
    }
}

static void
FN(activations)(const il_kernels *kernels, digest *d)
{
    static T z[FN(most)], a[FN(most)], upstream[FN(most)], out[FN(most)];
    const il_kernel_set *k = kernels->P;
    for (int kind = 0; kind < IL_ACTIVATION_COUNT; kind++) {
        const il_activation g = activation_of(kind);
        for (size_t i = 0; i < LENGTHS; i++) {
            const size_t n = lengths[i];
            if (i % 3 == 0) {
                FN(draw_bits)(n, z);
            } else {
                FN(draw)(n, i % 3 == 1 ? 3 : 60, z);
            }
            z[0] = (T)(i % 2 == 0 ? 0.0 : -0.0); /* where comparisons with < and <= part */
            FN(draw)(n, 1, upstream);
            k->activate(g, n, z, a);
            FN(add)(d, n, a);
            k->slope(g, n, z, a, out);
            FN(add)(d, n, out);
            k->derive(g, n, z, a, upstream, out);
            FN(add)(d, n, out);
        }
    }
}

static void
FN(losses)(const il_kernels *kernels, digest *d)
{
    static T z[FN(most)], y[FN(most)], out[FN(most)], log_sum[FN(most)], rows[FN(most)];
    const il_kernel_set *k = kernels->P;
    for (size_t i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i], M = 1 + i % 7, B = n / M;
        FN(draw)(n, i % 2 == 0 ? 5 : 300, z);
        for (size_t j = 0; j < n; j++) {
            y[j] = (T)(next_random() >> 63);
        }
        k->binary_cross_entropy(n, z, y, out);
        FN(add)(d, n, out);
        k->delta(n, z, y, 1, 3, out);
        FN(add)(d, n, out);
        k->softmax(B, M, z, rows, out, log_sum);
        FN(add)(d, B * M, out);
        FN(add)(d, B, log_sum);
        k->cross_entropy(B, M, z, y, log_sum, rows);
        FN(add)(d, B, rows);
    }
}

static void
FN(optimizers)(const il_kernels *kernels, digest *d)
{
    enum { N = 4 * IL_MOST_LANES };
    static T gradient[N], w[N], m[N], v[N];
    for (int kind = 0; kind < IL_OPTIMIZER_COUNT; kind++) {
        for (int variant = 0; variant < 4; variant++) {
            il_update u = {.kind = (il_optimizer_kind)kind,
                           .nesterov = variant == 3,
                           .decays = variant > 0,
                           .has_momentum = variant > 1};
            for (size_t lane = 0; lane < IL_MOST_LANES; lane++) {
                u.minus_rate.P[lane] = (T)-0.01;
                u.momentum.P[lane] = (T)0.9;
                u.decay.P[lane] = (T)0.001;
                u.rest1.P[lane] = (T)0.1;
                u.beta2.P[lane] = (T)0.99;
                u.rest2.P[lane] = (T)0.01;
                u.root.P[lane] = (T)0.3;
                u.epsilon.P[lane] = (T)1e-8;
            }
            FN(draw)(N, 1, w);
            FN(draw)(N, 1, m);
            memset(v, 0, sizeof v);
            for (int step = 0; step < 3; step++) {
                FN(draw)(N, 1, gradient);
                kernels->P->update(&u, N, gradient, w, m, v);
            }
            FN(add)(d, N, w);
            FN(add)(d, N, m);
            FN(add)(d, N, v);
        }
    }
}

/* What fit() records of weights, held against the plainest loops. */
static void
FN(record_sums)(const il_kernels *kernels, digest *d)
{
    static T x[FN(most)], y[FN(most)];
    const il_kernel_set *k = kernels->P;
    for (size_t i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i], columns = 1 + 5 * i % 40 % n, rows = n / columns;
        double squares[2][IL_SUM_LANES] = {{0}}, both[2][IL_SUM_LANES] = {{0}};
        FN(draw)(n, 1, x);
        FN(draw)(n, 1, y);
        k->sum_squares(n, x, squares[0]);
        k->sum_squares(n, y, squares[1]);
        k->sum_squares_of_both(n, x, y, both[0], both[1]);
        CHECK_BITS(both, squares, sizeof both);

        double size[40], distance[40];
        for (size_t m = 0; m < columns; m++) {
            size[m] = 0.5 * (double)m;
            distance[m] = 0.25;
        }
        k->unit_squares(rows, columns, columns, x, y, size, distance);
        size_t below = 0;
        for (size_t m = 0; m < columns; m++) {
            double s = 0.5 * (double)m, t = 0.25;
            for (size_t r = 0; r < rows; r++) {
                const double value = (double)x[r * columns + m], first = (double)y[r * columns];
                s += value * value;
                t += (value - first) * (value - first);
            }
            CHECK(s == size[m] && t == distance[m]);
        }
        add_f64(d, columns, size);
        add_f64(d, columns, distance);
        FN(draw_bits)(n, y);
        for (size_t j = 0; j < n; j++) {
            below += fabs((double)y[j]) < 1.5;
        }
        CHECK(k->count_below(n, y, 1.5) == below);
        add_word(d, below);
    }
}

static void
FN(reductions)(const il_kernels *kernels, digest *d)
{
    static T x[FN(most)], y[FN(most)], turned[FN(most)];
    const il_kernel_set *k = kernels->P;
    for (size_t i = 0; i < LENGTHS; i++) {
        const size_t n = lengths[i], columns = 1 + i % 7, rows = n / columns;
        double lanes[4][IL_SUM_LANES] = {{0}};
        FN(draw)(n, 1, x);
        FN(draw)(n, 1, y);
        k->sum(n, x, lanes[0]);
        k->sum_squares(n, x, lanes[1]);
        k->sum_squared_deviations(n, x, 1.0 / 3, lanes[2]);
        k->sum_squared_differences(n, x, y, lanes[3]);
        add_f64(d, 4 * IL_SUM_LANES, lanes[0]);
        k->add(n, x, y);
        FN(add)(d, n, y);
        k->transpose(rows, columns, x, columns, turned, rows);
        FN(add)(d, rows * columns, turned);
        add_word(d, (uint64_t)k->all_finite(n, x));
        FN(draw_bits)(n, x);
        add_word(d, (uint64_t)k->all_finite(n, x));
    }
}

static void
FN(random)(const il_kernels *kernels, digest *d)
{
    static T out[FN(most)];
    const il_kernel_set *k = kernels->P;
    for (size_t i = 0; i < LENGTHS; i++) {
        const il_stream s = {0x0123456789abcdefu + i, (uint32_t)i, 1u << 24};
        const uint64_t start = ((uint64_t)1 << 34) - 7 + 3 * i; /* over the end of a 32-bit block number */
        k->fill_uniform(s, start, lengths[i], -1, 2, out);
        FN(add)(d, lengths[i], out);
        k->fill_normal(s, start, lengths[i], 1, 3, out);
        FN(add)(d, lengths[i], out);
    }
}

/* Every scheme, through the public call and so through the table chosen. */
static void
FN(schemes)(const il_kernels *kernels, digest *d)
{
    static const il_scheme schemes[] = {
        {.kind = IL_SCHEME_NORMAL, .a = 0.5, .b = 2},
        {.kind = IL_SCHEME_UNIFORM, .a = -1, .b = 3},
        {.kind = IL_SCHEME_TRUNCATED_NORMAL, .a = 0.25, .b = 2, .low = -1, .high = 0.5},
        {.kind = IL_SCHEME_TRUNCATED_NORMAL, .a = 0, .b = 1, .low = 9, .high = 12},
        {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 2, .mode = IL_FAN_AVG, .distribution = IL_DISTRIBUTION_UNIFORM},
        {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 2, .distribution = IL_DISTRIBUTION_TRUNCATED_NORMAL},
        {.kind = IL_SCHEME_ORTHOGONAL, .a = 1.5},
        {.kind = IL_SCHEME_SPARSE, .b = 1, .count = 2},
        {.kind = IL_SCHEME_HADAMARD},
    };
    static const size_t shapes[][2] = {{3, 5}, {37, 41}, {70, 12}};
    static T out[37 * 41];
    (void)kernels;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        for (size_t j = 0; j < sizeof shapes / sizeof shapes[0]; j++) {
            const size_t n_in = shapes[j][0], n_out = shapes[j][1];
            CHECK(il_fill(&schemes[i], DTYPE, n_in, n_out, 5, 1, IL_PURPOSE_WEIGHTS, 0, n_in * n_out, 1, out) == IL_OK);
            FN(add)(d, n_in * n_out, out);
        }
    }
}

enum { FN(samples) = 270, FN(inputs) = 7, FN(outputs) = 3 };
static T FN(x)[FN(samples) * FN(inputs)], FN(y)[FN(samples) * FN(outputs)];

static void
FN(make_data)(void)
{
    FN(draw)(FN(samples) * FN(inputs), 2, FN(x));
    for (size_t b = 0; b < FN(samples); b++) {
        for (size_t m = 0; m < FN(outputs); m++) {
            FN(y)[b * FN(outputs) + m] = b % FN(outputs) == m;
        }
    }
}

/* `large` nets have layers of whole panels, of one and a bit, and of less; the others fit the lanes. */
static il_net *
FN(make_net)(int large, il_activation_kind kind, il_loss loss, uint64_t key)
{
    const size_t wide[] = {FN(inputs), 65, 33, 16, FN(outputs)}, narrow[] = {FN(inputs), 5, 9, 4, FN(outputs)};
    const il_activation hidden[] = {activation_of((int)kind), {IL_TANH, 0}, activation_of((int)kind)};
    const il_net_spec spec = {DTYPE, 4, large ? wide : narrow, hidden, loss};
    const il_scheme he = {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 2};
    const il_scheme schemes[] = {he, he, he, he};
    il_net *net = NULL;
    CHECK(il_net_create(&spec, &net) == IL_OK);
    CHECK(il_net_initialize(net, schemes, schemes, key, 1) == IL_OK);
    return net;
}

static il_train_options
FN(options)(int kind, size_t batch_size)
{
    il_optimizer o = {.kind = (il_optimizer_kind)kind, .learning_rate = 0.01, .weight_decay = 0.001};
    if (kind == IL_SGD) {
        o.momentum = 0.9;
        o.nesterov = 1;
    } else {
        o.beta1 = kind == IL_ADAM ? 0.9 : 0;
        o.beta2 = 0.99;
        o.epsilon = 1e-8;
    }
    return (il_train_options){.optimizer = o, .steps = 9, .batch_size = batch_size, .record_every = 4};
}

enum { FN(rows) = 5, FN(layers) = 4 };

static void
FN(add_net)(digest *d, il_net *net, const il_record *record)
{
    for (size_t l = 0; l < FN(layers); l++) {
        FN(add)(d, il_net_width(net, l) * il_net_width(net, l + 1), il_net_weights(net, l));
        FN(add)(d, il_net_width(net, l + 1), il_net_biases(net, l));
    }
    add_f64(d, record->rows, record->loss);
    for (size_t i = 0; i < record->rows * FN(layers); i++) {
        const il_layer_record *r = &record->layers[i];
        const double all[] = {r->activation_mean, r->activation_std, r->saturated,
                              r->gradient_norm,   r->weight_norm,    r->unit_spread};
        add_f64(d, sizeof all / sizeof all[0], all);
        add_word(d, r->distinct_units);
    }
}

/* Each optimizer in the full batch, of more than one block, and in minibatches; the record too. */
static void
FN(training)(const il_kernels *kernels, digest *d)
{
    static const size_t batches[] = {0, 32};
    (void)kernels;
    FN(make_data)();
    for (int kind = 0; kind < IL_OPTIMIZER_COUNT; kind++) {
        for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
            uint64_t step[FN(rows)];
            double loss[FN(rows)];
            il_layer_record layers[FN(rows) * FN(layers)];
            il_record record = {FN(rows), 0, step, loss, layers};
            il_train_result result;
            il_net *net = FN(make_net)(1, IL_GELU, (il_loss)(kind % IL_LOSS_COUNT), 3);
            const il_train_options o = FN(options)(kind, batches[i]);
            CHECK(il_net_train(net, FN(samples), FN(x), FN(y), &o, &record, &result) == IL_OK && result.steps == 9);
            FN(add_net)(d, net, &record);
            il_net_destroy(net);
        }
    }
}

/* Nets of one output, some of which some tables take in straight lines; less than a batch, and more than a block. */
static void
FN(one_output)(const il_kernels *kernels, digest *d)
{
    enum { MOST_UNITS = 33 };
    static const size_t inputs[] = {1, 3, 4, 5}, units[] = {1, 4, 9, MOST_UNITS}, batches[] = {1, 31, 256, FN(samples)};
    static T dw[2][FN(inputs) * MOST_UNITS], db[2][MOST_UNITS];
    (void)kernels;
    FN(make_data)();
    for (size_t i = 0; i < 64; i++) {
        const size_t N = inputs[i % 4], H = units[i / 4 % 4], B = batches[i / 16], widths[] = {N, H, 1};
        const il_activation hidden = {i % 3 == 0 ? IL_TANH : i % 3 == 1 ? IL_SIGMOID : IL_GELU, 0};
        const il_net_spec spec = {DTYPE, 2, widths, &hidden, i % 2 == 0 ? IL_MSE : IL_BINARY_CROSS_ENTROPY};
        const il_scheme he = {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 2}, schemes[] = {he, he};
        il_net *nets[3] = {NULL}; /* trained alone, alone and recorded, together with others */
        for (size_t n = 0; n < 3; n++) {
            CHECK(il_net_create(&spec, &nets[n]) == IL_OK);
            CHECK(il_net_initialize(nets[n], schemes, schemes, i, 1) == IL_OK);
        }

        void *const to_dw[] = {dw[0], dw[1]}, *const to_db[] = {db[0], db[1]};
        double loss;
        CHECK(il_net_gradients(nets[0], B, FN(x), FN(y), &loss, to_dw, to_db) == IL_OK);
        add_f64(d, 1, &loss);
        FN(add)(d, N * H, dw[0]);
        FN(add)(d, H, dw[1]);
        FN(add)(d, H, db[0]);
        FN(add)(d, 1, db[1]);
        il_layer_diagnosis layers[2] = {{0}};
        il_loss_diagnosis measured;
        CHECK(il_net_diagnose(nets[0], B, FN(x), FN(y), 0.05, layers, &measured) == IL_OK);
        for (size_t l = 0; l < 2; l++) {
            const double norms[] = {layers[l].z_gradient_norm, layers[l].weight_gradient_norm};
            add_f64(d, 2, norms);
        }

        uint64_t step[FN(rows)];
        double losses[FN(rows)];
        il_layer_record rows[2 * FN(rows)];
        il_record record = {FN(rows), 0, step, losses, rows};
        il_train_result result;
        il_train_options o = FN(options)((int)i % IL_OPTIMIZER_COUNT, i % 5 == 0 ? 20 : 0);
        o.steps = 3;
        o.record_every = 1;
        CHECK(il_net_train(nets[1], B, FN(x), FN(y), &o, &record, &result) == IL_OK);
        o.record_every = 0;
        CHECK(il_net_train(nets[0], B, FN(x), FN(y), &o, NULL, &result) == IL_OK);
        CHECK(il_nets_train(&nets[2], 1, B, FN(x), FN(y), &o, NULL, &result) == IL_OK);
        FN(add)(d, N * H, il_net_weights(nets[0], 0));
        for (size_t n = 1; n < 3; n++) {
            CHECK_BITS(il_net_weights(nets[n], 0), il_net_weights(nets[0], 0), N * H * sizeof(T));
            CHECK_BITS(il_net_weights(nets[n], 1), il_net_weights(nets[0], 1), H * sizeof(T));
            CHECK_BITS(il_net_biases(nets[n], 0), il_net_biases(nets[0], 0), H * sizeof(T));
            CHECK_BITS(il_net_biases(nets[n], 1), il_net_biases(nets[0], 1), sizeof(T));
        }
        for (size_t n = 0; n < 3; n++) {
            il_net_destroy(nets[n]);
        }
    }
}

/* A net of one layer and one sample: its last panel is read past the end of the parameters. */
static void
FN(read_ahead)(digest *d)
{
    enum { M = 2 * IL_MOST_LANES + 1 };
    static const size_t widths[] = {FN(inputs), M};
    static T out[M];
    const il_net_spec spec = {DTYPE, 1, widths, NULL, IL_MSE};
    const il_scheme he = {.kind = IL_SCHEME_VARIANCE_SCALING, .a = 2};
    il_net *net = NULL;
    CHECK(il_net_create(&spec, &net) == IL_OK);
    CHECK(il_net_initialize(net, &he, &he, 1, 1) == IL_OK);
    CHECK(il_net_forward(net, 1, FN(x), out) == IL_OK);
    FN(add)(d, M, out);
    il_net_destroy(net);
}

/* One row, from the net's own plain rows, and a batch, from panels. */
static void
FN(inference)(const il_kernels *kernels, digest *d)
{
    static const size_t batches[] = {1, FN(samples)};
    static T out[FN(samples) * FN(outputs)];
    (void)kernels;
    FN(make_data)();
    FN(read_ahead)(d);
    for (int kind = 0; kind < IL_ACTIVATION_COUNT; kind++) {
        for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
            const size_t B = kind % 4 == 0 ? batches[i] : 1;
            il_net *net = FN(make_net)(i == 0, (il_activation_kind)kind, (il_loss)(kind % IL_LOSS_COUNT), 11);
            double loss;
            CHECK(il_net_forward(net, B, FN(x), out) == IL_OK);
            FN(add)(d, B * FN(outputs), out);
            CHECK(il_net_loss(net, B, FN(x), FN(y), &loss) == IL_OK);
            add_f64(d, 1, &loss);
            il_net_destroy(net);
        }
    }
}

/* More nets than lanes, not a multiple of them, with rates of their own; the last one diverges. */
static void
FN(many)(const il_kernels *kernels, digest *d)
{
    enum { NETS = 19 };
    static uint64_t step[NETS][FN(rows)];
    static double loss[NETS][FN(rows)];
    static il_layer_record layers[NETS][FN(rows) * FN(layers)];
    (void)kernels;
    FN(make_data)();
    for (int kind = 0; kind < IL_OPTIMIZER_COUNT; kind++) {
        il_net *nets[NETS];
        il_train_options options[NETS];
        il_record records[NETS];
        il_train_result results[NETS];
        for (size_t i = 0; i < NETS; i++) {
            nets[i] = FN(make_net)(0, IL_SILU, (il_loss)(kind % IL_LOSS_COUNT), i);
            options[i] = FN(options)(kind, kind == IL_ADAM ? 0 : 50);
            options[i].optimizer.learning_rate *= i + 1 < NETS          ? 1 + 0.125 * (double)i
                                                  : DTYPE == IL_FLOAT32 ? 1e30
                                                                        : 1e300;
            records[i] = (il_record){FN(rows), 0, step[i], loss[i], layers[i]};
        }
        CHECK(il_nets_train(nets, NETS, FN(samples), FN(x), FN(y), options, records, results) == IL_OK);
        CHECK(results[NETS - 1].diverged);
        for (size_t i = 0; i < NETS; i++) {
            add_word(d, results[i].steps);
            add_word(d, (uint64_t)results[i].diverged);
            FN(add_net)(d, nets[i], &records[i]);
            il_net_destroy(nets[i]);
        }
    }
}

#undef FN
