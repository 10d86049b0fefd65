/* spec.c - see spec.h; the ranges are those the public header states. */
#include "spec.h"

#include <float.h>
#include <math.h>

static int
is_share(double x)
{
    return x >= 0 && x < 1;
}

int
il_optimizer_valid(const il_optimizer *o)
{
    if (!(o->learning_rate >= 0 && isfinite(o->learning_rate) && o->weight_decay >= 0 && isfinite(o->weight_decay)
          && is_share(o->momentum))) {
        return 0;
    }
    switch (o->kind) {
    case IL_SGD: return o->nesterov == 0 || (o->nesterov == 1 && o->momentum > 0);
    case IL_ADAM:
        return o->nesterov == 0 && o->momentum == 0 && is_share(o->beta1) && is_share(o->beta2) && o->epsilon > 0
               && isfinite(o->epsilon);
    case IL_RMSPROP: return o->nesterov == 0 && is_share(o->beta2) && o->epsilon > 0 && isfinite(o->epsilon);
    case IL_OPTIMIZER_COUNT: break;
    }
    return 0;
}

int
il_optimizer_equal(const il_optimizer *p, const il_optimizer *q)
{
    return p->kind == q->kind && p->learning_rate == q->learning_rate && p->momentum == q->momentum
           && p->nesterov == q->nesterov && p->beta1 == q->beta1 && p->beta2 == q->beta2 && p->epsilon == q->epsilon
           && p->weight_decay == q->weight_decay;
}

int
il_scheme_valid(const il_scheme *s)
{
    const int a = isfinite(s->a) != 0, b = isfinite(s->b) && s->b >= 0;
    switch (s->kind) {
    case IL_SCHEME_CONSTANT:
    case IL_SCHEME_ORTHOGONAL:
    case IL_SCHEME_IDENTITY: return a;
    case IL_SCHEME_HADAMARD: return 1;
    case IL_SCHEME_NORMAL: return a && b;
    case IL_SCHEME_SPARSE: return a && b && (s->mode == IL_FAN_IN || s->mode == IL_FAN_OUT);
    case IL_SCHEME_TRUNCATED_NORMAL:
        return a && b && s->b > 0 && s->low < s->high && s->low <= DBL_MAX && s->high >= -DBL_MAX;
    case IL_SCHEME_UNIFORM: return a && isfinite(s->b) && s->a <= s->b && isfinite(s->b - s->a);
    case IL_SCHEME_VARIANCE_SCALING:
        return a && s->a >= 0 && s->mode >= IL_FAN_IN && s->mode <= IL_FAN_GEO_AVG
               && s->distribution >= IL_DISTRIBUTION_NORMAL && s->distribution <= IL_DISTRIBUTION_TRUNCATED_NORMAL;
    case IL_SCHEME_COUNT: break;
    }
    return 0;
}

int
il_scheme_is_matrix(const il_scheme *s)
{
    return s->kind >= IL_SCHEME_ORTHOGONAL;
}

int
il_scheme_fits(const il_scheme *s, size_t n_in, size_t n_out, il_purpose purpose)
{
    if (!il_scheme_valid(s) || n_in < 1 || n_out < 1 || (il_scheme_is_matrix(s) && purpose != IL_PURPOSE_WEIGHTS)) {
        return 0;
    }
    return s->kind != IL_SCHEME_SPARSE || s->count <= (s->mode == IL_FAN_IN ? n_in : n_out);
}

size_t
il_record_rows(uint64_t steps, uint64_t record_every)
{
    if (record_every == 0) {
        return 0;
    }
    const uint64_t intervals = steps / record_every;
    return intervals < SIZE_MAX - 1 ? (size_t)intervals + 1 + (steps % record_every != 0) : SIZE_MAX;
}

int
il_train_options_valid(const il_train_options *o, const il_record *record)
{
    return il_optimizer_valid(&o->optimizer)
           && (o->record_every == 0
               || (record != NULL && record->capacity >= il_record_rows(o->steps, o->record_every)));
}
