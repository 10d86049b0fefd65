/*
 * training.c - the training loop: which samples, which step, when to record, when to stop. One engine
 * for the whole call; the net's own arrays are written when the loop ends, or when a record needs them.
 */
#include "engine.h"
#include "pacer.h"
#include "progress.h"
#include "recorder.h"
#include "rng.h"
#include "spec.h"
#include "update.h"

/* Multiply-adds of a forward pass in float32 that one thread should have: 25 microseconds of a step, of which
 * calling the team takes one or two. */
enum { STEP_WORTH_A_THREAD = 400000 };

/* ---- a run ------------------------------------------------------------------------------- */

typedef struct training {
    il_net *net;
    const il_kernels *kernels;
    il_engine engine;
    il_update update;
    il_net_progress progress;
    size_t B, batch;         /* samples; of a whole minibatch */
    const void *x, *y;       /* [B][N], [B][M] */
    size_t *order;           /* [B] of the epoch in `ordered`; NULL in full batch */
    uint64_t ordered;        /* epoch + 1 whose order is made; 0: none yet */
    void *batch_x, *batch_y; /* [batch][...], gathered; NULL in full batch */
    il_recorder recorder;
    il_team *team; /* NULL where the steps are too short to share */
    void *block;
} training;

static void
training_carve(training *t, size_t element, il_arena *arena)
{
    const il_net *net = t->net;
    if (t->batch < t->B) {
        t->order = il_arena_take(arena, t->B, sizeof *t->order);
        t->batch_x = il_arena_take(arena, t->batch * net->widths[0], element);
        t->batch_y = il_arena_take(arena, t->batch * net->widths[net->layers], element);
    }
    il_recorder_carve(&t->recorder, net, arena);
}

/* As many threads as have work enough in each step; a thread asked for that does not start is done without. */
static il_team *
training_team(const training *t, size_t element, size_t threads)
{
    const size_t weights = t->net->count, most = SIZE_MAX / weights < t->batch ? SIZE_MAX : weights * t->batch;
    const size_t worth = most / (STEP_WORTH_A_THREAD / (element / sizeof(float)));
    return il_team_create(worth < threads ? worth : threads);
}

/* All the memory of a run, before anything of the net changes. */
static il_status
training_begin(training *t, const il_kernel_set *k, const il_optimizer *optimizer, size_t threads)
{
    il_arena arena = {.base = NULL};
    training_carve(t, k->element, &arena);
    t->block = il_arena_allocate(&arena);
    if (t->block == NULL) {
        return IL_ERROR_MEMORY;
    }
    training_carve(t, k->element, &arena);
    const size_t rows = t->batch < IL_BLOCK ? t->batch : IL_BLOCK;
    t->team = training_team(t, k->element, threads);
    il_status status = il_engine_create(&t->engine, t->net, k, rows, IL_BACKWARD, optimizer, t->team);
    if (status != IL_OK) {
        il_team_destroy(t->team);
        il_release(t->block);
        return status;
    }
    if (t->progress.steps > 0) {
        il_engine_load_state(&t->engine, t->net);
        return IL_OK;
    }
    status = il_net_reset_slots(t->net, optimizer);
    if (status != IL_OK) {
        il_engine_destroy(&t->engine);
        il_team_destroy(t->team);
        il_release(t->block);
    }
    return status;
}

static void
training_end(training *t)
{
    il_engine_save(&t->engine, t->net);
    t->net->progress = t->progress;
    il_engine_destroy(&t->engine);
    il_team_destroy(t->team);
    il_release(t->block);
}

/* ---- minibatches ------------------------------------------------------------------------- */

/* `count` samples of so many bytes, picked by their order. */
IL_INLINE void
pick(size_t count, const size_t *order, size_t bytes, const void *from, void *to)
{
    for (size_t i = 0; i < count; i++) {
        memcpy((unsigned char *)to + i * bytes, (const unsigned char *)from + order[i] * bytes, bytes);
    }
}

/* The same; of a few values, where a call of memcpy takes longer than the copy, without one. */
static void
gather(size_t count, const size_t *order, size_t bytes, const void *from, void *to)
{
    switch (bytes) {
    case 4: pick(count, order, 4, from, to); break;
    case 8: pick(count, order, 8, from, to); break;
    case 12: pick(count, order, 12, from, to); break;
    case 16: pick(count, order, 16, from, to); break;
    case 24: pick(count, order, 24, from, to); break;
    case 32: pick(count, order, 32, from, to); break;
    default: pick(count, order, bytes, from, to);
    }
}

/* The samples of the next step: count, and where they lie. */
static size_t
next_batch(training *t, const void **x, const void **y)
{
    const il_net_progress *p = &t->progress;
    if (t->order == NULL) {
        *x = t->x;
        *y = t->y;
        return t->B;
    }
    if (t->ordered != p->epoch + 1) {
        il_permutation(t->kernels, p->key, p->epoch, t->B, t->order);
        t->ordered = p->epoch + 1;
    }
    const size_t element = t->engine.element, begin = (size_t)p->position;
    const size_t count = t->B - begin < t->batch ? t->B - begin : t->batch;
    gather(count, t->order + begin, t->net->widths[0] * element, t->x, t->batch_x);
    gather(count, t->order + begin, t->net->widths[t->net->layers] * element, t->y, t->batch_y);
    *x = t->batch_x;
    *y = t->batch_y;
    return count;
}

/* ---- steps ------------------------------------------------------------------------------- */

/* Forward and the deltas of the outputs, block by block, with all gradients where they are stored; what a row says of
 * the samples goes to the recorder, and the loss into `lanes`, unless NULL. 0 where a delta is not finite. */
static int
pass_blocks(training *t, size_t B, const void *x, const void *y, int stored, double *lanes)
{
    il_engine *e = &t->engine;
    const size_t N = t->net->widths[0], M = t->net->widths[t->net->layers];
    int finite = 1;
    if (lanes != NULL) {
        il_recorder_begin(&t->recorder, e);
    }
    for (size_t b = 0; b < B; b += IL_BLOCK) {
        const size_t R = B - b < IL_BLOCK ? B - b : IL_BLOCK;
        const void *const block_x = il_const_at(x, b * N, e->element);
        const void *const block_y = il_const_at(y, b * M, e->element);
        il_engine_forward(e, R, block_x);
        if (lanes != NULL) {
            il_recorder_observe(&t->recorder, e, R, b);
            il_engine_add_loss(e, R, block_y, lanes);
        }
        il_engine_output_delta(e, R, block_y, B);
        finite &= il_engine_deltas_finite(e, R);
        if (stored) {
            il_engine_store_gradients(e, R, block_x, b > 0);
        }
    }
    return finite;
}

/* One step, recorded unless `record` is NULL, and taken if asked to; 0 where it would not be finite and was not taken.
 * Gradients are stored where they are sums over blocks, and those of a shallow net where they are recorded. */
static int
training_step(training *t, const il_optimizer *optimizer, uint64_t step, int take, il_record *record)
{
    il_engine *e = &t->engine;
    il_recorder *const recorder = &t->recorder;
    const void *x, *y;
    const size_t B = next_batch(t, &x, &y);
    const int stored = B > IL_BLOCK || (record != NULL && e->shallow.units > 0);
    double lanes[IL_SUM_LANES] = {0};
    const int finite = pass_blocks(t, B, x, y, stored, record != NULL ? lanes : NULL);
    take &= finite;
    if (take && optimizer->kind == IL_ADAM) {
        il_update_correct(&t->update, e->element, optimizer, &t->progress, 0, e->k->lanes);
    }
    if (record != NULL) {
        il_recorder_begin_weights(recorder, e, t->net);
        if (stored) {
            il_engine_observe_stored(e, il_recorder_observe_rows, recorder);
        } else {
            il_engine_update_observed(e, B, x, take ? &t->update : NULL, il_recorder_observe_rows, recorder);
        }
        il_recorder_finish(recorder, e, B, step, il_lanes_total(lanes) / il_engine_loss_count(e, B), record);
    } else if (take && !stored) {
        il_engine_update_fused(e, B, x, &t->update);
    }
    if (take && stored) {
        il_engine_update_stored(e, &t->update);
    }
    if (take) {
        il_progress_advance(&t->progress, B);
    }
    return finite;
}

static il_status
training_loop(training *t, const il_train_options *o, il_record *record, il_train_result *result)
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
        finite = training_step(t, &o->optimizer, step, 1, recording ? record : NULL);
        if (!finite) {
            break;
        }
    }
    if (o->record_every > 0 && (record->rows == 0 || record->step[record->rows - 1] != step)) {
        (void)training_step(t, &o->optimizer, step, 0, record);
    }
    *result = (il_train_result){.steps = step, .diverged = !finite};
    return status;
}

/* Data is finite, then all memory, then the loop. */
static il_status
training_run(training *t, const il_train_options *options, il_record *record, il_train_result *result)
{
    const il_net *net = t->net;
    const il_kernel_set *k = il_kernel_set_of(t->kernels, net->dtype);
    if (!k->all_finite(t->B * net->widths[0], t->x) || !k->all_finite(t->B * net->widths[net->layers], t->y)) {
        return IL_ERROR_NOT_FINITE;
    }
    il_status status = training_begin(t, k, &options->optimizer, options->threads);
    if (status == IL_OK) {
        il_update_prepare(&t->update, k->element, &options->optimizer, 0, k->lanes);
        if (record != NULL) {
            record->rows = 0;
        }
        status = training_loop(t, options, record, result);
        training_end(t);
    }
    return status;
}

il_status
il_net_train(il_net *net, size_t B, const void *x, const void *y, const il_train_options *options, il_record *record,
             il_train_result *result)
{
    if (B < 1 || x == NULL || y == NULL || options == NULL || result == NULL
        || !il_train_options_valid(options, record)) {
        return IL_ERROR_ARGUMENT;
    }
    const il_net_progress progress = il_progress_of(net, B, options);
    training t = {.net = net,
                  .kernels = il_kernels_get(),
                  .progress = progress,
                  .B = B,
                  .batch = (size_t)progress.batch_size,
                  .x = x,
                  .y = y};
    const il_float_environment saved = il_float_enter();
    const il_status status = training_run(&t, options, record, result);
    il_float_leave(saved);
    return status;
}
