/*
 * task_job: a task that take handed out, opened.
 */
#include "redis/job_priv.h"

#include "base/log.h"

static void
unreadable(const char *name, const char *why)
{
	log_event(LOG_ERROR, "job_unreadable",
	    F_STR("task", name == NULL ? "" : name), F_STR("why", why),
	    F_STR("remedy", LOG_REMEDY_DAMAGED));
}

static void
open_call(struct store *st, struct job *j, const redisReply *sealed)
{
	const char *text = NULL;
	size_t len = 0;
	enum store_rc rc = STORE_NONE;

	if (sealed != NULL && sealed->type == REDIS_REPLY_STRING)
		rc = record_open(st, j->chat.text, "task", "call", sealed->str,
		    sealed->len, j->mem, &text, &len);
	if (rc == STORE_OK
	    && task_call_read(j->mem, text, len, &j->task->call) == -1)
		rc = STORE_NONE;
	job_note(j, rc);
}

struct job *
job_read_task(struct store *st, int partition, const redisReply *r,
    int64_t now_ms, int64_t max_age_ms)
{
	const char *name = record_text(r, "name");
	const char *state = record_text(r, "state");
	struct job *j = job_begin(JOB_TASK, st, r);
	int s = state == NULL ? -1 : task_state_parse(state);

	(void)now_ms;
	(void)max_age_ms; /* it has a time of its own */
	if (j == NULL) {
		unreadable(name, "not an answer of take");
		return NULL;
	}
	if (task_name_parse(&j->chat, name, j->id) == -1
	    || j->chat.partition != partition) {
		unreadable(name, "name");
		job_free(j);
		return NULL; /* its lease passes; its record goes with its time */
	}
	j->task = arena_alloc(j->mem, sizeof(*j->task));
	j->task->state = s == -1 ? TASK_WORKING : (enum task_state)s;
	j->task->created_ms = record_int(r, "created");
	j->task->address = arena_strdup(j->mem,
	    record_text(r, "address") == NULL ? "" : record_text(r, "address"));
	open_call(st, j, record_at(r, "call"));
	job_open_journal(st, j, record_at(r, "journal"));
	return j;
}
