/* kernels_avx512.c - the AVX-512 table. Compiled alone with its own flags. */
#define ISA avx512
#include <string.h>

#include "kernels.h"
#include "vec_avx512.h"

#include "kernels.inc.h"
