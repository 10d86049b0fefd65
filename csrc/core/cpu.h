/* cpu.h - what this CPU and its operating system allow, and the floating-point environment. */
#ifndef IL_CPU_H
#define IL_CPU_H

/* 1 where the CPU has the instructions and the system saves their registers. */
int il_cpu_has_fma(void); /* x86-64: FMA3 with AVX state; AArch64: always */
int il_cpu_has_avx2(void);
int il_cpu_has_avx512(void); /* F, DQ, BW and VL, and the mask and 512-bit registers */

/*
 * NUMERICS 5.1: every computing thread runs with round to nearest and gradual underflow, whatever a
 * library built with -ffast-math left behind.
 */
typedef struct il_float_environment {
    unsigned long long control;
} il_float_environment;

il_float_environment il_float_enter(void);
void il_float_leave(il_float_environment saved);

#endif
