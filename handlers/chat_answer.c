/*
 * chat_answer: the bodies of /chat, whoever writes them.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "handlers/chat_priv.h"

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

/* The session can be read by a command's way only; a limit this wide takes
 * nothing noticeable from the chat's rate. */
#define RATE_FREE 1000000000

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

const char *
chat_state_now(struct edge *e, const struct settings *s,
    const struct chat_name *chat, struct arena *mem)
{
	const struct policy *policy = policy_of(s, NULL);
	struct inbox_limits limits = { .per_minute = RATE_FREE,
		.max = policy->inbox_max,
		.bytes = policy->inbox_bytes };
	struct session session = { 0 };
	int64_t wait_ms;

	if (s->chat_auth == CHAT_AUTH_MEMCP
	    && inbox_control(e->store, chat, COMMAND_STATUS, &limits, mem,
		   &session, &wait_ms)
		!= STORE_OK)
		session.exists = false;
	return chat_state(s, &session);
}

int
chat_reply(struct request *req, const struct reply *r, bool stream)
{
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
	struct chat_events ev;
	int rc;

	if (!stream) {
		if (chat_answer_add(&out, r) == -1)
			rc = reply_error(req, 500, "the answer is too long");
		else
			rc = reply_bytes(req, 200, "application/json",
			    buf_str(&out), out.len);
		buf_fini(&out);
		return rc;
	}
	chat_events_init(&ev);
	if (chat_events_begin(&ev, NULL, NULL, &out) == -1
	    || chat_events_reply(&ev, r, &out) == -1)
		rc = reply_error(req, 500, "the answer is too long");
	else {
		response_header(req, "X-Accel-Buffering", "no");
		rc = reply_bytes(req, 200, CHAT_STREAM_TYPE, buf_str(&out),
		    out.len);
	}
	buf_fini(&out);
	return rc;
}

int
chat_pending(struct request *req, const struct chat_ask *ask)
{
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
	const char *url = chat_url(req->mem, ask),
		   *state = chat_state_now(req->edge, req->settings, &ask->chat,
		       req->mem);
	int rc;

	if (chat_pending_add(&out, ask, url, state, fleet_waits(req->edge))
	    == -1)
		rc = reply_error(req, 500, "the answer is too long");
	else {
		response_header(req, "Location", url);
		rc = reply_bytes(req, 202, "application/json", buf_str(&out),
		    out.len);
	}
	buf_fini(&out);
	return rc;
}
