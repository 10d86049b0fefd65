/*
 * test_math.c - the elementary functions and activations of every table: same bits as scalar, distance
 * from libm in a wider type, special values; and the software fma against the hardware's.
 *
 *     test_math             a million points a function
 *     test_math --thorough  every float (seconds a function and core), 10^8 fma and double points
 */
#include <float.h>
#include <math.h>

#include "harness.h"

#include "../../csrc/core/dispatch.h"
#include "../../csrc/kernels/fma_soft.h"

#define IL_NAME_(p) #p
#define IL_NAME(p) IL_NAME_(p)

static size_t batches = 64;

/* splitmix64 */
static uint64_t random_state = 1;

static uint64_t
next_random(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#define T float
#define P f32
#define U uint32_t
#define WIDE double
#define L(name) name
#define FRACTION_BITS 23
#define LEAST_EXPONENT (-149)
#define EXP_BOUND 1.0
#define LOG_BOUND 1.0
#define DIFFERENCE_BITS 17
#define DIFFERENCE_ERROR 1e-10
#include "test_math.inc.h"
#undef T
#undef P
#undef U
#undef WIDE
#undef L
#undef FRACTION_BITS
#undef LEAST_EXPONENT
#undef EXP_BOUND
#undef LOG_BOUND
#undef DIFFERENCE_BITS
#undef DIFFERENCE_ERROR
#define T double
#define P f64
#define U uint64_t
#define WIDE long double
#define L(name) name##l
#define FRACTION_BITS 52
#define LEAST_EXPONENT (-1074)
#define EXP_BOUND 2.0
#define LOG_BOUND 2.0
#define DIFFERENCE_BITS 20
#define DIFFERENCE_ERROR 1e-12
#include "test_math.inc.h"

