/* kernels_scalar.c - the reference table: one lane, hardware fma where the target has it. */
#if !defined(ISA)
#define ISA scalar
#endif
#include <string.h>

#include "kernels.h"
#include "vec_scalar.h"

#include "kernels.inc.h"
