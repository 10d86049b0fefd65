/*
 * activation_table.inc.h - all that is known of each activation, a row each. The enum il_activation_kind names the
 * kinds; everything else reads this table.
 *
 * Expects IL_ROW(KIND, name, SLOPE, CODE, ...):
 *   KIND, name  of IL_KIND, g_name() and slope_name()
 *   SLOPE       OF_A: slope_name() takes the stored activation a; OF_Z: it takes z, which is kept for it (NUMERICS 3.3)
 *   CODE        FAST: four vectors at once, and if OF_A, bodies of its own in one_output.inc.h; SMALL: a vector at a
 *               time, which takes 1.1 to 1.3 times as long and saves 6 KB of code in each table of kernels (gcc, AVX2)
 *   ...         the fields of il_activation_info (initlens.h says what each means) but for its name
 * and undefines it. DBL_MAX as .most is no upper end. A .pole that is too large makes moments wrong, one that is too
 * small makes them slow. The order is free. Every kind has one row, or csrc/core/activation.c does not compile.
 */
IL_ROW(IDENTITY, identity, OF_A, FAST, .aliases = "linear", .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN,
       .pole = 2)
IL_ROW(TANH, tanh, OF_A, FAST, .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN,
       .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .pole = 1.5707963267948966)
IL_ROW(SIGMOID, sigmoid, OF_A, FAST, .aliases = "logistic", .max_slope = 0.25, .linear = 1,
       .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .pole = 3.141592653589793)
IL_ROW(RELU, relu, OF_A, FAST, .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SCALE, .flat = IL_FLAT_LEFT,
       .rectified = 1, .kink_count = 1)
IL_ROW(LEAKY_RELU, leaky_relu, OF_A, FAST, .parameter = "slope", .initial = 0.01, .most = 1, .max_slope = 1,
       .linear = 1, .symmetry = IL_MODULO_SCALE, .rectified = 1, .kink_count = 1)
IL_ROW(ELU, elu, OF_A, FAST, .parameter = "alpha", .initial = 1, .most = DBL_MAX, .above = 1, .max_slope = 1,
       .parameter_slope = 1, .linear = 1, .flat = IL_FLAT_LEFT, .kink_count = 1)
IL_ROW(SELU, selu, OF_A, FAST, .max_slope = 1.7580993408473766, /* lambda alpha, as z -> 0 from below */
       .flat = IL_FLAT_LEFT, .kink_count = 1)
IL_ROW(GELU, gelu, OF_Z, FAST,
       .max_slope = 1.1289041451851548, /* at sqrt 2: Phi + sqrt 2 phi = (1 + erf 1) / 2 + 1 / (e sqrt pi) */
       .flat = IL_FLAT_LEFT, .pole = 2)
IL_ROW(GELU_TANH, gelu_tanh, OF_Z, FAST, .max_slope = 1.1289930686587717,          /* at z = 1.4185 */
       .flat = IL_FLAT_LEFT, .pole = 2.75)                                         /* +-0.63 +-2.75i */
IL_ROW(SILU, silu, OF_Z, FAST, .aliases = "swish", .max_slope = 1.099839320128867, /* at z = 2.39936 */
       .flat = IL_FLAT_LEFT, .pole = 3.141592653589793)
IL_ROW(SOFTPLUS, softplus, OF_Z, FAST, .max_slope = 1, .linear = 1, .flat = IL_FLAT_LEFT, .pole = 3.141592653589793)
IL_ROW(SOFTSIGN, softsign, OF_A, FAST, .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN,
       .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .kink_count = 1)
IL_ROW(HARD_TANH, hard_tanh, OF_A, FAST, .aliases = "hardtanh", .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN,
       .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .kink_count = 2, .kinks = {-1, 1})
IL_ROW(ERF, erf, OF_Z, FAST, .max_slope = 1.1283791670955126, /* 2 / sqrt pi */
       .linear = 1, .symmetry = IL_MODULO_SIGN, .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .pole = 2)
IL_ROW(MISH, mish, OF_Z, SMALL, .max_slope = 1.088498161251728, /* at z = 1.49057 */
       .flat = IL_FLAT_LEFT, .pole = 2.356194490192345)
IL_ROW(RELU6, relu6, OF_A, SMALL, .max_slope = 1, .linear = 1, .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .rectified = 1,
       .kink_count = 2, .kinks = {0, 6})
IL_ROW(HARD_SIGMOID, hard_sigmoid, OF_A, SMALL, .aliases = "hardsigmoid", .max_slope = 1.0 / 6, .linear = 1,
       .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .kink_count = 2, .kinks = {-3, 3})
IL_ROW(HARD_SWISH, hard_swish, OF_Z, SMALL, .aliases = "hardswish hard_silu",
       .max_slope = 1.5, /* as z -> 3 from below */
       .flat = IL_FLAT_LEFT, .kink_count = 2, .kinks = {-3, 3})
IL_ROW(CELU, celu, OF_A, SMALL, .parameter = "alpha", .initial = 1, .most = DBL_MAX, .above = 1, .max_slope = 1,
       .linear = 1, .flat = IL_FLAT_LEFT, .kink_count = 1)
IL_ROW(LOG_SIGMOID, log_sigmoid, OF_Z, SMALL, .aliases = "logsigmoid", .max_slope = 1, .linear = 1,
       .flat = IL_FLAT_RIGHT, .pole = 3.141592653589793)
IL_ROW(SOFT_SHRINK, soft_shrink, OF_A, SMALL, .aliases = "softshrink", .parameter = "threshold", .initial = 0.5,
       .most = DBL_MAX, .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN, .flat = IL_FLAT_MIDDLE,
       .kink_count = 2, .kinks = {-1, 1}, .kinks_scaled = 1)
IL_ROW(HARD_SHRINK, hard_shrink, OF_A, SMALL, .aliases = "hardshrink", .parameter = "threshold", .initial = 0.5,
       .most = DBL_MAX, .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN, .flat = IL_FLAT_MIDDLE,
       .kink_count = 2, .kinks = {-1, 1}, .kinks_scaled = 1)
IL_ROW(TANH_SHRINK, tanh_shrink, OF_Z, SMALL, .aliases = "tanhshrink", .max_slope = 1, .linear = 1,
       .symmetry = IL_MODULO_SIGN, .flat = IL_FLAT_MIDDLE, .pole = 1.5707963267948966)
IL_ROW(SQUARED_RELU, squared_relu, OF_Z, SMALL, .aliases = "relu_squared relu2", .max_slope = (double)INFINITY,
       .flat = IL_FLAT_LEFT, .rectified = 1, .kink_count = 1)
IL_ROW(EXPONENTIAL, exponential, OF_A, SMALL, .aliases = "exp", .max_slope = (double)INFINITY, .flat = IL_FLAT_LEFT,
       .pole = 2)
IL_ROW(ARCTAN, arctan, OF_Z, SMALL, .aliases = "atan", .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN,
       .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .pole = 1)
IL_ROW(LECUN_TANH, lecun_tanh, OF_A, SMALL, .max_slope = 1.7159 * 2 / 3, .linear = 1, .symmetry = IL_MODULO_SIGN,
       .flat = IL_FLAT_LEFT | IL_FLAT_RIGHT, .pole = 2.356194490192345)
IL_ROW(SIN, sin, OF_Z, SMALL, .aliases = "sine", .max_slope = 1, .linear = 1, .symmetry = IL_MODULO_SIGN, .pole = 2)
#undef IL_ROW
