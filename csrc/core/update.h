/* update.h - the coefficients of an optimizer step, from settings and progress; made in double, rounded once (NUMERICS
 * 3.5). */
#ifndef IL_UPDATE_H
#define IL_UPDATE_H

#include "../kernels/kernels.h"

/* Lanes begin..end-1 take these settings; the flags are those of all lanes. `element` is the bytes of a value. */
void il_update_prepare(il_update *u, size_t element, const il_optimizer *o, size_t begin, size_t end);

/* What changes from step to step: Adam's bias corrections; advances their powers. Of other optimizers nothing does, and
 * a tiny net has not the time to ask. */
void il_update_correct(il_update *u, size_t element, const il_optimizer *o, il_net_progress *progress, size_t begin,
                       size_t end);

#endif
