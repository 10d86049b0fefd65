/* test_shallow.inc.h - one precision of test_shallow.c. Expects T and P. */
#define TS(name) IL_CAT3(shallow, name, P)

enum { TS(most_rows) = IL_BLOCK, TS(room) = TS(most_rows) + IL_SHALLOW_STRIP * IL_MOST_LANES };
enum { TS(most_units) = 3 * 2 * IL_MOST_LANES };

/* What a step reads, then what it writes: by the shallow net's kernels [0] and by the others [1]; d for deeper nets. */
static T TS(x)[TS(most_rows) * IL_SHALLOW_INPUTS], TS(delta)[TS(room)];
static T TS(weights)[IL_SHALLOW_INPUTS * TS(most_units)], TS(bias)[TS(most_units)], TS(top_weights)[TS(most_units)];
static T TS(a)[2][TS(room) * TS(most_units)], TS(out)[2][TS(room)], TS(d)[2][TS(room) * TS(most_units)];
static T TS(gradient)[2][IL_SHALLOW_INPUTS * TS(most_units)], TS(bias_gradient)[2][TS(most_units)];
static T TS(top_gradient)[2][TS(most_units)], TS(top_bias_gradient)[2][TS(most_units)];

static size_t
TS(width)(const il_kernel_set *k, size_t units)
{
    return units <= k->lanes ? k->lanes : 2 * k->lanes;
}

static void
TS(up_by_others)(const il_kernel_set *k, il_activation g, size_t rows, size_t inputs, size_t units, const T *top_bias)
{
    const size_t w = TS(width)(k, units), panel = 2 * k->lanes;
    void (*const contract)(const il_contraction *) = w == panel ? k->contract_wide : k->contract_narrow;
    for (size_t u = 0; u < units; u += w) {
        const il_contraction up = {.rows = rows,
                                   .K = inputs,
                                   .a = TS(x),
                                   .a_row = inputs,
                                   .a_panel = panel,
                                   .b = TS(weights) + u * inputs,
                                   .b_row = w,
                                   .start = TS(bias) + u,
                                   .c = TS(a)[1] + u * rows};
        contract(&up);
        k->activate(g, rows * w, up.c, up.c);
    }
    const il_contraction out = {.rows = rows,
                                .K = units,
                                .a = TS(a)[1],
                                .a_row = w,
                                .a_panel = rows * w,
                                .b = TS(top_weights),
                                .b_row = 1,
                                .start = top_bias,
                                .c = TS(out)[1]};
    k->contract_column(&out);
}

static void
TS(back_by_others)(const il_kernel_set *k, il_activation g, size_t rows, size_t inputs, size_t units)
{
    const size_t w = TS(width)(k, units), panel = 2 * k->lanes;
    void (*const contract)(const il_contraction *) = w == panel ? k->contract_wide : k->contract_narrow;
    const il_contraction top = {.rows = units,
                                .K = rows,
                                .transposed = 1,
                                .a = TS(a)[1],
                                .a_row = w,
                                .a_panel = rows * w,
                                .b = TS(delta),
                                .b_row = 1,
                                .c = TS(top_gradient)[1],
                                .sums = TS(top_bias_gradient)[1]};
    k->contract_column(&top);
    for (size_t u = 0; u < units; u += w) {
        const il_contraction down = {.rows = rows,
                                     .K = 1,
                                     .a = TS(delta),
                                     .a_row = 1,
                                     .a_panel = panel,
                                     .b = TS(top_weights) + u,
                                     .b_row = w,
                                     .c = TS(d)[1] + u * rows};
        const il_contraction hidden = {.rows = inputs,
                                       .K = rows,
                                       .transposed = 1,
                                       .a = TS(x),
                                       .a_row = inputs,
                                       .a_panel = panel,
                                       .b = down.c,
                                       .b_row = w,
                                       .c = TS(gradient)[1] + u * inputs,
                                       .sums = TS(bias_gradient)[1] + u};
        contract(&down);
        k->derive(g, rows * w, NULL, TS(a)[1] + u * rows, down.c, down.c);
        contract(&hidden);
    }
}

static void
TS(back)(const il_kernel_set *k, const il_shallow *net, size_t rows, size_t columns)
{
    memset(TS(bias_gradient)[0], 1, sizeof TS(bias_gradient)[0]);
    memset(TS(top_gradient)[0], 1, sizeof TS(top_gradient)[0]);
    memset(TS(top_bias_gradient)[0], 1, sizeof TS(top_bias_gradient)[0]);
    k->shallow_backward(net, rows, TS(x));
    CHECK_BITS(TS(bias_gradient)[0], TS(bias_gradient)[1], columns * sizeof(T));
    CHECK_BITS(TS(top_gradient)[0], TS(top_gradient)[1], columns * sizeof(T));
    CHECK_BITS(TS(top_bias_gradient)[0], TS(top_bias_gradient)[1], k->lanes * sizeof(T));
}

static void
TS(one)(const il_kernel_set *k, il_activation g, size_t rows, size_t inputs, size_t units)
{
    const size_t w = TS(width)(k, units), columns = (units + w - 1) / w * w;
    const T top_bias = (T)0.3;
    for (size_t i = 0; i < columns; i++) { /* lanes beyond the units hold +0 */
        TS(bias)[i] = i < units ? (T)cos((double)i) : 0;
        TS(top_weights)[i] = i < units ? (T)sin(1.7 * (double)i + 1) : 0;
        for (size_t n = 0; n < inputs; n++) {
            TS(weights)[i / w * inputs * w + n * w + i % w] = i < units ? (T)sin((double)(n + inputs * i)) : 0;
        }
    }
    memset(TS(a), 0, sizeof TS(a));
    memset(TS(top_gradient)[1], 0, sizeof TS(top_gradient)[1]);
    il_shallow net = {.inputs = inputs,
                      .units = units,
                      .activation = g,
                      .weights = TS(weights),
                      .bias = TS(bias),
                      .top_weights = TS(top_weights),
                      .top_bias = &top_bias,
                      .z = TS(a)[0],
                      .a = TS(a)[0],
                      .out = TS(out)[0],
                      .delta = TS(delta),
                      .d = TS(d)[0],
                      .gradient = TS(gradient)[0],
                      .bias_gradient = TS(bias_gradient)[0],
                      .top_gradient = TS(top_gradient)[0],
                      .top_bias_gradient = TS(top_bias_gradient)[0]};
    TS(up_by_others)(k, g, rows, inputs, units, &top_bias);
    TS(back_by_others)(k, g, rows, inputs, units);
    if (columns == w) {
        k->shallow_forward(&net, rows, TS(x));
        CHECK_BITS(TS(a)[0], TS(a)[1], rows * w * sizeof(T));
        CHECK_BITS(TS(out)[0], TS(out)[1], rows * sizeof(T));
    }
    net.a = TS(a)[1];
    TS(back)(k, &net, rows, columns);
    CHECK_BITS(TS(gradient)[0], TS(gradient)[1], inputs * columns * sizeof(T));
    net.inputs = 0; /* the last layers of a deeper net */
    TS(back)(k, &net, rows, columns);
    CHECK_BITS(TS(d)[0], TS(d)[1], columns * rows * sizeof(T));
}

static void
IL_CAT3(test, shallow, P)(const il_kernel_set *k)
{
    static const size_t lengths[] = {1, 2, 7, 8, 31, 32, 33, 100, 256};
    for (size_t i = 0; i < sizeof TS(x) / sizeof TS(x)[0]; i++) {
        TS(x)[i] = i % 11 == 0 ? (T)(i % 2 == 0 ? 0.0 : -0.0) : (T)(2 * sin(0.7 * (double)i));
    }
    for (size_t i = 0; i < sizeof TS(delta) / sizeof TS(delta)[0]; i++) {
        TS(delta)[i] = (T)cos(1.3 * (double)i);
    }
    for (int kind = 0; kind < IL_ACTIVATION_COUNT; kind++) {
        if (!il_activation_is_shallow((il_activation_kind)kind)) {
            continue;
        }
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            for (size_t inputs = 1; inputs <= IL_SHALLOW_INPUTS; inputs++) {
                const il_activation g = {(il_activation_kind)kind, 0.25};
                for (size_t units = 1; units <= 2 * k->lanes; units++) {
                    TS(one)(k, g, lengths[i], inputs, units);
                }
                TS(one)(k, g, lengths[i], inputs, 2 * k->lanes + 1); /* panels, the last of them cut */
                TS(one)(k, g, lengths[i], inputs, 6 * k->lanes - 1);
                TS(one)(k, g, lengths[i], inputs, 6 * k->lanes);
            }
        }
    }
}

#undef TS
