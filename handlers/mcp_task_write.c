/*
 * mcp_task_write: a task as its client is told it, in an answer or by itself.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "handlers/mcp_tasks.h"

/* How often a client should ask: soon at first, as most end soon. */
#define POLL_MS 1000
#define POLL_LATER_MS 5000
#define POLL_SOON_FOR_MS 60000

static int
add_time(struct buf *out, const char *name, int64_t ms)
{
	char text[CLOCK_ISO_MAX];

	return mcp_member(out, name) == -1
	    ? -1
	    : buf_printf(out, "\"%s\"", clock_iso(ms, text));
}

/* How far it is, in its tool's words. */
static int
add_said(struct buf *out, struct arena *mem, const struct task *t)
{
	const char *text = t->said == NULL
	    ? NULL
	    : json_member_str(
		json_read(mem, t->said, strlen(t->said), NULL, NULL), "text");

	if (text == NULL)
		return 0;
	return mcp_member(out, "statusMessage") == -1
	    ? -1
	    : json_add_str(out, text, strlen(text));
}

static int64_t
updated_ms(struct arena *mem, const struct task *t)
{
	int64_t said_ms = t->said == NULL
	    ? 0
	    : json_member_int(
		json_read(mem, t->said, strlen(t->said), NULL, NULL), "at", 0);

	return said_ms > t->updated_ms ? said_ms : t->updated_ms;
}

/* What it asks and was not answered. */
static const json_t *
open_questions(struct arena *mem, const struct task *t)
{
	return t->asks == NULL
	    ? NULL
	    : json_object_get(
		json_read(mem, t->asks, strlen(t->asks), NULL, NULL), "open");
}

/* What came of it, as it was stored. */
static int
add_outcome(struct buf *out, struct arena *mem, const struct task *t)
{
	static const char *const MEMBER[TASK_STATES] = {
		[TASK_COMPLETED] = "result",
		[TASK_FAILED] = "error",
		[TASK_ASKS] = "inputRequests"
	};
	static const char LOST[]
	    = "{\"code\":-32603,\"message\":\"what was stored is damaged\"}";
	const char *text = t->result;
	const json_t *open;

	if (MEMBER[t->state] == NULL)
		return 0;
	if (t->state == TASK_ASKS) {
		open = open_questions(mem, t);
		text = open == NULL ? NULL : json_text(mem, open);
	}
	if (text == NULL)
		text = t->state == TASK_FAILED ? LOST : "{}";
	return mcp_member(out, MEMBER[t->state]) == -1
	    ? -1
	    : buf_add(out, text,
		text == t->result ? t->result_len : strlen(text));
}

int
mcp_task_write(struct buf *out, struct arena *mem, const char *id,
    const struct task *t)
{
	bool soon = clock_wall_ms() - t->created_ms < POLL_SOON_FOR_MS;

	if (mcp_member(out, "taskId") == -1
	    || json_add_str(out, id, strlen(id)) == -1
	    || mcp_member(out, "status") == -1
	    || buf_printf(out, "\"%s\"", task_state_name(t->state)) == -1
	    || add_said(out, mem, t) == -1
	    || add_time(out, "createdAt", t->created_ms) == -1
	    || add_time(out, "lastUpdatedAt", updated_ms(mem, t)) == -1
	    || mcp_member(out, "ttlMs") == -1
	    || buf_printf(out, "%" PRId64, t->ends_ms - t->created_ms) == -1
	    || mcp_member(out, "pollIntervalMs") == -1
	    || buf_printf(out, "%d", soon ? POLL_MS : POLL_LATER_MS) == -1)
		return -1;
	return add_outcome(out, mem, t);
}
