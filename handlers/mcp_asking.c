/*
 * mcp_asking: a call of a legacy client whose tool asks: the questions are
 * requests on the stream of the call, which waits for their answers without a
 * thread, and is then served on.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fcgi/class.h"
#include "handlers/mcp_later.h"
#include "redis/process.h"

/* ---- on the serving thread ----------------------------------------------- */

static int
tell(struct mcp_later *l, const char *key, const json_t *question)
{
	const struct mcp_post *p = &l->post;
	const char *id = mcp_question_id(p, key);
	const char *method = json_member_str(question, "method");
	const json_t *params = json_object_get(question, "params");
	struct buf json = BUF_INIT(MCP_EVENTS_MAX / 2);
	int rc = -1;

	if (id != NULL && method != NULL
	    && buf_add_str(&json, "{\"jsonrpc\":\"2.0\",\"id\":") == 0
	    && json_add_str(&json, id, strlen(id)) == 0
	    && buf_add_str(&json, ",\"method\":") == 0
	    && json_add_str(&json, method, strlen(method)) == 0
	    && (params == NULL
		|| (buf_add_str(&json, ",\"params\":") == 0
		    && json_add(&json, params) == 0))
	    && buf_add_char(&json, '}') == 0) {
		mcp_keep_tell(l, &json);
		rc = 0;
	}
	buf_fini(&json);
	return rc;
}

/* Its lock is held. */
static void
refuse(struct mcp_later *l, const char *why)
{
	text_format(l->asking.refused, sizeof(l->asking.refused),
	    "The client does not answer the tool's question: %s", why);
	l->asking.whole = true;
}

static void
begin(struct mcp_later *l)
{
	pthread_mutex_lock(&l->mu);
	l->asking.open = l->post.questions;
	l->asking.answers = json_keep(l->mem, json_object());
	l->asking.refused[0] = '\0';
	l->asking.whole = false;
	l->asking.asks = l->asking.tells = true;
	if (l->left)
		refuse(l, "it has left");
	pthread_mutex_unlock(&l->mu);
}

bool
mcp_asking_wait(struct mcp_later *l)
{
	struct park *park = l->post.edge->park;
	int64_t number = l->number;
	const char *key;
	json_t *question;
	bool fits = true, waits;

	begin(l);
	json_object_foreach((json_t *)(uintptr_t)l->post.questions, key,
	    question)
		fits = fits && tell(l, key, question) == 0;
	pthread_mutex_lock(&l->mu);
	if (!fits)
		refuse(l, "it is too long");
	l->asking.tells = false;
	l->asking.asks = waits = !l->asking.whole;
	pthread_mutex_unlock(&l->mu);
	if (waits) /* from here on it may be another's */
		park_wake(park, number, MCP_PIECE_ASKS, "", 0);
	return waits;
}

void
mcp_asking_take(struct mcp_later *l)
{
	struct mcp_post *p = &l->post;

	pthread_mutex_lock(&l->mu);
	if (p->questions != NULL && l->asking.answers != NULL) {
		p->questions = NULL;
		p->answers = l->asking.answers;
		p->refused = l->asking.refused[0] == '\0'
		    ? NULL
		    : arena_strdup(l->mem, l->asking.refused);
		l->asking.answers = NULL;
	}
	pthread_mutex_unlock(&l->mu);
}

/* ---- in the park thread -------------------------------------------------- */

/* Note what came; its lock is held.  True: nothing is open any more, and it is to
 * be served on. */
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
	if (json_is_object(result))
		(void)json_object_set_new(l->asking.answers, key,
		    json_deep_copy(result));
	else
		refuse(l, why == NULL ? "it gave no reason" : why);
	l->asking.whole |= json_object_size(l->asking.answers)
	    == json_object_size(l->asking.open);
	return l->asking.whole && !l->asking.tells;
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
	whole = l->asking.asks && l->asking.whole && !l->asking.tells;
	if (whole)
		l->asking.asks = false;
	pthread_mutex_unlock(&l->mu);
	return !whole || go(l, e);
}

bool
mcp_asking_end(struct mcp_later *l)
{
	bool ours;

	pthread_mutex_lock(&l->mu);
	ours = l->asking.asks && !l->asking.tells;
	if (l->asking.asks)
		refuse(l, "it has left");
	if (ours)
		l->asking.asks = false;
	pthread_mutex_unlock(&l->mu);
	return ours;
}
