/* both_precisions.inc.h - the file BODY for float and for double, with T, P and FMA; undefines BODY. */
#define T float
#define P f32
#define FMA fmaf
#include BODY
#undef T
#undef P
#undef FMA
#define T double
#define P f64
#define FMA fma
#include BODY
#undef T
#undef P
#undef FMA
#undef BODY
