/* activation.h - what the core asks of an activation's row; the header initlens.h has the rest. */
#ifndef IL_ACTIVATION_H
#define IL_ACTIVATION_H

#include "initlens.h"

int il_activation_valid(il_activation activation);
/* Where its slope is near its largest, is it near its tangent? */
int il_activation_has_linear_part(il_activation activation);

#endif
