/* kernels_soft.c - the reference table with software fma, for CPUs without the instruction. */
#define IL_SOFT_FMA 1
#define ISA soft
#include "kernels_scalar.c"
