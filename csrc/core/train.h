/* train.h - what training one net and many nets share. */
#ifndef IL_TRAIN_H
#define IL_TRAIN_H

#include "net.h"

/* Where training with these options begins: goes on with the net's optimizer state and minibatches
 * where they fit, starts anew where they do not. The net does not change. */
il_net_progress il_train_progress(const il_net *net, size_t B, const il_train_options *options);

/* After a step on `count` samples. */
void il_train_advance(il_net_progress *progress, size_t count);

int il_train_options_valid(const il_train_options *options, const il_record *record);

#endif
