/* activations.h - an activation of each kind, with a parameter that is right where it takes one. */
#ifndef ACTIVATIONS_H
#define ACTIVATIONS_H

#include "initlens.h"

static inline il_activation
activation_of(int kind)
{
    const il_activation_info *info = il_activation_info_of((il_activation_kind)kind);
    return (il_activation){(il_activation_kind)kind, info->parameter != NULL ? info->least + 0.125 : 0};
}

#endif
