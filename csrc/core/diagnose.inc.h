/* diagnose.inc.h - one precision of diagnose.c. Expects T, P and engine_names.h. */
#define DN(name) IL_CAT3(diagnose, name, P)

static int
DN(data_finite)(const il_net *net, const SET *k, size_t B, const T *x, const T *y)
{
    return k->all_finite(B * net->widths[0], x)
           && (y == NULL || k->all_finite(B * net->widths[net->layers], y));
}

/* Frobenius norm, and how many of the n values are not finite. */
static double
DN(norm)(const SET *k, size_t n, const T *x, double *not_finite)
{
    double lanes[IL_SUM_LANES] = {0};
    k->sum_squares(n, x, lanes);
    const double squares = il_lanes_total(lanes);
    for (size_t i = 0; !isfinite(squares) && i < n; i++) {
        *not_finite += !isfinite(x[i]);
    }
    return sqrt(squares);
}

static void
DN(weights)(const il_net *net, const SET *k, size_t l, il_layer_diagnosis *d)
{
    const T *block = net->parameters;
    const size_t M = net->widths[l + 1];
    d->weight_norm = DN(norm)(k, net->widths[l] * M, block + net->weight_offset[l], &d->weights_not_finite);
    d->bias_norm = DN(norm)(k, M, block + net->bias_offset[l], &d->weights_not_finite);
}

/* Keep a layer's z and a of R rows as doubles and count its slopes. The engine's d is free: nothing
 * went backward yet. */
static void
DN(observe)(EN(engine) * e, const il_net *net, size_t l, size_t R, double threshold, double *z, double *a,
            il_layer_diagnosis *d, double *sample_saturated)
{
    const EN(layer) *layer = &e->layers[l];
    const size_t M = layer->M;
    const int top = l + 1 == e->L;
    const T *from = e->logits;
    if (!top) {
        EN(unpack)(R, M, layer->w, layer->z, R * layer->w, e->work);
        from = e->work;
    }
    for (size_t i = 0; i < R * M; i++) {
        z[i] = (double)from[i];
        d->z_not_finite += !isfinite(z[i]);
    }
    from = e->outputs;
    if (!top) {
        EN(unpack)(R, M, layer->w, layer->a, R * layer->w, e->work);
        from = e->work;
    }
    for (size_t i = 0; i < R * M; i++) {
        a[i] = (double)from[i];
        d->sparse += a[i] == 0;
    }
    il_activation g;
    if (!layer_activation(net, l, &g)) {
        return;
    }
    if (top) {
        e->k->slope(g, R * M, e->logits, e->outputs, e->work);
    } else {
        e->k->slope(g, R * layer->panels * layer->w, layer->z, layer->a, layer->d);
        EN(unpack)(R, M, layer->w, layer->d, R * layer->w, e->work);
    }
    const double largest = il_activation_max_slope(g);
    const double flat = threshold * largest, linear = (1 - 0.05 * 0.05) * largest;
    for (size_t r = 0; r < R; r++) {
        for (size_t m = 0; m < M; m++) {
            const double slope = fabs((double)e->work[r * M + m]);
            const int saturated = slope < flat, high = z[r * M + m] > 0;
            d->saturated_low += saturated & !high;
            d->saturated_high += saturated & high;
            d->hard += slope == 0;
            d->linear += slope > linear;
            if (d->unit_saturated != NULL) {
                d->unit_saturated[m] += saturated;
            }
            if (sample_saturated != NULL) {
                sample_saturated[r] += saturated;
            }
        }
    }
    if (!il_activation_has_linear_part(g)) {
        d->linear = UNDEFINED;
    }
}

/* Squares of a layer's dZ of R rows, and of the dA below it: dZ W', before the slope. */
static void
DN(gradient_flow)(EN(engine) * e, const il_net *net, size_t l, size_t R, workspace *w)
{
    const EN(layer) *layer = &e->layers[l];
    const size_t N = layer->N, M = layer->M;
    const T *weights = (const T *)net->parameters + net->weight_offset[l];
    EN(unpack)(R, M, layer->w, layer->d, R * layer->w, e->work);
    for (size_t i = 0; i < R * M; i++) {
        w->z_gradient[i] = (double)e->work[i];
        w->z_gradient_squares[l] += w->z_gradient[i] * w->z_gradient[i];
    }
    if (l == 0) {
        return;
    }
    for (size_t r = 0; r < R; r++) {
        for (size_t n = 0; n < N; n++) {
            double sum = 0;
            for (size_t m = 0; m < M; m++) {
                sum += w->z_gradient[r * M + m] * (double)weights[n * M + m];
            }
            w->a_gradient_squares[l - 1] += sum * sum;
        }
    }
}

/* Outputs of R rows that give the true class a probability below 0.05. */
static double
DN(confident_wrong)(const EN(engine) * e, size_t R, const T *y)
{
    const size_t count = R * e->layers[e->L - 1].M;
    const int binary = e->loss == IL_BINARY_CROSS_ENTROPY;
    double wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const double p = (double)e->outputs[i];
        wrong += (y[i] > 0 && p < 0.05) || (binary && !(y[i] > 0) && p > 0.95);
    }
    return wrong;
}

/* Norm of dW - (mean of the layer's inputs) db'; inputs are x [B][N] or the layer below's a. */
static double
DN(signal_norm)(const EN(layer) * layer, size_t B, const T *x, const double *a, const T *dw, const T *db)
{
    const size_t N = layer->N, M = layer->M;
    double squares = 0;
    for (size_t n = 0; n < N; n++) {
        double mean = 0;
        for (size_t b = 0; b < B; b++) {
            mean += a != NULL ? a[b * N + n] : (double)x[b * N + n];
        }
        mean /= (double)B;
        for (size_t m = 0; m < M; m++) {
            const double signal = (double)dw[n * M + m] - mean * (double)db[m];
            squares += signal * signal;
        }
    }
    return sqrt(squares);
}

static void
DN(gradients)(EN(engine) * e, const il_net *net, size_t B, const T *x, const workspace *w,
              il_layer_diagnosis *layers, T *plain)
{
    for (size_t l = 0; l < e->L; l++) {
        const EN(layer) *layer = &e->layers[l];
        il_layer_diagnosis *d = &layers[l];
        T *dw = d->weight_gradient != NULL ? d->weight_gradient : plain;
        T *db = d->bias_gradient != NULL ? d->bias_gradient : plain + layer->N * layer->M;
        EN(unpack_weights)(layer, layer->gradient, dw);
        d->weight_gradient_norm = DN(norm)(e->k, layer->N * layer->M, dw, &d->gradients_not_finite);
        EN(unpack_bias)(layer, layer->bias_gradient, db);
        d->bias_gradient_norm = DN(norm)(e->k, layer->M, db, &d->gradients_not_finite);
        d->signal_gradient_norm = DN(signal_norm)(layer, B, x, l > 0 ? w->a[l - 1] : NULL, dw, db);
        d->z_gradient_norm = sqrt(w->z_gradient_squares[l]);
        d->a_gradient_norm = l + 1 < net->layers ? sqrt(w->a_gradient_squares[l]) : UNDEFINED;
    }
}

static il_status
DN(run)(const il_net *net, const SET *k, size_t B, const T *x, const T *y, double threshold, workspace *w,
        il_layer_diagnosis *layers, il_loss_diagnosis *loss)
{
    const size_t N = net->widths[0], M = net->widths[net->layers];
    EN(engine) e;
    il_status status = EN(create)(&e, net, k, B < IL_BLOCK ? B : IL_BLOCK, IL_KEEP_Z | IL_BACKWARD, NULL, NULL);
    if (status != IL_OK) {
        return status;
    }
    T *plain = il_allocate(net->count, sizeof(T));
    if (plain == NULL) {
        status = IL_ERROR_MEMORY;
        goto done;
    }
    double lanes[IL_SUM_LANES] = {0}, wrong = 0;
    for (size_t b = 0; b < B; b += IL_BLOCK) {
        const size_t R = B - b < IL_BLOCK ? B - b : IL_BLOCK;
        EN(forward)(&e, R, x + b * N);
        for (size_t l = 0; l < e.L; l++) {
            const size_t at = b * e.layers[l].M;
            DN(observe)(&e, net, l, R, threshold, w->z[l] + at, w->a[l] + at, &layers[l],
                        layers[l].sample_saturated == NULL ? NULL : layers[l].sample_saturated + b);
        }
        if (y != NULL) {
            EN(add_loss)(&e, R, y + b * M, lanes);
            wrong += DN(confident_wrong)(&e, R, y + b * M);
            EN(output_delta)(&e, R, y + b * M, B);
            EN(store_gradients)(&e, R, x + b * N, b > 0);
            for (size_t l = 0; l < e.L; l++) {
                DN(gradient_flow)(&e, net, l, R, w);
            }
        }
    }
    if (y != NULL) {
        const double count = EN(loss_count)(&e, B);
        *loss = (il_loss_diagnosis){il_lanes_total(lanes) / count, e.loss == IL_MSE ? UNDEFINED : wrong / count};
        DN(gradients)(&e, net, B, x, w, layers, plain);
    }
    il_release(plain);
done:
    EN(destroy)(&e);
    return status;
}

#undef DN
