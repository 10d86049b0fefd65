/* net.c - see net.h. */
#include "net.h"

#include <math.h>
#include <string.h>

#include "memory.h"
#include "activation.h"
#include "spec.h"

/* Widest vector a kernel reads past the end of the parameters, twice over. */
#define IL_READ_AHEAD 128

size_t
il_net_element(const il_net *net)
{
    return net->dtype == IL_FLOAT32 ? sizeof(float) : sizeof(double);
}

size_t
il_widest_layer(const il_net *net)
{
    size_t widest = 1;
    for (size_t l = 1; l <= net->layers; l++) {
        widest = net->widths[l] > widest ? net->widths[l] : widest;
    }
    return widest;
}

static int
spec_valid(const il_net_spec *spec)
{
    if (spec->layers < 1 || spec->widths == NULL || (spec->layers > 1 && spec->activations == NULL)
        || (spec->dtype != IL_FLOAT32 && spec->dtype != IL_FLOAT64)
        || !(spec->loss >= 0 && spec->loss < IL_LOSS_COUNT)) {
        return 0;
    }
    for (size_t l = 0; l <= spec->layers; l++) {
        if (spec->widths[l] < 1) {
            return 0;
        }
    }
    for (size_t l = 0; l + 1 < spec->layers; l++) {
        if (!il_activation_valid(spec->activations[l])) {
            return 0;
        }
    }
    return 1;
}

/* Parameters in all, or 0 where the count overflows. */
static size_t
count_parameters(const size_t *widths, size_t layers)
{
    size_t count = 0;
    for (size_t l = 0; l < layers; l++) {
        const size_t n = widths[l], m = widths[l + 1];
        if (n > SIZE_MAX / m - 1) {
            return 0;
        }
        const size_t here = (n + 1) * m;
        if (here > SIZE_MAX - count) {
            return 0;
        }
        count += here;
    }
    return count;
}

static void *
allocate_parameters(const il_net *net)
{
    const size_t ahead = IL_READ_AHEAD / il_net_element(net);
    return net->count > SIZE_MAX - ahead ? NULL : il_allocate(net->count + ahead, il_net_element(net));
}

il_status
il_net_create(const il_net_spec *spec, il_net **out)
{
    if (spec == NULL || out == NULL || !spec_valid(spec)) {
        return IL_ERROR_ARGUMENT;
    }
    il_net *net = il_allocate(1, sizeof *net);
    if (net == NULL) {
        return IL_ERROR_MEMORY;
    }
    const size_t L = spec->layers;
    net->dtype = spec->dtype;
    net->loss = spec->loss;
    net->layers = L;
    net->count = count_parameters(spec->widths, L);
    net->widths = L < SIZE_MAX ? il_allocate(L + 1, sizeof *net->widths) : NULL;
    net->activations = il_allocate(L, sizeof *net->activations);
    net->weight_offset = il_allocate(L, sizeof *net->weight_offset);
    net->bias_offset = il_allocate(L, sizeof *net->bias_offset);
    net->parameters = net->count > 0 ? allocate_parameters(net) : NULL;
    if (net->widths == NULL || net->activations == NULL || net->weight_offset == NULL || net->bias_offset == NULL
        || net->parameters == NULL) {
        il_net_destroy(net);
        return IL_ERROR_MEMORY;
    }
    memcpy(net->widths, spec->widths, (L + 1) * sizeof *net->widths);
    size_t offset = 0;
    for (size_t l = 0; l < L; l++) {
        const il_activation output = {IL_IDENTITY, 0};
        net->activations[l] = l + 1 < L ? spec->activations[l] : output;
        net->weight_offset[l] = offset;
        offset += net->widths[l] * net->widths[l + 1];
        net->bias_offset[l] = offset;
        offset += net->widths[l + 1];
    }
    *out = net;
    return IL_OK;
}

void
il_net_destroy(il_net *net)
{
    if (net != NULL) {
        il_release(net->widths);
        il_release(net->activations);
        il_release(net->weight_offset);
        il_release(net->bias_offset);
        il_release(net->parameters);
        il_release(net->slots[0]);
        il_release(net->slots[1]);
        il_release(net);
    }
}

il_status
il_net_copy(const il_net *net, il_net **out)
{
    const il_net_spec spec = {net->dtype, net->layers, net->widths, net->activations, net->loss};
    il_net *copy = NULL;
    il_status status = il_net_create(&spec, &copy);
    if (status == IL_OK && net->progress.has_optimizer) {
        status = il_net_reset_slots(copy, &net->progress.optimizer);
    }
    if (status != IL_OK) {
        il_net_destroy(copy);
        return status;
    }
    const size_t bytes = net->count * il_net_element(net);
    memcpy(copy->parameters, net->parameters, bytes);
    for (size_t s = 0; s < 2; s++) {
        if (net->slots[s] != NULL) {
            memcpy(copy->slots[s], net->slots[s], bytes);
        }
    }
    copy->progress = net->progress;
    *out = copy;
    return IL_OK;
}

il_dtype
il_net_dtype(const il_net *net)
{
    return net->dtype;
}

size_t
il_net_layers(const il_net *net)
{
    return net->layers;
}

size_t
il_net_width(const il_net *net, size_t index)
{
    return net->widths[index];
}

il_loss
il_net_loss_kind(const il_net *net)
{
    return net->loss;
}

il_activation
il_net_activation(const il_net *net, size_t layer)
{
    return net->activations[layer];
}

size_t
il_net_parameter_count(const il_net *net)
{
    return net->count;
}

static void *
element_at(const il_net *net, void *block, size_t offset)
{
    return (unsigned char *)block + offset * il_net_element(net);
}

void *
il_net_weights(il_net *net, size_t layer)
{
    return element_at(net, net->parameters, net->weight_offset[layer]);
}

void *
il_net_biases(il_net *net, size_t layer)
{
    return element_at(net, net->parameters, net->bias_offset[layer]);
}

il_net_progress
il_net_get_progress(const il_net *net)
{
    return net->progress;
}

int
il_optimizer_keeps(const il_optimizer *o, size_t slot)
{
    return slot == 0 ? o->kind == IL_ADAM || o->momentum > 0 : o->kind != IL_SGD;
}

il_status
il_net_reset_slots(il_net *net, const il_optimizer *optimizer)
{
    void *fresh[2] = {NULL, NULL};
    for (size_t s = 0; s < 2; s++) {
        if (optimizer != NULL && il_optimizer_keeps(optimizer, s)) {
            fresh[s] = allocate_parameters(net);
            if (fresh[s] == NULL) {
                il_release(fresh[0]);
                return IL_ERROR_MEMORY;
            }
        }
    }
    for (size_t s = 0; s < 2; s++) {
        void *const old = net->slots[s];
        net->slots[s] = fresh[s]; /* first: a fork may come between any two lines, see il_net_repair() */
        il_release(old);
    }
    return IL_OK;
}

il_status
il_net_set_progress(il_net *net, const il_net_progress *progress)
{
    if (progress->has_optimizer
        && !(il_optimizer_valid(&progress->optimizer) && isfinite(progress->beta1_power)
             && isfinite(progress->beta2_power))) {
        return IL_ERROR_ARGUMENT;
    }
    if ((progress->position > 0 && progress->position >= progress->samples) || progress->epoch == UINT64_MAX) {
        return IL_ERROR_ARGUMENT; /* from a damaged file: a position is an index into the order of an epoch */
    }
    const il_status status = il_net_reset_slots(net, progress->has_optimizer ? &progress->optimizer : NULL);
    if (status == IL_OK) {
        net->progress = *progress;
    }
    return status;
}

void
il_net_repair(il_net *net)
{
    const il_net_progress *p = &net->progress;
    int whole = (p->position == 0 || p->position < p->samples) && p->epoch != UINT64_MAX;
    for (size_t s = 0; s < 2; s++) {
        const int kept = p->has_optimizer && il_optimizer_keeps(&p->optimizer, s);
        whole = whole && kept == (net->slots[s] != NULL);
    }
    if (!whole) {
        net->progress = (il_net_progress){.key = p->key};
        for (size_t s = 0; s < 2; s++) {
            il_release(net->slots[s]);
            net->slots[s] = NULL;
        }
    }
}

void *
il_net_slot(il_net *net, size_t slot)
{
    return net->slots[slot];
}
