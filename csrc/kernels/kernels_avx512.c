/* kernels_avx512.c - the AVX-512 table. Compiled alone with its own flags. */
#define ISA avx512
#include <string.h>

#include "kernels.h"
#include "vec_avx512.h"

#define IL_TABLE_NAME IL_CAT2(il_kernels_, ISA)
#include "kernels_table.inc.h"
