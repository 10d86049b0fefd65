/*
 * team.h - plain threads that share the work of one call and are joined at its end.
 *
 * The work is cut into parts that write disjoint places and are each computed as one thread would
 * compute them, so the number of threads cannot change a bit.
 */
#ifndef IL_TEAM_H
#define IL_TEAM_H

#include <stddef.h>

/* A team of one is NULL; all functions take it. */
typedef struct il_team il_team;

/* A part of some work, and which thread of the team has it. */
typedef struct il_part {
    size_t index, count;
    size_t member;
} il_part;

typedef void (*il_work)(void *context, il_part part);

/* Fewer threads, down to NULL, where the system gives no more: never an error. */
il_team *il_team_create(size_t threads);
void il_team_destroy(il_team *team);

/* The calling thread with it. */
size_t il_team_size(const il_team *team);

/* il_team_run of a team that is not NULL. */
void il_team_share(il_team *team, il_work work, void *context);

/* All parts, several for each thread; returns when the last is done. Not from within `work`. Inline, because tiny
 * nets come by a million times a second, and alone. */
static inline void
il_team_run(il_team *team, il_work work, void *context)
{
    if (team == NULL) {
        work(context, (il_part){0, 1, 0});
    } else {
        il_team_share(team, work, context);
    }
}

#if defined(IL_TEST_FAULTS)
/* The system starts no more threads from here on. */
void il_team_start_at_most(size_t threads);
#endif

/* The share of a part: of `total` things those from begin to end - 1. */
static inline void
il_share(size_t total, il_part part, size_t *begin, size_t *end)
{
    if (part.count == 1) { /* nets that take half a microsecond a step have not the time to divide */
        *begin = 0;
        *end = total;
        return;
    }
    const size_t each = total / part.count, more = total % part.count, i = part.index;
    *begin = i * each + (i < more ? i : more);
    *end = *begin + each + (i < more);
}

#endif
