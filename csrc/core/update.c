/* update.c - see update.h. */
#include "update.h"

#include <math.h>

/* x, rounded to a value, for lanes begin..end-1. */
static void
set_lanes(il_lane_values *values, size_t element, size_t begin, size_t end, double x)
{
    if (element == sizeof(float)) {
        for (size_t lane = begin; lane < end; lane++) {
            values->f32[lane] = (float)x;
        }
    } else {
        for (size_t lane = begin; lane < end; lane++) {
            values->f64[lane] = x;
        }
    }
}

void
il_update_prepare(il_update *u, size_t element, const il_optimizer *o, size_t begin, size_t end)
{
    u->kind = o->kind;
    u->nesterov = o->nesterov;
    u->decays = o->weight_decay != 0;
    u->has_momentum = o->momentum != 0;
    set_lanes(&u->minus_rate, element, begin, end, -o->learning_rate);
    set_lanes(&u->momentum, element, begin, end, o->momentum);
    set_lanes(&u->decay, element, begin, end, o->weight_decay);
    set_lanes(&u->rest1, element, begin, end, 1 - o->beta1);
    set_lanes(&u->beta2, element, begin, end, o->beta2);
    set_lanes(&u->rest2, element, begin, end, 1 - o->beta2);
    set_lanes(&u->root, element, begin, end, 1);
    set_lanes(&u->epsilon, element, begin, end, o->epsilon);
}

void
il_update_correct(il_update *u, size_t element, const il_optimizer *o, il_net_progress *progress, size_t begin,
                  size_t end)
{
    progress->beta1_power *= o->beta1;
    progress->beta2_power *= o->beta2;
    set_lanes(&u->minus_rate, element, begin, end, -o->learning_rate / (1 - progress->beta1_power));
    set_lanes(&u->root, element, begin, end, sqrt(1 - progress->beta2_power));
}
