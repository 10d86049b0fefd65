/* progress.c - see progress.h. */
#include "progress.h"

#include "spec.h"

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
il_progress_of(const il_net *net, size_t B, const il_train_options *options)
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
il_progress_advance(il_net_progress *p, size_t count)
{
    p->steps++;
    p->position += count;
    if (p->position >= p->samples) {
        p->position = 0;
        p->epoch++;
    }
}
