/*
 * chat_answer: the bodies of /chat, whoever writes them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "handlers/chat_priv.h"
#include "redis/session.h"

/* What a person reads when the reply is still to come. */
static const char *const PENDING[] = {
	[FLEET_SERVES]
	= "Your message is safe and still being worked on. Ask again in a "
	  "moment.",
	[FLEET_NO_WORKER]
	= "Your message is safe. Nobody works on messages just now: the "
	  "operator needs to start a worker. Then it is answered.",
	[FLEET_PAUSED] = "Your message is safe. Answers are paused just now. "
			 "When they go on, it is answered.",
};

static int
add_common(struct buf *out, const char *text, const char *state,
    const char *const *starters, const struct reply *r)
{
	size_t i;

	if (buf_add_str(out, "\"reply\":") == -1
	    || json_add_str(out, text, strlen(text)) == -1
	    || buf_add_str(out, ",\"state\":") == -1
	    || json_add_str(out, state, strlen(state)) == -1
	    || buf_add_str(out, ",\"starters\":[") == -1)
		return -1;
	for (i = 0; starters != NULL && starters[i] != NULL; i++)
		if ((i > 0 && buf_add_char(out, ',') == -1)
		    || json_add_str(out, starters[i], strlen(starters[i]))
			== -1)
			return -1;
	if (buf_add_char(out, ']') == -1
	    || (r != NULL && r->truncated
		&& buf_add_str(out, ",\"truncated\":true") == -1)
	    || (r != NULL && reply_is_failure(r)
		&& buf_add_str(out, ",\"failed\":true") == -1)
	    || (r != NULL && r->exchanges > 0
		&& buf_printf(out, ",\"exchanges\":%" PRId64, r->exchanges)
		    == -1))
		return -1;
	return buf_add_char(out, '}');
}

int
chat_answer_add(struct buf *out, const struct reply *r)
{
	if (buf_add_char(out, '{') == -1)
		return -1;
	return add_common(out, r->text, r->state, r->starters, r);
}

char *
chat_url(struct arena *mem, const struct chat_ask *ask)
{
	return arena_printf(mem, "/chat/%s/messages/%s",
	    text_percent(mem, chat_name_chat(&ask->chat)),
	    text_percent(mem, ask->update_id));
}

int
chat_pending_add(struct buf *out, const struct chat_ask *ask, const char *url,
    const char *state, enum fleet_wait why)
{
	if (buf_add_str(out, "{\"message_id\":") == -1
	    || json_add_str(out, ask->update_id, strlen(ask->update_id)) == -1
	    || buf_add_str(out, ",\"url\":") == -1
	    || json_add_str(out, url, strlen(url)) == -1
	    || buf_add_char(out, ',') == -1)
		return -1;
	return add_common(out, PENDING[why], state, NULL, NULL);
}

const char *
chat_state(const struct settings *s, const struct session *session)
{
	/* Without tokens there is nothing to wait for. */
	if (s->chat_auth != CHAT_AUTH_MEMCP)
		return session_state_name(SESSION_ACTIVE);
	return session_state_name(
	    session->exists ? session->state : SESSION_NEEDS_TOKEN);
}

void
chat_states_now(struct edge *e, const struct settings *s,
    const struct chat_name *const *chats, size_t n, const char **states)
{
	struct session *sessions = calloc(n + 1, sizeof(*sessions));
	size_t i;

	if (sessions == NULL)
		abort(); /* the supervisor starts another */
	if (s->chat_auth == CHAT_AUTH_MEMCP)
		(void)!session_read(e->store, chats, n, sessions);
	for (i = 0; i < n; i++)
		states[i] = chat_state(s, &sessions[i]);
	free(sessions);
}
