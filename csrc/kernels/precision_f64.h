/*
 * precision_f64.h - names for one precision: after this, T is double, V a vector of W doubles, and
 * v_fma() the vec_*.h function v_fma_f64().
 */
#define T double
#define P f64
#define IL_IS_F32 0
#define U uint64_t /* unsigned integer of T's size */
#define W IL_LANES_F64
#define IL_SIDE IL_SIDE_F64 /* of the square that v_transpose() turns */
#define V v_f64
#define VI vi_f64 /* W unsigned integers of T's size */
#define VM vm_f64 /* W truth values */
#include "precision_names.h"
