/*
 * mcp_asking: a call of a legacy client whose tool asks: the questions are
 * requests on the stream of the call, which waits for their answers without a
 * thread, and is then served on.
 */
#include <string.h>

#include "base/json.h"
#include "fcgi/class.h"
#include "handlers/mcp_later.h"
#include "redis/process.h"

/* ---- on the serving thread ----------------------------------------------- */

static int
add_question(struct mcp_later *l, const char *key, const json_t *question)
{
	const struct mcp_post *p = &l->post;
	const char *id = mcp_question_id(p, key);
	const char *method = json_member_str(question, "method");
	const json_t *params = json_object_get(question, "params");
	struct buf json = BUF_INIT(MCP_EVENTS_MAX);
	int rc = -1;

	if (id != NULL && method != NULL
	    && buf_add_str(&json, "{\"jsonrpc\":\"2.0\",\"id\":") == 0
	    && json_add_str(&json, id, strlen(id)) == 0
	    && buf_add_str(&json, ",\"method\":") == 0
	    && json_add_str(&json, method, strlen(method)) == 0
	    && (params == NULL
		|| (buf_add_str(&json, ",\"params\":") == 0
		    && json_add(&json, params) == 0))
	    && buf_add_char(&json, '}') == 0)
		rc = mcp_event(&l->events, &json);
	buf_fini(&json);
	return rc;
}

bool
mcp_asking_wait(struct mcp_later *l)
{
	struct park *park = l->post.edge->park;
	int64_t number = l->number;
	const char *key;
	json_t *question;
	bool asks;

	pthread_mutex_lock(&l->mu);
	asks = !l->left;
	l->asking.open = l->post.questions;
	l->asking.answers = json_keep(l->mem, json_object());
	l->asking.whole = false;
	l->asking.refused = NULL;
	json_object_foreach((json_t *)(uintptr_t)l->post.questions, key,
	    question) {
		if (asks && add_question(l, key, question) == -1)
			asks = false;
	}
	l->asking.asks = asks;
	pthread_mutex_unlock(&l->mu);
	if (asks) /* from here on it may be another's */
		park_wake(park, number, MCP_PIECE_ASKS, "", 0);
	return asks;
}

void
mcp_asking_take(struct mcp_later *l)
{
	struct mcp_post *p = &l->post;

	pthread_mutex_lock(&l->mu);
	if (p->questions != NULL && l->asking.answers != NULL) {
		p->questions = NULL;
		p->answers = l->asking.answers;
		p->refused = l->asking.refused;
		l->asking.answers = NULL;
	}
	pthread_mutex_unlock(&l->mu);
}

/* ---- in the park thread -------------------------------------------------- */

/* Note what came; its lock is held.  True: nothing is open any more. */
static bool
note(struct mcp_later *l, const json_t *doc)
{
	const char *key = json_member_str(doc, "key");
	const json_t *result = json_object_get(doc, "result");
	const char *why = json_member_str(json_object_get(doc, "error"),
	    "message");

	if (!l->asking.asks || key == NULL
	    || json_object_get(l->asking.open, key) == NULL)
		return false;
	if (!json_is_object(result)) {
		l->asking.refused = arena_printf(l->mem,
		    "The client does not answer the tool's question: %.300s",
		    why == NULL ? "it gave no reason" : why);
		return true;
	}
	(void)json_object_set_new(l->asking.answers, key,
	    json_deep_copy(result));
	return json_object_size(l->asking.answers)
	    == json_object_size(l->asking.open);
}

/* Serve it on; false: there is no thread now. */
static bool
go(struct mcp_later *l, struct edge *e)
{
	if (class_call(e->classes, &l->job) == 0)
		return true;
	pthread_mutex_lock(&l->mu);
	l->asking.asks = l->asking.whole = true;
	pthread_mutex_unlock(&l->mu);
	return false;
}

bool
mcp_asking_heard(struct mcp_later *l, struct edge *e, const char *sealed,
    size_t len)
{
	struct arena *mem = arena_new();
	struct chat_name owner;
	const json_t *doc = NULL;
	const char *text;
	bool whole;

	mcp_question_owner(&owner);
	text = process_open_piece(e->store, &owner, l->post.address,
	    MCP_PIECE_ANSWER, sealed, len, mem, &len);
	if (text != NULL)
		doc = json_read(mem, text, len, NULL, NULL);
	pthread_mutex_lock(&l->mu);
	whole = note(l, doc);
	if (whole)
		l->asking.asks = false;
	pthread_mutex_unlock(&l->mu);
	arena_free(mem);
	return !whole || go(l, e);
}

bool
mcp_asking_again(struct mcp_later *l, struct edge *e)
{
	bool whole;

	pthread_mutex_lock(&l->mu);
	whole = l->asking.asks && l->asking.whole;
	if (whole)
		l->asking.asks = false;
	pthread_mutex_unlock(&l->mu);
	return !whole || go(l, e);
}

bool
mcp_asking_end(struct mcp_later *l)
{
	bool asks;

	pthread_mutex_lock(&l->mu);
	asks = l->asking.asks;
	l->asking.asks = false;
	pthread_mutex_unlock(&l->mu);
	return asks;
}
