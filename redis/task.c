#include "redis/task.h"

#include <stdlib.h>

#include "base/log.h"
#include "redis/store_priv.h"

#define OPEN "tasks" /* {pN}:tasks:KEY: those of a key that are not over */
#define SECOND_MS 1000

static void
batch_keys(struct batch *b, const struct chat_name *name)
{
	char key[CHAT_NAME_MAX];

	(void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(name->text, "/"),
	    name->text);
	batch_chat_key(b, name, "task");
	batch_item_key(b, name->partition, OPEN, key);
	batch_partition_key(b, name->partition, "due:task");
}

enum store_rc
task_put(struct store *st, const struct chat_name *name,
    const char id[TASK_ID_MAX], const struct task_call *call,
    const char *address, int64_t *now_ms)
{
	struct arena *mem = arena_new();
	const char *text = task_call_write(mem, call);
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	if (text == NULL) {
		log_event(LOG_ERROR, "task_unwritable",
		    F_STR("tool", call->tool),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		goto out;
	}
	batch_script(&b, SCRIPT_TASK_PUT, 4, 6);
	batch_keys(&b, name);
	batch_partition_key(&b, name->partition, "free:task");
	batch_str(&b, name->text);
	batch_str(&b, id);
	batch_sealed(&b, st, "", name, "task", "call", text, strlen(text));
	batch_str(&b, address);
	batch_int(&b, TASKS_OPEN_MAX);
	batch_int(&b, TASK_KEEP_MS);
	if (store_run(st, &b, &r) == -1)
		goto out;
	rc = reply_is_oom(r) ? STORE_FULL : reply_code(st, r, "task_put");
	*now_ms = reply_int(r, 1);
	if (rc == STORE_DAMAGED)
		store_log_damaged(st, name->partition, "due:task");
out:
	freeReplyObject(r);
	batch_fini(&b);
	arena_free(mem);
	return rc;
}

/* A value of the record, opened; what is damaged is as if it were not there. */
static enum store_rc
open_field(struct store *st, const char *name, const redisReply *fields,
    const char *field, const char *noun, const char *item, struct arena *mem,
    const char **out, size_t *len)
{
	const redisReply *v = record_at(fields, field);
	enum store_rc rc;

	*out = NULL;
	if (v == NULL || v->type != REDIS_REPLY_STRING)
		return STORE_OK;
	rc = record_open(st, name, noun, item, v->str, v->len, mem, out, len);
	return rc == STORE_UNKNOWN_KEY ? rc : STORE_OK;
}

static enum store_rc
open_step(struct store *st, const char *name, const redisReply *fields,
    const char *step, struct arena *mem, const char **out)
{
	char item[RECORD_ITEM_MAX];

	record_journal_item(item, strchr(name, '/') + 1, step);
	return open_field(st, name, fields, step, "journal", item, mem, out,
	    NULL);
}

static enum store_rc
read_task(struct store *st, const char *name, const redisReply *r,
    struct arena *mem, struct task *out, int64_t *wait_ms)
{
	enum store_rc rc = reply_code(st, r, "task_find");
	const redisReply *fields = reply_at(r, 1);
	const char *state;
	int s;

	*out = (struct task){ 0 };
	if (rc == STORE_LIMITED)
		*wait_ms = reply_int(r, 1);
	if (rc != STORE_OK)
		return rc;
	state = record_text(fields, "state");
	s = state == NULL ? -1 : task_state_parse(state);
	if (s == -1)
		return STORE_NONE;
	out->state = (enum task_state)s;
	out->created_ms = record_int(fields, "created");
	out->updated_ms = record_int(fields, "updated");
	out->ends_ms = record_int(fields, "ends");
	out->round = record_int(fields, "round");
	rc = open_step(st, name, fields, TASK_STEP_SAID, mem, &out->said);
	if (rc == STORE_OK)
		rc = open_step(st, name, fields, TASK_STEP_ASKS, mem,
		    &out->asks);
	if (rc == STORE_OK)
		rc = open_step(st, name, fields, TASK_STEP_ANSWERS, mem,
		    &out->answers);
	if (rc == STORE_OK)
		rc = open_field(st, name, fields, "result", "task", "result",
		    mem, &out->result, &out->result_len);
	return rc;
}

enum store_rc
task_find(struct store *st, const struct chat_name *name, struct arena *mem,
    struct task *out, int64_t *wait_ms)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*wait_ms = 0;
	batch_init(&b, st);
	batch_script(&b, SCRIPT_TASK_FIND, 1, 3);
	batch_chat_key(&b, name, "task");
	batch_int(&b, SECOND_MS / TASK_LOOKS_A_SECOND);
	batch_int(&b, SECOND_MS);
	batch_str(&b, "1");
	if (store_run(st, &b, &r) == 0)
		rc = read_task(st, name->text, r, mem, out, wait_ms);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
task_find_all(struct store *st, const char *const *names, size_t n, bool whole,
    struct arena *mem, struct task *out, enum store_rc *rc)
{
	struct batch b;
	redisReply **r = calloc(n + 1, sizeof(redisReply *));
	enum store_rc all = STORE_DOWN;
	struct chat_name name;
	char id[TASK_ID_MAX];
	int64_t ignored;
	size_t i;

	if (r == NULL)
		abort(); /* out of memory ends the worker */
	batch_init(&b, st);
	for (i = 0; i < n; i++) {
		if (task_name_parse(&name, names[i], id) == -1)
			abort(); /* it is what task_name made */
		batch_script(&b, SCRIPT_TASK_FIND, 1, 3);
		batch_chat_key(&b, &name, "task");
		batch_int(&b, 0);
		batch_int(&b, 0);
		batch_str(&b, whole ? "1" : "0");
	}
	if (n == 0)
		all = STORE_OK;
	else if (store_run(st, &b, r) == 0) {
		all = STORE_OK;
		for (i = 0; i < n; i++)
			rc[i] = read_task(st, names[i], r[i], mem, &out[i],
			    &ignored);
	}
	replies_free(r, n);
	free(r);
	batch_fini(&b);
	return all;
}

/* Who holds jobs looks for what was stopped when this number changes. */
static enum store_rc
count_stop(struct store *st)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "INCR", 1);
	batch_key(&b, KEY_STOPS);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "stop"))
		rc = STORE_OK;
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
task_listen(struct store *st, const struct chat_name *name, const char *address)
{
	struct batch b;
	enum store_rc rc;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_TASK_LISTEN, 1, 2);
	batch_chat_key(&b, name, "task");
	batch_str(&b, address);
	batch_int(&b, TASK_EARS_MAX);
	rc = store_run_code(st, &b, "task_listen");
	batch_fini(&b);
	return rc;
}

enum store_rc
task_cancel(struct store *st, const struct chat_name *name,
    const char id[TASK_ID_MAX], bool *ended)
{
	struct batch b;
	enum { OVER, HELD, ENDED }; /* as task_cancel.lua answers */
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;
	bool held;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_TASK_CANCEL, 3, 2);
	batch_keys(&b, name);
	batch_str(&b, name->text);
	batch_str(&b, id);
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "task_cancel");
	held = rc == STORE_OK && reply_int(r, 1) == HELD;
	*ended = rc == STORE_OK && reply_int(r, 1) == ENDED;
	freeReplyObject(r);
	batch_fini(&b);
	return held ? count_stop(st) : rc;
}

static void
add_step(struct batch *b, struct store *st, const struct chat_name *name,
    const char *id, const char *step, const char *text, size_t len)
{
	char item[RECORD_ITEM_MAX];

	record_journal_item(item, id, step);
	batch_sealed(b, st, "", name, "journal", item, text, len);
}

enum store_rc
task_ask(struct store *st, struct job *job, const char *asks, size_t len)
{
	struct batch b;
	enum store_rc rc;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_TASK_ASK, 2, 3);
	batch_chat_key(&b, &job->chat, "task");
	batch_partition_key(&b, job->chat.partition, "due:task");
	batch_str(&b, job->token);
	batch_str(&b, job->chat.text);
	add_step(&b, st, &job->chat, job->id, TASK_STEP_ASKS, asks, len);
	rc = store_run_code(st, &b, "task_ask");
	batch_fini(&b);
	return rc;
}

enum store_rc
task_answer(struct store *st, const struct chat_name *name,
    const char id[TASK_ID_MAX], int64_t round, const char *asks,
    const char *answers, bool all)
{
	struct batch b;
	enum store_rc rc;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_TASK_ANSWER, 3, 5);
	batch_chat_key(&b, name, "task");
	batch_partition_key(&b, name->partition, "due:task");
	batch_partition_key(&b, name->partition, "free:task");
	batch_str(&b, name->text);
	batch_int(&b, round);
	add_step(&b, st, name, id, TASK_STEP_ASKS, asks, strlen(asks));
	add_step(&b, st, name, id, TASK_STEP_ANSWERS, answers, strlen(answers));
	batch_str(&b, all ? "1" : "0");
	rc = store_run_code(st, &b, "task_answer");
	batch_fini(&b);
	return rc;
}

enum store_rc
task_finish(struct store *st, struct job *job, enum task_state state,
    const char *result, size_t len)
{
	struct batch b;
	enum store_rc rc;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_TASK_FINISH, 3, 5);
	batch_keys(&b, &job->chat);
	batch_str(&b, job->token);
	batch_str(&b, job->chat.text);
	batch_str(&b, job->id);
	batch_str(&b, task_state_name(state));
	if (result == NULL)
		batch_str(&b, "");
	else
		batch_sealed(&b, st, "", &job->chat, "task", "result", result,
		    len);
	rc = store_run_code(st, &b, "task_finish");
	batch_fini(&b);
	return rc;
}
