/* recorder.h - a row of the record of training: statistics of the activations, norms, and how alike the units are. */
#ifndef IL_RECORDER_H
#define IL_RECORDER_H

#include "engine.h"
#include "statistics.h"
#include "units.h"

/* What a row says of a layer's weights, summed over their rows. */
typedef struct il_weight_sums {
    double weights[IL_SUM_LANES], gradient[IL_SUM_LANES]; /* squares */
    double *size, *distance; /* [M], squares of each unit and its distance from the first */
    size_t distinct;         /* units */
} il_weight_sums;

/* What a row needs of memory. */
typedef struct il_recorder {
    il_layer_moments *moments; /* [L] of the row being recorded */
    il_weight_sums *weights;   /* [L] */
    il_unit *units;            /* [widest], of the count of distinct units */
} il_recorder;

void il_recorder_carve(il_recorder *s, const il_net *net, il_arena *arena);

/* A row begins; then come its blocks of samples. */
void il_recorder_begin(il_recorder *s, const il_engine *e);

/* Statistics of all layers over a block of R samples, after `before` others; forward came before, and backward not yet,
 * for d is overwritten. */
void il_recorder_observe(il_recorder *s, il_engine *e, size_t R, size_t before);

/* What of the weights does not come row by row, before any is updated. Where units may be copies, the weights go to the
 * net and are compared there. */
void il_recorder_begin_weights(il_recorder *s, const il_engine *e, il_net *net);

/* An il_rows_observer: rows of weights, and their gradient. All of a layer, ascending. */
void il_recorder_observe_rows(void *recorder, const il_engine *e, size_t l, size_t n0, size_t n1, const void *gradient,
                              size_t stride);

/* Writes the row of a batch of B samples. */
void il_recorder_finish(const il_recorder *s, const il_engine *e, size_t B, uint64_t step, double loss,
                        il_record *record);

#endif
