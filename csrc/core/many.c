/*
 * many.c - many nets of one architecture, one net per vector lane: the step of a small net is too short
 * to fill a vector by itself, but W nets fill it whatever their widths.
 *
 * Every lane runs the chains of the solo engine on its own numbers, so the bits are the same. What
 * is not a step (a row of the record) is left to the solo code, on the net itself.
 */
#include <math.h>

#include "engine.h"
#include "pacer.h"
#include "progress.h"
#include "rng.h"
#include "spec.h"
#include "update.h"

/* ---- a vector of nets -------------------------------------------------------------------- */

/* Arrays are of vectors, one net per lane. Parameters lie in the order of the net's own block. */
typedef struct many {
    const il_kernels *kernels;
    const il_kernel_set *k;
    il_net *const *nets;
    size_t count;                            /* nets; lanes beyond repeat the first and are ignored */
    size_t W;                                /* lanes */
    size_t vector;                           /* bytes of a vector */
    const il_train_options *options;         /* [count] */
    il_net_progress progress[IL_MOST_LANES]; /* as it was at the start, but for the powers of Adam's betas */
    il_net_progress place;                   /* of every lane: steps since the start, epoch, position */
    int bad[IL_MOST_LANES];                  /* a delta was not finite */
    int done[IL_MOST_LANES];                 /* its net and result are written */
    size_t running;                          /* nets that are not done */
    il_update update;
    size_t B, batch;
    const void *x, *y;                            /* [B][N], [B][M] plain */
    void *parameters, *gradient, *block_gradient; /* [parameters] */
    void *slots[2];
    void **z, **a, **d;                      /* [L] of [R][M] */
    il_lane_contraction *forward, *backward; /* [L]: to z; from the second on to the d below */
    il_lane_contraction *weight_gradient;    /* [L] */
    il_shallow shallow; /* where it has units: the last two layers, in place of backward and weight_gradient */
    void *targets;      /* [B or batch][M] */
    void *inputs;       /* [batch][N], each lane its own samples; NULL in full batch, where all read x */
    size_t *order;      /* [W][B], NULL in full batch */
    uint64_t ordered;   /* epoch + 1 whose order is made; 0: none yet */
    void *block;
} many;

/* z, a and d of each layer for R samples. */
static void
many_carve_layers(many *s, size_t R, il_arena *arena)
{
    const il_net *net = s->nets[0];
    const size_t L = net->layers;
    s->z = il_arena_take(arena, L, sizeof *s->z);
    s->a = il_arena_take(arena, L, sizeof *s->a);
    s->d = il_arena_take(arena, L, sizeof *s->d);
    s->forward = il_arena_take(arena, L, sizeof *s->forward);
    s->backward = il_arena_take(arena, L, sizeof *s->backward);
    s->weight_gradient = il_arena_take(arena, L, sizeof *s->weight_gradient);
    for (size_t l = 0; l < L; l++) {
        const size_t values = R * net->widths[l + 1];
        const int separate = l + 1 == L ? net->loss != IL_MSE : il_activation_needs_z(net->activations[l].kind);
        void *z = il_arena_take(arena, values, s->vector);
        void *a = separate ? il_arena_take(arena, values, s->vector) : z;
        void *d = il_arena_take(arena, values, s->vector);
        if (s->z != NULL) {
            s->z[l] = z;
            s->a[l] = a;
            s->d[l] = d;
        }
    }
}

static void
many_carve(many *s, size_t R, il_arena *arena)
{
    const il_net *net = s->nets[0];
    const size_t M = net->widths[net->layers];
    s->parameters = il_arena_take(arena, net->count, s->vector);
    s->gradient = il_arena_take(arena, net->count, s->vector);
    s->block_gradient = il_arena_take(arena, s->batch > IL_BLOCK ? net->count : 0, s->vector);
    for (size_t i = 0; i < 2; i++) {
        const int kept = il_optimizer_keeps(&s->options[0].optimizer, i);
        s->slots[i] = kept ? il_arena_take(arena, net->count, s->vector) : NULL;
    }
    many_carve_layers(s, R, arena);
    const int whole = s->batch == s->B;
    const size_t samples = whole ? s->B : s->batch;
    if (samples > SIZE_MAX / M || samples > SIZE_MAX / net->widths[0] || s->B > SIZE_MAX / s->W) {
        arena->overflow = 1;
        return;
    }
    s->targets = il_arena_take(arena, samples * M, s->vector);
    s->inputs = whole ? NULL : il_arena_take(arena, samples * net->widths[0], s->vector);
    s->order = whole ? NULL : il_arena_take(arena, s->B * s->W, sizeof *s->order);
}

/* The products of a layer in each step, all but which samples: to fill them in anew takes 2 % of the step of a tiny
 * net. */
static void
plan_layer(many *s, size_t l)
{
    const il_net *net = s->nets[0];
    const size_t N = net->widths[l], M = net->widths[l + 1];
    const void *weights = il_at(s->parameters, net->weight_offset[l], s->vector);
    const void *a = l > 0 ? s->a[l - 1] : NULL;
    const int shared = l == 0 && s->inputs == NULL;
    s->forward[l] = (il_lane_contraction){.columns = M,
                                          .K = N,
                                          .shared = shared,
                                          .a = a,
                                          .a_row = N,
                                          .a_k = 1,
                                          .b = weights,
                                          .b_k = M,
                                          .b_column = 1,
                                          .start = il_at(s->parameters, net->bias_offset[l], s->vector),
                                          .c = s->z[l],
                                          .c_row = M};
    s->weight_gradient[l] = (il_lane_contraction){.rows = N,
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
        s->backward[l] = (il_lane_contraction){.columns = N,
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

/* The last two layers as the kernels' shallow net, where they are one. */
static void
plan_shallow(many *s)
{
    const il_net *net = s->nets[0];
    const size_t top = net->layers - 1;
    if (top > 0 && net->widths[top + 1] == 1 && il_activation_is_shallow(net->activations[top - 1].kind)) {
        const int whole = top == 1 && s->inputs == NULL && net->widths[0] <= IL_SHALLOW_INPUTS;
        s->shallow = (il_shallow){.inputs = whole ? net->widths[0] : 0,
                                  .units = net->widths[top],
                                  .activation = net->activations[top - 1],
                                  .top_weights = s->forward[top].b,
                                  .a = s->a[top - 1],
                                  .delta = s->d[top],
                                  .d = s->d[top - 1]};
    }
}

/* The net of a lane; the idle lanes repeat the first. */
static il_net *
lane_net(const many *s, size_t lane)
{
    return s->nets[lane < s->count ? lane : 0];
}

/* A net into its lane; without state, which then starts at +0. */
static void
lane_load(many *s, size_t lane, int with_state)
{
    const il_net *net = lane_net(s, lane);
    s->k->to_lane(net->count, net->parameters, lane, s->parameters);
    for (size_t i = 0; i < 2; i++) {
        if (s->slots[i] != NULL) {
            s->k->to_lane(net->count, with_state ? net->slots[i] : NULL, lane, s->slots[i]);
        }
    }
}

static void
lane_save(const many *s, size_t lane)
{
    il_net *net = s->nets[lane];
    s->k->from_lane(net->count, s->parameters, lane, net->parameters);
    for (size_t i = 0; i < 2; i++) {
        if (s->slots[i] != NULL) {
            s->k->from_lane(net->count, s->slots[i], lane, net->slots[i]);
        }
    }
    net->progress = s->progress[lane];
    net->progress.steps += s->place.steps;
    net->progress.epoch = s->place.epoch;
    net->progress.position = s->place.position;
}

/* Zeros into the lane of a net that has ended. */
static void
lane_clear(many *s, size_t lane)
{
    const size_t count = s->nets[0]->count;
    s->k->to_lane(count, NULL, lane, s->parameters);
    for (size_t i = 0; i < 2; i++) {
        if (s->slots[i] != NULL) {
            s->k->to_lane(count, NULL, lane, s->slots[i]);
        }
    }
}

/* All memory, then the nets' slots: nothing of a net changes unless all is there. */
static il_status
many_begin(many *s)
{
    const size_t R = s->batch < IL_BLOCK ? s->batch : IL_BLOCK;
    const il_net *first = s->nets[0];
    il_arena arena = {.base = NULL};
    many_carve(s, R, &arena);
    s->block = il_arena_allocate(&arena);
    if (s->block == NULL) {
        return IL_ERROR_MEMORY;
    }
    many_carve(s, R, &arena);
    for (size_t l = 0; l < first->layers; l++) {
        plan_layer(s, l);
    }
    plan_shallow(s);
    for (size_t lane = 0; lane < s->W; lane++) {
        lane_load(s, lane, s->progress[lane].steps > 0);
    }
    for (size_t lane = 0; lane < s->count; lane++) {
        const il_status status =
            s->progress[lane].steps > 0 ? IL_OK : il_net_reset_slots(s->nets[lane], &s->options[lane].optimizer);
        if (status != IL_OK) {
            il_release(s->block);
            return status;
        }
        s->nets[lane]->progress = s->progress[lane];
    }
    if (s->order == NULL) { /* full batch: the targets never change */
        s->k->to_lanes(s->B * first->widths[first->layers], s->y, s->targets);
    }
    return IL_OK;
}

/* ---- passes ------------------------------------------------------------------------------ */

/* Samples of the next step, each lane's own; returns how many. */
static size_t
many_next_batch(many *s)
{
    const il_net *net = s->nets[0];
    if (s->order == NULL) {
        return s->B;
    }
    if (s->ordered != s->place.epoch + 1) {
        for (size_t lane = 0; lane < s->W; lane++) {
            il_permutation(s->kernels, s->progress[lane].key, s->place.epoch, s->B, s->order + lane * s->B);
        }
        s->ordered = s->place.epoch + 1;
    }
    const size_t begin = (size_t)s->place.position;
    const il_lane_batch batch = {.count = s->B - begin < s->batch ? s->B - begin : s->batch,
                                 .order = s->order + begin,
                                 .stride = s->B,
                                 .N = net->widths[0],
                                 .M = net->widths[net->layers],
                                 .x = s->x,
                                 .y = s->y,
                                 .inputs = s->inputs,
                                 .targets = s->targets};
    s->k->gather_lanes(&batch);
    return batch.count;
}

/* The samples from `at` on. */
static const void *
many_inputs(const many *s, size_t at)
{
    const size_t N = s->nets[0]->widths[0];
    return s->inputs != NULL ? il_const_at(s->inputs, at * N, s->vector) : il_const_at(s->x, at * N, s->k->element);
}

/* Outputs of R samples from `at` on, then their deltas. */
static void
many_forward(many *s, size_t at, size_t R, size_t B)
{
    const il_net *net = s->nets[0];
    const size_t L = net->layers, M = net->widths[L], W = s->W, top = L - 1, outputs = R * M;
    s->forward[0].a = many_inputs(s, at);
    for (size_t l = 0; l < L; l++) {
        s->forward[l].rows = R;
        s->k->contract_lanes(&s->forward[l]);
        if (l < top) {
            s->k->activate(net->activations[l], R * net->widths[l + 1] * W, s->z[l], s->a[l]);
        }
    }
    const il_activation sigmoid = {IL_SIGMOID, 0};
    switch (net->loss) {
    case IL_BINARY_CROSS_ENTROPY: s->k->activate(sigmoid, outputs * W, s->z[top], s->a[top]); break;
    case IL_CROSS_ENTROPY: s->k->softmax_lanes(R, M, s->z[top], s->a[top]); break;
    default: break; /* the outputs are the logits */
    }
    const double count = (double)B * (net->loss == IL_CROSS_ENTROPY ? 1 : (double)M);
    s->k->delta(outputs * W, s->a[top], il_const_at(s->targets, at * M, s->vector), net->loss == IL_MSE ? 2 : 1, count,
                s->d[top]);
}

/* Gradients of the last two layers, or of all, as those of a shallow net; returns how many layers are left below. */
static size_t
many_backward_shallow(many *s, size_t at, size_t R, void *gradient)
{
    const il_net *net = s->nets[0];
    const size_t top = net->layers - 1, hidden = top - 1;
    s->shallow.gradient = il_at(gradient, net->weight_offset[hidden], s->vector);
    s->shallow.bias_gradient = il_at(gradient, net->bias_offset[hidden], s->vector);
    s->shallow.top_gradient = il_at(gradient, net->weight_offset[top], s->vector);
    s->shallow.top_bias_gradient = il_at(gradient, net->bias_offset[top], s->vector);
    s->k->shallow_lanes(&s->shallow, R, many_inputs(s, at));
    return s->shallow.inputs > 0 ? 0 : top;
}

static void
many_backward(many *s, size_t at, size_t R, void *gradient)
{
    const il_net *net = s->nets[0];
    const int shallow = s->shallow.units > 0;
    const size_t left = shallow ? many_backward_shallow(s, at, R, gradient) : net->layers;
    const size_t biases_below = shallow ? net->layers - 2 : net->layers;
    s->weight_gradient[0].a = many_inputs(s, at);
    for (size_t l = left; l-- > 0;) {
        if (l > 0) {
            s->backward[l].rows = R;
            s->k->contract_lanes(&s->backward[l]);
            s->k->derive(net->activations[l - 1], R * net->widths[l] * s->W, s->z[l - 1], s->a[l - 1], s->d[l - 1],
                         s->d[l - 1]);
        }
        il_lane_contraction *const job = &s->weight_gradient[l];
        job->K = R;
        job->c = il_at(gradient, net->weight_offset[l], s->vector);
        job->sums = l < biases_below ? il_at(gradient, net->bias_offset[l], s->vector) : NULL;
        s->k->contract_lanes(job);
    }
}

/* Notes the lanes with a delta of this block that is not finite; 1 if there is one. */
static int
find_bad_lanes(many *s, size_t R)
{
    const il_net *net = s->nets[0];
    const size_t n = R * net->widths[net->layers];
    const void *d = s->d[net->layers - 1];
    if (s->k->all_finite(n * s->W, d)) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t lane = 0; lane < s->W; lane++) {
            s->bad[lane] |= !isfinite(il_value(d, i * s->W + lane, s->k->element));
        }
    }
    return 1;
}

/* Gradients of a batch of B samples, block by block; 1 if one of the lanes is bad. */
static int
many_gradients(many *s, size_t B)
{
    const size_t n = s->nets[0]->count * s->W;
    int bad = 0;
    for (size_t at = 0; at < B; at += IL_BLOCK) {
        const size_t R = B - at < IL_BLOCK ? B - at : IL_BLOCK;
        many_forward(s, at, R, B);
        bad |= find_bad_lanes(s, R);
        many_backward(s, at, R, at > 0 ? s->block_gradient : s->gradient);
        if (at > 0) {
            s->k->add(n, s->block_gradient, s->gradient);
        }
    }
    return bad;
}

/* ---- steps ------------------------------------------------------------------------------- */

/* A row of one lane's record, by the solo code. */
static il_status
lane_record(many *s, size_t lane, uint64_t step, il_record *record)
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
lane_finish(many *s, size_t lane, uint64_t step, int diverged, il_record *records, il_train_result *results)
{
    lane_save(s, lane);
    s->done[lane] = 1;
    s->running--;
    results[lane] = (il_train_result){step, diverged};
    lane_clear(s, lane);
    il_record *record = s->options[lane].record_every > 0 ? &records[lane] : NULL;
    if (record != NULL && (record->rows == 0 || record->step[record->rows - 1] != step)) {
        return lane_record(s, lane, step, record);
    }
    return IL_OK;
}

/* One step of every lane; diverged ones end before it. */
static il_status
many_step(many *s, uint64_t step, il_record *records, il_train_result *results)
{
    const size_t B = many_next_batch(s);
    const int bad = many_gradients(s, B);
    for (size_t lane = 0; bad && lane < s->count; lane++) {
        if (s->bad[lane] && !s->done[lane]) {
            const il_status status = lane_finish(s, lane, step, 1, records, results);
            if (status != IL_OK) {
                return status;
            }
        }
    }
    for (size_t lane = 0; s->update.kind == IL_ADAM && lane < s->W; lane++) {
        const il_optimizer *o = &s->options[lane < s->count ? lane : 0].optimizer;
        il_update_correct(&s->update, s->k->element, o, &s->progress[lane], lane, lane + 1);
    }
    il_progress_advance(&s->place, B);
    s->k->update(&s->update, s->nets[0]->count * s->W, s->gradient, s->parameters, s->slots[0], s->slots[1]);
    return IL_OK;
}

static il_status
many_loop(many *s, il_record *records, il_train_result *results)
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
                lane_save(s, lane);
                status = lane_record(s, lane, step, &records[lane]);
            }
        }
        if (status == IL_OK) {
            status = many_step(s, step, records, results);
        }
    }
    for (size_t lane = 0; lane < s->count; lane++) {
        if (!s->done[lane]) {
            const il_status ended = lane_finish(s, lane, step, 0, records, results);
            status = status == IL_OK ? ended : status;
        }
    }
    return status;
}

/* Data is finite, then the lanes' settings, then all memory, then the loop. */
static il_status
many_run(many *s, il_record *records, il_train_result *results)
{
    const il_net *net = s->nets[0];
    if (!s->k->all_finite(s->B * net->widths[0], s->x) || !s->k->all_finite(s->B * net->widths[net->layers], s->y)) {
        return IL_ERROR_NOT_FINITE;
    }
    for (size_t lane = 0; lane < s->W; lane++) {
        const size_t i = lane < s->count ? lane : 0;
        s->progress[lane] = il_progress_of(s->nets[i], s->B, &s->options[i]);
        il_update_prepare(&s->update, s->k->element, &s->options[i].optimizer, lane, lane + 1);
    }
    s->place = s->progress[0];
    s->place.steps = 0;
    s->batch = (size_t)s->place.batch_size;
    il_status status = many_begin(s);
    if (status == IL_OK) {
        for (size_t lane = 0; records != NULL && lane < s->count; lane++) {
            records[lane].rows = 0;
        }
        status = many_loop(s, records, results);
        il_release(s->block);
    }
    return status;
}

/* ---- groups ------------------------------------------------------------------------------ */

static int
same_architecture(const il_net *p, const il_net *q)
{
    if (p->dtype != q->dtype || p->loss != q->loss || p->layers != q->layers
        || memcmp(p->widths, q->widths, (p->layers + 1) * sizeof *p->widths) != 0) {
        return 0;
    }
    for (size_t l = 0; l < p->layers; l++) {
        if (p->activations[l].kind != q->activations[l].kind
            || p->activations[l].parameter != q->activations[l].parameter) {
            return 0;
        }
    }
    return 1;
}

static int
same_kind(const il_train_options *p, const il_train_options *q)
{
    const il_optimizer *a = &p->optimizer, *b = &q->optimizer;
    return p->steps == q->steps && p->batch_size == q->batch_size && p->record_every == q->record_every
           && p->poll == q->poll && p->poll_context == q->poll_context && a->kind == b->kind
           && a->nesterov == b->nesterov && (a->momentum != 0) == (b->momentum != 0)
           && (a->weight_decay != 0) == (b->weight_decay != 0);
}

/* Lanes step together: nets at different places of their epochs cannot. */
static int
same_place(il_net *const *nets, size_t count, size_t B, const il_train_options *options)
{
    const il_net_progress first = il_progress_of(nets[0], B, &options[0]);
    for (size_t i = 1; i < count; i++) {
        const il_net_progress p = il_progress_of(nets[i], B, &options[i]);
        if (p.epoch != first.epoch || p.position != first.position) {
            return 0;
        }
    }
    return 1;
}

/* Trains at most one vector of nets. */
static il_status
train_group(il_net *const *nets, size_t count, size_t B, const void *x, const void *y, const il_train_options *options,
            il_record *records, il_train_result *results)
{
    const il_kernels *kernels = il_kernels_get();
    const il_kernel_set *k = il_kernel_set_of(kernels, nets[0]->dtype);
    if (count == 1 || nets[0]->count > IL_SMALL_NET || !same_place(nets, count, B, options)) {
        for (size_t i = 0; i < count; i++) {
            const il_status status =
                il_net_train(nets[i], B, x, y, &options[i], records != NULL ? &records[i] : NULL, &results[i]);
            if (status != IL_OK) {
                return status;
            }
        }
        return IL_OK;
    }
    many s = {.kernels = kernels,
              .k = k,
              .nets = nets,
              .count = count,
              .running = count,
              .W = k->lanes,
              .vector = k->lanes * k->element,
              .options = options,
              .B = B,
              .x = x,
              .y = y};
    const il_float_environment saved = il_float_enter();
    const il_status status = many_run(&s, records, results);
    il_float_leave(saved);
    return status;
}

il_status
il_nets_train(il_net *const *nets, size_t count, size_t B, const void *x, const void *y,
              const il_train_options *options, il_record *records, il_train_result *results)
{
    if (count == 0) {
        return IL_OK;
    }
    if (B < 1 || nets == NULL || x == NULL || y == NULL || options == NULL || results == NULL) {
        return IL_ERROR_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        if (!same_architecture(nets[0], nets[i]) || !same_kind(&options[0], &options[i])
            || !il_train_options_valid(&options[i], records != NULL ? &records[i] : NULL)) {
            return IL_ERROR_ARGUMENT;
        }
        results[i] = (il_train_result){0, 0};
    }
    const size_t lanes = il_kernel_set_of(il_kernels_get(), nets[0]->dtype)->lanes;
    il_status status = IL_OK;
    for (size_t i = 0; i < count && status == IL_OK; i += lanes) {
        const size_t here = count - i < lanes ? count - i : lanes;
        status = train_group(nets + i, here, B, x, y, options + i, records != NULL ? records + i : NULL, results + i);
    }
    return status;
}
