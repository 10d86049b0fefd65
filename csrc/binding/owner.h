/*
 * owner.h - which thread computes with a net, changed atomically.
 *
 * 0 means nobody. A plain lock would wait, and would deadlock on a callback that uses the net it is
 * called from; here both are told at once.
 */
#ifndef IL_BINDING_OWNER_H
#define IL_BINDING_OWNER_H

#include "binding.h"

#if defined(_MSC_VER)

#include <windows.h>

typedef volatile LONG owner_cell;

static inline unsigned long
owner_exchange_if(owner_cell *cell, unsigned long expected, unsigned long wanted)
{
    return (unsigned long)InterlockedCompareExchange(cell, (LONG)wanted, (LONG)expected);
}

static inline void
owner_clear(owner_cell *cell)
{
    (void)InterlockedExchange(cell, 0);
}

#else

#include <stdatomic.h>

typedef atomic_ulong owner_cell;

/* Returns what was there before: `expected` if the exchange was made. */
static inline unsigned long
owner_exchange_if(owner_cell *cell, unsigned long expected, unsigned long wanted)
{
    (void)atomic_compare_exchange_strong_explicit(cell, &expected, wanted, memory_order_acquire, memory_order_relaxed);
    return expected;
}

static inline void
owner_clear(owner_cell *cell)
{
    atomic_store_explicit(cell, 0, memory_order_release);
}

#endif

static inline int
owner_take(owner_cell *cell)
{
    const unsigned long me = PyThread_get_thread_ident();
    const unsigned long before = owner_exchange_if(cell, 0, me);
    if (before == 0) {
        return 0;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    before == me ? "this network is in use by the call that is running this callback; work on a copy"
                                 : "this network is in use by another thread; give each thread its own copy");
    return -1;
}

#endif
