/*
 * precision_f32.h - names for one precision: after this, T is float, V a vector of W floats, and
 * v_fma() the vec_*.h function v_fma_f32().
 */
#define T float
#define P f32
#define IL_IS_F32 1
#define U uint32_t /* unsigned integer of T's size */
#define W IL_LANES_F32
#define IL_SIDE IL_SIDE_F32 /* of the square that v_transpose() turns */
#define V v_f32
#define VI vi_f32 /* W unsigned integers of T's size */
#define VM vm_f32 /* W truth values */
#include "precision_names.h"
