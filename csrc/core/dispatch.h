/* dispatch.h - the kernel table in use. */
#ifndef IL_DISPATCH_H
#define IL_DISPATCH_H

#include "../kernels/kernels.h"

/* The chosen table; decides at the first call. */
const il_kernels *il_kernels_get(void);

/* The table of a name, or NULL where this build or CPU has none. */
const il_kernels *il_kernels_find(const char *name);

#endif
