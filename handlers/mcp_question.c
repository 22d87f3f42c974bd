/*
 * mcp_question: the id of a question that a legacy client is asked on the stream
 * of its call, and what it answers, in a POST of its own to any edge.
 *
 * The id says where the call waits and which question it is, sealed for the
 * session: nobody else's answer reaches it.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_priv.h"
#include "redis/process.h"

#define NOUN "mcp_question"
#define ID_MAX (4 * KIB) /* a tool's key for its question is in it */

const char *
mcp_question_id(const struct mcp_post *p, const char *key)
{
	return p->head.session == NULL
	    ? NULL
	    : mcp_sealed_write(p, p->head.session, NOUN, ID_MAX,
		json_pack("{s:s, s:s}", "at", p->address, "key", key));
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
	question = mcp_sealed_read(p, p->head.session, NOUN, ID_MAX, id);
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
