#include "redis/journal.h"

#include <stdlib.h>

#include "base/log.h"
#include "redis/budget_priv.h"
#include "redis/format.h"
#include "redis/job_priv.h"

#define HISTORY_FORGET (-1)
/* Twice what turns.lease may ask for; take.lua thinks that a job more than an
 * hour ahead was put there by a clock that went back. */
#define DELAY_MAX_MS ((int64_t)55 * 60 * 1000)

static void
add_field(struct batch *b, struct store *st, const struct job *job,
    const struct journal_field *f)
{
	char item[RECORD_ITEM_MAX];

	record_journal_item(item, job->id, f->name);
	batch_str(b, f->name);
	batch_sealed(b, st, "", &job->chat, "journal", item, f->text, f->len);
}

/* The highest version of ${n} steps: lua/common.lua keeps it in the record. */
static int
version_of(const struct journal_field *fields, size_t n)
{
	int version = FORMAT_FIRST;

	for (size_t i = 0; i < n; i++)
		if (fields[i].version > version)
			version = fields[i].version;
	return version;
}

static void
batch_write(struct batch *b, struct store *st, const struct job *job,
    const struct journal_field *fields, size_t n, int64_t lease_ms,
    int64_t max_time_ms)
{
	const struct job_row *row = &JOB_ROW[job->kind];

	batch_script(b, SCRIPT_WRITE, 3, 5 + 2 * (int)n);
	batch_chat_key(b, &job->chat, row->record);
	batch_chat_key(b, &job->chat, row->journal);
	batch_partition_key(b, job->chat.partition, row->due);
	batch_str(b, job->token);
	batch_str(b, job->chat.text);
	batch_int(b, lease_ms);
	batch_int(b, max_time_ms);
	batch_int(b, version_of(fields, n));
	for (size_t i = 0; i < n; i++)
		add_field(b, st, job, &fields[i]);
}

enum store_rc
journal_write(struct store *st, struct job *job,
    const struct journal_field *fields, size_t n, int64_t lease_ms,
    int64_t max_time_ms, const struct budget_change *settle, bool *stopped)
{
	struct batch b;
	redisReply *r[3] = { NULL }; /* write, two budgets */
	enum store_rc rc = STORE_DOWN;

	*stopped = false;
	batch_init(&b, st);
	batch_write(&b, st, job, fields, n, lease_ms, max_time_ms);
	budget_batch(&b, &job->chat, settle);
	if (store_run(st, &b, r) == -1)
		goto out;
	rc = reply_code(st, r[0], "write");
	if (rc == STORE_OK)
		*stopped = reply_int(r[0], 1) == 1;
out:
	replies_free(r, NELEM(r));
	batch_fini(&b);
	return rc;
}

enum store_rc
journal_renew(struct store *st, struct job *const *jobs, size_t n,
    int64_t lease_ms, const int64_t *max_time_ms, enum store_rc *rc,
    bool *stopped)
{
	struct batch b;
	redisReply **r;
	enum store_rc all = STORE_DOWN;

	for (size_t i = 0; i < n; i++) {
		rc[i] = STORE_DOWN;
		stopped[i] = false;
	}
	if (n == 0)
		return STORE_OK;
	r = calloc(n, sizeof(redisReply *));
	if (r == NULL)
		abort(); /* out of memory ends the worker */
	batch_init(&b, st);
	for (size_t i = 0; i < n; i++)
		batch_write(&b, st, jobs[i], NULL, 0, lease_ms, max_time_ms[i]);
	if (store_run(st, &b, r) == 0) {
		all = STORE_OK;
		for (size_t i = 0; i < n; i++) {
			rc[i] = reply_code(st, r[i], "renew");
			stopped[i] = rc[i] == STORE_OK
			    && reply_int(r[i], 1) == 1;
		}
	}
	replies_free(r, n);
	free(r);
	batch_fini(&b);
	return all;
}

enum store_rc
journal_stops(struct store *st, int64_t *n)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*n = 0;
	batch_init(&b, st);
	batch_command(&b, "GET", 1);
	batch_key(&b, KEY_STOPS);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "stops")) {
		if (r->type == REDIS_REPLY_STRING)
			*n = strtoll(r->str, NULL, 10);
		rc = STORE_OK;
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
journal_release(struct store *st, struct job *job, int64_t delay_ms,
    bool failed, const struct journal_field *hold)
{
	const struct job_row *row = &JOB_ROW[job->kind];
	struct batch b;
	enum store_rc rc;

	if (delay_ms > DELAY_MAX_MS)
		delay_ms = DELAY_MAX_MS;
	if (delay_ms < 0)
		delay_ms = 0;
	batch_init(&b, st);
	batch_script(&b, SCRIPT_RELEASE, 4, hold == NULL ? 5 : 7);
	batch_chat_key(&b, &job->chat, row->record);
	batch_chat_key(&b, &job->chat, row->journal);
	batch_partition_key(&b, job->chat.partition, row->due);
	batch_partition_key(&b, job->chat.partition, row->free);
	batch_str(&b, job->token);
	batch_str(&b, job->chat.text);
	batch_int(&b, delay_ms);
	batch_str(&b, failed ? "1" : "0");
	batch_int(&b, hold != NULL ? version_of(hold, 1) : FORMAT_FIRST);
	if (hold != NULL)
		add_field(&b, st, job, hold);
	rc = store_run_code(st, &b, "release");
	batch_fini(&b);
	return rc;
}

/* A value of the session: "" unchanged, "-" removed, else sealed. */
static void
add_session(struct batch *b, struct store *st, const struct job *job,
    const char *item, const char *text)
{
	if (text == NULL || *text == '\0')
		batch_str(b, text == NULL ? "" : "-");
	else
		batch_sealed(b, st, "", &job->chat, "session", item, text,
		    strlen(text));
}

static void
add_history(struct batch *b, struct store *st, const struct job *job,
    const char *entry)
{
	char front[MESSAGE_ID_MAX + 1];

	if (entry == NULL) {
		batch_str(b, "");
		return;
	}
	memcpy(front, job->id, MESSAGE_ID_MAX - 1);
	front[MESSAGE_ID_MAX - 1] = ' ';
	front[MESSAGE_ID_MAX] = '\0';
	batch_sealed(b, st, front, &job->chat, "history", job->id, entry,
	    strlen(entry));
}

static void
batch_finish(struct batch *b, struct store *st, const struct job *job,
    const struct turn_outcome *o, const char *entry, const char *token)
{
	batch_script(b, SCRIPT_FINISH, 10, 15);
	batch_chat_key(b, &job->chat, "chat");
	batch_chat_key(b, &job->chat, "inbox");
	batch_chat_key(b, &job->chat, "history");
	batch_chat_key(b, &job->chat, "turn");
	batch_partition_key(b, job->chat.partition, "due");
	batch_partition_key(b, job->chat.partition, "free");
	batch_partition_key(b, job->chat.partition, "counts");
	batch_partition_key(b, job->chat.partition, "dead");
	batch_item_key(b, job->chat.partition, "reply", job->id);
	batch_item_key(b, job->chat.partition, "wait", job->id);

	batch_str(b, job->token);
	batch_str(b, job->chat.text);
	batch_str(b, job->id);
	batch_str(b, turn_end_name(o->end));
	add_history(b, st, job, entry);
	batch_int(b,
	    o->forget_history ? HISTORY_FORGET
			      : (o->history_max > 0 ? o->history_max : 1));
	batch_str(b, o->forget_session ? "1" : "0");
	batch_str(b, o->set_state ? session_state_name(o->state) : "");
	add_session(b, st, job, "cred", token);
	add_session(b, st, job, "tools", o->last_tools);
	batch_int(b, o->usage.in);
	batch_int(b, o->usage.out);
	if (o->reply != NULL)
		/* The record and what is published are the same bytes. */
		batch_sealed(b, st, "", &job->chat, "reply", job->id, o->reply,
		    strlen(o->reply));
	else
		batch_str(b, "");
	batch_int(b, o->reply_keep_ms > 0 ? o->reply_keep_ms : 1);
	batch_str(b, o->why == NULL ? "" : o->why);
}

enum store_rc
journal_finish(struct store *st, struct job *job, const struct turn_outcome *o)
{
	struct batch b;
	redisReply *r[3] = { NULL };
	struct arena *mem = NULL; /* the job's may be another thread's */
	const char *entry = NULL;
	char *token = NULL;
	const char *set = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	if (o->add != NULL && o->history_max > 0) {
		mem = arena_new();
		entry = history_entry_write(mem, o->add);
		if (entry == NULL)
			log_event(LOG_ERROR, "history_unwritable",
			    F_CHAT(&job->chat),
			    F_STR("remedy", LOG_REMEDY_REPORT));
	}
	if (o->token != NULL) {
		if (o->token->parent != NULL)
			set = token = record_token_write(o->token);
		else
			set = ""; /* none any more */
		if (set == NULL)
			log_event(LOG_ERROR, "token_unwritable",
			    F_CHAT(&job->chat),
			    F_STR("remedy", LOG_REMEDY_REPORT));
	}
	batch_finish(&b, st, job, o, entry, set);
	budget_batch(&b, &job->chat, o->settle);
	if (store_run(st, &b, r) == 0)
		rc = reply_code(st, r[0], "finish");
	if (rc == STORE_DAMAGED)
		store_log_damaged(st, job->chat.partition, "dead");
	replies_free(r, NELEM(r));
	batch_fini(&b);
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
	arena_free(mem);
	return rc;
}
