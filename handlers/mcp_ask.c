/*
 * mcp_ask: a question to who calls, as the answer to a request of 2026-07-28:
 * the client asks its person or its model and sends the request again, with
 * the answers and the state that came with the question.
 *
 * The state is sealed: it holds what the tool wants back, is good for ASK_MS,
 * and only for the same key, tool and arguments.  What is done with the first
 * answers to it is remembered as long (mcp_once.c).
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "handlers/mcp_priv.h"

#define NOUN "mcp_state"
#define STATE_MAX (256 * KIB) /* sealed; a client sends it back in a body */

/* ---- which request it is ------------------------------------------------- */

static const char *
digest_of(const struct mcp_work *w)
{
	const struct mcp_call *c = &w->call;

	return mcp_digest(w->mem, NOUN,
	    json_keep(w->mem,
		json_pack("{s:s, s:O?, s:O?}", "method", c->method->name, "of",
		    c->method->named == NULL
			? NULL
			: json_object_get(c->params, c->method->named),
		    "arguments", json_object_get(c->params, "arguments"))));
}

/* ---- a state ------------------------------------------------------------- */

static const char *
seal_state(const struct mcp_work *w, const char *state)
{
	char nonce[ONCE_TOKEN_MAX];

	once_token(nonce);
	return mcp_sealed_write(w->post, w->post->caller.key, NOUN, STATE_MAX,
	    json_pack("{s:s, s:s, s:I, s:s?}", "of", digest_of(w), "nonce",
		nonce, "until", (json_int_t)(clock_wall_ms() + MCP_ASK_MS),
		"state", state));
}

/* NULL: nothing that was given out here to this key. */
static const json_t *
open_state(const struct mcp_work *w, const char *text)
{
	return mcp_sealed_read(w->post, w->post->caller.key, NOUN, STATE_MAX,
	    text);
}

static bool
refuse(struct mcp_fault *fault, const char *why)
{
	(void)mcp_fail(fault, RPC_BAD_PARAMS, why);
	return false;
}

bool
mcp_ask_read(struct mcp_work *w, struct mcp_fault *fault)
{
	const json_t *answers = json_object_get(w->call.params,
	    "inputResponses");
	const json_t *state = json_object_get(w->call.params, "requestState");
	const json_t *doc;

	w->asked = (struct mcp_asked){ .answers = w->post->answers,
		.state = w->post->state };
	if (w->call.revision->era != MCP_MODERN)
		return true;
	if (answers != NULL && !json_is_object(answers))
		return refuse(fault, "params.inputResponses is no object");
	w->asked.answers = answers;
	if (state == NULL)
		return true;
	doc = json_is_string(state) ? open_state(w, json_string_value(state))
				    : NULL;
	if (doc == NULL)
		return refuse(fault,
		    "params.requestState was not given out here to this key");
	if (strcmp(json_member_str(doc, "of"), digest_of(w)) != 0)
		return refuse(fault,
		    "params.requestState is of another request: tool and "
		    "arguments stay the same");
	if (json_member_int(doc, "until", 0) < clock_wall_ms())
		return refuse(fault,
		    "params.requestState is too old: call again without it");
	w->asked.state = json_member_str(doc, "state");
	w->asked.nonce = json_member_str(doc, "nonce");
	return true;
}

/* ---- questions ----------------------------------------------------------- */

unsigned
mcp_question_needs(const json_t *question)
{
	static const struct {
		const char *method;
		unsigned needs;
	} KINDS[] = {
		{ "elicitation/create", MCP_CAN_ELICIT },
		{ "sampling/createMessage", MCP_CAN_SAMPLE },
		{ "roots/list", MCP_CAN_ROOTS },
	};
	const char *method = json_member_str(question, "method");
	const char *mode = json_member_str(json_object_get(question, "params"),
	    "mode");
	size_t i;

	if (mode != NULL && strcmp(mode, "url") == 0)
		return MCP_CAN_ELICIT_URL;
	for (i = 0; i < NELEM(KINDS) && method != NULL; i++)
		if (strcmp(KINDS[i].method, method) == 0)
			return KINDS[i].needs;
	return 0;
}

json_t *
mcp_questions_for(const struct mcp_work *w, const json_t *questions,
    unsigned *lacks)
{
	json_t *out = json_keep(w->mem, json_object()), *question;
	const char *key;
	unsigned needs;

	*lacks = 0;
	json_object_foreach((json_t *)(uintptr_t)questions, key, question) {
		needs = mcp_question_needs(question);
		/* Before 2026-07-28 a page's question had an id of its own. */
		if (needs == MCP_CAN_ELICIT_URL
		    && w->call.revision->era != MCP_MODERN)
			*lacks |= needs;
		else if (needs != 0 && (needs & w->call.client))
			(void)json_object_set(out, key, question);
		else
			*lacks |= needs;
	}
	return out;
}

int
mcp_ask_write(struct mcp_work *w, const json_t *questions, const char *state,
    struct buf *out, struct mcp_fault *fault)
{
	unsigned lacks;
	const json_t *asked = mcp_questions_for(w, questions, &lacks);
	const char *sealed;

	if (w->call.revision->era != MCP_MODERN)
		return mcp_fail(fault, RPC_INTERNAL,
		    "this asks a question first, and this client cannot be "
		    "asked");
	if (json_object_size(asked) == 0 && lacks != 0) {
		mcp_fault_capability(&w->call, lacks, fault);
		return MCP_FAILED;
	}
	sealed = seal_state(w, state);
	if (sealed == NULL)
		return mcp_fail(fault, RPC_INTERNAL,
		    "what is to come back with the answers is too large");
	return mcp_write_questions(out, &w->call,
	    json_object_size(asked) == 0 ? NULL : asked, sealed);
}

int
mcp_ask_stream(struct mcp_work *w, const json_t *questions, const char *state)
{
	struct mcp_post *p = w->post;
	unsigned lacks;
	const json_t *asked;

	if (!w->call.has_session || w->call.in_batch
	    || !mcp_accepts(p->head.accept).stream)
		return MCP_FAILED;
	asked = mcp_questions_for(w, questions, &lacks);
	if (json_object_size(asked) == 0 || lacks != 0)
		return MCP_FAILED;
	if (p->address == NULL || !p->can_ask) /* another thread calls again */
		return p->may_wait ? MCP_FAILED : MCP_WAITS;
	if (p->rounds++ >= MCP_ASK_ROUNDS)
		return MCP_DONE;
	p->questions = asked;
	p->state = arena_strdup(p->mem, state);
	return MCP_WAITS;
}
