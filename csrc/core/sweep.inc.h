/* sweep.inc.h - one precision of sweep.c. Expects T, P, engine_names.h and update.inc.h. */
#define SN(name) IL_CAT3(sweep, name, P)
#define LANE_CONTRACTION IL_CAT3(il, lane_contraction, P)

/* Arrays are of vectors, a net a lane. Parameters lie in the order of the net's own block. */
typedef struct SN(state) {
    const SET *k;
    il_net *const *nets;
    size_t count; /* nets; lanes beyond repeat the first and are ignored */
    size_t W;
    const il_train_options *options; /* [count] */
    il_net_progress progress[IL_MOST_LANES]; /* as it was at the start, but for the powers of Adam's betas */
    il_net_progress place;                   /* of every lane: steps since the start, epoch, position */
    int bad[IL_MOST_LANES];                  /* a delta was not finite */
    int done[IL_MOST_LANES];                 /* its net and result are written */
    size_t running;                          /* nets that are not done */
    UPDATE update;
    size_t B, batch;
    const T *x, *y; /* [B][N], [B][M] plain */
    T *parameters, *gradient, *block_gradient; /* [parameters] */
    T *slots[2];
    T **z, **a, **d; /* [L] of [R][M] */
    LANE_CONTRACTION *up, *down, *across; /* [L]: to z; from the second on to the d below; to the gradients */
    SHALLOW shallow; /* does for `down` and `across` of the layers that it has, where it has units */
    T *targets;      /* [B or batch][M] */
    T *gathered;     /* [batch][N], each lane its own samples; NULL in full batch */
    size_t *order;   /* [W][B], NULL in full batch */
    uint64_t ordered;
    void *block;
} SN(state);

static void
SN(carve)(SN(state) * s, size_t R, il_arena *arena)
{
    const il_net *net = s->nets[0];
    const size_t L = net->layers, vector = s->W * sizeof(T), M = net->widths[L];
    s->parameters = il_arena_take(arena, net->count, vector);
    s->gradient = il_arena_take(arena, net->count, vector);
    s->block_gradient = il_arena_take(arena, s->batch > IL_BLOCK ? net->count : 0, vector);
    for (size_t i = 0; i < 2; i++) {
        s->slots[i] = il_optimizer_keeps(&s->options[0].optimizer, i) ? il_arena_take(arena, net->count, vector)
                                                                      : NULL;
    }
    s->z = il_arena_take(arena, L, sizeof *s->z);
    s->a = il_arena_take(arena, L, sizeof *s->a);
    s->d = il_arena_take(arena, L, sizeof *s->d);
    s->up = il_arena_take(arena, L, sizeof *s->up);
    s->down = il_arena_take(arena, L, sizeof *s->down);
    s->across = il_arena_take(arena, L, sizeof *s->across);
    for (size_t l = 0; l < L; l++) {
        const size_t values = R * net->widths[l + 1];
        const int apart = l + 1 == L ? net->loss != IL_MSE : il_activation_needs_z(net->activations[l].kind);
        T *z = il_arena_take(arena, values, vector);
        T *a = apart ? il_arena_take(arena, values, vector) : z;
        T *d = il_arena_take(arena, values, vector);
        if (s->z != NULL) {
            s->z[l] = z;
            s->a[l] = a;
            s->d[l] = d;
        }
    }
    const int whole = s->batch == s->B;
    const size_t samples = whole ? s->B : s->batch;
    if (samples > SIZE_MAX / M || samples > SIZE_MAX / net->widths[0] || s->B > SIZE_MAX / s->W) {
        arena->overflow = 1;
        return;
    }
    s->targets = il_arena_take(arena, samples * M, vector);
    s->gathered = whole ? NULL : il_arena_take(arena, samples * net->widths[0], vector);
    s->order = whole ? NULL : il_arena_take(arena, s->B * s->W, sizeof *s->order);
}

/* The products of a step, all but which samples: to fill them in anew takes 2 % of the step of a tiny net. */
static void
SN(plan)(SN(state) * s)
{
    const il_net *net = s->nets[0];
    for (size_t l = 0; l < net->layers; l++) {
        const size_t N = net->widths[l], M = net->widths[l + 1];
        const T *weights = s->parameters + net->weight_offset[l] * s->W;
        const T *a = l > 0 ? s->a[l - 1] : NULL;
        const int shared = l == 0 && s->gathered == NULL;
        s->up[l] = (LANE_CONTRACTION){.columns = M,
                                      .K = N,
                                      .shared = shared,
                                      .a = a,
                                      .a_row = N,
                                      .a_k = 1,
                                      .b = weights,
                                      .b_k = M,
                                      .b_column = 1,
                                      .start = s->parameters + net->bias_offset[l] * s->W,
                                      .c = s->z[l],
                                      .c_row = M};
        s->across[l] = (LANE_CONTRACTION){.rows = N,
                                          .columns = M,
                                          .shared = shared,
                                          .a = a,
                                          .a_row = 1,
                                          .a_k = N,
                                          .b = s->d[l],
                                          .b_k = M,
                                          .b_column = 1,
                                          .c_row = M};
        if (l > 0) {
            s->down[l] = (LANE_CONTRACTION){.columns = N,
                                            .K = M,
                                            .a = s->d[l],
                                            .a_row = M,
                                            .a_k = 1,
                                            .b = weights,
                                            .b_k = 1,
                                            .b_column = M,
                                            .c = s->d[l - 1],
                                            .c_row = N};
        }
    }
    const size_t top = net->layers - 1;
    if (top > 0 && net->widths[top + 1] == 1 && il_activation_is_shallow(net->activations[top - 1].kind)) {
        const int whole = top == 1 && s->gathered == NULL && net->widths[0] <= IL_SHALLOW_INPUTS;
        s->shallow = (SHALLOW){.inputs = whole ? net->widths[0] : 0,
                               .units = net->widths[top],
                               .activation = net->activations[top - 1],
                               .top_weights = s->up[top].b,
                               .a = s->a[top - 1],
                               .delta = s->d[top],
                               .d = s->d[top - 1]};
    }
}

/* The net of a lane; the idle lanes repeat the first. */
static il_net *
SN(lane_net)(const SN(state) * s, size_t lane)
{
    return s->nets[lane < s->count ? lane : 0];
}

/* One element of W nets side by side <-> the nets' own arrays. */
static void
SN(load)(SN(state) * s, size_t lane, int with_state)
{
    const il_net *net = SN(lane_net)(s, lane);
    for (size_t p = 0; p < net->count; p++) {
        s->parameters[p * s->W + lane] = ((const T *)net->parameters)[p];
        for (size_t i = 0; i < 2; i++) {
            if (s->slots[i] != NULL) {
                s->slots[i][p * s->W + lane] = with_state ? ((const T *)net->slots[i])[p] : 0;
            }
        }
    }
}

static void
SN(save)(const SN(state) * s, size_t lane)
{
    il_net *net = s->nets[lane];
    for (size_t p = 0; p < net->count; p++) {
        ((T *)net->parameters)[p] = s->parameters[p * s->W + lane];
        for (size_t i = 0; i < 2; i++) {
            if (s->slots[i] != NULL) {
                ((T *)net->slots[i])[p] = s->slots[i][p * s->W + lane];
            }
        }
    }
    net->progress = s->progress[lane];
    net->progress.steps += s->place.steps;
    net->progress.epoch = s->place.epoch;
    net->progress.position = s->place.position;
}

/* All memory, then the nets' slots: nothing of a net changes unless all is there. */
static il_status
SN(begin)(SN(state) * s)
{
    const size_t R = s->batch < IL_BLOCK ? s->batch : IL_BLOCK;
    il_arena arena = {.base = NULL};
    SN(carve)(s, R, &arena);
    s->block = il_arena_allocate(&arena);
    if (s->block == NULL) {
        return IL_ERROR_MEMORY;
    }
    SN(carve)(s, R, &arena);
    SN(plan)(s);
    for (size_t lane = 0; lane < s->W; lane++) {
        SN(load)(s, lane, s->progress[lane].steps > 0);
    }
    for (size_t lane = 0; lane < s->count; lane++) {
        const il_status status = s->progress[lane].steps > 0
                                     ? IL_OK
                                     : il_net_reset_slots(s->nets[lane], &s->options[lane].optimizer);
        if (status != IL_OK) {
            il_release(s->block);
            return status;
        }
        s->nets[lane]->progress = s->progress[lane];
    }
    if (s->order == NULL) { /* full batch: the targets never change */
        const size_t n = s->B * s->nets[0]->widths[s->nets[0]->layers];
        for (size_t i = 0; i < n; i++) {
            for (size_t lane = 0; lane < s->W; lane++) {
                s->targets[i * s->W + lane] = s->y[i];
            }
        }
    }
    return IL_OK;
}

/* Samples of the next step, each lane's own; returns how many. */
static size_t
SN(next_batch)(SN(state) * s, const il_kernels *kernels)
{
    const il_net *net = s->nets[0];
    const size_t N = net->widths[0], M = net->widths[net->layers], W = s->W;
    if (s->order == NULL) {
        return s->B;
    }
    if (s->ordered != s->place.epoch + 1) {
        for (size_t lane = 0; lane < W; lane++) {
            il_permutation(kernels, s->progress[lane].key, s->place.epoch, s->B, s->order + lane * s->B);
        }
        s->ordered = s->place.epoch + 1;
    }
    const size_t begin = (size_t)s->place.position;
    const size_t count = s->B - begin < s->batch ? s->B - begin : s->batch;
    for (size_t i = 0; i < count; i++) {
        for (size_t lane = 0; lane < W; lane++) {
            const size_t sample = s->order[lane * s->B + begin + i];
            for (size_t n = 0; n < N; n++) {
                s->gathered[(i * N + n) * W + lane] = s->x[sample * N + n];
            }
            for (size_t m = 0; m < M; m++) {
                s->targets[(i * M + m) * W + lane] = s->y[sample * M + m];
            }
        }
    }
    return count;
}

/* The samples from `at` on. */
static const T *
SN(inputs)(const SN(state) * s, size_t at)
{
    const size_t N = s->nets[0]->widths[0];
    return s->gathered != NULL ? s->gathered + at * N * s->W : s->x + at * N;
}

/* Outputs of R samples from `at` on, then their deltas. */
static void
SN(forward)(SN(state) * s, size_t at, size_t R, size_t B)
{
    const il_net *net = s->nets[0];
    const size_t L = net->layers, W = s->W, top = L - 1, outputs = R * net->widths[L];
    s->up[0].a = SN(inputs)(s, at);
    for (size_t l = 0; l < L; l++) {
        s->up[l].rows = R;
        s->k->contract_lanes(&s->up[l]);
        if (l < top) {
            s->k->activate(net->activations[l], R * net->widths[l + 1] * W, s->z[l], s->a[l]);
        }
    }
    const il_activation sigmoid = {IL_SIGMOID, 0};
    switch (net->loss) {
    case IL_BINARY_CROSS_ENTROPY: s->k->activate(sigmoid, outputs * W, s->z[top], s->a[top]); break;
    case IL_CROSS_ENTROPY: s->k->softmax_lanes(R, net->widths[L], s->z[top], s->a[top]); break;
    default: break; /* the outputs are the logits */
    }
    const T *targets = s->targets + at * net->widths[L] * W;
    const T numerator = net->loss == IL_MSE ? 2 : 1;
    const double terms = (double)B * (net->loss == IL_CROSS_ENTROPY ? 1 : (double)net->widths[L]);
    s->k->delta(outputs * W, s->a[top], targets, numerator / (T)terms, s->d[top]);
}

static void
SN(backward)(SN(state) * s, size_t at, size_t R, T *gradient)
{
    const il_net *net = s->nets[0];
    size_t left = net->layers, biases_below = left;
    if (s->shallow.units > 0) {
        const size_t top = left - 1, hidden = top - 1;
        s->shallow.gradient = gradient + net->weight_offset[hidden] * s->W;
        s->shallow.bias_gradient = gradient + net->bias_offset[hidden] * s->W;
        s->shallow.top_gradient = gradient + net->weight_offset[top] * s->W;
        s->shallow.top_bias_gradient = gradient + net->bias_offset[top] * s->W;
        s->k->shallow_lanes(&s->shallow, R, SN(inputs)(s, at));
        left = s->shallow.inputs > 0 ? 0 : top;
        biases_below = hidden;
    }
    s->across[0].a = SN(inputs)(s, at);
    for (size_t l = left; l-- > 0;) {
        if (l > 0) {
            s->down[l].rows = R;
            s->k->contract_lanes(&s->down[l]);
            s->k->derive(net->activations[l - 1], R * net->widths[l] * s->W, s->z[l - 1], s->a[l - 1], s->d[l - 1],
                         s->d[l - 1]);
        }
        s->across[l].K = R;
        s->across[l].c = gradient + net->weight_offset[l] * s->W;
        s->across[l].sums = l < biases_below ? gradient + net->bias_offset[l] * s->W : NULL;
        s->k->contract_lanes(&s->across[l]);
    }
}

/* A row of the record of each net that still runs, by the solo code. */
static il_status
SN(record)(SN(state) * s, size_t lane, uint64_t step, il_record *record)
{
    const size_t L = s->nets[0]->layers, row = record->rows;
    il_record one = {1, 0, record->step + row, record->loss + row, record->layers + row * L};
    il_train_options none = s->options[lane];
    il_train_result ignored;
    none.steps = 0;
    none.record_every = 1;
    none.poll = NULL;
    const il_status status = il_net_train(s->nets[lane], s->B, s->x, s->y, &none, &one, &ignored);
    if (status == IL_OK) {
        record->step[row] = step;
        record->rows++;
    }
    return status;
}

/* A lane ends: its net, its result and its last row. It goes on computing, from zeros, for nobody. */
static il_status
SN(finish)(SN(state) * s, size_t lane, uint64_t step, int diverged, il_record *records, il_train_result *results)
{
    const size_t count = s->nets[0]->count;
    SN(save)(s, lane);
    s->done[lane] = 1;
    s->running--;
    results[lane] = (il_train_result){step, diverged};
    for (size_t p = 0; p < count; p++) {
        s->parameters[p * s->W + lane] = 0;
        for (size_t i = 0; i < 2; i++) {
            if (s->slots[i] != NULL) {
                s->slots[i][p * s->W + lane] = 0;
            }
        }
    }
    il_record *record = s->options[lane].record_every > 0 ? &records[lane] : NULL;
    if (record != NULL && (record->rows == 0 || record->step[record->rows - 1] != step)) {
        return SN(record)(s, lane, step, record);
    }
    return IL_OK;
}

/* Notes the lanes with a delta of this block that is not finite; 1 if there is one. */
static int
SN(find_bad)(SN(state) * s, size_t R)
{
    const il_net *net = s->nets[0];
    const size_t n = R * net->widths[net->layers];
    const T *d = s->d[net->layers - 1];
    if (s->k->all_finite(n * s->W, d)) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t lane = 0; lane < s->W; lane++) {
            s->bad[lane] |= !isfinite(d[i * s->W + lane]);
        }
    }
    return 1;
}

/* Gradients of a batch of B samples, block by block; 1 if one of the lanes is bad. */
static int
SN(gradients)(SN(state) * s, size_t B)
{
    const size_t n = s->nets[0]->count * s->W;
    int bad = 0;
    for (size_t at = 0; at < B; at += IL_BLOCK) {
        const size_t R = B - at < IL_BLOCK ? B - at : IL_BLOCK;
        SN(forward)(s, at, R, B);
        bad |= SN(find_bad)(s, R);
        SN(backward)(s, at, R, at > 0 ? s->block_gradient : s->gradient);
        if (at > 0) {
            s->k->add(n, s->block_gradient, s->gradient);
        }
    }
    return bad;
}

/* One step of every lane; diverged ones end before it. */
static il_status
SN(step)(SN(state) * s, const il_kernels *kernels, uint64_t step, il_record *records, il_train_result *results)
{
    const size_t B = SN(next_batch)(s, kernels);
    const int bad = SN(gradients)(s, B);
    for (size_t lane = 0; bad && lane < s->count; lane++) {
        if (s->bad[lane] && !s->done[lane]) {
            const il_status status = SN(finish)(s, lane, step, 1, records, results);
            if (status != IL_OK) {
                return status;
            }
        }
    }
    for (size_t lane = 0; s->update.kind == IL_ADAM && lane < s->W; lane++) {
        const il_optimizer *o = &s->options[lane < s->count ? lane : 0].optimizer;
        IL_CAT3(update, next, P)(&s->update, o, &s->progress[lane], lane, lane + 1);
    }
    il_train_advance(&s->place, B);
    s->k->update(&s->update, s->nets[0]->count * s->W, s->gradient, s->parameters, s->slots[0], s->slots[1]);
    return IL_OK;
}

static il_status
SN(loop)(SN(state) * s, const il_kernels *kernels, il_record *records, il_train_result *results)
{
    const il_train_options *o = &s->options[0];
    il_pacer pacer = il_pacer_start();
    il_status status = IL_OK;
    uint64_t step = 0;
    for (; step < o->steps && status == IL_OK && s->running > 0; step++) {
        if (o->poll != NULL && il_pacer_due(&pacer, step) && o->poll(o->poll_context, step)) {
            status = IL_ERROR_INTERRUPTED;
            break;
        }
        for (size_t lane = 0; o->record_every > 0 && step % o->record_every == 0 && lane < s->count; lane++) {
            if (!s->done[lane] && status == IL_OK) {
                SN(save)(s, lane);
                status = SN(record)(s, lane, step, &records[lane]);
            }
        }
        if (status == IL_OK) {
            status = SN(step)(s, kernels, step, records, results);
        }
    }
    for (size_t lane = 0; lane < s->count; lane++) {
        if (!s->done[lane]) {
            const il_status ended = SN(finish)(s, lane, step, 0, records, results);
            status = status == IL_OK ? ended : status;
        }
    }
    return status;
}

static il_status
SN(run)(il_net *const *nets, size_t count, const il_kernels *kernels, const SET *k, size_t B, const T *x, const T *y,
        const il_train_options *options, il_record *records, il_train_result *results)
{
    const il_net *net = nets[0];
    if (!k->all_finite(B * net->widths[0], x) || !k->all_finite(B * net->widths[net->layers], y)) {
        return IL_ERROR_NOT_FINITE;
    }
    SN(state) s = {.k = k,
                   .nets = nets,
                   .count = count,
                   .running = count,
                   .W = k->lanes,
                   .options = options,
                   .B = B,
                   .x = x,
                   .y = y};
    for (size_t lane = 0; lane < s.W; lane++) {
        const size_t i = lane < count ? lane : 0;
        s.progress[lane] = il_train_progress(nets[i], B, &options[i]);
        IL_CAT3(update, prepare, P)(&s.update, &options[i].optimizer, lane, lane + 1);
    }
    s.place = s.progress[0];
    s.place.steps = 0;
    s.batch = (size_t)s.place.batch_size;
    il_status status = SN(begin)(&s);
    if (status == IL_OK) {
        for (size_t lane = 0; records != NULL && lane < count; lane++) {
            records[lane].rows = 0;
        }
        status = SN(loop)(&s, kernels, records, results);
        il_release(s.block);
    }
    return status;
}

#undef SN
#undef LANE_CONTRACTION
