/* progress.h - where training a net has got to: optimizer steps, epoch and place in it. */
#ifndef IL_PROGRESS_H
#define IL_PROGRESS_H

#include "net.h"

/* Where training with these options begins: goes on with the net's optimizer state and minibatches
 * where they fit, starts anew where they do not. The net does not change. */
il_net_progress il_progress_of(const il_net *net, size_t B, const il_train_options *options);

/* After a step on `count` samples. */
void il_progress_advance(il_net_progress *progress, size_t count);

#endif
