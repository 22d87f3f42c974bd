/*
 * chat_park: calls of POST /chat that wait for their reply, without a thread.
 *
 * A kind of what is parked (fcgi/park.h): its owner is the chat, its item the
 * message, its truth the reply's record.  All but chat_park and look runs in
 * the park thread.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "fcgi/park.h"
#include "fcgi/route.h"
#include "handlers/chat_priv.h"
#include "redis/process.h"

#define STREAM_MAX_MS 600000 /* then the client is told where to ask */
#define LOST_LOOKS 2 /* a message that is twice not there was lost by Redis */
#define LOST_AGAIN_MS 5000

struct wait {
	struct chat_ask ask;
	struct chat_events events;
	bool begun;       /* the stream's head is written */
	bool taken;       /* a worker has published something of it */
	const char *told; /* why it waits; NULL: nothing was said */
	int lost;
};

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
fail(struct parked *p, struct wait *w, struct arena *mem, enum chat_refusal why)
{
	const struct refusal *r = chat_refusal(why);
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);

	if (w->ask.stream) {
		begin_stream(p, w, mem);
		if (chat_events_error(&w->events, r->detail, NULL, NULL, &out)
		    == 0)
			write_stream(p, &out);
		park_end(p);
	} else if (buf_printf(&out, "{\"detail\":\"%s\"}", r->detail) == 0)
		park_reply(p, r->status, "application/json",
		    r->retry_s > 0 ? arena_printf(mem,
			"Retry-After: %" PRId64 "\r\n", r->retry_s)
				   : "",
		    buf_str(&out), out.len);
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
		fail(p, w, mem, CHAT_UNREADABLE);
	} else if (w->ask.stream) {
		begin_stream(p, w, mem);
		if (chat_events_reply(&w->events, &reply, &out) == 0) {
			write_stream(p, &out);
			park_end(p);
		} else
			fail(p, w, mem, CHAT_TOO_LONG);
	} else if (chat_answer_add(&out, &reply) == 0)
		park_reply(p, 200, "application/json", "", buf_str(&out),
		    out.len);
	else
		fail(p, w, mem, CHAT_TOO_LONG);
	buf_fini(&out);
}

static void
on_begin(struct parked *p, void *state)
{
	struct wait *w = state;
	struct arena *mem;

	if (!w->ask.stream)
		return;
	mem = arena_new();
	begin_stream(p, w, mem);
	tell_why(p, w, false);
	arena_free(mem);
}

static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	struct wait *w = state;
	struct arena *mem = arena_new();
	const char *text;
	size_t text_len;

	text = process_open_piece(park_edge(p)->store, &w->ask.chat, w->ask.id,
	    kind, sealed, len, mem, &text_len);
	if (text == NULL)
		goto out; /* a look will find the record */
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

static bool
wants_state(const struct park_look *l, const struct inbox_question *q)
{
	return l->last && q->rc != STORE_ANSWERED;
}

/*
 * In the look thread: how did these messages end?  With the last look goes what
 * the answer at the deadline says: the state of the session.
 */
static int
look(struct edge *e, struct park_look *const *looks, size_t n)
{
	struct arena *mem = arena_new();
	struct inbox_question *q = arena_alloc(mem, n * sizeof(*q));
	const struct chat_name **chats = arena_alloc(mem, n * sizeof(*chats));
	const char **states = arena_alloc(mem, n * sizeof(*states));
	struct settings *s = edge_settings(e);
	size_t i, nlast = 0;
	int rc = -1;

	for (i = 0; i < n; i++) {
		if (chat_name_parse(&q[i].chat, looks[i]->owner) == -1)
			abort(); /* it is what chat_park was given */
		q[i].id = looks[i]->item;
	}
	if (inbox_find_all(e->store, q, n, mem) != STORE_OK)
		goto out;
	for (i = 0; i < n; i++)
		if (wants_state(looks[i], &q[i]))
			chats[nlast++] = &q[i].chat;
	chat_states_now(e, s, chats, nlast, states);
	for (i = 0; i < n; i++) {
		const struct inbox_answer *a = &q[i].answer;

		if (wants_state(looks[i], &q[i])) {
			park_found(looks[i], q[i].rc, *states, strlen(*states));
			states++;
		} else
			park_found(looks[i], q[i].rc, a->reply, a->reply_len);
	}
	rc = 0;
out:
	settings_unref(s);
	arena_free(mem);
	return rc;
}

/* It is not there: lost by a Redis that was emptied, unless the next look sees
 * it. */
static void
lost(struct parked *p, struct wait *w, struct arena *mem)
{
	if (++w->lost < LOST_LOOKS) {
		park_look_in(p, LOST_AGAIN_MS);
		return;
	}
	log_event(LOG_ERROR, "message_lost", F_CHAT(&w->ask.chat),
	    F_STR("message", w->ask.id),
	    F_STR("remedy", "look whether Redis lost data: dragoman doctor"));
	fail(p, w, mem, CHAT_LOST);
}

static void
on_found(struct parked *p, void *state, const struct park_look *found)
{
	struct wait *w = state;
	struct arena *mem;

	if (found->found == STORE_EXISTS) { /* as nearly always */
		w->lost = 0;
		return;
	}
	mem = arena_new();
	if (found->found == STORE_ANSWERED)
		answer(p, w, mem, found->text, found->len);
	else if (found->found == STORE_GONE)
		fail(p, w, mem, CHAT_GONE);
	else if (found->found == STORE_NONE)
		lost(p, w, mem);
	else
		w->lost = 0;
	arena_free(mem);
}

static void
on_quiet(struct parked *p, void *state)
{
	tell_why(p, state, true);
}

/* Time is up, or the process ends: the message is durable, so say where its
 * answer will be. */
static void
on_deadline(struct parked *p, void *state, const struct park_look *last)
{
	struct wait *w = state;
	struct arena *mem = arena_new();
	struct settings *s = edge_settings(park_edge(p));
	struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
	const char *url = chat_url(mem, &w->ask);

	if (w->ask.stream) {
		begin_stream(p, w, mem);
		if (chat_events_error(&w->events,
			"this stream ends before the answer; ask for it at "
			"the url",
			w->ask.update_id, url, &out)
		    == 0)
			write_stream(p, &out);
		park_end(p);
	} else if (chat_pending_add(&out, &w->ask, url,
		       last != NULL && last->text != NULL
			   ? last->text
			   : chat_state(s, &(struct session){ 0 }),
		       fleet_waits(park_edge(p)))
	    == 0)
		park_reply(p, 202, "application/json",
		    arena_printf(mem, "Location: %s\r\n", url), buf_str(&out),
		    out.len);
	buf_fini(&out);
	settings_unref(s);
	arena_free(mem);
}

static const struct park_kind KIND = {
	.on_begin = on_begin,
	.on_piece = on_piece,
	.look = look,
	.on_found = on_found,
	.on_quiet = on_quiet,
	.alive = ":\n\n", /* a comment */
	.on_deadline = on_deadline,
	.on_end = free,
};

int
chat_park(struct request *req, const struct chat_ask *ask, int64_t number)
{
	struct wait *w = calloc(1, sizeof(*w));
	struct park_wait wait = { .kind = &KIND,
		.state = w,
		.item = ask->id,
		.deadline_ms = ask->stream ? STREAM_MAX_MS
					   : req->settings->chat_wait_ms };

	if (w == NULL)
		abort(); /* the supervisor starts another */
	w->ask = *ask;
	chat_events_init(&w->events);
	park_request(req->edge->park, number, req, &wait);
	return 0;
}
