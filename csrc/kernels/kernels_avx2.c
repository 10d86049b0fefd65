/* kernels_avx2.c - the AVX2 + FMA table. Compiled alone with its own flags. */
#define ISA avx2
#include <string.h>

#include "kernels.h"
#include "vec_avx2.h"

#include "kernels.inc.h"
