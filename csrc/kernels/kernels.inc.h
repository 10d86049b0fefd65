/*
 * kernels.inc.h - every kernel of one instruction set and one precision, and the set that lists them. A file that
 * includes it is compiled twice, with IL_PRECISION 32 and 64. Expects ISA and a vec_*.h.
 *
 * In a kernel T is the type, V a vector of W of them, and v_fma() that type's of the vec_*.h. All is static, so that
 * each function has one name in the text and needs no other for the linker.
 */
#if !defined(IL_PRECISION)
#define IL_PRECISION 32 /* for editors, which open one file alone */
#endif
#if IL_PRECISION == 64
#include "precision_f64.h"
#else
#include "precision_f32.h"
#endif

#include "math.inc.h"
#include "activation.inc.h"
#include "contract.inc.h"
#include "layout.inc.h"
#include "one_output.inc.h"
#include "lanes.inc.h"
#include "loss.inc.h"
#include "optimizer.inc.h"
#include "random.inc.h"
#include "reduce.inc.h"

extern const il_kernel_set IL_CAT3(il_kernel_set, ISA, f32), IL_CAT3(il_kernel_set, ISA, f64);

const il_kernel_set IL_CAT3(il_kernel_set, ISA, P) = {
    .lanes = W,
    .element = sizeof(T),
    .contract_narrow = contract_narrow,
    .contract_wide = contract_wide,
    .contract_column = contract_column,
    .contract_row = contract_row,
    .shallow_forward = shallow_forward,
    .shallow_backward = shallow_backward,
    .contract_lanes = contract_lanes,
    .shallow_lanes = shallow_lanes,
    .softmax_lanes = softmax_lanes,
    .to_lane = to_lane,
    .from_lane = from_lane,
    .to_lanes = to_lanes,
    .gather_lanes = gather_lanes,
    .activate = activate,
    .derive = derive,
    .slope = slope,
    .softmax = softmax,
    .delta = delta,
    .binary_cross_entropy = binary_cross_entropy,
    .cross_entropy = cross_entropy,
    .update = update,
    .add = add,
    .transpose = transpose,
    .pack = pack,
    .unpack = unpack,
    .to_doubles = to_doubles,
    .from_doubles = from_doubles,
    .sum = sum,
    .sum_squares = sum_squares,
    .sum_squared_deviations = sum_squared_deviations,
    .sum_squared_differences = sum_squared_differences,
    .sum_squares_of_both = sum_squares_of_both,
    .unit_squares = unit_squares,
    .count_below = count_below,
    .all_finite = all_finite,
    .fill_uniform = fill_uniform,
    .fill_normal = fill_normal,
    .fill_truncated_normal = fill_truncated_normal,
    .fill_words = fill_words,
    .exp = array_exp,
    .expm1 = array_expm1,
    .log = array_log,
    .log1p = array_log1p,
    .tanh = array_tanh,
    .sigmoid = array_sigmoid,
    .erf = array_erf,
};

#if IL_PRECISION == 32 /* both sets, once */
#define IL_TEXT_(x) #x
#define IL_TEXT(x) IL_TEXT_(x)
const il_kernels IL_CAT2(il_kernels_, ISA) = {
    .name = IL_TEXT(ISA),
    .f32 = &IL_CAT3(il_kernel_set, ISA, f32),
    .f64 = &IL_CAT3(il_kernel_set, ISA, f64),
};
#endif
