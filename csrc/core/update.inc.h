/*
 * update.inc.h - the coefficients of an optimizer step, from settings and progress. Template: expects
 * T, P and engine_names.h. All are made in double and rounded once (NUMERICS 3.5).
 */
#define UN(name) IL_CAT3(update, name, P)

/* Lanes begin..end-1 take these settings; the flags are those of all lanes. */
static void
UN(prepare)(UPDATE *u, const il_optimizer *o, size_t begin, size_t end)
{
    u->kind = o->kind;
    u->nesterov = o->nesterov;
    u->decays = o->weight_decay != 0;
    u->has_momentum = o->momentum != 0;
    for (size_t i = begin; i < end; i++) {
        u->minus_rate[i] = (T)-o->learning_rate;
        u->momentum[i] = (T)o->momentum;
        u->decay[i] = (T)o->weight_decay;
        u->rest1[i] = (T)(1 - o->beta1);
        u->beta2[i] = (T)o->beta2;
        u->rest2[i] = (T)(1 - o->beta2);
        u->root[i] = 1;
        u->epsilon[i] = (T)o->epsilon;
    }
}

/* What changes from step to step: Adam's bias corrections. Advances the powers. */
static void
UN(next)(UPDATE *u, const il_optimizer *o, il_net_progress *progress, size_t begin, size_t end)
{
    if (o->kind != IL_ADAM) {
        return;
    }
    progress->beta1_power *= o->beta1;
    progress->beta2_power *= o->beta2;
    for (size_t i = begin; i < end; i++) {
        u->minus_rate[i] = (T)(-o->learning_rate / (1 - progress->beta1_power));
        u->root[i] = (T)sqrt(1 - progress->beta2_power);
    }
}

#undef UN
