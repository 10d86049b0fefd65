/* kernels_emu512.c - the AVX-512 table for CPUs without it; only test builds link it. */
#define ISA emu512
#include <string.h>

#include "kernels.h"
#include "vec_emu512.h"

#include "kernels.inc.h"
