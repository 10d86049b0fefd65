/* recorder.h - a row of the record of training: statistics of the activations, norms, and how alike the units are. */
#ifndef IL_RECORDER_H
#define IL_RECORDER_H

#include "engine.h"
#include "statistics.h"
#include "units.h"

/* What a row needs of memory. */
typedef struct il_recorder {
    il_layer_moments *moments; /* [L] of the row being recorded */
    il_unit *units;            /* [widest], of the count of distinct units */
    double *sums;              /* [2 * widest], of their spread */
} il_recorder;

void il_recorder_carve(il_recorder *s, const il_net *net, il_arena *arena);

/* A row begins; then come its blocks of samples. */
void il_recorder_begin(il_recorder *s, const il_engine *e);

/* Statistics of all layers over a block of R samples, after `before` others; forward came before, and backward not yet,
 * for d is overwritten. */
void il_recorder_observe(il_recorder *s, il_engine *e, size_t R, size_t before);

/* Writes the row of a batch of B samples, whose gradients are stored in the engine. The weights go to the net only where
 * units may be copies, which are counted there. */
void il_recorder_finish(il_recorder *s, const il_engine *e, il_net *net, size_t B, uint64_t step, double loss,
                        il_record *record);

#endif
