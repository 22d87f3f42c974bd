/*
 * mcp_question: the id of a question that a legacy client is asked on the stream
 * of its call, and what it answers, in a POST of its own to any edge.
 *
 * The id says where the call waits and which question it is, sealed for the
 * session: nobody else's answer reaches it.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/seal.h"
#include "handlers/mcp_priv.h"
#include "redis/process.h"

#define NOUN "mcp_question"
#define ID_MAX (4 * KIB) /* a tool's key for its question is in it */
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

const char *
mcp_question_id(const struct mcp_post *p, const char *key)
{
	struct buf sealed = BUF_INIT(ID_MAX);
	const char *plain = json_text(p->mem,
	    json_keep(p->mem,
		json_pack("{s:s, s:s}", "at", p->address, "key", key)));
	char *out = NULL;
	size_t max;

	if (plain != NULL && p->head.session != NULL
	    && seal_close(p->edge->mcp->ring, p->head.session, NOUN, "", plain,
		   strlen(plain), &sealed)
		== 0) {
		max = sodium_base64_encoded_len(sealed.len, VARIANT);
		out = arena_alloc(p->mem, max);
		sodium_bin2base64(out, max, (unsigned char *)sealed.data,
		    sealed.len, VARIANT);
	}
	buf_fini(&sealed);
	return out;
}

/* NULL: no question of this session. */
static const json_t *
open_id(const struct mcp_post *p, const char *id)
{
	size_t len = strlen(id), n;
	unsigned char *bytes = arena_alloc(p->mem, len + 1);
	struct buf plain = BUF_INIT(ID_MAX);
	const json_t *doc = NULL;

	if (len < 2 * ID_MAX
	    && sodium_base642bin(bytes, len, id, len, NULL, &n, NULL, VARIANT)
		== 0
	    && seal_open(p->edge->mcp->ring, p->head.session, NOUN, "", bytes,
		   n, &plain)
		== SEAL_OK)
		doc = json_read(p->mem, buf_str(&plain), plain.len, NULL, NULL);
	buf_fini(&plain);
	return doc;
}

void
mcp_question_owner(struct chat_name *owner)
{
	*owner = (struct chat_name){ .partition = 0 }; /* its text counts */
	(void)snprintf(owner->text, sizeof(owner->text), "%s", NOUN);
}

void
mcp_question_heard(struct mcp_work *w, const json_t *doc)
{
	struct mcp_post *p = w->post;
	const char *id = json_string_value(w->call.id), *at, *text;
	const json_t *question;
	struct chat_name owner;

	if (!w->call.has_session || id == NULL)
		return;
	question = open_id(p, id);
	at = json_member_str(question, "at");
	if (at == NULL)
		return;
	text = json_text(w->mem,
	    json_keep(w->mem,
		json_pack("{s:O, s:O*, s:O*}", "key",
		    json_object_get(question, "key"), "result",
		    json_object_get(doc, "result"), "error",
		    json_object_get(doc, "error"))));
	mcp_question_owner(&owner);
	if (text != NULL)
		(void)!process_publish(p->edge->store, &owner, at, at,
		    MCP_PIECE_ANSWER, text, strlen(text));
}
