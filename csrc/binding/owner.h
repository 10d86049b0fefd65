/*
 * owner.h - which thread computes with a net, changed atomically.
 *
 * 0 means nobody. A plain lock would wait, and would deadlock on a callback that uses the net it is
 * called from; here both are told at once.
 *
 * A fork copies the memory and one thread. An owner of an earlier process that is not this thread is
 * gone and will never give the net back, so the net is taken from it. Threads count from 1 by their
 * first use of a net, in the low half of the cell; the high half counts forks.
 */
#ifndef IL_BINDING_OWNER_H
#define IL_BINDING_OWNER_H

#include "binding.h"

#if defined(_MSC_VER)

#include <windows.h>

typedef volatile LONG owner_cell;
typedef unsigned long owner_id;

static inline owner_id
owner_exchange_if(owner_cell *cell, owner_id expected, owner_id wanted)
{
    return (owner_id)InterlockedCompareExchange(cell, (LONG)wanted, (LONG)expected);
}

static inline owner_id
owner_self(void)
{
    return PyThread_get_thread_ident();
}

static inline int
owner_is_self(owner_id owner)
{
    return owner == owner_self();
}

/* There is no fork. */
static inline int
owner_is_gone(owner_id owner)
{
    (void)owner;
    return 0;
}

static inline int
owner_watch_forks(void)
{
    return 0;
}

static inline void
owner_clear(owner_cell *cell)
{
    (void)InterlockedExchange(cell, 0);
}

#else

#include <stdatomic.h>

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__)
#include <pthread.h>
#define OWNER_FORKS 1
#endif

typedef atomic_ullong owner_cell;
typedef unsigned long long owner_id;

#define OWNER_THREAD 0xFFFFFFFFULL /* bits of a cell */

static atomic_ullong owner_threads; /* that have used a net */
static atomic_ullong owner_forks;   /* between this process and the one that loaded the module, shifted */

/* Returns what was there before: `expected` if the exchange was made. */
static inline owner_id
owner_exchange_if(owner_cell *cell, owner_id expected, owner_id wanted)
{
    (void)atomic_compare_exchange_strong_explicit(cell, &expected, wanted, memory_order_acquire, memory_order_relaxed);
    return expected;
}

static inline void
owner_clear(owner_cell *cell)
{
    atomic_store_explicit(cell, 0, memory_order_release);
}

/* The thread that forks keeps its number. */
static inline owner_id
owner_self(void)
{
    static _Thread_local owner_id number;
    if (number == 0) {
        number = 1 + atomic_fetch_add_explicit(&owner_threads, 1, memory_order_relaxed) % OWNER_THREAD;
    }
    return number | atomic_load_explicit(&owner_forks, memory_order_relaxed);
}

static inline int
owner_is_self(owner_id owner)
{
    return (owner & OWNER_THREAD) == (owner_self() & OWNER_THREAD);
}

static inline int
owner_is_gone(owner_id owner)
{
    return !owner_is_self(owner) && (owner & ~OWNER_THREAD) != (owner_self() & ~OWNER_THREAD);
}

#if defined(OWNER_FORKS)
static void
owner_count_fork(void)
{
    (void)atomic_fetch_add_explicit(&owner_forks, OWNER_THREAD + 1, memory_order_relaxed);
}
#endif

/* Once a process, before the first net. */
static inline int
owner_watch_forks(void)
{
#if defined(OWNER_FORKS)
    static atomic_flag watched = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&watched) && pthread_atfork(NULL, NULL, owner_count_fork) != 0) {
        atomic_flag_clear(&watched);
        PyErr_NoMemory();
        return -1;
    }
#endif
    return 0;
}

#endif

/* 0: taken; 1: taken from a thread that a fork has left behind, perhaps in the middle of its work; -1: in use. */
static inline int
owner_take(owner_cell *cell)
{
    const owner_id me = owner_self();
    const owner_id before = owner_exchange_if(cell, 0, me);
    if (before == 0) {
        return 0;
    }
    if (owner_is_gone(before) && owner_exchange_if(cell, before, me) == before) {
        return 1;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    owner_is_self(before)
                        ? "this network is in use by the call that is running this callback; work on a copy"
                        : "this network is in use by another thread; give each thread its own copy");
    return -1;
}

#endif
