/*
 * token: the states before active, with chat.auth: memcp, and the renewal of
 * a derived token before it ends.
 */
#include "chat/token.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "chat/phrases.h"
#include "nouns/command.h"
#include "tools/memcp.h"
#include "work/worker.h"

/* A derived token is renewed when it ends sooner than a turn may take. */
#define TOKEN_AHEAD_MS 120000

static struct memcp
server(const struct turn *t)
{
	return (struct memcp){ .url = t->s->chat_memcp_url,
		.proxy_secret = &t->s->proxy_secret,
		.timeout_ms = (int)t->s->mcp_timeout_ms };
}

static enum turn_state
ask_again(struct turn *t, const char *text)
{
	t->state = SESSION_AWAITING_TOKEN;
	t->token = (struct session_token){ 0 };
	t->token_changed = true;
	return turn_say(t, END_REPLIED, text);
}

static enum turn_state
connect_with(struct turn *t, const char *token)
{
	struct memcp m = server(t);

	switch (memcp_verify(&m, token)) {
	case MEMCP_OK:
		break;
	case MEMCP_BAD_TOKEN:
		return turn_say(t, END_REPLIED, PHRASE_BAD_TOKEN);
	default:
		return turn_say(t, END_REFUSED, PHRASE_TOKEN_SERVER_DOWN);
	}
	if (memcp_derive(&m, token, chat_name_chat(&t->job->chat), t->mem,
		&t->token)
	    != MEMCP_OK)
		t->token = (struct session_token){ .parent = token,
			.derived = token };
	t->token_changed = true;
	t->state = SESSION_ACTIVE;
	t->starters = t->s->chat_starters.items;
	return turn_say(t, END_REPLIED, PHRASE_CONNECTED);
}

enum token_end
token_renew(struct turn *t)
{
	struct memcp m = server(t);

	switch (memcp_derive(&m, t->token.parent, chat_name_chat(&t->job->chat),
	    t->mem, &t->token)) {
	case MEMCP_BAD_TOKEN:
		return TOKEN_BAD;
	case MEMCP_OK:
		t->token_changed = true;
		return TOKEN_FRESH;
	default: /* no answer: what we have may still serve */
		return TOKEN_UNSURE;
	}
}

/* Ask for a new one: the reply, and the state awaiting_token. */
static enum turn_state
token_lost(struct turn *t)
{
	return ask_again(t, PHRASE_TOKEN_EXPIRED);
}

enum turn_state
token_refused(struct turn *t)
{
	struct memcp m = server(t);

	if (t->token.parent == NULL
	    || memcp_verify_again(&m, t->token.parent) == MEMCP_BAD_TOKEN)
		return token_lost(t);
	return turn_say(t, END_REFUSED, PHRASE_TOKEN_UNSURE);
}

enum turn_state
turn_token(struct turn *t)
{
	enum turn_state next;

	if (!turn_may_call(t, &next))
		return next;
	if (command_parse(t->job->given->message.text) == COMMAND_DISCONNECT) {
		struct memcp m = server(t);

		if (t->token.derived != NULL && t->token.parent != NULL
		    && strcmp(t->token.derived, t->token.parent) != 0)
			memcp_revoke(&m, t->token.derived);
		return turn_say(t, END_REPLIED, PHRASE_DISCONNECTED);
	}
	switch (t->state) {
	case SESSION_NEEDS_TOKEN:
		t->state = SESSION_AWAITING_TOKEN;
		return turn_say(t, END_REPLIED, PHRASE_WELCOME);
	case SESSION_AWAITING_TOKEN:
		return connect_with(t, t->job->given->message.text);
	default:
		break;
	}
	if (t->token.derived_until_ms != 0
	    && t->token.derived_until_ms - clock_wall_ms() < TOKEN_AHEAD_MS
	    && token_renew(t) == TOKEN_BAD)
		return token_lost(t);
	return turn_next_model(t);
}
