/* kernels_neon.c - the table of 64-bit ARM, whose every CPU has these vectors. */
#define ISA neon
#include <string.h>

#include "kernels.h"
#include "vec_neon.h"

#define IL_TABLE_NAME IL_CAT2(il_kernels_, ISA)
#include "kernels_table.inc.h"
