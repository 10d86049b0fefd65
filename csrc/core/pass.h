/* pass.h - one pass of one layer over a block of samples, which a team shares: forward.c and backward.c alone. */
#ifndef IL_PASS_H
#define IL_PASS_H

#include "engine.h"

typedef struct il_pass {
    const il_engine *e;
    size_t l, R;
    const void *x; /* [R][N] of the first layer */
    const il_update *update;
    int add;       /* to what gradients there are */
    size_t n0, n1; /* rows of weights, where a pass is about some of them */
} il_pass;

/* The parts of a pass, by the team where they are worth it. */
IL_INLINE void
il_pass_run(il_pass *pass, il_work work)
{
    const il_layer *layer = &pass->e->layers[pass->l];
    il_team_run(pass->R * layer->N * layer->M < IL_TEAM_WORTH ? NULL : pass->e->team, work, pass);
}

/* Does panel p of a layer use at most half of its columns? */
static inline int
il_panel_is_half(const il_engine *e, const il_layer *layer, size_t p)
{
    return (p + 1) * layer->w >= layer->M + e->k->lanes;
}

/* The layer's inputs as the left side of a product. */
static inline void
il_pass_set_inputs(const il_pass *pass, il_contraction *job)
{
    const il_layer *layer = &pass->e->layers[pass->l];
    if (pass->l == 0) {
        job->a = pass->x;
        job->a_row = layer->N;
        job->a_panel = 2 * pass->e->k->lanes;
    } else {
        const il_layer *below = layer - 1;
        job->a = below->a;
        job->a_row = below->w;
        job->a_panel = pass->R * below->w;
    }
}

#endif
