/*
 * journal: the steps of a running job, whatever its kind, and the end of a turn
 * (write.lua, release.lua, finish.lua); a task's end is task.h's.  Each call checks in Redis that ${job} is still held by its token.
 */
#ifndef REDIS_JOURNAL_H
#define REDIS_JOURNAL_H

#include "nouns/turn_end.h"
#include "redis/budget.h"
#include "redis/due.h"

/*
 * Write ${fields} (sealed here) and renew the lease.  ${settle} (may be NULL)
 * is carried out in the same round trip.  ${stopped} is set when /stop came.
 * OK, LOST, LATE, DOWN.
 */
enum store_rc journal_write(struct store *st, struct job *job,
    const struct journal_field *fields, size_t n, int64_t lease_ms,
    int64_t max_time_ms, const struct budget_change *settle,
    bool *stopped) WARN_UNUSED;

/*
 * Renew the leases of ${n} jobs in one round trip; each has its longest time.
 * ${rc}[i] as journal_write, ${stopped}[i] set when /stop came.
 */
enum store_rc journal_renew(struct store *st, struct job *const *jobs, size_t n,
    int64_t lease_ms, const int64_t *max_time_ms, enum store_rc *rc,
    bool *stopped) WARN_UNUSED;

/*
 * Give the job back, to be looked at in ${delay_ms}; ${failed} counts as a
 * failure.  ${hold} (may be NULL) is journalled with it (retry state).
 */
enum store_rc journal_release(struct store *st, struct job *job,
    int64_t delay_ms, bool failed,
    const struct journal_field *hold) WARN_UNUSED;

/* A number that changes with each /stop: who holds turns renews them then, to
 * learn which is meant, and not only when the leases want it. */
enum store_rc journal_stops(struct store *st, int64_t *n) WARN_UNUSED;

/* What a turn leaves behind. */
struct turn_outcome {
	enum turn_end end;
	const char *reply; /* reply_write(); NULL: nobody asks for it */
	int64_t reply_keep_ms;
	const struct history_entry *add; /* NULL: history unchanged */
	int64_t history_max;             /* entries kept */
	bool forget_history;             /* /reset */
	bool forget_session; /* /disconnect: the record goes, counters stay */
	bool set_state;
	enum session_state state;
	const struct session_token *token;  /* NULL: unchanged */
	const char *last_tools;             /* NULL: unchanged */
	struct usage usage;                 /* added to the chat's */
	const struct budget_change *settle; /* may be NULL */
	const char
	    *why; /* dead: a word for the ledger ("crashes", "failures") */
};

/*
 * End the turn: removes the message, counts its end, keeps and publishes the
 * reply (kind "reply") to the message's address and to all who asked again.
 * OK; STOPPED: /stop came, and was told that it stops this turn, so it can end
 * as END_REFUSED only; LOST; HEAD; DAMAGED: dead letters cannot be kept, hand
 * it back; DOWN (try again: it is safe to repeat; a repeat after a success
 * whose answer was not seen is OK).
 */
enum store_rc journal_finish(struct store *st, struct job *job,
    const struct turn_outcome *o) WARN_UNUSED;

#endif
