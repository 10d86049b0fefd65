/*
 * train.c - the training loop: which samples, which step, when to record, when to stop. One engine
 * for the whole call; the net's own arrays are written when the loop ends, and where it records.
 */
#include <math.h>
#include <time.h>

#include "diagnose.h"
#include "engine.h"
#include "rng.h"
#include "spec.h"

/* ---- pacing the poll callback ------------------------------------------------------------ */

/* Asks the clock only every `stride` steps, and keeps that near a fiftieth of the poll's period, so
 * that a step of 0.2 microseconds does not pay for a clock of 0.05. */
typedef struct pacer {
    double last;     /* seconds, of the last poll */
    uint64_t next;   /* step at which to look at the clock again */
    uint64_t stride;
} pacer;

static double
seconds(void)
{
    struct timespec now;
    (void)timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* 1 if a poll is due at this step. */
static int
pacer_due(pacer *p, uint64_t step)
{
    const double period = 0.05, grain = 0.001;
    if (step < p->next) {
        return 0;
    }
    const double now = seconds(), since = now - p->last;
    if (since < grain && p->stride < (uint64_t)1 << 20) {
        p->stride *= 2;
    } else if (since >= period) {
        /* Negative or long: the clock was set, or steps became slow. Start again from one step. */
        p->stride = p->stride > 1 ? p->stride / 2 : 1;
    }
    p->next = step + p->stride;
    if (since >= period || since < 0) {
        p->last = now;
        return 1;
    }
    return 0;
}

/* ---- the optimizer's scalars ------------------------------------------------------------- */

/* What every element of the step after `progress` needs; advances the powers, not the count. */
static il_update
next_update(const il_optimizer *o, il_net_progress *progress)
{
    il_update u = {.kind = o->kind,
                   .nesterov = o->nesterov,
                   .step_size = o->learning_rate,
                   .momentum = o->momentum,
                   .beta1 = o->beta1,
                   .beta2 = o->beta2,
                   .epsilon = o->epsilon,
                   .weight_decay = o->weight_decay,
                   .root_correction = 1};
    if (o->kind == IL_ADAM) {
        progress->beta1_power *= o->beta1;
        progress->beta2_power *= o->beta2;
        u.step_size = o->learning_rate / (1 - progress->beta1_power);
        u.root_correction = sqrt(1 - progress->beta2_power);
    }
    return u;
}

/* ---- both precisions --------------------------------------------------------------------- */

#define T float
#define P f32
#include "engine_names.h"
#include "train.inc.h"
#include "engine_end.h"

#define T double
#define P f64
#include "engine_names.h"
#include "train.inc.h"
#include "engine_end.h"

size_t
il_record_rows(uint64_t steps, uint64_t record_every)
{
    return record_every == 0 ? 0 : (size_t)(steps / record_every + 1 + (steps % record_every != 0));
}

/* Settle where the minibatches go on: at the same place of the same epoch if data and batch size are
 * those of the last call, else at the start of the next epoch. */
static void
settle_position(il_net_progress *p, size_t samples, size_t batch)
{
    if (p->samples != samples || p->batch_size != batch) {
        p->epoch += p->position > 0;
        p->position = 0;
        p->samples = samples;
        p->batch_size = batch;
    }
}

il_status
il_net_train(il_net *net, size_t B, const void *x, const void *y, const il_train_options *options,
             il_record *record, il_train_result *result)
{
    if (B < 1 || x == NULL || y == NULL || options == NULL || result == NULL
        || !il_optimizer_valid(&options->optimizer)
        || (options->record_every > 0
            && (record == NULL || record->capacity < il_record_rows(options->steps, options->record_every)))) {
        return IL_ERROR_ARGUMENT;
    }
    il_net_progress progress = net->progress;
    if (!progress.has_optimizer || !il_optimizer_equal(&progress.optimizer, &options->optimizer)) {
        progress.optimizer = options->optimizer;
        progress.has_optimizer = 1;
        progress.steps = 0;
        progress.beta1_power = progress.beta2_power = 1;
    }
    settle_position(&progress, B, options->batch_size > 0 && options->batch_size < B ? options->batch_size : B);

    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const il_status status = net->dtype == IL_FLOAT32
                                 ? train_run_f32(net, k, &k->f32, &progress, x, y, options, record, result)
                                 : train_run_f64(net, k, &k->f64, &progress, x, y, options, record, result);
    il_float_leave(saved);
    return status;
}
