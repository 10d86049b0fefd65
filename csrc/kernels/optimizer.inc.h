/*
 * optimizer.inc.h - one step of SGD (momentum, Nesterov), Adam and RMSProp, in PyTorch's formulas
 * (torch.optim 2.x, single tensor), elementwise, with L2 weight decay added to the gradient.
 *
 * All sums that can be an fma are one: the formula below is the format. Arrays are panels, so n is a
 * multiple of W and there is no tail.
 */
static void
FN(update_sgd)(const il_update *u, size_t n, const T *gradient, T *w, T *m)
{
    const V decay = v_set1((T)u->weight_decay);
    const V momentum = v_set1((T)u->momentum);
    const V minus_rate = v_set1((T)-u->step_size);
    for (size_t i = 0; i < n; i += W) {
        const V x = v_load(w + i);
        V g = v_load(gradient + i);
        if (u->weight_decay != 0) {
            g = v_fma(decay, x, g);
        }
        if (u->momentum != 0) {
            const V velocity = v_fma(momentum, v_load(m + i), g);
            v_store(m + i, velocity);
            g = u->nesterov ? v_fma(momentum, velocity, g) : velocity;
        }
        v_store(w + i, v_fma(minus_rate, g, x));
    }
}

static void
FN(update_adam)(const il_update *u, size_t n, const T *gradient, T *w, T *m, T *v)
{
    const V decay = v_set1((T)u->weight_decay);
    const V minus_rate = v_set1((T)-u->step_size);
    const V rest1 = v_set1((T)(1 - u->beta1));
    const V beta2 = v_set1((T)u->beta2);
    const V rest2 = v_set1((T)(1 - u->beta2));
    const V root = v_set1((T)u->root_correction);
    const V epsilon = v_set1((T)u->epsilon);
    for (size_t i = 0; i < n; i += W) {
        const V x = v_load(w + i);
        V g = v_load(gradient + i);
        if (u->weight_decay != 0) {
            g = v_fma(decay, x, g);
        }
        const V m0 = v_load(m + i);
        const V first = v_fma(rest1, v_sub(g, m0), m0);
        const V second = v_fma(v_mul(rest2, g), g, v_mul(beta2, v_load(v + i)));
        v_store(m + i, first);
        v_store(v + i, second);
        const V scale = v_add(v_div(v_sqrt(second), root), epsilon);
        v_store(w + i, v_fma(minus_rate, v_div(first, scale), x));
    }
}

static void
FN(update_rmsprop)(const il_update *u, size_t n, const T *gradient, T *w, T *m, T *v)
{
    const V decay = v_set1((T)u->weight_decay);
    const V minus_rate = v_set1((T)-u->step_size);
    const V momentum = v_set1((T)u->momentum);
    const V alpha = v_set1((T)u->beta2);
    const V rest = v_set1((T)(1 - u->beta2));
    const V epsilon = v_set1((T)u->epsilon);
    for (size_t i = 0; i < n; i += W) {
        const V x = v_load(w + i);
        V g = v_load(gradient + i);
        if (u->weight_decay != 0) {
            g = v_fma(decay, x, g);
        }
        const V second = v_fma(v_mul(rest, g), g, v_mul(alpha, v_load(v + i)));
        v_store(v + i, second);
        V direction = v_div(g, v_add(v_sqrt(second), epsilon));
        if (u->momentum != 0) {
            direction = v_fma(momentum, v_load(m + i), direction);
            v_store(m + i, direction);
        }
        v_store(w + i, v_fma(minus_rate, direction, x));
    }
}

static void
FN(update)(const il_update *u, size_t n, const T *gradient, T *w, T *m, T *v)
{
    switch (u->kind) {
    case IL_SGD: FN(update_sgd)(u, n, gradient, w, m); break;
    case IL_ADAM: FN(update_adam)(u, n, gradient, w, m, v); break;
    case IL_RMSPROP: FN(update_rmsprop)(u, n, gradient, w, m, v); break;
    case IL_OPTIMIZER_COUNT: break;
    }
}
