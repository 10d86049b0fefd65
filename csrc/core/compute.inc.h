/* compute.inc.h - one precision of compute.c. Expects T, P and engine_names.h. */
#define CN(name) IL_CAT3(compute, name, P)

static size_t
CN(block)(size_t B, size_t done, size_t most)
{
    return B - done < most ? B - done : most;
}

static il_status
CN(forward)(const il_net *net, const SET *k, size_t B, const T *x, T *out)
{
    const size_t N = net->widths[0], M = net->widths[net->layers];
    EN(engine) e;
    if (!k->all_finite(B * N, x)) {
        return IL_ERROR_NOT_FINITE;
    }
    const il_status status = EN(create)(&e, net, k, CN(block)(B, 0, IL_INFERENCE_ROWS), IL_FORWARD, NULL, NULL);
    if (status != IL_OK) {
        return status;
    }
    for (size_t b = 0; b < B; b += IL_INFERENCE_ROWS) {
        const size_t R = CN(block)(B, b, IL_INFERENCE_ROWS);
        EN(redirect_outputs)(&e, out + b * M);
        EN(forward)(&e, R, x + b * N);
    }
    EN(destroy)(&e);
    return IL_OK;
}

static il_status
CN(activations)(const il_net *net, const SET *k, size_t B, const T *x, void *const *z, void *const *a)
{
    const size_t N = net->widths[0];
    EN(engine) e;
    if (!k->all_finite(B * N, x)) {
        return IL_ERROR_NOT_FINITE;
    }
    const il_status status = EN(create)(&e, net, k, CN(block)(B, 0, IL_INFERENCE_ROWS), IL_KEEP_Z, NULL, NULL);
    if (status != IL_OK) {
        return status;
    }
    for (size_t b = 0; b < B; b += IL_INFERENCE_ROWS) {
        const size_t R = CN(block)(B, b, IL_INFERENCE_ROWS);
        EN(forward)(&e, R, x + b * N);
        for (size_t l = 0; l + 1 < e.L; l++) {
            const EN(layer) *y = &e.layers[l];
            if (a[l] != NULL) {
                EN(unpack)(R, y->M, y->w, y->a, R * y->w, (T *)a[l] + b * y->M);
            }
            if (z[l] != NULL) {
                EN(unpack)(R, y->M, y->w, y->z, R * y->w, (T *)z[l] + b * y->M);
            }
        }
        const size_t M = net->widths[e.L], top = e.L - 1;
        if (z[top] != NULL) {
            memcpy((T *)z[top] + b * M, e.logits, R * M * sizeof(T));
        }
        if (a[top] != NULL) {
            memcpy((T *)a[top] + b * M, e.outputs, R * M * sizeof(T));
        }
    }
    EN(destroy)(&e);
    return IL_OK;
}

static il_status
CN(loss)(const il_net *net, const SET *k, size_t B, const T *x, const T *y, double *loss)
{
    const size_t N = net->widths[0], M = net->widths[net->layers];
    EN(engine) e;
    if (!k->all_finite(B * N, x) || !k->all_finite(B * M, y)) {
        return IL_ERROR_NOT_FINITE;
    }
    const il_status status = EN(create)(&e, net, k, CN(block)(B, 0, IL_INFERENCE_ROWS), IL_FORWARD, NULL, NULL);
    if (status != IL_OK) {
        return status;
    }
    double lanes[IL_SUM_LANES] = {0};
    for (size_t b = 0; b < B; b += IL_INFERENCE_ROWS) {
        const size_t R = CN(block)(B, b, IL_INFERENCE_ROWS);
        EN(forward)(&e, R, x + b * N);
        EN(add_loss)(&e, R, y + b * M, lanes);
    }
    *loss = il_lanes_total(lanes) / EN(loss_count)(&e, B);
    EN(destroy)(&e);
    return IL_OK;
}

static il_status
CN(gradients)(const il_net *net, const SET *k, size_t B, const T *x, const T *y, double *loss, void *const *dw,
              void *const *db)
{
    const size_t N = net->widths[0], M = net->widths[net->layers];
    EN(engine) e;
    if (!k->all_finite(B * N, x) || !k->all_finite(B * M, y)) {
        return IL_ERROR_NOT_FINITE;
    }
    const il_status status = EN(create)(&e, net, k, CN(block)(B, 0, IL_BLOCK), IL_BACKWARD, NULL, NULL);
    if (status != IL_OK) {
        return status;
    }
    double lanes[IL_SUM_LANES] = {0};
    for (size_t b = 0; b < B; b += IL_BLOCK) {
        const size_t R = CN(block)(B, b, IL_BLOCK);
        EN(forward)(&e, R, x + b * N);
        EN(add_loss)(&e, R, y + b * M, lanes);
        EN(output_delta)(&e, R, y + b * M, B);
        EN(store_gradients)(&e, R, x + b * N, b > 0);
    }
    *loss = il_lanes_total(lanes) / EN(loss_count)(&e, B);
    for (size_t l = 0; l < e.L; l++) {
        const EN(layer) *layer = &e.layers[l];
        EN(unpack_weights)(layer, layer->gradient, dw[l]);
        EN(unpack_bias)(layer, layer->bias_gradient, db[l]);
    }
    EN(destroy)(&e);
    return IL_OK;
}

/* Through a buffer of the caller's: the slope of some activations needs the output first. */
static il_status
IL_CAT2(apply_, P)(il_activation g, const SET *k, size_t n, const T *z, T *out, T *slope)
{
    T *a = out;
    T *own = NULL;
    if (out == NULL && slope != NULL) {
        own = il_allocate(n, sizeof(T));
        if (own == NULL) {
            return IL_ERROR_MEMORY;
        }
        a = own;
    }
    if (a != NULL) {
        k->activate(g, n, z, a);
    }
    if (slope != NULL) {
        k->slope(g, n, z, a, slope);
    }
    il_release(own);
    return IL_OK;
}

#undef CN
