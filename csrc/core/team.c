/*
 * team.c - see team.h.
 *
 * A step of a net asks for the team every few ten microseconds, and waking a thread takes as long: so one that
 * waits looks at a counter for a while before it sleeps. Each thread begins with parts of its own, the same in every
 * round, because their data are in its cache, and then takes what is left of the others': where there are more
 * threads than CPUs, one that does not run keeps nobody waiting, unless it has a part in its hands.
 */
#define _POSIX_C_SOURCE 200809L /* signal masks */

#include "team.h"

#include "cpu.h"
#include "memory.h"

enum {
    LOOKS = 4000, /* before a thread sleeps: 20 to 100 microseconds, as long as a pause takes here */
    PARTS = 4,    /* for each thread */
    MOST_THREADS = 256
};

/* ---- what the systems call by different names -------------------------------------------- */

#if defined(_WIN32)

#include <windows.h>

typedef volatile LONG64 cell; /* read and written with a full barrier */
typedef HANDLE thread;
typedef SRWLOCK mutex;
typedef CONDITION_VARIABLE condition;
#define MUTEX_START SRWLOCK_INIT
#define CONDITION_START CONDITION_VARIABLE_INIT
#define THREAD_RESULT DWORD WINAPI
#define THREAD_END 0

static size_t cell_get(cell *c) { return (size_t)InterlockedCompareExchange64(c, 0, 0); }
static void cell_set(cell *c, size_t value) { (void)InterlockedExchange64(c, (LONG64)value); }
static void cell_add(cell *c, size_t value) { (void)InterlockedExchangeAdd64(c, (LONG64)value); }
static int
cell_exchange_if(cell *c, size_t expected, size_t value)
{
    return InterlockedCompareExchange64(c, (LONG64)value, (LONG64)expected) == (LONG64)expected;
}
static void look_again(void) { YieldProcessor(); }
static void give_way(void) { (void)SwitchToThread(); }

static int
thread_start(thread *t, DWORD(WINAPI *run)(void *), void *argument)
{
    *t = CreateThread(NULL, 0, run, argument, 0, NULL);
    return *t != NULL;
}

static void
thread_join(thread t)
{
    (void)WaitForSingleObject(t, INFINITE);
    (void)CloseHandle(t);
}

static void mutex_lock(mutex *m) { AcquireSRWLockExclusive(m); }
static void mutex_unlock(mutex *m) { ReleaseSRWLockExclusive(m); }
static void condition_wait(condition *c, mutex *m) { (void)SleepConditionVariableSRW(c, m, INFINITE, 0); }
static void condition_wake_all(condition *c) { WakeAllConditionVariable(c); }

#else

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

typedef atomic_size_t cell;
typedef pthread_t thread;
typedef pthread_mutex_t mutex;
typedef pthread_cond_t condition;
#define MUTEX_START PTHREAD_MUTEX_INITIALIZER
#define CONDITION_START PTHREAD_COND_INITIALIZER
#define THREAD_RESULT void *
#define THREAD_END NULL

static size_t cell_get(cell *c) { return atomic_load(c); }
static void cell_set(cell *c, size_t value) { atomic_store(c, value); }
static void cell_add(cell *c, size_t value) { (void)atomic_fetch_add(c, value); }
static int
cell_exchange_if(cell *c, size_t expected, size_t value)
{
    return atomic_compare_exchange_strong(c, &expected, value);
}

static void
look_again(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void give_way(void) { (void)sched_yield(); }

/* Signals are the business of the threads that were there before. */
static int
thread_start(thread *t, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    const int masked = pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
    const int started = pthread_create(t, NULL, run, argument) == 0;
    if (masked) {
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return started;
}

static void thread_join(thread t) { (void)pthread_join(t, NULL); }
static void mutex_lock(mutex *m) { (void)pthread_mutex_lock(m); }
static void mutex_unlock(mutex *m) { (void)pthread_mutex_unlock(m); }
static void condition_wait(condition *c, mutex *m) { (void)pthread_cond_wait(c, m); }
static void condition_wake_all(condition *c) { (void)pthread_cond_broadcast(c); }

#endif

/* ---- the team ---------------------------------------------------------------------------- */

enum { LINE = 64 }; /* bytes that CPUs exchange at a time */

/* The last round in which somebody took this part. */
typedef union claim {
    cell round;
    unsigned char alone[LINE];
} claim;

typedef struct member {
    il_team *team;
    size_t number; /* the caller is 0 */
    thread handle;
} member;

struct il_team {
    size_t threads; /* that run, with the caller */
    size_t parts;
    il_work work;
    void *context;
    cell round; /* counts calls; what stands above is written before it */
    cell done;  /* parts of this round */
    cell asleep;
    cell stopping; /* 1: the next round is the end */
    mutex lock;
    condition called;
    claim *claims;   /* [parts] */
    member member[]; /* [threads - 1] */
};

/* Do what nobody else has taken of a round. One who comes late finds all parts taken, in this round or a later. */
static void
take_part(il_team *t, size_t number, size_t round)
{
    for (size_t i = 0; i < t->parts; i++) {
        const size_t part = (number * PARTS + i) % t->parts;
        if (cell_exchange_if(&t->claims[part].round, round - 1, round)) {
            t->work(t->context, (il_part){part, t->parts, number});
            cell_add(&t->done, 1);
        }
    }
}

/* Wait for another round than `seen`. */
static size_t
next_round(il_team *t, size_t seen)
{
    for (int look = 0; look < LOOKS; look++) {
        const size_t round = cell_get(&t->round);
        if (round != seen) {
            return round;
        }
        look_again();
    }
    mutex_lock(&t->lock);
    /* Before the last look at `round`; the caller looks at `asleep` after it has changed `round`. */
    cell_add(&t->asleep, 1);
    while (cell_get(&t->round) == seen) {
        condition_wait(&t->called, &t->lock);
    }
    cell_add(&t->asleep, (size_t)-1);
    mutex_unlock(&t->lock);
    return cell_get(&t->round);
}

static THREAD_RESULT
serve(void *argument)
{
    const member *m = argument;
    il_team *t = m->team;
    (void)il_float_enter();
    for (size_t round = next_round(t, 0); cell_get(&t->stopping) == 0; round = next_round(t, round)) {
        take_part(t, m->number, round);
    }
    return THREAD_END;
}

/* Begin a round. */
static size_t
call(il_team *t)
{
    const size_t round = cell_get(&t->round) + 1;
    cell_set(&t->round, round);
    if (cell_get(&t->asleep) > 0) {
        mutex_lock(&t->lock);
        condition_wake_all(&t->called);
        mutex_unlock(&t->lock);
    }
    return round;
}

#if defined(IL_TEST_FAULTS)
static size_t most_started = MOST_THREADS;

void
il_team_start_at_most(size_t threads)
{
    most_started = threads;
}
#endif

static int
member_start(member *m)
{
#if defined(IL_TEST_FAULTS)
    if (m->number > most_started) {
        return 0;
    }
#endif
    return thread_start(&m->handle, serve, m);
}

il_team *
il_team_create(size_t threads)
{
    if (threads < 2) {
        return NULL;
    }
    threads = threads < MOST_THREADS ? threads : MOST_THREADS;
    il_team *t = il_allocate(1, sizeof *t + (threads - 1) * sizeof *t->member);
    claim *claims = il_allocate(threads * PARTS, sizeof *claims);
    if (t == NULL || claims == NULL) {
        goto alone;
    }
    const mutex lock = MUTEX_START;
    const condition called = CONDITION_START;
    t->lock = lock;
    t->called = called;
    t->claims = claims;
    t->threads = 1;
    /* None of them reads `threads` or `parts` before it is called. */
    while (t->threads < threads) {
        member *m = &t->member[t->threads - 1];
        m->team = t;
        m->number = t->threads;
        if (!member_start(m)) {
            break;
        }
        t->threads++;
    }
    t->parts = t->threads * PARTS;
    if (t->threads > 1) {
        return t;
    }
alone:
    il_release(claims);
    il_release(t);
    return NULL;
}

void
il_team_destroy(il_team *t)
{
    if (t == NULL) {
        return;
    }
    cell_set(&t->stopping, 1);
    (void)call(t);
    for (size_t i = 1; i < t->threads; i++) {
        thread_join(t->member[i - 1].handle);
    }
    il_release(t->claims);
    il_release(t);
}

size_t
il_team_size(const il_team *t)
{
    return t != NULL ? t->threads : 1;
}

void
il_team_share(il_team *t, il_work work, void *context)
{
    t->work = work;
    t->context = context;
    cell_set(&t->done, 0);
    take_part(t, 0, call(t));
    for (int look = 0; cell_get(&t->done) < t->parts; look++) {
        if (look < LOOKS) {
            look_again();
        } else {
            give_way();
        }
    }
}
