/* pacer.c - see pacer.h. C11's timespec_get is the one clock that all platforms have. */
#include "pacer.h"

#include <time.h>

static double
seconds(void)
{
    struct timespec now;
    (void)timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

il_pacer
il_pacer_start(void)
{
    const double now = seconds();
    return (il_pacer){.last = now, .looked = now, .next = 1, .stride = 1};
}

int
il_pacer_due(il_pacer *p, uint64_t step)
{
    const double period = 0.05, grain = 0.001;
    const uint64_t longest = (uint64_t)1 << 20;
    if (step < p->next) {
        return 0;
    }
    const double now = seconds(), since = now - p->last;
    const int due = since >= period || since < 0; /* negative: the clock was set back */
    if (due) {
        p->last = now;
    }
    const double looked = now - p->looked;
    p->looked = now;
    if (looked < grain && p->stride < longest) {
        p->stride *= 2;
    } else if (looked > 4 * grain && p->stride > 1) {
        p->stride /= 2;
    }
    p->next = step + p->stride;
    return due;
}
