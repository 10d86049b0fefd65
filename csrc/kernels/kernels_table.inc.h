/*
 * kernels_table.inc.h - compiles every body for both precisions and lists the table. Expects ISA,
 * IL_TABLE_NAME and a vec_*.h.
 */
#define IL_TEXT_(x) #x
#define IL_TEXT(x) IL_TEXT_(x)

#include "precision_f32.h"
#include "kernels.inc.h"
#include "precision_end.h"

#include "precision_f64.h"
#include "kernels.inc.h"
#include "precision_end.h"

#define IL_SET_OF(p, T)                                                                            \
    {                                                                                              \
        .lanes = IL_CAT3(lanes, p, ISA),                                                           \
        .element = sizeof(T),                                                                      \
        .contract_narrow = IL_CAT3(contract_narrow, p, ISA),                                       \
        .contract_wide = IL_CAT3(contract_wide, p, ISA),                                           \
        .contract_column = IL_CAT3(contract_column, p, ISA),                                       \
        .shallow_forward = IL_CAT3(shallow_forward, p, ISA),                                       \
        .shallow_backward = IL_CAT3(shallow_backward, p, ISA),                                     \
        .contract_lanes = IL_CAT3(contract_lanes, p, ISA),                                         \
        .shallow_lanes = IL_CAT3(shallow_lanes, p, ISA),                                           \
        .softmax_lanes = IL_CAT3(softmax_lanes, p, ISA),                                           \
        .to_lane = IL_CAT3(to_lane, p, ISA),                                                       \
        .from_lane = IL_CAT3(from_lane, p, ISA),                                                   \
        .to_lanes = IL_CAT3(to_lanes, p, ISA),                                                     \
        .gather_lanes = IL_CAT3(gather_lanes, p, ISA),                                             \
        .activate = IL_CAT3(activate, p, ISA),                                                     \
        .derive = IL_CAT3(derive, p, ISA),                                                         \
        .slope = IL_CAT3(slope, p, ISA),                                                           \
        .softmax = IL_CAT3(softmax, p, ISA),                                                       \
        .delta = IL_CAT3(delta, p, ISA),                                                           \
        .binary_cross_entropy = IL_CAT3(binary_cross_entropy, p, ISA),                             \
        .cross_entropy = IL_CAT3(cross_entropy, p, ISA),                                           \
        .update = IL_CAT3(update, p, ISA),                                                         \
        .add = IL_CAT3(add, p, ISA),                                                               \
        .transpose = IL_CAT3(transpose, p, ISA),                                                   \
        .pack = IL_CAT3(pack, p, ISA),                                                             \
        .unpack = IL_CAT3(unpack, p, ISA),                                                         \
        .to_doubles = IL_CAT3(to_doubles, p, ISA),                                                 \
        .from_doubles = IL_CAT3(from_doubles, p, ISA),                                             \
        .sum = IL_CAT3(sum, p, ISA),                                                               \
        .sum_squares = IL_CAT3(sum_squares, p, ISA),                                               \
        .sum_squared_deviations = IL_CAT3(sum_squared_deviations, p, ISA),                         \
        .sum_squared_differences = IL_CAT3(sum_squared_differences, p, ISA),                       \
        .sum_squares_of_both = IL_CAT3(sum_squares_of_both, p, ISA),                               \
        .unit_squares = IL_CAT3(unit_squares, p, ISA),                                             \
        .count_below = IL_CAT3(count_below, p, ISA),                                               \
        .all_finite = IL_CAT3(all_finite, p, ISA),                                                 \
        .fill_uniform = IL_CAT3(fill_uniform, p, ISA),                                             \
        .fill_normal = IL_CAT3(fill_normal, p, ISA),                                               \
        .fill_truncated_normal = IL_CAT3(fill_truncated_normal, p, ISA),                           \
        .fill_words = IL_CAT3(fill_words, p, ISA),                                                 \
        .exp = IL_CAT3(array_exp, p, ISA),                                                         \
        .expm1 = IL_CAT3(array_expm1, p, ISA),                                                     \
        .log = IL_CAT3(array_log, p, ISA),                                                         \
        .log1p = IL_CAT3(array_log1p, p, ISA),                                                     \
        .tanh = IL_CAT3(array_tanh, p, ISA),                                                       \
        .sigmoid = IL_CAT3(array_sigmoid, p, ISA),                                                 \
        .erf = IL_CAT3(array_erf, p, ISA),                                                         \
    }

static const il_kernel_set IL_CAT3(set, f32, ISA) = IL_SET_OF(f32, float);
static const il_kernel_set IL_CAT3(set, f64, ISA) = IL_SET_OF(f64, double);

const il_kernels IL_TABLE_NAME = {
    .name = IL_TEXT(ISA),
    .f32 = &IL_CAT3(set, f32, ISA),
    .f64 = &IL_CAT3(set, f64, ISA),
};
