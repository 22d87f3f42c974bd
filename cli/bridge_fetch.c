/*
 * bridge_fetch: a list of tools that the client did not ask for, or not yet: for
 * the headers of its calls.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/bridge.h"

#define PAGES_MAX 64 /* of one tools/list */

struct page {
	struct call *call;
	const char *next; /* cursor, in the call's memory; NULL: the last one */
};

static void
take_page(void *ctx, const char *json, size_t len)
{
	struct page *p = ctx;
	const json_t *result = json_object_get(
	    json_read_lenient(p->call->mem, json, len), "result");

	bridge_learn(p->call->bridge, json_object_get(result, "tools"));
	if (result != NULL)
		p->next = json_member_str(result, "nextCursor");
}

void
bridge_fetch(struct call *c)
{
	struct bridge *b = c->bridge;
	const json_t *meta = json_object_get(json_object_get(c->doc, "params"),
	    "_meta");
	struct page page = { .call = c };
	struct call ask = { .bridge = b,
		.mem = c->mem,
		.method = "tools/list",
		.modern = c->modern };
	json_t *copy = json_keep(c->mem, json_deep_copy(meta));
	const char *text;
	int pages;

	(void)json_object_del(copy, "progressToken");
	for (pages = 0; pages < PAGES_MAX; pages++) {
		ask.doc = json_keep(c->mem,
		    json_pack("{s:s, s:o, s:s, s:{s:O, s:s*}}", "jsonrpc",
			"2.0", "id",
			json_sprintf("dragoman-%u",
			    atomic_fetch_add(&b->asked, 1)),
			"method", ask.method, "params", "_meta", copy, "cursor",
			page.next));
		text = ask.doc == NULL ? NULL : json_text(c->mem, ask.doc);
		page.next = NULL;
		if (text == NULL)
			return;
		call_send(&ask, text, strlen(text), take_page, &page);
		if (page.next == NULL)
			return;
	}
}
