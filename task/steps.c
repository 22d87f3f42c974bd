/*
 * steps: what is written of a task while it runs.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "redis/journal.h"
#include "redis/process.h"
#include "task/tasks_priv.h"

/* Who asks how far it is does so once a second at most; who waits is told of
 * each step, as often. */
#define SAY_EVERY_MS 1000
#define RETRY_MS 100 /* while Redis is away */

bool
task_has_begun(const struct task_run *r)
{
	size_t i;

	for (i = 0; i < r->job->njournal; i++)
		if (strcmp(r->job->journal[i].name, TASK_STEP_BEGUN) == 0)
			return true;
	return false;
}

static json_t *
step(struct task_run *r, const char *name)
{
	const struct journal_field *f = r->job->journal;
	size_t i;

	for (i = 0; i < r->job->njournal; i++)
		if (strcmp(f[i].name, name) == 0)
			return json_read(r->mem, f[i].text, f[i].len, NULL,
			    NULL);
	return NULL;
}

void
task_answers(struct task_run *r, struct tool_ctx *ctx)
{
	const struct task_call *c = &r->job->task->call;
	const json_t *asked = step(r, TASK_STEP_ASKS);
	json_t *answers = step(r, TASK_STEP_ANSWERS);

	ctx->answers = c->answers;
	ctx->state = c->state;
	if (asked == NULL)
		return;
	ctx->state = json_member_str(asked, "state");
	if (answers != NULL) {
		/* Both are this thread's alone. */
		if (c->answers != NULL)
			(void)json_object_update_missing(answers,
			    (json_t *)(uintptr_t)c->answers);
		ctx->answers = answers;
	}
}

static enum store_rc
write_step(struct task_run *r, const char *step, const char *text)
{
	const struct journal_field field = { .name = step,
		.text = text,
		.len = strlen(text) };
	int64_t asked_ms = clock_boot_ms();
	bool stopped = false;
	enum store_rc rc = journal_write(r->w->store, r->job, &field, 1,
	    r->s->turns_lease_ms, r->s->mcp_task_max_ms, NULL, &stopped);

	if (rc == STORE_OK)
		lease_renewed(r->lease, asked_ms, r->s->turns_lease_ms);
	else if (rc == STORE_LATE)
		lease_cancel(r->lease, LEASE_LATE);
	else if (rc != STORE_DOWN)
		lease_cancel(r->lease, LEASE_LOST);
	if (stopped)
		lease_cancel(r->lease, LEASE_STOP);
	return rc;
}

bool
task_begin(struct task_run *r)
{
	/* Redis away is not lost: nobody takes it either meanwhile. */
	while (write_step(r, TASK_STEP_BEGUN, "{}") == STORE_DOWN) {
		if (worker_is_ending(r->w)) {
			lease_cancel(r->lease, LEASE_DRAIN);
			return false;
		}
		usleep(RETRY_MS * 1000);
	}
	return lease_why(r->lease) == LEASE_HELD;
}

static void
tell(struct task_run *r, const char *kind, json_t *doc)
{
	struct arena *mem = arena_new();
	const char *text = json_text(mem, json_keep(mem, doc));

	if (text != NULL && strcmp(kind, TASK_STEP_SAID) == 0)
		(void)!write_step(r, kind, text);
	else if (text != NULL) /* a wake-up that is lost is no loss */
		(void)!process_publish(r->w->store, &r->job->chat, r->job->id,
		    r->job->task->address, kind, text, strlen(text));
	arena_free(mem);
}

void
task_say(void *arg, double value, double total, const char *text)
{
	struct task_run *r = arg;
	int64_t now = clock_boot_ms();

	if (r->said_ms != 0 && now - r->said_ms < SAY_EVERY_MS)
		return;
	if (!isfinite(value) || !isfinite(total)
	    || lease_why(r->lease) != LEASE_HELD)
		return;
	r->said_ms = now;
	if (text == NULL && total > 0)
		text = arena_printf(r->mem, "%.0f of %.0f", value, total);
	if (text != NULL)
		tell(r, TASK_STEP_SAID,
		    json_pack("{s:I, s:s}", "at", (json_int_t)clock_wall_ms(),
			"text", text));
	if (r->job->task->address[0] != '\0')
		tell(r, TASK_PIECE_PROGRESS,
		    json_pack("{s:f, s:f, s:s*}", "value", value, "total",
			total, "text", text));
}
