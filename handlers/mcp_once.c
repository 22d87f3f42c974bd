/*
 * mcp_once: a call with an Idempotency-Key is made once: who repeats it gets
 * what came of it, or waits for that.
 *
 * The thread that serves the request asks before anything is begun; so no call
 * takes a place anywhere to find out that it was made.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_priv.h"
#include "mcp/client.h"

#define KEY_MAX 200                     /* characters */
#define KEEP_MS (24 * 60 * 60 * 1000LL) /* of a key */
#define LATE_MS 30000 /* of a call beyond its time, on a busy machine */
#define META_KEY "dragoman/idempotencyKey"

/* ---- which call it is ---------------------------------------------------- */

static bool
is_key(const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (text[i] < 0x21 || text[i] > 0x7e)
			return false;
	return i > 0 && i <= KEY_MAX;
}

/* NULL: none.  Of both, what stands with the call. */
static const char *
key_of(const struct mcp_work *w)
{
	const json_t *in_meta = json_object_get(w->call.meta, META_KEY);

	if (in_meta == NULL)
		return w->post->head.once;
	return json_is_string(in_meta) ? json_string_value(in_meta) : "";
}

static const char *
digest_of(struct arena *mem, const char *noun, const char *text)
{
	char *out = arena_alloc(mem, SEAL_DIGEST_MAX);

	seal_digest(noun, text, strlen(text), out);
	return out;
}

const char *
mcp_digest(struct arena *mem, const char *noun, const json_t *doc)
{
	char *text = doc == NULL
	    ? NULL
	    : json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	const char *out = digest_of(mem, noun, text == NULL ? "" : text);

	free(text);
	return out;
}

static struct once
once_of(const struct mcp_post *p)
{
	const struct mcp_once *o = &p->once;

	return (struct once){ .tenant = p->caller.tenant,
		.id = o->id,
		.asked = o->asked,
		.token = o->token,
		.run_ms = o->run_ms,
		.keep_ms = o->keep_ms };
}

/* ---- what came of it ----------------------------------------------------- */

static int
say(struct mcp_work *w, struct buf *out, const char *text)
{
	struct tool_result result = { .end = TOOL_FAILED };

	tool_result_say(w->mem, &result, TOOL_FAILED, text);
	return mcp_write_tool_result(out, &w->call, &result);
}

/* As this client's revision has it; what is none of a tool's goes on as it is:
 * it was written for this era. */
static int
repeat(struct mcp_work *w, struct buf *out, const char *text, size_t len,
    struct mcp_fault *fault)
{
	const json_t *doc = json_read(w->mem, text, len, NULL, NULL);
	const json_t *result = json_object_get(doc, "result");
	const json_t *error = json_object_get(doc, "error");
	struct tool_result read;

	if (error != NULL)
		return mcp_fail(fault,
		    (int)json_member_int(error, "code", RPC_INTERNAL),
		    json_member_str(error, "message"));
	if (json_object_get(result, "content") == NULL)
		return rpc_write_result(out, w->call.id, result);
	mcp_result_read(w->mem, result, &read);
	return mcp_write_tool_result(out, &w->call, &read);
}

/* Another one has made the call, or makes it. */
static int
answer(struct mcp_work *w, enum once_rc rc, const char *text, size_t len,
    struct buf *out, struct mcp_fault *fault)
{
	switch (rc) {
	case ONCE_DONE:
		return repeat(w, out, text, len, fault);
	case ONCE_LARGE:
		return say(w, out,
		    "This call was made, and its result was over 1 MiB, so "
		    "that it was not kept. It is not made again.");
	case ONCE_LOST:
		return say(w, out,
		    "This call was made and was interrupted; " TOOL_OUTCOME_UNKNOWN);
	case ONCE_RUNS:
		return say(w, out,
		    "This call is still running; ask again later.");
	case ONCE_OTHER:
		return mcp_fail(fault, RPC_BAD_PARAMS, w->post->once.other);
	default:
		*fault = (struct mcp_fault){ .code = 503,
			.status = 503,
			.message = "what was done before cannot be looked up "
				   "now" };
		w->post->retry_s = 2;
		return MCP_FAILED;
	}
}

/* ---- a call -------------------------------------------------------------- */

bool
mcp_once_begin(struct mcp_work *w, struct buf *out, struct mcp_fault *fault,
    int *rc)
{
	struct mcp_post *p = w->post;
	char token[ONCE_TOKEN_MAX];
	struct once o;
	enum once_rc begun;
	const char *text;
	size_t len;

	if (p->once.id == NULL || p->once.begun)
		return true;
	once_token(token);
	p->once.token = arena_strdup(p->mem, token);
	p->once.waits = false;
	o = once_of(p);
	begun = once_begin(p->edge->store, &o, w->mem, &text, &len);
	p->once.begun = begun == ONCE_BEGUN;
	if (p->once.begun)
		return true;
	p->once.waits = begun == ONCE_RUNS && !p->may_wait;
	*rc = p->once.waits ? MCP_WAITS
			    : answer(w, begun, text, len, out, fault);
	return false;
}

bool
mcp_once_key(struct mcp_work *w, const struct listed_tool *t,
    const json_t *arguments, struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	const char *key = key_of(w);

	if (p->once.begun) /* by the thread that handed it over */
		return true;
	p->once = (struct mcp_once){ .id = NULL };
	p->once.run_ms = (t->row.task == TOOL_TASK_NEVER
				 ? p->settings->mcp_timeout_ms
				 : p->settings->mcp_task_max_ms)
	    + LATE_MS;
	if (w->asked.nonce != NULL) {
		p->once.id = digest_of(p->mem, "once-state",
		    arena_printf(w->mem, "%s\n%s", p->caller.key,
			w->asked.nonce));
		p->once.asked = mcp_digest(p->mem, "once-asked",
		    w->asked.answers);
		p->once.keep_ms = MCP_ASK_MS;
		p->once.other = "params.requestState was answered before, "
				"with other answers";
		return true;
	}
	if (key == NULL)
		return true;
	if (!is_key(key)) {
		(void)mcp_fail(fault, RPC_BAD_PARAMS,
		    "an Idempotency-Key has 1 to 200 visible ASCII "
		    "characters");
		return false;
	}
	p->once.id = digest_of(p->mem, "once",
	    arena_printf(w->mem, "%s\n%s\n%s", p->caller.key, t->name, key));
	p->once.asked = mcp_digest(p->mem, "once-asked", arguments);
	p->once.keep_ms = KEEP_MS;
	p->once.other = "this Idempotency-Key was used with other arguments";
	return true;
}

void
mcp_once_end(struct mcp_work *w, int rc, const struct buf *out, size_t from,
    const struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	struct once o = once_of(p);
	struct buf text = BUF_INIT(ONCE_RESULT_MAX);
	bool fits = out->len - from <= ONCE_RESULT_MAX;

	if (!p->once.begun || rc == MCP_WAITS)
		return;
	p->once.begun = false;
	if (rc == MCP_FAILED && !out->full)
		fits = rpc_write_fault(&text, NULL, fault->code, fault->message,
			   fault->data)
		    == 0;
	else
		fits = !out->full && fits
		    && buf_add(&text, buf_str(out) + from, out->len - from)
			== 0;
	once_end(p->edge->store, &o, fits ? buf_str(&text) : NULL, text.len);
	buf_wipe(&text);
}

void
mcp_once_forget(struct mcp_post *p)
{
	struct once o = once_of(p);

	if (p->once.begun)
		once_forget(p->edge->store, &o);
	p->once.begun = false;
}

/* ---- who waits ----------------------------------------------------------- */

bool
mcp_once_wait(struct mcp_post *p, int64_t number)
{
	struct arena *mem = arena_new();
	struct once o = once_of(p);
	enum once_rc rc;
	const char *text;
	size_t len;

	o.address = arena_printf(mem, "%s.%lld", p->edge->process_id,
	    (long long)number);
	rc = once_begin(p->edge->store, &o, mem, &text, &len);
	p->once.begun = rc == ONCE_BEGUN;
	arena_free(mem);
	return rc == ONCE_RUNS;
}
