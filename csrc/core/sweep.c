/*
 * sweep.c - many nets of one architecture, one a vector lane: the step of a small net is too short
 * to fill a vector by itself, but W nets fill it whatever their widths.
 *
 * Every lane runs the chains of the solo engine on its own numbers, so the bits are the same. What
 * is not a step (a row of the record) is left to the solo code, on the net itself.
 */
#include <math.h>

#include "engine.h"
#include "pacer.h"
#include "rng.h"
#include "spec.h"
#include "train.h"

#define T float
#define P f32
#include "engine_names.h"
#include "update.inc.h"
#include "sweep.inc.h"
#include "engine_end.h"

#define T double
#define P f64
#include "engine_names.h"
#include "update.inc.h"
#include "sweep.inc.h"
#include "engine_end.h"

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
    const il_net_progress first = il_train_progress(nets[0], B, &options[0]);
    for (size_t i = 1; i < count; i++) {
        const il_net_progress p = il_train_progress(nets[i], B, &options[i]);
        if (p.epoch != first.epoch || p.position != first.position) {
            return 0;
        }
    }
    return 1;
}

/* Trains at most one vector of nets. */
static il_status
train_group(il_net *const *nets, size_t count, size_t B, const void *x, const void *y,
            const il_train_options *options, il_record *records, il_train_result *results)
{
    const il_kernels *k = il_kernels_get();
    if (count == 1 || nets[0]->count > IL_SMALL_NET || !same_place(nets, count, B, options)) {
        for (size_t i = 0; i < count; i++) {
            const il_status status
                = il_net_train(nets[i], B, x, y, &options[i], records != NULL ? &records[i] : NULL, &results[i]);
            if (status != IL_OK) {
                return status;
            }
        }
        return IL_OK;
    }
    const il_float_environment saved = il_float_enter();
    const il_status status = nets[0]->dtype == IL_FLOAT32
                                 ? sweep_run_f32(nets, count, k, &k->f32, B, x, y, options, records, results)
                                 : sweep_run_f64(nets, count, k, &k->f64, B, x, y, options, records, results);
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
    const il_kernels *k = il_kernels_get();
    const size_t lanes = nets[0]->dtype == IL_FLOAT32 ? k->f32.lanes : k->f64.lanes;
    il_status status = IL_OK;
    for (size_t i = 0; i < count && status == IL_OK; i += lanes) {
        const size_t here = count - i < lanes ? count - i : lanes;
        status = train_group(nets + i, here, B, x, y, options + i, records != NULL ? records + i : NULL,
                             results + i);
    }
    return status;
}
