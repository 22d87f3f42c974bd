#include "handlers/mcp_content.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fcgi/cgi.h"
#include "handlers/handlers.h"

/* Many clients read one page and no more, so all usual lists fit in one. */
#define PAGE_MAX 1000
#define PAGE_BYTES (1 * MIB)
#define LIST_MS 60000   /* how long a list is good */
#define LANE "content:" /* no server's name has a colon */

void
mcp_content_ctx(const struct mcp_work *w, struct content_ctx *ctx)
{
	*ctx = (struct content_ctx){ .mem = w->mem,
		.caller = &w->post->caller,
		.may_wait = w->post->may_wait,
		.answers = w->asked.answers,
		.state = w->asked.state };
}

/* ---- lists --------------------------------------------------------------- */

/* A cursor is the name of the last entry before the page: it stays right when
 * others come or go elsewhere in the list. */
struct page {
	struct arena *mem;
	struct buf *out;
	const char *after; /* the cursor; NULL: from the beginning */
	bool begun;        /* it was found */
	size_t n, bytes;
	const char *last;
	bool more, full;
};

static bool
add(void *arg, const char *key, const char *text, size_t len)
{
	struct page *p = arg;

	if (!p->begun) {
		p->begun = strcmp(key, p->after) == 0;
		return true;
	}
	if (p->n > 0 && (p->n == PAGE_MAX || p->bytes + len > PAGE_BYTES)) {
		p->more = true;
		p->last = arena_strdup(p->mem, p->last);
		return false;
	}
	p->full = (p->n > 0 && buf_add_char(p->out, ',') == -1)
	    || buf_add(p->out, text, len) == -1;
	p->n++;
	p->bytes += len;
	p->last = key;
	return !p->full;
}

int
mcp_content_list(struct mcp_work *w, struct buf *out, struct mcp_fault *fault,
    enum content_list list, const char *name)
{
	const struct mcp_cache cache = { .ttl_ms = LIST_MS };
	const json_t *cursor = mcp_cursor(&w->call);
	struct page page = { .mem = w->mem,
		.out = out,
		.after = json_string_value(cursor),
		.begun = cursor == NULL };

	if (mcp_result_begin(out, &w->call) == -1 || mcp_member(out, name) == -1
	    || buf_add_char(out, '[') == -1)
		return MCP_FAILED;
	if (cursor == NULL || page.after != NULL)
		content_each(w->post->edge->mcp->content, list, add, &page);
	if (!page.begun)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.cursor is none of this list: list from the "
		    "beginning");
	if (page.full || buf_add_char(out, ']') == -1)
		return MCP_FAILED;
	if (page.more
	    && (mcp_member(out, "nextCursor") == -1
		|| json_add_str(out, page.last, strlen(page.last)) == -1))
		return MCP_FAILED;
	return mcp_result_end(out, &w->call, &cache);
}

/* ---- answers that are none ----------------------------------------------- */

int
mcp_content_end(const struct mcp_work *w, enum content_rc rc,
    const struct content_answer *answer, const char *unknown,
    struct mcp_fault *fault)
{
	switch (rc) {
	case CONTENT_SLOW:
		/* Large files take memory, and a quarter of the threads. */
		w->post->lane = arena_strdup(w->post->mem, LANE);
		return MCP_WAITS;
	case CONTENT_NONE:
		return mcp_fail(fault, RPC_BAD_PARAMS, unknown);
	case CONTENT_REFUSED:
		return mcp_fail(fault, RPC_BAD_PARAMS, answer->why);
	case CONTENT_ASKS:
		return mcp_fail(fault, RPC_INTERNAL,
		    "this asks a question first, which cannot be passed on "
		    "here yet");
	default:
		return mcp_fail(fault, RPC_INTERNAL, answer->why);
	}
}
