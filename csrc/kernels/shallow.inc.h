/*
 * shallow.inc.h - a step of a net of one hidden layer of at most W units and one output, the lecture's net, in
 * straight lines: a hidden unit a lane, the weights in registers. The chains are those of contract.inc.h and
 * derive(); what is saved is everything around them.
 */

/* The output of a strip of samples, which are turned into the lanes. */
IL_INLINE void
FN(shallow_top)(const IL_SET(shallow) * net, const T *a, T *out)
{
    enum { STRIP = IL_SHALLOW_STRIP * W };
    T turned[W * STRIP];
    for (size_t i = 0; i < STRIP; i += IL_SIDE) {
        for (size_t j = 0; j < W; j += IL_SIDE) {
            v_transpose(a + i * W + j, W, turned + j * STRIP + i, STRIP);
        }
    }
    V sum0 = v_set1(*net->top_bias), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (size_t k = 0; k < net->units; k++) {
        const T *at = turned + k * STRIP;
        const V w = v_set1(net->top_weights[k]);
        sum0 = v_fma(v_load(at), w, sum0);
        sum1 = v_fma(v_load(at + W), w, sum1);
        sum2 = v_fma(v_load(at + 2 * W), w, sum2);
        sum3 = v_fma(v_load(at + 3 * W), w, sum3);
    }
    v_store(out, sum0);
    v_store(out + W, sum1);
    v_store(out + 2 * W, sum2);
    v_store(out + 3 * W, sum3);
}

static void
FN(shallow_forward)(const IL_SET(shallow) * net, size_t rows, const T *x)
{
    const IL_SET(contraction) hidden = {.rows = rows,
                                        .K = net->inputs,
                                        .a = x,
                                        .a_row = net->inputs,
                                        .b = net->weights,
                                        .b_row = W,
                                        .start = net->bias,
                                        .c = net->z};
    FN(short_panel)(&hidden, 1);
    FN(activate)(net->activation, rows * W, net->z, net->a);
    for (size_t r = 0; r < rows; r += IL_SHALLOW_STRIP * W) {
        FN(shallow_top)(net, net->a + r * W, net->out + r);
    }
}

/*
 * All gradients in one pass over the samples. Each is a chain that waits for itself, so a pass that carries all of
 * them takes as long as one alone, and the hidden deltas never leave the registers.
 */
IL_INLINE void
FN(shallow_chains)(const IL_SET(shallow) * net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs)
{
    const V p = v_set1((T)net->activation.parameter), zero = v_set1(0), weights = v_load(net->top_weights);
    V top = zero, top_sum = zero, sum = zero, g0 = zero, g1 = zero, g2 = zero, g3 = zero;
    for (size_t r = 0; r < rows; r++, x += inputs) {
        const V delta = v_set1(net->delta[r]), a = v_load(net->a + r * W);
        top = v_fma(a, delta, top);
        top_sum = v_add(top_sum, delta); /* fma(1, delta, sum) */
        const V d = v_mul(v_fma(delta, weights, zero), slope(a, p));
        sum = v_add(sum, d);
        g0 = v_fma(v_set1(x[0]), d, g0);
        if (inputs > 1) {
            g1 = v_fma(v_set1(x[1]), d, g1);
        }
        if (inputs > 2) {
            g2 = v_fma(v_set1(x[2]), d, g2);
        }
        if (inputs > 3) {
            g3 = v_fma(v_set1(x[3]), d, g3);
        }
    }
    const V gradient[IL_SHALLOW_INPUTS] = {g0, g1, g2, g3};
    for (size_t i = 0; i < inputs; i++) {
        v_store(net->gradient + i * W, gradient[i]);
    }
    v_store(net->bias_gradient, sum);
    v_store_n(net->top_gradient, top, net->units);
    FN(store_lane)(net->top_bias_gradient, top_sum);
}

/* What a body is compiled for: a slope and a number of inputs. */
typedef void FN(shallow_body)(const IL_SET(shallow) * net, size_t rows, const T *x, V (*slope)(V, V), size_t inputs);

IL_INLINE void
FN(shallow_inputs)(FN(shallow_body) * body, const IL_SET(shallow) * net, size_t rows, const T *x, V (*slope)(V, V))
{
    switch (net->inputs) {
    case 1: body(net, rows, x, slope, 1); break;
    case 2: body(net, rows, x, slope, 2); break;
    case 3: body(net, rows, x, slope, 3); break;
    default: body(net, rows, x, slope, 4); break;
    }
}

IL_INLINE void
FN(shallow_slopes)(FN(shallow_body) * body, const IL_SET(shallow) * net, size_t rows, const T *x)
{
    switch (FN(loop_kind)(net->activation)) {
    case IL_IDENTITY: FN(shallow_inputs)(body, net, rows, x, FN(slope_identity)); break;
    case IL_TANH: FN(shallow_inputs)(body, net, rows, x, FN(slope_tanh)); break;
    case IL_SIGMOID: FN(shallow_inputs)(body, net, rows, x, FN(slope_sigmoid)); break;
    case IL_RELU: FN(shallow_inputs)(body, net, rows, x, FN(slope_relu)); break;
    case IL_LEAKY_RELU: FN(shallow_inputs)(body, net, rows, x, FN(slope_leaky_relu)); break;
    case IL_ELU: FN(shallow_inputs)(body, net, rows, x, FN(slope_elu)); break;
    case IL_SELU: FN(shallow_inputs)(body, net, rows, x, FN(slope_selu)); break;
    case IL_SOFTSIGN: FN(shallow_inputs)(body, net, rows, x, FN(slope_softsign)); break;
    case IL_HARD_TANH: FN(shallow_inputs)(body, net, rows, x, FN(slope_hard_tanh)); break;
    default: break; /* needs z: such slopes cost more than all that a body for each would save */
    }
}

static void
FN(shallow_backward)(const IL_SET(shallow) * net, size_t rows, const T *x)
{
    FN(shallow_slopes)(FN(shallow_chains), net, rows, x);
}
