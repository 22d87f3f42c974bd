#include "redis/job_priv.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "redis/format.h"
#include "redis/wake_priv.h"

#define TAKE_MAX 64 /* of one partition at once: a script must stay short */
/* take.lua has it too: a clock went back. */
#define FAR_AHEAD_MS ((int64_t)3600 * 1000)
#define SCORE_MAX 1e15 /* take.lua has it, too */
#define TOKEN_FRONT 14 /* random bytes; the script adds 4 hex digits a job */

static void
batch_take(struct batch *b, int place, int n, int64_t lease_ms, bool look,
    const char *id)
{
	const struct job_row *row = job_row_of(place);
	int partition = place % CHAT_PARTITIONS;
	char token[2 * TOKEN_FRONT + 1];

	text_random_hex(TOKEN_FRONT, token);
	batch_script(b, row->take, 6, 7);
	batch_partition_key(b, partition, row->due);
	batch_partition_key(b, partition, row->free);
	batch_partition_key(b, partition, "paused");
	batch_partition_key(b, partition, "counts");
	batch_partition_key(b, partition, "dead");
	batch_partition_key(b, partition, "chats");
	batch_partition_front(b, partition);
	batch_str(b, token);
	batch_int(b, lease_ms);
	batch_int(b, n);
	batch_int(b, FORMAT_NEWEST);
	batch_str(b, look ? "1" : "0");
	batch_str(b, id);
}

/* Whose due is no sorted set has no jobs; and when it is one again, what
 * waited is to be put there (of chats; a task that nobody finds passes). */
static void
note_due(struct store *st, int place, bool damaged)
{
	unsigned bit = 1u << place;

	if (damaged) {
		atomic_fetch_or(&st->due_damaged, bit);
		store_log_damaged(st, place % CHAT_PARTITIONS,
		    job_row_of(place)->due);
	} else if ((atomic_load(&st->due_damaged) & bit) != 0) {
		atomic_fetch_and(&st->due_damaged, ~bit);
		atomic_fetch_or(&st->due_healed, bit & DUE_ALL);
	}
}

/* What Redis's clock calls ${ms} on ours: who compares it must not look again
 * and again because one of the two is ahead. */
static int64_t
on_our_clock(int64_t ms, int64_t redis_now_ms)
{
	return ms == 0 ? 0 : clock_wall_ms() + ms - redis_now_ms;
}

/* The jobs of one answer into ${jobs}; ${next_ms} gets the earliest that is due
 * later, ${left}: there may be more. */
static int
read_taken(struct store *st, int place, const redisReply *r, int n,
    int64_t max_age_ms, int64_t until_ms, struct job **jobs, int64_t *next_ms,
    bool *left)
{
	enum { CODE, TIME, NEXT, LEFT, JOBS };
	enum store_rc rc = reply_code(st, r, "take");
	int64_t next;
	int taken = 0;

	*left = false;
	if (rc != STORE_OK && rc != STORE_NONE && rc != STORE_DAMAGED)
		return -1;
	note_due(st, place, rc == STORE_DAMAGED);
	if (rc == STORE_DAMAGED)
		return 0;
	*left = reply_int(r, LEFT) == 1;
	next = on_our_clock(reply_int(r, NEXT), reply_int(r, TIME));
	if (next > 0 && (*next_ms == 0 || next < *next_ms))
		*next_ms = next;
	for (size_t i = JOBS; i < r->elements && taken < n; i++) {
		struct job *j = job_row_of(place)->read(st,
		    place % CHAT_PARTITIONS, r->element[i], reply_int(r, TIME),
		    max_age_ms);

		if (j == NULL)
			continue;
		j->lease_until_ms = until_ms;
		jobs[taken++] = j;
	}
	return taken;
}

/* How many of ${n} jobs may come from each of ${places}; with few, some are not
 * asked at all. */
static void
share_out(unsigned places, int n, int quota[DUE_PLACES])
{
	int start = (int)randombytes_uniform(DUE_PLACES);
	int among = 0, share;

	for (int p = 0; p < DUE_PLACES; p++)
		among += (places & 1u << p) != 0;
	for (int i = 0; i < DUE_PLACES; i++) {
		int p = (start + i) % DUE_PLACES;

		quota[p] = 0;
		if ((places & 1u << p) == 0)
			continue;
		share = (n + among - 1) / among;
		quota[p] = share < TAKE_MAX ? share : TAKE_MAX;
		n -= share;
		among--;
	}
}

int
due_take(struct store *st, const struct wake *w, unsigned *places, int n,
    int64_t lease_ms, int64_t max_age_ms, struct job **jobs, int64_t *next_ms)
{
	struct batch b;
	redisReply *r[DUE_PLACES] = { NULL };
	int quota[DUE_PLACES], taken = 0;
	/* From before the call: ours must end before Redis's does. */
	int64_t until = clock_boot_ms() + lease_ms, ignored = 0;
	size_t at = 0, failed = 0;

	share_out(*places, n, quota);
	batch_init(&b, st);
	for (int p = 0; p < DUE_PLACES; p++)
		if (quota[p] > 0)
			batch_take(&b, p, quota[p], lease_ms, next_ms != NULL,
			    wake_id(w));
	if (b.n > 0 && store_run(st, &b, r) == -1)
		taken = -1;
	for (int p = 0; taken != -1 && p < DUE_PLACES; p++) {
		bool left;
		int got;

		if (quota[p] == 0)
			continue;
		got = read_taken(st, p, r[at++], quota[p], max_age_ms, until,
		    jobs + taken, next_ms != NULL ? next_ms : &ignored, &left);
		if (!left)
			*places &= ~(1u << p);
		if (got == -1)
			failed++;
		else
			taken += got;
	}
	if (failed > 0 && failed == b.n)
		taken = -1;
	replies_free(r, DUE_PLACES);
	batch_fini(&b);
	return taken;
}

/* Of ${place}; ${next_ms} as in due_look, on Redis's clock.  -1: failed. */
static int
read_first(struct store *st, int place, const redisReply *r, int64_t now,
    unsigned *due, int64_t *next_ms)
{
	const char *text;
	double score_ms;
	int64_t score;

	if (reply_is_wrong_type(r)) {
		note_due(st, place, true);
		return 0;
	}
	if (reply_is_error(st, r, "look"))
		return -1;
	if ((atomic_load(&st->due_damaged) & 1u << place) != 0)
		note_due(st, place, false);
	text = reply_str(r, 1);
	if (text == NULL)
		return 0;
	score_ms = strtod(text, NULL); /* inf is one, too */
	score = score_ms > SCORE_MAX ? (int64_t)SCORE_MAX
	    : score_ms > 0           ? (int64_t)score_ms
				     : 1;
	if (score <= now || score > now + FAR_AHEAD_MS)
		*due |= 1u << place;
	else if (*next_ms == 0 || score < *next_ms)
		*next_ms = score;
	return 0;
}

int
due_look(struct store *st, struct wake *w, unsigned *places, int64_t *next_ms)
{
	const unsigned wanted = wake_places(w);
	struct batch b;
	redisReply *r[WAKE_COMMANDS_MAX + 1 + DUE_PLACES] = { NULL };
	const redisReply *time;
	int64_t now, next = 0;
	unsigned due = 0;
	size_t at;
	int rc = -1;

	*places = 0;
	*next_ms = 0;
	batch_init(&b, st);
	/* First the sets: what becomes due behind its look wakes somebody. */
	at = wake_batch(w, &b);
	batch_command(&b, "TIME", 0);
	for (int p = 0; p < DUE_PLACES; p++) {
		if ((wanted & 1u << p) == 0)
			continue;
		batch_command(&b, "ZRANGE", 4);
		batch_partition_key(&b, p % CHAT_PARTITIONS,
		    job_row_of(p)->due);
		batch_int(&b, 0);
		batch_int(&b, 0);
		batch_str(&b, "WITHSCORES");
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	wake_read(w, r, at);
	time = r[at++];
	if (reply_is_error(st, time, "look") || reply_str(time, 0) == NULL
	    || reply_str(time, 1) == NULL)
		goto out;
	now = reply_int(time, 0) * 1000 + reply_int(time, 1) / 1000;
	for (int p = 0; p < DUE_PLACES; p++)
		if ((wanted & 1u << p) != 0
		    && read_first(st, p, r[at++], now, &due, &next) == -1)
			goto out;
	*places = due;
	*next_ms = on_our_clock(next, now);
	rc = 0;
out:
	replies_free(r, NELEM(r));
	batch_fini(&b);
	return rc;
}
