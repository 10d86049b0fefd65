/* train.inc.h - one precision of train.c. Expects T, P and engine_names.h. */
#define TN(name) IL_CAT3(train, name, P)

typedef struct TN(state) {
    il_net *net;
    EN(engine) engine;
    UPDATE update;
    il_net_progress *progress;
    size_t B, batch;    /* samples; of a whole minibatch */
    const T *x, *y;     /* [B][N], [B][M] */
    size_t *order;      /* [B] of the epoch in `ordered`; NULL in full batch */
    uint64_t ordered;   /* epoch + 1 whose order is made; 0: none yet */
    T *batch_x, *batch_y; /* [batch][...], gathered; NULL in full batch */
    il_layer_moments *moments; /* [L] of the row being recorded */
    il_unit *units;            /* [widest], scratch of the count of distinct units */
    double *sums;              /* [2 * widest], scratch of their spread */
    il_team *team;             /* NULL where the steps are too short to share */
    void *block;
} TN(state);

static void
TN(carve)(TN(state) * r, il_arena *arena)
{
    const il_net *net = r->net;
    if (r->batch < r->B) {
        r->order = il_arena_take(arena, r->B, sizeof *r->order);
        r->batch_x = il_arena_take(arena, r->batch * net->widths[0], sizeof(T));
        r->batch_y = il_arena_take(arena, r->batch * net->widths[net->layers], sizeof(T));
    }
    r->moments = il_arena_take(arena, net->layers, sizeof *r->moments);
    r->units = il_arena_take(arena, il_widest_layer(net), sizeof *r->units);
    r->sums = il_arena_take(arena, il_widest_layer(net), 2 * sizeof *r->sums);
}

/* As many threads as have work enough in each step; a thread asked for that does not start is done without. */
static il_team *
TN(make_team)(const TN(state) * r, size_t threads)
{
    const size_t weights = r->net->count, most = SIZE_MAX / weights < r->batch ? SIZE_MAX : weights * r->batch;
    const size_t worth = most / (STEP_WORTH_A_THREAD / (sizeof(T) / sizeof(float)));
    return il_team_create(worth < threads ? worth : threads);
}

/* All the memory of a run, before anything of the net changes. */
static il_status
TN(begin)(TN(state) * r, const SET *k, const il_optimizer *optimizer, size_t threads)
{
    il_arena arena = {.base = NULL};
    TN(carve)(r, &arena);
    r->block = il_arena_allocate(&arena);
    if (r->block == NULL) {
        return IL_ERROR_MEMORY;
    }
    TN(carve)(r, &arena);
    const size_t rows = r->batch < IL_BLOCK ? r->batch : IL_BLOCK;
    r->team = TN(make_team)(r, threads);
    il_status status = EN(create)(&r->engine, r->net, k, rows, IL_BACKWARD, optimizer, r->team);
    if (status != IL_OK) {
        il_team_destroy(r->team);
        il_release(r->block);
        return status;
    }
    if (r->progress->steps > 0) {
        EN(load_state)(&r->engine, r->net);
        return IL_OK;
    }
    status = il_net_reset_slots(r->net, optimizer);
    if (status != IL_OK) {
        EN(destroy)(&r->engine);
        il_team_destroy(r->team);
        il_release(r->block);
    }
    return status;
}

static void
TN(end)(TN(state) * r)
{
    EN(save)(&r->engine, r->net);
    r->net->progress = *r->progress;
    EN(destroy)(&r->engine);
    il_team_destroy(r->team);
    il_release(r->block);
}

/* `count` samples of n values, picked by their order. */
IL_INLINE void
TN(pick)(size_t count, const size_t *order, size_t n, const T *from, T *to)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * n, from + order[i] * n, n * sizeof(T));
    }
}

/* The same; of a few values, where a call of memcpy takes longer than the copy, without one. */
static void
TN(gather)(size_t count, const size_t *order, size_t n, const T *from, T *to)
{
    switch (n) {
    case 1: TN(pick)(count, order, 1, from, to); break;
    case 2: TN(pick)(count, order, 2, from, to); break;
    case 3: TN(pick)(count, order, 3, from, to); break;
    case 4: TN(pick)(count, order, 4, from, to); break;
    default: TN(pick)(count, order, n, from, to);
    }
}

/* The samples of the next step: count, and where they lie. */
static size_t
TN(next_batch)(TN(state) * r, const il_kernels *kernels, const T **x, const T **y)
{
    const il_net_progress *p = r->progress;
    if (r->order == NULL) {
        *x = r->x;
        *y = r->y;
        return r->B;
    }
    const size_t N = r->net->widths[0], M = r->net->widths[r->net->layers];
    if (r->ordered != p->epoch + 1) {
        il_permutation(kernels, p->key, p->epoch, r->B, r->order);
        r->ordered = p->epoch + 1;
    }
    const size_t begin = (size_t)p->position;
    const size_t count = r->B - begin < r->batch ? r->B - begin : r->batch;
    TN(gather)(count, r->order + begin, N, r->x, r->batch_x);
    TN(gather)(count, r->order + begin, M, r->y, r->batch_y);
    *x = r->batch_x;
    *y = r->batch_y;
    return count;
}

static int
TN(any_nan)(size_t n, const T *a)
{
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        found |= isnan((double)a[i]) != 0;
    }
    return found;
}

/* Statistics of one layer's activations over a block, merged into the row's running ones. */
static void
TN(observe_layer)(TN(state) * r, size_t l, size_t R, size_t before, il_layer_moments *m)
{
    EN(engine) *e = &r->engine;
    const EN(layer) *layer = &e->layers[l];
    const size_t n = R * layer->M;
    const int top = l + 1 == e->L;
    const T *a = e->outputs;
    if (!top) {
        EN(unpack)(R, layer->M, layer->w, layer->a, R * layer->w, e->work);
        a = e->work;
    }
    double sums[IL_SUM_LANES] = {0}, squares[IL_SUM_LANES] = {0};
    e->k->sum(n, a, sums);
    const double mean = il_lanes_total(sums) / (double)n;
    e->k->sum_squared_deviations(n, a, mean, squares);
    il_moments_merge(m, (double)before * (double)layer->M, (double)n, mean, il_lanes_total(squares));

    il_activation g = layer->activation;
    if (top) {
        g.kind = e->loss == IL_BINARY_CROSS_ENTROPY ? IL_SIGMOID : IL_IDENTITY;
    }
    const double limit = IL_SATURATED_SLOPE * il_activation_max_slope(g);
    /* Softmax has no slope of one unit alone, some functions no largest slope; and what is NaN is on no part of its
     * curve. A NaN pre-activation gives a NaN activation, and with it a NaN mean. */
    if ((top && e->loss == IL_CROSS_ENTROPY) || isinf(limit) || (isnan(mean) && TN(any_nan)(n, a))) {
        m->saturated = (double)NAN;
        return;
    }
    /* Slopes of whole panels, padding columns with them, then only the real ones are counted. */
    if (top) {
        e->k->slope(g, n, e->logits, e->outputs, e->work);
    } else {
        e->k->slope(g, R * layer->panels * layer->w, layer->z, layer->a, layer->d);
        EN(unpack)(R, layer->M, layer->w, layer->d, R * layer->w, e->work);
    }
    double saturated = 0;
    for (size_t i = 0; i < n; i++) {
        saturated += fabs((double)e->work[i]) < limit;
    }
    m->saturated += saturated;
}

/* Close a row: gradients are stored in the engine, weights go to the net and are measured there. */
static void
TN(finish_row)(TN(state) * r, size_t B, uint64_t step, double loss, il_record *record)
{
    EN(engine) *e = &r->engine;
    EN(save)(e, r->net);
    il_layer_record *row = record->layers + record->rows * e->L;
    record->step[record->rows] = step;
    record->loss[record->rows] = loss;
    for (size_t l = 0; l < e->L; l++) {
        const EN(layer) *layer = &e->layers[l];
        const double pairs = (double)B * (double)layer->M;
        double gradient[IL_SUM_LANES] = {0}, weights[IL_SUM_LANES] = {0};
        EN(gradient_squares)(e, l, gradient);
        e->k->sum_squares(layer->N * layer->M, il_net_weights(r->net, l), weights);
        const il_layer_moments *m = &r->moments[l];
        row[l] = (il_layer_record){.activation_mean = m->mean,
                                   .activation_std = sqrt(m->squares / pairs),
                                   .saturated = m->saturated / pairs,
                                   .gradient_norm = sqrt(il_lanes_total(gradient)),
                                   .weight_norm = sqrt(il_lanes_total(weights)),
                                   .unit_spread = il_unit_spread_of(r->net, l, r->sums),
                                   .distinct_units = il_distinct_units_of(r->net, l, r->units)};
    }
    record->rows++;
}

/* All gradients of a batch into the engine, block by block, and a row of the record unless NULL.
 * 0 where a delta is not finite. */
static int
TN(collect)(TN(state) * r, size_t B, const T *x, const T *y, uint64_t step, il_record *record)
{
    EN(engine) *e = &r->engine;
    const size_t N = r->net->widths[0], M = r->net->widths[r->net->layers];
    double lanes[IL_SUM_LANES] = {0};
    int finite = 1;
    memset(r->moments, 0, e->L * sizeof *r->moments);
    for (size_t b = 0; b < B; b += IL_BLOCK) {
        const size_t R = B - b < IL_BLOCK ? B - b : IL_BLOCK;
        EN(forward)(e, R, x + b * N);
        for (size_t l = 0; record != NULL && l < e->L; l++) {
            TN(observe_layer)(r, l, R, b, &r->moments[l]);
        }
        if (record != NULL) {
            EN(add_loss)(e, R, y + b * M, lanes);
        }
        EN(output_delta)(e, R, y + b * M, B);
        finite &= EN(deltas_finite)(e, R);
        EN(store_gradients)(e, R, x + b * N, b > 0);
    }
    if (record != NULL) {
        TN(finish_row)(r, B, step, il_lanes_total(lanes) / EN(loss_count)(e, B), record);
    }
    return finite;
}

/* One step, recorded unless `record` is NULL; 0 where it would not be finite and was not taken. */
static int
TN(step)(TN(state) * r, const il_kernels *kernels, const il_optimizer *optimizer, uint64_t step, il_record *record)
{
    EN(engine) *e = &r->engine;
    const T *x, *y;
    const size_t B = TN(next_batch)(r, kernels, &x, &y);
    const int fused = record == NULL && B <= IL_BLOCK;
    int finite;
    if (fused) {
        EN(forward)(e, B, x);
        EN(output_delta)(e, B, y, B);
        finite = EN(deltas_finite)(e, B);
    } else {
        finite = TN(collect)(r, B, x, y, step, record);
    }
    if (!finite) {
        return 0;
    }
    IL_CAT3(update, next, P)(&r->update, optimizer, r->progress, 0, IL_MOST_LANES);
    if (fused) {
        EN(update_fused)(e, B, x, &r->update);
    } else {
        EN(update_stored)(e, &r->update);
    }
    il_train_advance(r->progress, B);
    return 1;
}

static il_status
TN(loop)(TN(state) * r, const il_kernels *kernels, const il_train_options *o, il_record *record,
         il_train_result *result)
{
    il_status status = IL_OK;
    il_pacer pacer = il_pacer_start();
    uint64_t step = 0;
    int finite = 1;
    for (; step < o->steps; step++) {
        if (o->poll != NULL && il_pacer_due(&pacer, step) && o->poll(o->poll_context, step)) {
            status = IL_ERROR_INTERRUPTED;
            break;
        }
        const int recording = o->record_every > 0 && step % o->record_every == 0;
        finite = TN(step)(r, kernels, &o->optimizer, step, recording ? record : NULL);
        if (!finite) {
            break;
        }
    }
    if (o->record_every > 0 && (record->rows == 0 || record->step[record->rows - 1] != step)) {
        const T *x, *y;
        const size_t B = TN(next_batch)(r, kernels, &x, &y);
        (void)TN(collect)(r, B, x, y, step, record);
    }
    *result = (il_train_result){.steps = step, .diverged = !finite};
    return status;
}

static il_status
TN(run)(il_net *net, const il_kernels *kernels, const SET *k, il_net_progress *progress, const T *x, const T *y,
        const il_train_options *options, il_record *record, il_train_result *result)
{
    const size_t B = (size_t)progress->samples;
    if (!k->all_finite(B * net->widths[0], x) || !k->all_finite(B * net->widths[net->layers], y)) {
        return IL_ERROR_NOT_FINITE;
    }
    TN(state) r = {.net = net, .progress = progress, .B = B, .batch = (size_t)progress->batch_size, .x = x, .y = y};
    il_status status = TN(begin)(&r, k, &options->optimizer, options->threads);
    if (status == IL_OK) {
        IL_CAT3(update, prepare, P)(&r.update, &options->optimizer, 0, IL_MOST_LANES);
        if (record != NULL) {
            record->rows = 0;
        }
        status = TN(loop)(&r, kernels, options, record, result);
        TN(end)(&r);
    }
    return status;
}

#undef TN
