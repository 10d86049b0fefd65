/*
 * optimizer.inc.h - one step of SGD (momentum, Nesterov), Adam and RMSProp, in PyTorch's formulas
 * (torch.optim 2.x, single tensor), elementwise, with L2 weight decay added to the gradient.
 *
 * All sums that can be an fma are one: the formula below is the format. Arrays are whole vectors, so
 * n is a multiple of W and there is no tail. Settings are read before the loop: for all the compiler knows,
 * a store to w might change them.
 */
IL_INLINE V
v_decayed(int decays, V decay, V gradient, V w)
{
    return decays ? v_fma(decay, w, gradient) : gradient;
}

static void
update_sgd(const il_update *u, size_t n, const T *gradient, T *w, T *m)
{
    const V momentum = v_load(u->momentum.P), minus_rate = v_load(u->minus_rate.P), decay = v_load(u->decay.P);
    const int decays = u->decays, has_momentum = u->has_momentum, nesterov = u->nesterov;
    for (size_t i = 0; i < n; i += W) {
        const V x = v_load(w + i);
        V g = v_decayed(decays, decay, v_load(gradient + i), x);
        if (has_momentum) {
            const V velocity = v_fma(momentum, v_load(m + i), g);
            v_store(m + i, velocity);
            g = nesterov ? v_fma(momentum, velocity, g) : velocity;
        }
        v_store(w + i, v_fma(minus_rate, g, x));
    }
}

static void
update_adam(const il_update *u, size_t n, const T *gradient, T *w, T *m, T *v)
{
    const V minus_rate = v_load(u->minus_rate.P), rest1 = v_load(u->rest1.P), beta2 = v_load(u->beta2.P);
    const V rest2 = v_load(u->rest2.P), root = v_load(u->root.P), epsilon = v_load(u->epsilon.P);
    const V decay = v_load(u->decay.P);
    const int decays = u->decays;
    for (size_t i = 0; i < n; i += W) {
        const V x = v_load(w + i);
        const V g = v_decayed(decays, decay, v_load(gradient + i), x);
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
update_rmsprop(const il_update *u, size_t n, const T *gradient, T *w, T *m, T *v)
{
    const V minus_rate = v_load(u->minus_rate.P), momentum = v_load(u->momentum.P), alpha = v_load(u->beta2.P);
    const V rest = v_load(u->rest2.P), epsilon = v_load(u->epsilon.P), decay = v_load(u->decay.P);
    const int decays = u->decays, has_momentum = u->has_momentum;
    for (size_t i = 0; i < n; i += W) {
        const V x = v_load(w + i);
        const V g = v_decayed(decays, decay, v_load(gradient + i), x);
        const V second = v_fma(v_mul(rest, g), g, v_mul(alpha, v_load(v + i)));
        v_store(v + i, second);
        V direction = v_div(g, v_add(v_sqrt(second), epsilon));
        if (has_momentum) {
            direction = v_fma(momentum, v_load(m + i), direction);
            v_store(m + i, direction);
        }
        v_store(w + i, v_fma(minus_rate, direction, x));
    }
}

static void
update(const il_update *u, size_t n, const void *gradient, void *w, void *m, void *v)
{
    switch (u->kind) {
    case IL_SGD: update_sgd(u, n, gradient, w, m); break;
    case IL_ADAM: update_adam(u, n, gradient, w, m, v); break;
    case IL_RMSPROP: update_rmsprop(u, n, gradient, w, m, v); break;
    case IL_OPTIMIZER_COUNT: break;
    }
}
