/*
 * train.c - the training loop: which samples, which step, when to record, when to stop. One engine
 * for the whole call; the net's own arrays are written when the loop ends, and where it records.
 */
#include <math.h>

#include "diagnose.h"
#include "engine.h"
#include "pacer.h"
#include "rng.h"
#include "spec.h"
#include "train.h"

/* Multiply-adds of a forward pass in float32 that one thread should have: 25 microseconds of a step, of which
 * calling the team takes one or two. */
enum { STEP_WORTH_A_THREAD = 400000 };

/* ---- both precisions --------------------------------------------------------------------- */

#define T float
#define P f32
#include "engine_names.h"
#include "update.inc.h"
#include "train.inc.h"
#include "engine_end.h"

#define T double
#define P f64
#include "engine_names.h"
#include "update.inc.h"
#include "train.inc.h"
#include "engine_end.h"

size_t
il_record_rows(uint64_t steps, uint64_t record_every)
{
    if (record_every == 0) {
        return 0;
    }
    const uint64_t intervals = steps / record_every;
    return intervals < SIZE_MAX - 1 ? (size_t)intervals + 1 + (steps % record_every != 0) : SIZE_MAX;
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

il_net_progress
il_train_progress(const il_net *net, size_t B, const il_train_options *options)
{
    il_net_progress p = net->progress;
    if (!p.has_optimizer || !il_optimizer_equal(&p.optimizer, &options->optimizer)) {
        p.optimizer = options->optimizer;
        p.has_optimizer = 1;
        p.steps = 0;
        p.beta1_power = p.beta2_power = 1;
    }
    settle_position(&p, B, options->batch_size > 0 && options->batch_size < B ? options->batch_size : B);
    return p;
}

void
il_train_advance(il_net_progress *p, size_t count)
{
    p->steps++;
    p->position += count;
    if (p->position >= p->samples) {
        p->position = 0;
        p->epoch++;
    }
}

int
il_train_options_valid(const il_train_options *o, const il_record *record)
{
    return il_optimizer_valid(&o->optimizer)
           && (o->record_every == 0
               || (record != NULL && record->capacity >= il_record_rows(o->steps, o->record_every)));
}

il_status
il_net_train(il_net *net, size_t B, const void *x, const void *y, const il_train_options *options,
             il_record *record, il_train_result *result)
{
    if (B < 1 || x == NULL || y == NULL || options == NULL || result == NULL
        || !il_train_options_valid(options, record)) {
        return IL_ERROR_ARGUMENT;
    }
    il_net_progress progress = il_train_progress(net, B, options);
    const il_float_environment saved = il_float_enter();
    const il_kernels *k = il_kernels_get();
    const il_status status = net->dtype == IL_FLOAT32
                                 ? train_run_f32(net, k, &k->f32, &progress, x, y, options, record, result)
                                 : train_run_f64(net, k, &k->f64, &progress, x, y, options, record, result);
    il_float_leave(saved);
    return status;
}
