#include "redis/job_priv.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "nouns/metric.h"
#include "redis/format.h"

#define TAKE_MAX 64  /* of one partition at once: a script must stay short */
#define TAKE_TRIPS 3 /* rounds of due_take_all to fill its slots */
/* take.lua has it too: a clock went back. */
#define FAR_AHEAD_MS ((int64_t)3600 * 1000)
#define SCORE_MAX 1e15    /* take.lua has it, too */
#define WAKE_LOOK_MS 5000 /* which wake lists are damaged is looked at again */
#define TOKEN_FRONT 14    /* random bytes; the script adds 4 hex digits a job */

static void
batch_take(struct batch *b, int partition, int n, int64_t lease_ms, int popped)
{
	char token[2 * TOKEN_FRONT + 1];

	text_random_hex(TOKEN_FRONT, token);
	batch_script(b, SCRIPT_TAKE, 6, 6);
	batch_partition_key(b, partition, "due");
	batch_partition_key(b, partition, "wake");
	batch_partition_key(b, partition, "paused");
	batch_partition_key(b, partition, "counts");
	batch_partition_key(b, partition, "dead");
	batch_partition_key(b, partition, "chats");
	batch_partition_front(b, partition);
	batch_str(b, token);
	batch_int(b, lease_ms);
	batch_int(b, n);
	batch_int(b, FORMAT_NEWEST);
	batch_int(b, popped);
}

/* Whose due is no sorted set has no jobs; and when it is one again, what
 * waited is to be put there. */
static void
note_due(struct store *st, int partition, bool damaged)
{
	unsigned bit = 1u << partition;

	if (damaged) {
		atomic_fetch_or(&st->due_damaged, bit);
		store_log_damaged(st, partition, "due");
	} else if ((atomic_load(&st->due_damaged) & bit) != 0) {
		atomic_fetch_and(&st->due_damaged, ~bit);
		atomic_fetch_or(&st->due_healed, bit);
	}
}

/* The jobs of one answer into ${jobs}; ${next_ms} gets the earliest. */
static int
read_taken(struct store *st, int partition, const redisReply *r, int n,
    int64_t max_age_ms, int64_t until_ms, struct job **jobs, int64_t *next_ms)
{
	enum store_rc rc = reply_code(st, r, "take");
	int64_t next;
	int taken = 0;

	if (rc != STORE_OK && rc != STORE_NONE && rc != STORE_DAMAGED)
		return -1;
	note_due(st, partition, rc == STORE_DAMAGED);
	if (rc == STORE_DAMAGED)
		return 0;
	next = reply_int(r, 2);
	if (next > 0 && (*next_ms == 0 || next < *next_ms))
		*next_ms = next;
	for (size_t i = 3; i < r->elements && taken < n; i++) {
		struct job *j = job_read(st, partition, r->element[i],
		    reply_int(r, 1), max_age_ms);

		if (j == NULL)
			continue;
		j->lease_until_ms = until_ms;
		jobs[taken++] = j;
	}
	return taken;
}

/* What Redis's clock calls ${ms} on ours: who compares it must not look again
 * and again because one of the two is ahead. */
static int64_t
on_our_clock(int64_t ms, int64_t redis_now_ms)
{
	return ms == 0 ? 0 : clock_wall_ms() + ms - redis_now_ms;
}

int
due_take(struct store *st, int partition, int n, int64_t lease_ms,
    int64_t max_age_ms, struct job **jobs, int64_t *next_ms)
{
	struct batch b;
	redisReply *r = NULL;
	/* From before the call: ours must end before Redis's does. */
	int64_t until = clock_boot_ms() + lease_ms;
	int taken = -1;

	*next_ms = 0;
	if (n > TAKE_MAX)
		n = TAKE_MAX;
	batch_init(&b, st);
	batch_take(&b, partition, n, lease_ms, 1);
	if (store_run(st, &b, &r) == 0)
		taken = read_taken(st, partition, r, n, max_age_ms, until, jobs,
		    next_ms);
	if (taken != -1)
		*next_ms = on_our_clock(*next_ms, reply_int(r, 1));
	freeReplyObject(r);
	batch_fini(&b);
	return taken;
}

/* One round trip over all partitions, ${quota}[p] jobs of each. */
static int
take_round(struct store *st, const int quota[CHAT_PARTITIONS], int64_t lease_ms,
    int64_t max_age_ms, struct job **jobs, int64_t next[CHAT_PARTITIONS],
    int64_t *now_ms)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	int64_t until = clock_boot_ms() + lease_ms;
	int taken = -1;
	bool any = false;

	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		batch_take(&b, p, quota[p], lease_ms, 0);
	if (store_run(st, &b, r) == -1)
		goto out;
	taken = 0;
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		int n;

		next[p] = 0;
		n = read_taken(st, p, r[p], quota[p], max_age_ms, until,
		    jobs + taken, &next[p]);
		if (n == -1)
			continue;
		any = true;
		taken += n;
		*now_ms = reply_int(r[p], 1);
	}
	if (!any)
		taken = -1;
out:
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
	return taken;
}

int
due_take_all(struct store *st, int n, int64_t lease_ms, int64_t max_age_ms,
    struct job **jobs, int64_t *next_ms)
{
	int quota[CHAT_PARTITIONS] = { 0 };
	int64_t next[CHAT_PARTITIONS], now = 0;
	int start = (int)randombytes_uniform(CHAT_PARTITIONS);
	int total = 0;

	*next_ms = 0;
	for (int i = 0; i < CHAT_PARTITIONS; i++) {
		int p = (start + i) % CHAT_PARTITIONS;

		quota[p] = n / CHAT_PARTITIONS + (i < n % CHAT_PARTITIONS);
		if (quota[p] > TAKE_MAX)
			quota[p] = TAKE_MAX;
	}
	for (int trip = 0; trip < TAKE_TRIPS; trip++) {
		int ready = 0, share;
		int got = take_round(st, quota, lease_ms, max_age_ms,
		    jobs + total, next, &now);

		if (got == -1)
			return total > 0 ? total : -1;
		total += got;
		/* What is left goes to the partitions that have more; with few
		 * slots most were only asked whether they have any. */
		for (int p = 0; p < CHAT_PARTITIONS; p++)
			if (next[p] > 0 && next[p] <= now)
				ready++;
		if (ready == 0 || total >= n)
			break;
		share = (n - total + ready - 1) / ready;
		for (int i = 0, left = n - total; i < CHAT_PARTITIONS; i++) {
			int p = (start + i) % CHAT_PARTITIONS;

			quota[p] = 0;
			if (next[p] == 0 || next[p] > now)
				continue;
			quota[p] = share < left ? share : left;
			if (quota[p] > TAKE_MAX)
				quota[p] = TAKE_MAX;
			left -= quota[p];
		}
	}
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		if (next[p] > 0 && (*next_ms == 0 || next[p] < *next_ms))
			*next_ms = next[p];
	*next_ms = on_our_clock(*next_ms, now);
	return total;
}

int
due_look(struct store *st, int64_t *next_ms)
{
	struct batch b;
	redisReply *r[1 + CHAT_PARTITIONS] = { NULL };
	int64_t now, next = 0;
	int rc = -1;

	*next_ms = 0;
	batch_init(&b, st);
	batch_command(&b, "TIME", 0);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "ZRANGE", 4);
		batch_partition_key(&b, p, "due");
		batch_int(&b, 0);
		batch_int(&b, 0);
		batch_str(&b, "WITHSCORES");
	}
	if (store_run(st, &b, r) == -1 || reply_is_error(st, r[0], "look")
	    || reply_str(r[0], 0) == NULL || reply_str(r[0], 1) == NULL)
		goto out;
	now = reply_int(r[0], 0) * 1000 + reply_int(r[0], 1) / 1000;
	rc = 0;
	for (int p = 1; p <= CHAT_PARTITIONS; p++) {
		const char *text;
		double score_ms;
		int64_t score;

		if (reply_is_wrong_type(r[p])) {
			note_due(st, p - 1, true);
			continue;
		}
		if (reply_is_error(st, r[p], "look")) {
			rc = -1;
			goto out;
		}
		if ((atomic_load(&st->due_damaged) & 1u << (p - 1)) != 0)
			note_due(st, p - 1, false);
		text = reply_str(r[p], 1);
		if (text == NULL)
			continue;
		score_ms = strtod(text, NULL); /* inf is one, too */
		score = score_ms > SCORE_MAX ? (int64_t)SCORE_MAX
		    : score_ms > 0           ? (int64_t)score_ms
					     : 1;
		if (score <= now || score > now + FAR_AHEAD_MS)
			rc = 1;
		if (next == 0 || score < next)
			next = score;
	}
	*next_ms = on_our_clock(next, now);
out:
	replies_free(r, 1 + CHAT_PARTITIONS);
	batch_fini(&b);
	return rc;
}

/* "{p12}:wake" -> 12; -1: none of ours. */
static int
partition_of(const struct store *st, const char *key)
{
	long p;

	key = store_own_key(st, key);
	if (key == NULL || strncmp(key, "{p", 2) != 0)
		return -1;
	p = strtol(key + 2, NULL, 10);
	return p >= 0 && p < CHAT_PARTITIONS ? (int)p : -1;
}

/* A key among those of a blocking pop that is no list refuses all of them: to
 * find it. */
static void
look_at_wakes(struct store *st)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	unsigned damaged = 0;

	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "LLEN", 1);
		batch_partition_key(&b, p, "wake");
	}
	if (store_run(st, &b, r) == 0) {
		for (int p = 0; p < CHAT_PARTITIONS; p++)
			if (reply_is_wrong_type(r[p])) {
				damaged |= 1u << p;
				store_log_damaged(st, p, "wake");
			}
		atomic_store(&st->wake_damaged, damaged);
		atomic_store(&st->wake_look_ms, clock_boot_ms() + WAKE_LOOK_MS);
	}
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
}

/* Damaged ones are left out; the scans serve their partitions. */
static void
batch_wait(struct store *st, struct batch *b, const int order[CHAT_PARTITIONS],
    int wait_ms)
{
	unsigned damaged = atomic_load(&st->wake_damaged);
	char timeout[24];
	int n = 0;

	for (int i = 0; i < CHAT_PARTITIONS; i++)
		n += (damaged & 1u << order[i]) == 0;
	batch_command(b, "BLPOP", n == 0 ? 2 : n + 1);
	for (int i = 0; i < CHAT_PARTITIONS; i++)
		if ((damaged & 1u << order[i]) == 0)
			batch_partition_key(b, order[i], "wake");
	if (n == 0) /* waits as long, for nothing */
		batch_partition_key(b, order[0], "asleep");
	(void)snprintf(timeout, sizeof(timeout), "%d.%03d", wait_ms / 1000,
	    wait_ms % 1000);
	batch_str(b, timeout);
}

int
due_wait(struct store *st, int wait_ms)
{
	struct link *c;
	struct batch b;
	int order[CHAT_PARTITIONS] = { 0 }, rc = -2;
	uint32_t dice[CHAT_PARTITIONS];
	redisReply *r = NULL;

	if (wait_ms > STORE_WAIT_MAX_MS)
		wait_ms = STORE_WAIT_MAX_MS;
	if (wait_ms < 1)
		wait_ms = 1; /* 0 would be for ever */
	/* A blocking pop serves its keys in the order given. */
	randombytes_buf(dice, sizeof(dice));
	for (int i = 0; i < CHAT_PARTITIONS; i++) {
		int at = (int)(dice[i] % ((uint32_t)i + 1));

		order[i] = order[at];
		order[at] = i;
	}
	c = link_get(st, LINK_WAITING);
	if (c == NULL)
		return -2;
	batch_init(&b, st);
	batch_wait(st, &b, order, wait_ms);
	metric_add(METRIC_REDIS_ROUND_TRIPS, 0, 1);
	if (redisAppendFormattedCommand(c->redis, b.out.data, b.out.len)
		!= REDIS_OK
	    || link_reply(c, &r) == -1) {
		link_broken(st, c, "wait");
		batch_fini(&b);
		return -2;
	}
	if (r->type == REDIS_REPLY_NIL) {
		rc = -1;
	} else if (reply_is_wrong_type(r)) {
		look_at_wakes(st);
		rc = -1;
	} else if (!reply_is_error(st, r, "wait") && reply_str(r, 0) != NULL)
		rc = partition_of(st, reply_str(r, 0));
	freeReplyObject(r);
	link_put(st, LINK_WAITING, c);
	batch_fini(&b);
	if (atomic_load(&st->wake_damaged) != 0
	    && clock_boot_ms() >= atomic_load(&st->wake_look_ms))
		look_at_wakes(st);
	return rc;
}

void
due_poke(struct store *st)
{
	struct batch b;
	redisReply *r = NULL;

	batch_init(&b, st);
	batch_command(&b, "LPUSH", 2);
	batch_partition_key(&b, (int)randombytes_uniform(CHAT_PARTITIONS),
	    "wake");
	batch_str(&b, "1");
	if (store_run(st, &b, &r) == 0 && !reply_is_wrong_type(r))
		(void)reply_is_error(st, r, "poke");
	freeReplyObject(r);
	batch_fini(&b);
}
