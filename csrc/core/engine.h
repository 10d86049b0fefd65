/*
 * engine.h - one net laid out for the kernels, and the passes over a block of samples: forward, output, backward,
 * gradient, update. engine.c has the memory, forward.c and backward.c the passes.
 *
 * Activations and deltas live in panels of R rows (see kernels.h), so that every contraction reads
 * its right side as one stream and its left side row by row. Weights are either the net's own plain
 * rows (inference) or panels (training, with a transposed copy for the way back, refreshed by each
 * update). Which of them is used, and the panel's width, cannot change a bit.
 *
 * A team cuts a pass of a layer into panels, or into pieces of a gradient: each is computed whole by one
 * thread, and written by it alone.
 *
 * A block is at most IL_BLOCK samples: the unit in which gradients are summed (NUMERICS 2.3).
 */
#ifndef IL_ENGINE_H
#define IL_ENGINE_H

#include <string.h>

#include "array.h"
#include "cpu.h"
#include "dispatch.h"
#include "memory.h"
#include "net.h"
#include "team.h"

/* Rows of a weight gradient worked on at a time: 96 rows of 16 floats are 6 KiB, and 96 is a multiple of every panel's
 * width. */
#define IL_CHUNK 96

/* Samples that pass through all layers together in inference. */
#define IL_INFERENCE_ROWS 128

/* Multiply-adds below which a team would take longer to call than to help: about 2 microseconds. */
#define IL_TEAM_WORTH 65536

/* The gradients of a shallow net, each array filled up to the alignment, fit into a chunk: in rows of two values, where
 * to fill up takes most. */
_Static_assert((IL_SHALLOW_INPUTS + 2) * IL_SHALLOW_PANELS + 2 * IL_ALIGNMENT / sizeof(float) <= IL_CHUNK,
               "a shallow net's gradients are larger than a chunk");

/* Bytes that an engine has in itself: to allocate them takes as long as a tiny net takes for a row. */
#define IL_ENGINE_OWN 4096

/* What an engine is made for, beside the forward pass. */
enum { IL_FORWARD = 0, IL_KEEP_Z = 1, IL_BACKWARD = 2 };

typedef struct il_layer {
    size_t N, M;   /* fan-in and width */
    int column;    /* an output layer of one unit */
    size_t w;      /* panel width over M; 1 for a column */
    size_t panels; /* ceil(M / w) */
    size_t pieces; /* of weights and their gradient: panels, cut to IL_CHUNK rows */
    il_activation activation;
    void (*contract)(const il_contraction *job); /* for panels of w */
    void *weights;                               /* panel p at weights + p * panel_stride */
    size_t panel_stride;
    size_t row_stride; /* the leading dimension: from row k of a panel to row k + 1 */
    void *bias;
    void *transposed; /* [ceil(N / w below)][M][w below]; NULL in the first layer; the weights themselves of a column */
    void *z, *a, *d;  /* [panels][R][w]; z == a where the derivative needs only a */
    void *gradient;   /* [panels][N][w] */
    void *bias_gradient;
    void *state[2], *bias_state[2]; /* optimizer slots, as weights and bias */
    size_t weights_at, bias_at;     /* of the layer, in the engine's parameters, gradient and state */
} il_layer;

typedef struct il_engine {
    const il_kernel_set *k;
    size_t element; /* bytes of a value */
    size_t L;
    il_layer *layers;
    il_loss loss;
    size_t rows;                 /* capacity of a block */
    size_t count;                /* values of all layers' panels, weights and bias of each in turn */
    void *parameters, *gradient; /* [count] */
    void *state[2];              /* [count], or NULL */
    il_shallow shallow;          /* no units: the net is not shallow */
    void *logits, *outputs;      /* [rows][M], row-major; the same for mean squared error */
    void *delta;                 /* [rows][M], row-major, of the outputs */
    void *work;                  /* [max(rows, 16)][widest] */
    void *log_sum;               /* [rows] */
    il_team *team;               /* borrowed; NULL: the caller's thread alone */
    void *chunk;                 /* [team][IL_CHUNK][2 W] of a gradient on its way into the update */
    void *sums;                  /* [team][2 W] the same of a bias */
    void *block;                 /* of all these arrays; NULL where they fit into `own` */
    _Alignas(IL_ALIGNMENT) unsigned char own[IL_ENGINE_OWN];
} il_engine;

/* ---- memory (engine.c) ------------------------------------------------------------------- */

/* An engine for blocks of up to `rows` samples; with the state of `optimizer` unless NULL, and a team
 * that shares the work on wide layers unless NULL; without IL_BACKWARD there is none. */
IL_MUST_USE il_status il_engine_create(il_engine *e, const il_net *net, const il_kernel_set *k, size_t rows,
                                       unsigned passes, const il_optimizer *optimizer, il_team *team);

void il_engine_destroy(il_engine *e);

/* The net's optimizer state into panels; without this call it starts at +0. */
void il_engine_load_state(il_engine *e, const il_net *net);

/* Parameters and state into the net. */
void il_engine_save(const il_engine *e, il_net *net);

/* Rows n0..n1-1 of panel p of the weights into the transposed copy. */
void il_engine_refresh_transposed(const il_engine *e, size_t l, size_t p, size_t n0, size_t n1);

/* Panels of one layer's weights, or of what is shaped like them, into plain rows [N][M]; of panels that lie `stride`
 * apart some rows from the n-th on; and the same of its bias. */
void il_engine_unpack_weights(const il_engine *e, const il_layer *layer, const void *panels, void *plain);
void il_engine_unpack_rows(const il_engine *e, const il_layer *layer, const void *panels, size_t stride, size_t n,
                           size_t rows, void *plain);
void il_engine_unpack_bias(const il_engine *e, const il_layer *layer, const void *panels, void *plain);

/* Panels of R samples, a layer's z, a or d, into plain rows [R][M]. */
void il_engine_unpack_samples(const il_engine *e, const il_layer *layer, size_t R, const void *panels, void *plain);

/* The same as doubles, by way of `work`. */
void il_engine_samples_to_doubles(const il_engine *e, const il_layer *layer, size_t R, const void *panels, double *out);

/* A block of values like the net's parameters, W0 b0 W1 b1 ... in plain rows, into panels like the engine's, and back.
 * Padding stays as it is. */
void il_engine_pack(const il_engine *e, const il_net *net, const void *block, void *panels);
void il_engine_unpack(const il_engine *e, const il_net *net, const void *panels, void *block);

/* From here on gradients are stored in the caller's array, as large as the engine's own. Not for shallow nets. */
void il_engine_set_gradient(il_engine *e, void *gradient);

/* Where the part of the parameters begins whose gradient the shallow net takes; it reaches to the end. */
size_t il_engine_shallow_from(const il_engine *e);

/* Where that gradient goes: laid out as the parameters, which a chunk has room for. */
void il_engine_set_shallow_gradient(il_engine *e, void *gradient);

/* ---- forward (forward.c) ----------------------------------------------------------------- */

/* From here on the outputs go to `out`, with the logits where the two are the same. Not in training. */
void il_engine_redirect_outputs(il_engine *e, void *out);

/* Logits and outputs of R rows, row-major in e->logits and e->outputs. */
void il_engine_forward(il_engine *e, size_t R, const void *x);

/* The change of all pre-activations by a change of the parameters, to first order, into the layers' d; its `step` in
 * panels like the parameters. The forward pass came before. scratch [R][2 W]. Not for shallow nets. */
void il_engine_forward_derivative(il_engine *e, size_t R, const void *x, const void *step, void *scratch);

/* Adds the block's loss terms to the lanes; forward came before. */
void il_engine_add_loss(il_engine *e, size_t R, const void *y, double lanes[IL_SUM_LANES]);

/* What the mean over a batch of B samples divides by. */
double il_engine_loss_count(const il_engine *e, size_t B);

/* ---- backward (backward.c) --------------------------------------------------------------- */

/* The output delta (NUMERICS 2.4) of R rows out of a batch of B, into the top layer's d. */
void il_engine_output_delta(il_engine *e, size_t R, const void *y, size_t B);

/* The same of other outputs [R][M] than those of the forward pass. */
void il_engine_delta_of(il_engine *e, size_t R, const void *outputs, const void *y, size_t B);

/* The rows of e->delta, which the caller has filled, into the top layer's d, and from there down all layers. */
void il_engine_backward(il_engine *e, size_t R);

/* Right after output_delta: are the deltas finite? Every gradient of the net passes through them. */
int il_engine_deltas_finite(const il_engine *e, size_t R);

/* Gradients of a block of R samples, set or added into gradient and bias_gradient of all layers. */
void il_engine_store_gradients(il_engine *e, size_t R, const void *x, int add);

/* One step on a batch that is one block: each piece of gradient is used while it is in cache. */
void il_engine_update_fused(il_engine *e, size_t R, const void *x, const il_update *u);

/* One step from stored gradients. */
void il_engine_update_stored(il_engine *e, const il_update *u);

/* Looks at the gradient of rows n0..n1-1 of a layer's weights, panels that lie `stride` apart, before the update. */
typedef void (*il_rows_observer)(void *context, const il_engine *e, size_t l, size_t n0, size_t n1,
                                 const void *gradient, size_t stride);

/* update_fused() that shows all rows, some at a time while they are in cache; with u NULL nothing is updated. Not for
 * shallow nets. */
void il_engine_update_observed(il_engine *e, size_t R, const void *x, const il_update *u, il_rows_observer observe,
                               void *context);

/* Shows the rows of stored gradients. */
void il_engine_observe_stored(const il_engine *e, il_rows_observer observe, void *context);

#endif
