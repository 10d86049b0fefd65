/* kernels_neon.c - the table of 64-bit ARM, whose every CPU has these vectors. */
#define ISA neon
#include <string.h>

#include "kernels.h"
#include "vec_neon.h"

#include "kernels.inc.h"
