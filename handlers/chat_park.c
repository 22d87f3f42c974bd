/*
 * chat_park: calls of POST /chat that wait for their reply, without a thread.
 *
 * What wakes them is published and may be lost; so the record is looked at
 * again now and then (on_look), and the reply in Redis is what counts.  All
 * but chat_park and chat_park_prepare runs in the park thread.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "fcgi/park.h"
#include "handlers/chat_priv.h"
#include "redis/process.h"

#define STREAM_MAX_MS 600000 /* then the client is told where to ask */
#define DOWN_PAUSE_MS 1000
#define LOST_LOOKS 2 /* a message that is twice not there was lost by Redis */

static const char KIND_BEGIN[] = "begin"; /* our own wake-up: no worker's */

struct wait {
	struct chat_ask ask;
	struct chat_events events;
	bool begun;       /* the stream's head is written */
	bool taken;       /* a worker has published something of it */
	const char *told; /* why it waits; NULL: nothing was said */
	int lost;
};

/* While Redis does not answer, one park thread must not ask it for thousands
 * of parked calls, a time-out each. */
static _Atomic int64_t down_until_ms;

static bool
redis_is_away(void)
{
	return clock_boot_ms() < atomic_load(&down_until_ms);
}

static enum store_rc
look(struct parked *p, const struct wait *w, struct arena *mem,
    struct inbox_answer *found)
{
	enum store_rc rc;

	if (redis_is_away())
		return STORE_DOWN;
	rc = inbox_find(park_edge(p)->store, &w->ask.chat, w->ask.update_id, "",
	    mem, found);
	if (rc == STORE_DOWN)
		atomic_store(&down_until_ms, clock_boot_ms() + DOWN_PAUSE_MS);
	return rc;
}

static void
write_stream(struct parked *p, const struct buf *out)
{
	if (out->len > 0)
		park_write(p, buf_str(out), out->len);
}

static void
begin_stream(struct parked *p, struct wait *w, struct arena *mem)
{
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);

	if (w->begun)
		return;
	w->begun = true;
	park_head(p, 200, CHAT_STREAM_TYPE, CHAT_STREAM_HEADERS);
	if (chat_events_begin(&w->events, w->ask.update_id,
		chat_url(mem, &w->ask), &out)
	    == 0)
		write_stream(p, &out);
	buf_fini(&out);
}

/* Who waits is told why: no worker takes turns, or they are busy (${long_time}:
 * it has waited for a while).  Said again when it changes. */
static void
tell_why(struct parked *p, struct wait *w, bool long_time)
{
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
	const char *why = long_time && !w->taken ? "waiting" : NULL;

	switch (fleet_waits(park_edge(p))) {
	case FLEET_NO_WORKER: /* the one that had it may be gone, too */
		why = "no worker";
		break;
	case FLEET_PAUSED:
		why = w->taken ? NULL : "paused";
		break;
	case FLEET_SERVES:
		break;
	}
	if (!w->begun || why == NULL || why == w->told)
		return;
	w->told = why; /* literals */
	if (chat_events_status(&w->events, why, &out) == 0)
		write_stream(p, &out);
	buf_fini(&out);
}

static void
fail(struct parked *p, struct wait *w, struct arena *mem, int status,
    const char *detail)
{
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);

	if (w->ask.stream) {
		begin_stream(p, w, mem);
		if (chat_events_error(&w->events, detail, NULL, NULL, &out)
		    == 0)
			write_stream(p, &out);
		park_end(p);
	} else if (buf_printf(&out, "{\"detail\":\"%s\"}", detail) == 0)
		park_reply(p, status, "application/json",
		    status == 503 ? "Retry-After: 2\r\n" : "", buf_str(&out),
		    out.len);
	buf_fini(&out);
}

static void
answer(struct parked *p, struct wait *w, struct arena *mem, const char *text,
    size_t len)
{
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
	struct reply reply;

	if (text == NULL || reply_read(mem, text, len, &reply) == -1) {
		log_event(LOG_ERROR, "reply_unreadable", F_CHAT(&w->ask.chat),
		    F_STR("message", w->ask.id),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		fail(p, w, mem, 500,
		    "the answer of this message cannot be read");
	} else if (w->ask.stream) {
		begin_stream(p, w, mem);
		if (chat_events_reply(&w->events, &reply, &out) == 0)
			write_stream(p, &out);
		park_end(p);
	} else if (chat_answer_add(&out, &reply) == 0)
		park_reply(p, 200, "application/json", "", buf_str(&out),
		    out.len);
	else
		fail(p, w, mem, 500, "the answer is too long");
	buf_fini(&out);
}

static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	struct wait *w = state;
	struct arena *mem = arena_new();
	const char *text;
	size_t text_len;

	if (w->ask.stream)
		begin_stream(p, w, mem);
	if (strcmp(kind, KIND_BEGIN) == 0) {
		tell_why(p, w, false);
		goto out;
	}
	text = process_open_piece(park_edge(p)->store, &w->ask.chat, w->ask.id,
	    kind, sealed, len, mem, &text_len);
	if (text == NULL)
		goto out; /* on_look will find the record */
	if (strcmp(kind, "reply") == 0)
		answer(p, w, mem, text, text_len);
	else if (w->ask.stream) {
		struct buf out = BUF_INIT(CHAT_ANSWER_MAX);

		w->taken = true;
		w->told = NULL;
		if (chat_events_piece(&w->events, mem, kind, text, text_len,
			&out)
		    == 0)
			write_stream(p, &out);
		buf_fini(&out);
	}
out:
	arena_free(mem);
}

/* True if the record said how it ended, and so was answered. */
static bool
answer_from_record(struct parked *p, struct wait *w, struct arena *mem)
{
	struct inbox_answer found = { 0 };

	switch (look(p, w, mem, &found)) {
	case STORE_ANSWERED:
		answer(p, w, mem, found.reply, found.reply_len);
		return true;
	case STORE_GONE:
		fail(p, w, mem, 410,
		    "this message was answered, and the answer is no longer "
		    "kept");
		return true;
	case STORE_NONE:
		if (++w->lost < LOST_LOOKS)
			return false;
		log_event(LOG_ERROR, "message_lost", F_CHAT(&w->ask.chat),
		    F_STR("message", w->ask.id),
		    F_STR("remedy",
			"look whether Redis lost data: dragoman doctor"));
		fail(p, w, mem, 503,
		    "this message was lost by the store; please send it "
		    "again");
		return true;
	default:
		w->lost = 0;
		return false;
	}
}

static void
on_look(struct parked *p, void *state)
{
	struct wait *w = state;
	struct arena *mem = arena_new();

	if (!answer_from_record(p, w, mem) && w->ask.stream)
		tell_why(p, w, true);
	arena_free(mem);
}

/* Time is up, or the process ends: the message is durable, so say where its
 * answer will be. */
static void
on_deadline(struct parked *p, void *state)
{
	struct wait *w = state;
	struct arena *mem = arena_new();
	struct settings *s = edge_settings(park_edge(p));
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
	const char *url = chat_url(mem, &w->ask), *session_state;

	if (answer_from_record(p, w, mem))
		goto out;
	if (w->ask.stream) {
		begin_stream(p, w, mem);
		if (chat_events_error(&w->events,
			"this stream ends before the answer; ask for it at "
			"the url",
			w->ask.update_id, url, &out)
		    == 0)
			write_stream(p, &out);
		park_end(p);
		goto out;
	}
	session_state = redis_is_away()
	    ? chat_state(s, &(struct session){ 0 })
	    : chat_state_now(park_edge(p), s, &w->ask.chat, mem);
	if (chat_pending_add(&out, &w->ask, url, session_state,
		fleet_waits(park_edge(p)))
	    == 0)
		park_reply(p, 202, "application/json",
		    arena_printf(mem, "Location: %s\r\n", url), buf_str(&out),
		    out.len);
	else
		park_end(p);
out:
	buf_fini(&out);
	settings_unref(s);
	arena_free(mem);
}

static const struct park_ops OPS = {
	.on_piece = on_piece,
	.on_deadline = on_deadline,
	.on_look = on_look,
	.on_end = free,
};

void
chat_park_prepare(struct edge *e, int64_t number, bool stream)
{
	if (stream)
		park_wake(e->park, number, KIND_BEGIN, "", 0);
}

int
chat_park(struct request *req, const struct chat_ask *ask, int64_t number)
{
	struct park *park = req->edge->park;
	struct wait *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort(); /* the supervisor starts another */
	w->ask = *ask;
	chat_events_init(&w->events);
	if (park_request(park, number, req, &OPS, w,
		ask->stream ? STREAM_MAX_MS : req->settings->chat_wait_ms)
	    == 0)
		return 0;
	park_release(park, number);
	free(w);
	return chat_pending(req, ask);
}
