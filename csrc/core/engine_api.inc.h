/*
 * engine_api.inc.h - one net laid out for the kernels, and the passes over a block of samples: forward,
 * output, backward, gradient, update. Template: expects T and P; engine.h includes it for both.
 *
 * Activations and deltas live in panels of R rows (see kernels.h), so that every contraction reads
 * its right side as one stream and its left side row by row. Weights are either the net's own plain
 * rows (inference) or panels (training, with a
 * transposed copy for the way back, refreshed by each update). Which of them is used, and the panel's
 * width, cannot change a bit.
 *
 * A team cuts a pass of a layer into panels, or into pieces of a gradient: each is computed whole by one
 * thread, and written by it alone.
 *
 * A block is at most IL_BLOCK samples: the unit in which gradients are summed (NUMERICS 2.3).
 */
#include "engine_names.h"

typedef struct EN(layer) {
    size_t N, M;   /* fan-in and width */
    int column;    /* an output layer of one unit */
    size_t w;      /* panel width over M; 1 for a column */
    size_t panels; /* ceil(M / w) */
    size_t pieces; /* of weights and their gradient: panels, cut to IL_CHUNK rows */
    il_activation activation;
    void (*contract)(const CONTRACTION *job); /* for panels of w */
    T *weights;                               /* panel p at weights + p * panel_step */
    size_t panel_step;
    size_t row_step; /* between k and k + 1 in a panel */
    T *bias;
    T *transposed; /* [ceil(N / w below)][M][w below]; NULL in the first layer; the weights themselves of a column */
    T *z, *a, *d;  /* [panels][R][w]; z == a where the derivative needs only a */
    T *gradient;   /* [panels][N][w] */
    T *bias_gradient;
    T *state[2], *bias_state[2]; /* optimizer slots, as weights and bias */
    size_t weights_at, bias_at;  /* of the layer, in the engine's parameters, gradient and state */
} EN(layer);

typedef struct EN(engine) {
    const SET *k;
    size_t L;
    EN(layer) * layers;
    il_loss loss;
    size_t rows;                /* capacity of a block */
    size_t count;               /* values of all layers' panels, weights and bias of each in turn */
    T *parameters, *gradient;   /* [count] */
    T *state[2];                /* [count], or NULL */
    SHALLOW shallow;            /* with no units: the net is none */
    T *logits, *outputs;        /* [rows][M], row-major; the same for mean squared error */
    T *delta;                   /* [rows][M], row-major, of the outputs */
    T *work;                    /* [max(rows, 8)][widest] */
    T *log_sum;                 /* [rows] */
    il_team *team;              /* borrowed; NULL: the caller's thread alone */
    T *chunk;                   /* [team][IL_CHUNK][2 W] of a gradient on its way into the update */
    T *sums;                    /* [team][2 W] the same of a bias */
    void *block;                /* of all these arrays; NULL where they fit into `own` */
    _Alignas(IL_ALIGNMENT) unsigned char own[IL_ENGINE_OWN];
} EN(engine);

/* An engine for blocks of up to `rows` samples; with the state of `optimizer` unless NULL, and a team
 * that shares the work on wide layers unless NULL; without IL_BACKWARD there is none. */
IL_MUST_USE il_status EN(create)(EN(engine) * e, const il_net *net, const SET *k, size_t rows, unsigned passes,
                                 const il_optimizer *optimizer, il_team *team);

void EN(destroy)(EN(engine) * e);

/* The net's optimizer state into panels; without this call it starts at +0. */
void EN(load_state)(EN(engine) * e, const il_net *net);

void EN(save)(const EN(engine) * e, il_net *net);

/* From here on the outputs go to `out`, with the logits where the two are the same. Not in training. */
void EN(redirect_outputs)(EN(engine) * e, T *out);

/* Logits and outputs of R rows, row-major in e->logits and e->outputs. */
void EN(forward)(EN(engine) * e, size_t R, const T *x);

/* Adds the block's loss terms to the lanes; forward came before. */
void EN(add_loss)(EN(engine) * e, size_t R, const T *y, double lanes[IL_SUM_LANES]);

/* What the mean over a batch of B samples divides by. */
double EN(loss_count)(const EN(engine) * e, size_t B);

/* The output delta (NUMERICS 2.4) of R rows out of a batch of B, into the top layer's d. */
void EN(output_delta)(EN(engine) * e, size_t R, const T *y, size_t B);

/* Right after output_delta: are the deltas finite? Every gradient of the net passes through them. */
int EN(deltas_finite)(const EN(engine) * e, size_t R);

/* Gradients of a block of R samples, set or added into gradient and bias_gradient of all layers. */
void EN(store_gradients)(EN(engine) * e, size_t R, const T *x, int add);

/* Adds the squares of one layer's stored weight gradient to the lanes, in the order of plain rows. */
void EN(gradient_squares)(const EN(engine) * e, size_t l, double lanes[IL_SUM_LANES]);

/* One step on a batch that is one block: each piece of gradient is used while it is in cache. */
void EN(update_fused)(EN(engine) * e, size_t R, const T *x, const UPDATE *u);

/* One step from stored gradients. */
void EN(update_stored)(EN(engine) * e, const UPDATE *u);

/* Panels into plain rows [rows][M]; `step` is the distance between panels, rows * w unless only some rows are wanted. */
void EN(unpack)(size_t rows, size_t M, size_t w, const T *panels, size_t step, T *plain);

/* The same for one layer's weights or what is shaped like them, and for its bias. */
void EN(unpack_weights)(const EN(layer) * y, const T *panels, T *plain);

void EN(unpack_bias)(const EN(layer) * y, const T *panels, T *plain);

#include "engine_end.h"
