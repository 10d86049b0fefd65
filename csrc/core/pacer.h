/* pacer.h - when the poll callback is due: about 20 times a second, asking the clock rarely. */
#ifndef IL_PACER_H
#define IL_PACER_H

#include <stdint.h>

/* Looks at the clock only every `stride` steps, and keeps that near a millisecond, so that a step of
 * 0.2 microseconds does not pay for a clock of 0.05. */
typedef struct il_pacer {
    double last;   /* seconds, of the last poll */
    double looked; /* seconds, of the last look at the clock */
    uint64_t next; /* step at which to look at the clock again */
    uint64_t stride;
} il_pacer;

il_pacer il_pacer_start(void);

/* 1 if a poll is due at this step. */
int il_pacer_due(il_pacer *pacer, uint64_t step);

#endif
