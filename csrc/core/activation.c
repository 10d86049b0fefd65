/* activation.c - what is known of each activation: csrc/kernels/activation_table.inc.h as an array. */
#include "activation.h"

#include <float.h>
#include <math.h>

/* A row for every kind; were there two for one, the switch of il_activation_needs_z() would not compile. */
enum {
#define IL_ROW(KIND, spelled, ...) row_of_##KIND,
#include "activation_table.inc.h"
    rows
};
_Static_assert((int)rows == (int)IL_ACTIVATION_COUNT, "activation_table.inc.h has a row for every kind");

static const il_activation_info infos[] = {
#define IL_ROW(KIND, spelled, SLOPE, CODE, ...) [IL_##KIND] = {.name = #spelled, __VA_ARGS__},
#include "activation_table.inc.h"
};

const il_activation_info *
il_activation_info_of(il_activation_kind kind)
{
    return (unsigned)kind < IL_ACTIVATION_COUNT ? &infos[kind] : NULL;
}

int
il_activation_valid(il_activation g)
{
    const il_activation_info *info = il_activation_info_of(g.kind);
    if (info == NULL || info->parameter == NULL) {
        return info != NULL && g.parameter == 0;
    }
    return g.parameter >= info->least && g.parameter <= info->most && !(info->above && g.parameter == info->least);
}

double
il_activation_max_slope(il_activation g)
{
    const il_activation_info *info = &infos[g.kind];
    return info->parameter_slope && g.parameter > info->max_slope ? g.parameter : info->max_slope;
}

int
il_activation_has_linear_part(il_activation g)
{
    const il_activation_info *info = &infos[g.kind];
    return info->linear && !(info->parameter_slope && g.parameter > info->max_slope);
}
