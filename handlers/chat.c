/*
 * POST /chat: take a message, durably, and answer it.
 *
 * The router has checked the secret and that the body is JSON.  What is
 * accepted here is answered whatever becomes of this process: the reply waits
 * in Redis for who asks again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fcgi/park.h"
#include "fcgi/route.h"
#include "handlers/chat_priv.h"
#include "handlers/fleet_priv.h"
#include "handlers/handlers.h"
#include "nouns/metric.h"

#define CGI_LOOK_MIN_MS 10
#define CGI_LOOK_MAX_MS 250

/* False: not that shape, and answered. */
static bool
read_body(struct request *req, struct chat_body *body, int *rc)
{
	json_t *list;

	if (!json_is_object(req->json)) {
		*rc = reply_invalid(req, "model_attributes_type", NULL,
		    "Input should be an object with the fields chat_id and "
		    "message",
		    req->json);
		return false;
	}
	list = chat_body_read(req->mem, req->json, body);
	if (json_array_size(list) == 0)
		return true;
	*rc = reply_refusal(req,
	    &(struct refusal){ .status = 422, .invalid = list });
	return false;
}

static int
answer_command(struct request *req, enum command command,
    const struct chat_ask *ask, const struct inbox_limits *limits)
{
	struct session session = { 0 };
	struct reply reply;
	int64_t wait_ms = 0;

	switch (inbox_control(req->edge->store, &ask->chat, command, limits,
	    req->mem, &session, &wait_ms)) {
	case STORE_OK:
		break;
	case STORE_LIMITED:
		return chat_refuse_limited(req, wait_ms);
	default:
		return chat_refuse(req, CHAT_DOWN);
	}
	reply = (struct reply){ .text = command_answer(req, command, ask,
				    &session),
		.exchanges = command == COMMAND_STATUS ? session.exchanges : 0,
		.state = chat_state(req->settings, &session) };
	return chat_reply(req, &reply, ask->stream);
}

/* Plain CGI has one request and no thread but this one: a subscription and a
 * park thread would cost it more than the few looks until the reply. */
static int
wait_here(struct request *req, const struct chat_ask *ask)
{
	int64_t until = clock_boot_ms() + req->settings->chat_wait_ms;
	int64_t pause_ms = CGI_LOOK_MIN_MS;
	struct inbox_answer found;

	while (clock_boot_ms() < until) {
		struct timespec ts = { .tv_nsec = pause_ms * 1000000 };

		nanosleep(&ts, NULL);
		if (pause_ms < CGI_LOOK_MAX_MS)
			pause_ms += pause_ms / 2;
		switch (inbox_find(req->edge->store, &ask->chat, ask->update_id,
		    "", req->mem, &found)) {
		case STORE_ANSWERED:
			return chat_reply_kept(req, &found, ask->stream);
		case STORE_GONE:
			return chat_refuse(req, CHAT_GONE);
		default: /* not yet, or Redis is away: it is durable */
			break;
		}
	}
	return chat_pending(req, ask);
}

static int
take(struct request *req, struct chat_ask *ask, struct message *msg,
    const struct inbox_limits *limits)
{
	struct park *park = req->edge->park;
	struct inbox_answer found = { 0 };
	const char *address = "";
	int64_t number = -1;
	enum store_rc rc;

	if (park != NULL) {
		number = park_reserve(park, ask->chat.text);
		if (number == PARK_FULL)
			return chat_refuse(req, CHAT_FULL_HERE);
		if (number == PARK_CROWDED)
			return chat_refuse(req, CHAT_CROWDED_HERE);
		address = arena_printf(req->mem, "%s.%" PRId64,
		    req->edge->process_id, number);
	}
	msg->address = address;
	msg->stream = ask->stream && park != NULL;
	rc = inbox_put(req->edge->store, &ask->chat, msg, limits, req->mem,
	    &found);
	if (rc == STORE_OK || rc == STORE_EXISTS) {
		memcpy(ask->id, found.id, sizeof(ask->id));
		req->message = arena_strdup(req->mem, ask->id);
	}
	if (rc == STORE_OK) {
		metric_add(METRIC_MESSAGES_ACCEPTED, 0, 1);
		log_event(LOG_DEBUG, "message_accepted", F_CHAT(&ask->chat),
		    F_STR("message", ask->id), F_INT("seq", found.seq));
	}
	if (park != NULL) {
		if (rc == STORE_OK || rc == STORE_EXISTS)
			return chat_park(req, ask, number);
		park_release(park, number);
	}
	switch (rc) {
	case STORE_OK:
	case STORE_EXISTS:
		return wait_here(req, ask);
	case STORE_ANSWERED:
		return chat_reply_kept(req, &found, ask->stream);
	case STORE_CONFLICT:
		return chat_refuse(req, CHAT_CONFLICT);
	case STORE_GONE:
		return chat_refuse(req, CHAT_GONE);
	case STORE_LIMITED:
		return chat_refuse_limited(req, found.wait_ms);
	case STORE_CROWDED:
		return chat_refuse(req, CHAT_CROWDED);
	case STORE_FULL:
		return chat_refuse(req, CHAT_FULL);
	default:
		return chat_refuse(req, CHAT_DOWN);
	}
}

int
handle_chat(struct request *req)
{
	const struct settings *s = req->settings;
	const struct policy *policy = policy_of(s, &req->caller);
	struct inbox_limits limits = { .per_minute = policy->rate_limit,
		.max = policy->inbox_max,
		.bytes = policy->inbox_bytes,
		.reply_keep_ms = s->chat_reply_keep_ms };
	struct chat_body body = { 0 };
	struct chat_ask ask = { 0 };
	struct message msg = { 0 };
	const char *said;
	enum command command;
	int rc = -1;

	if (!read_body(req, &body, &rc))
		return rc;
	if (*body.chat_id == '\0')
		return chat_refuse(req, CHAT_NO_CHAT);
	if (*body.message == '\0')
		return chat_refuse(req, CHAT_NO_WORDS);
	if (chat_name_make(&ask.chat, req->caller.tenant,
		req->caller.connection, body.chat_id)
	    == -1)
		return chat_refuse(req, CHAT_NAME);
	if (chat_is_dots(body.chat_id))
		return chat_refuse(req, CHAT_DOTS);
	req->chat = arena_strdup(req->mem, ask.chat.text);
	ask.stream = request_accepts(req, CHAT_STREAM_TYPE);
	if (!edge_may_store(req->edge))
		return chat_refuse(req, CHAT_DOWN);

	said = text_strip(req->mem, body.message);
	msg.text = text_cut(req->mem, said, (size_t)policy->max_input_chars);
	msg.cut = strcmp(msg.text, said) != 0; /* "…" is three bytes */
	command = command_parse(msg.text);
	ask.word = msg.text;
	if (command != COMMAND_NONE && command_is_immediate(command))
		return answer_command(req, command, &ask, &limits);

	if (body.message_id != NULL)
		snprintf(ask.update_id, sizeof(ask.update_id), "%s",
		    body.message_id);
	else
		text_random_hex(16, ask.update_id);
	msg.update_id = ask.update_id;
	return take(req, &ask, &msg, &limits);
}
