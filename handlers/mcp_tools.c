/*
 * mcp_tools: the tools of all sources, listed and called.
 *
 * What a client's model can mend is a result with isError; what its program got
 * wrong, a JSON-RPC error.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "handlers/mcp_tasks.h"
#include "nouns/metric.h"

/* Many clients read one page and no more, so all usual lists fit in one. */
#define PAGE_MAX 1000
#define PAGE_BYTES (1 * MIB)
#define LIST_MS 60000       /* how long a list is good */
#define LISTS_WAIT_MS 10000 /* for servers that were never asked */

/* Where the page that ${cursor} asks for begins; -1: it is none of ours.  A
 * cursor is the name of the last tool before it: it stays right when tools
 * come or go elsewhere in the list. */
static int
page_begin(const struct listing *l, const json_t *cursor, size_t *at)
{
	const struct listed_tool *last;

	*at = 0;
	if (cursor == NULL)
		return 0;
	last = json_is_string(cursor)
	    ? listing_find(l, json_string_value(cursor))
	    : NULL;
	if (last == NULL)
		return -1;
	*at = (size_t)(last - l->tools) + 1;
	return 0;
}

/* Does the key of ${p} see all there is?  Nearly all do. */
static bool
sees_all(const struct mcp_post *p)
{
	return p->key->role != ROLE_READ && p->key->tools.n == 0;
}

/* Append the tools from ${at} on that the caller may call, until a page is
 * full; *${last} is the last one of it, *${end} where the next one begins. */
static int
add_tools(struct buf *out, const struct mcp_post *p, const struct listing *l,
    size_t at, const struct listed_tool **last, size_t *end)
{
	size_t n = 0, bytes = 0;

	*last = NULL;
	for (; at < l->n; at++) {
		const struct listed_tool *t = &l->tools[at];

		if (!sees_all(p) && !mcp_may(p, t))
			continue;
		if (n > 0 && (n == PAGE_MAX || bytes + t->len > PAGE_BYTES))
			break;
		if ((n > 0 && buf_add_char(out, ',') == -1)
		    || buf_add(out, t->text, t->len) == -1)
			return -1;
		n++;
		bytes += t->len;
		*last = t;
	}
	*end = at;
	return 0;
}

/* All in one page, which is copied as it lies there. */
static bool
is_one_page(const struct mcp_post *p, const struct listing *l, size_t at)
{
	return at == 0 && l->n <= PAGE_MAX && l->len <= PAGE_BYTES
	    && sees_all(p);
}

static int
write_page(struct buf *out, const struct mcp_work *w, const struct listing *l,
    size_t at)
{
	const struct mcp_cache cache = { .ttl_ms = l->whole ? LIST_MS : 0 };
	const struct listed_tool *last = NULL;
	size_t end = l->n;
	bool one = is_one_page(w->post, l, at);

	if (buf_reserve(out, (one ? l->len : 0) + KIB) == -1
	    || mcp_result_begin(out, &w->call) == -1
	    || mcp_member(out, "tools") == -1 || buf_add_char(out, '[') == -1
	    || (one ? buf_add(out, l->text, l->len)
		    : add_tools(out, w->post, l, at, &last, &end))
		== -1
	    || buf_add_char(out, ']') == -1)
		return MCP_FAILED;
	if (end < l->n
	    && (mcp_member(out, "nextCursor") == -1
		|| json_add_str(out, last->name, strlen(last->name)) == -1))
		return MCP_FAILED;
	return mcp_result_end(out, &w->call, &cache);
}

/*
 * All tools there are.  Until each server has answered or failed once, who may
 * wait waits for them: many clients list tools once and never again.
 */
static struct listing *
all_tools(struct mcp_post *p)
{
	struct toolbox *tools = mcp_edge_tools(p->edge->mcp);
	struct listing *l = listing_ref(tools);

	if (l->whole || !p->may_wait)
		return l;
	listing_unref(l);
	toolbox_wait(tools, LISTS_WAIT_MS);
	return listing_ref(tools);
}

int
mcp_tools_list(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	struct listing *l = all_tools(w->post);
	size_t at;
	int rc;

	if (!l->whole && !w->post->may_wait)
		rc = MCP_WAITS;
	else if (page_begin(l, mcp_cursor(&w->call), &at) == -1)
		rc = mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.cursor is none of this list: list from the "
		    "beginning");
	else
		rc = write_page(out, w, l, at);
	listing_unref(l);
	return rc;
}

/* One line a call, without what was said. */
static void
log_call(const struct mcp_work *w, const struct listed_tool *t, const char *end,
    int64_t begun_us)
{
	log_event(LOG_INFO, "tool_called", F_STR("tool", t->name),
	    F_STR("source", listing_source(t)),
	    F_STR("key", w->post->caller.key), F_STR("end", end),
	    F_REAL("ms", (double)(clock_boot_us() - begun_us) / 1000),
	    F_STR("trace", w->call.trace));
}

/* Its tool wants answers first. */
static int
ask(struct mcp_work *w, const struct tool_result *r, struct buf *out,
    struct mcp_fault *fault)
{
	struct tool_result result = { .end = TOOL_FAILED };

	/* Who answers calls again, perhaps with the same Idempotency-Key. */
	if (w->call.revision->era == MCP_MODERN && w->asked.nonce == NULL)
		mcp_once_forget(w->post);
	if (w->call.revision->era == MCP_MODERN)
		return mcp_ask_write(w, r->questions, r->state, out, fault);
	switch (mcp_ask_stream(w, r->questions, r->state)) {
	case MCP_WAITS:
		return MCP_WAITS;
	case MCP_DONE:
		tool_result_say(w->mem, &result, TOOL_FAILED,
		    "This tool asks too many questions.");
		break;
	default:
		tool_result_say(w->mem, &result, TOOL_FAILED,
		    "This tool asks a question first, and this client cannot "
		    "be asked.");
	}
	return mcp_write_tool_result(out, &w->call, &result);
}

/* A tool that runs as a task alone, for a client that knows of none. */
static int
needs_tasks(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	struct tool_result result = { .end = TOOL_FAILED };

	if (w->call.revision->era == MCP_MODERN) {
		mcp_fault_capability(&w->call, MCP_CAN_TASKS, fault);
		return MCP_FAILED;
	}
	tool_result_say(w->mem, &result, TOOL_FAILED,
	    "This tool runs as a task alone, and this client has no tasks.");
	return mcp_write_tool_result(out, &w->call, &result);
}

/* What a server behind may ask: no more than the client can be asked. */
static const char *
can_text(const struct mcp_work *w)
{
	unsigned can = w->call.client & ~MCP_CAN_TASKS;

	return can == 0 ? NULL
			: json_text(w->mem,
			    json_keep(w->mem, mcp_client_capabilities(can)));
}

static int
call_tool(struct mcp_work *w, const struct listed_tool *t,
    const json_t *arguments, struct buf *out, struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	mcp_say_fn *say = mcp_say(w, t->name); /* sets p->log */
	const struct tool_ctx ctx = { .caller = &p->caller,
		.deadline_ms = (int)p->settings->mcp_timeout_ms,
		.cancel = p->cancel,
		.progress = w->call.token == NULL ? NULL : p->progress,
		.say = say,
		.level = p->log.from,
		.arg = p->arg,
		.count = p->caller.key[0] == '\0' ? NULL : mcp_count,
		.counted = p,
		.request = log_id(),
		.trace = w->call.trace,
		.answers = w->asked.answers,
		.state = w->asked.state,
		.can = t->quick ? NULL : can_text(w) };
	int64_t begun_us = clock_boot_us();
	struct tool_result result = { .end = TOOL_FAILED };

	if (mcp_is_task(p, t))
		return mcp_task_begin(w, t, &ctx, arguments, out, fault);
	if (p->refused != NULL) {
		tool_result_say(w->mem, &result, TOOL_FAILED, p->refused);
		return mcp_write_tool_result(out, &w->call, &result);
	}
	listing_call(t, &ctx, arguments, w->mem, &result);
	if (result.end == TOOL_LATER)
		return mcp_task_begin(w, t, &ctx, arguments, out, fault);
	log_call(w, t,
	    result.end == TOOL_DONE       ? "done"
		: result.end == TOOL_ASKS ? "asks"
					  : "failed",
	    begun_us);
	if (result.end == TOOL_ASKS)
		return ask(w, &result, out, fault);
	if (result.code != 0)
		return mcp_fail(fault, result.code,
		    tool_result_text(w->mem, &result));
	return mcp_write_tool_result(out, &w->call, &result);
}

static int
write_limit(struct mcp_work *w, struct buf *out)
{
	struct tool_result result = { .end = TOOL_FAILED };

	tool_result_say(w->mem, &result, TOOL_FAILED, mcp_tool_limit(w));
	return mcp_write_tool_result(out, &w->call, &result);
}

static int
unknown(const struct mcp_work *w, const char *name, struct mcp_fault *fault)
{
	return mcp_fail(fault, RPC_BAD_PARAMS,
	    arena_printf(w->mem, "Unknown tool: %.128s", name));
}

/* The call of ${t}, NULL: a tool that nobody knows, or not yet. */
static int
call_found(struct mcp_work *w, const struct listing *l,
    const struct listed_tool *t, const json_t *arguments, struct buf *out,
    struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	const json_t *sent = arguments;
	const char *why;
	bool at_once;
	int rc;

	if (t == NULL && !l->whole && !p->may_wait)
		return MCP_WAITS;
	if (t == NULL)
		return unknown(w, json_member_str(w->call.params, "name"),
		    fault);
	if (t->mirrored
	    && !mcp_params_agree(&w->call, t->schema, arguments, fault))
		return MCP_FAILED;
	if (t->row.task == TOOL_TASK_REQUIRED && !mcp_takes_tasks(&w->call))
		return needs_tasks(w, out, fault);
	why = mcp_check_arguments(w, t, &arguments);
	if (why != NULL) {
		log_call(w, t, "invalid", clock_boot_us());
		return mcp_refuse_arguments(w, why, out, fault);
	}
	at_once = t->quick || p->may_wait
	    || (mcp_is_task(p, t) && mcp_takes_tasks(&w->call));
	if (mcp_tool_limit(w) != NULL)
		return write_limit(w, out);
	if (!mcp_once_key(w, t, sent, fault))
		return MCP_FAILED;
	if (!at_once)
		p->lane = arena_strdup(p->mem, listing_source(t));
	if (!mcp_once_begin(w, out, fault, &rc))
		return rc;
	if (!at_once)
		return MCP_WAITS;
	if (arguments != sent)
		metric_add(METRIC_ARGUMENTS, ARGUMENTS_COERCED, 1);
	return call_tool(w, t, arguments, out, fault);
}

static int
call(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	const json_t *arguments = json_object_get(w->call.params, "arguments");
	const char *name = json_member_str(w->call.params, "name");
	const struct listed_tool *t;
	struct listing *l;
	int rc;

	if (w->post->over != NULL)
		return mcp_task_answer(w, out, fault);
	if (name == NULL)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.name, a string, is missing");
	if (arguments == NULL || json_is_null(arguments))
		arguments = json_keep(w->mem, json_object());
	if (!json_is_object(arguments))
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.arguments is no object");
	if (!mcp_ask_read(w, fault))
		return MCP_FAILED;
	l = listing_ref(mcp_edge_tools(w->post->edge->mcp));
	if (!l->whole && w->post->may_wait && listing_find(l, name) == NULL) {
		listing_unref(l);
		l = all_tools(w->post);
	}
	t = listing_find(l, name);
	if (t != NULL && !mcp_may(w->post, t))
		rc = unknown(w, name, fault);
	else
		rc = call_found(w, l, t, arguments, out, fault);
	listing_unref(l);
	return rc;
}

int
mcp_tools_call(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	size_t from = out->len;
	int rc = call(w, out, fault);

	mcp_once_end(w, rc, out, from, fault);
	return rc;
}
