/*
 * net.h - the net's own memory: settings, one block of parameters carved by offsets, and what
 * training carries over. Computing happens elsewhere.
 *
 * The block holds W0 b0 W1 b1 ..., plain row-major, in the net's dtype. It ends with padding a vector
 * wide, so that a kernel may read whole vectors at the right edge of the last matrix.
 */
#ifndef IL_NET_H
#define IL_NET_H

#include "initlens.h"

struct il_net {
    il_dtype dtype;
    il_loss loss;
    size_t layers;
    size_t *widths;             /* [layers + 1] */
    il_activation *activations; /* [layers]; the output layer's is identity: its loss acts on logits */
    size_t *weight_offset;      /* [layers], in elements */
    size_t *bias_offset;        /* [layers] */
    size_t count;               /* parameters */
    void *parameters;           /* [count] and padding */
    void *slots[2];             /* [count] each, or NULL */
    il_net_progress progress;
};

/* Bytes of one element. */
size_t il_net_element(const il_net *net);

/* Units of the widest layer. */
size_t il_widest_layer(const il_net *net);

/* Make the slots that `optimizer` needs, zeroed, and forget the others; on failure nothing changes. */
IL_MUST_USE il_status il_net_reset_slots(il_net *net, const il_optimizer *optimizer);

/* Which slots an optimizer keeps. */
int il_optimizer_keeps(const il_optimizer *optimizer, size_t slot);

#endif
