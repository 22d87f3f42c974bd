/*
 * chat_reply: what writes an answer of /chat to a request.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "fcgi/route.h"
#include "handlers/chat_priv.h"
#include "nouns/policy.h"

int
chat_refuse(struct request *req, enum chat_refusal why)
{
	return reply_refusal(req, chat_refusal(why));
}

int
chat_refuse_limited(struct request *req, int64_t wait_ms)
{
	char detail[96];

	snprintf(detail, sizeof(detail),
	    "Rate limit exceeded: max %" PRId64
	    " messages per minute in one chat",
	    policy_of(req->settings, &req->caller)->rate_limit);
	return reply_refusal(req,
	    &(struct refusal){ .status = 429,
		.detail = detail,
		.retry_s = wait_ms > 0 ? (wait_ms + 999) / 1000 : 1 });
}

int
chat_reply_kept(struct request *req, const struct inbox_answer *found,
    bool stream)
{
	struct reply reply;

	if (found->reply == NULL
	    || reply_read(req->mem, found->reply, found->reply_len, &reply)
		== -1)
		return chat_refuse(req, CHAT_UNREADABLE);
	return chat_reply(req, &reply, stream);
}

int
chat_reply(struct request *req, const struct reply *r, bool stream)
{
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
	struct chat_events ev;
	int rc;

	if (!stream) {
		if (chat_answer_add(&out, r) == -1)
			rc = chat_refuse(req, CHAT_TOO_LONG);
		else
			rc = reply_bytes(req, 200, "application/json",
			    buf_str(&out), out.len);
		buf_fini(&out);
		return rc;
	}
	chat_events_init(&ev);
	if (chat_events_begin(&ev, NULL, NULL, &out) == -1
	    || chat_events_reply(&ev, r, &out) == -1)
		rc = chat_refuse(req, CHAT_TOO_LONG);
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
	const struct chat_name *chat = &ask->chat;
	const char *url = chat_url(req->mem, ask), *state;
	int rc;

	chat_states_now(req->edge, req->settings, &chat, 1, &state);
	if (chat_pending_add(&out, ask, url, state, fleet_waits(req->edge))
	    == -1)
		rc = chat_refuse(req, CHAT_TOO_LONG);
	else {
		response_header(req, "Location", url);
		rc = reply_bytes(req, 202, "application/json", buf_str(&out),
		    out.len);
	}
	buf_fini(&out);
	return rc;
}
