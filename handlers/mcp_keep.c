/*
 * mcp_keep: the events of a legacy call, kept for who resumes its stream.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "handlers/mcp_later.h"

#define STREAM_BYTES 8
#define ALONE_LOOK_MS 500 /* at a task whose end wakes nobody */

static const char TOO_LONG[]
    = "the answer is longer than 1 MiB, so it was not kept for a stream that "
      "is resumed; the call has ended and was not repeated";

/* So long its events are kept while it runs, and after its end. */
static int64_t
keep_ms(const struct mcp_later *l)
{
	return l->settings->mcp_timeout_ms + MCPS_EVENTS_KEEP_MS;
}

void
mcp_keep_init(struct mcp_later *l)
{
	unsigned char bytes[STREAM_BYTES];

	if (!l->post.resumes || l->post.says || !l->accepts.stream
	    || json_is_array(l->post.doc))
		return;
	randombytes_buf(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), l->stream);
}

_Static_assert(MCPS_STREAM_MAX == 2 * STREAM_BYTES + 1, "a stream's id");

/* "SESSION STREAM MS" */
const char *
mcp_keep_item(struct mcp_later *l)
{
	if (l->stream[0] == '\0')
		return NULL;
	return arena_printf(l->mem, "%s %s %" PRId64, l->post.sid, l->stream,
	    keep_ms(l));
}

bool
mcp_keep_is_item(const char *item)
{
	return strchr(item, ' ') != NULL;
}

bool
mcp_keep_begin(struct edge *e, const char *item)
{
	char session[MCPS_ID_MAX], stream[MCPS_STREAM_MAX];
	long long ms;

	return item != NULL
	    && sscanf(item, "%32s %16s %lld", session, stream, &ms) == 3
	    && mcps_call_begin(e->store, session, stream, ms) == STORE_OK;
}

bool
mcp_keep_promise(struct mcp_later *l)
{
	bool promised;

	pthread_mutex_lock(&l->mu);
	l->promised |= l->stream[0] != '\0' && !l->answering;
	promised = l->promised;
	pthread_mutex_unlock(&l->mu);
	return promised;
}

int
mcp_keep_id(struct buf *out, const struct mcp_later *l, int64_t number)
{
	return buf_printf(out, "id: %s.%" PRId64 "\n", l->stream, number);
}

/* Those before it go, where all would be too much: the answer says most. */
static void
keep(struct mcp_later *l, const struct mcps_event *e)
{
	int before = MCPS_EVENTS_MAX - 1;

	l->kept += e->len;
	if (l->kept > MCPS_EVENTS_BYTES) {
		before = 0;
		l->kept = e->len;
	}
	if (mcps_call_add(l->post.edge->store, l->post.sid, l->stream, e,
		before, keep_ms(l))
	    != STORE_OK)
		log_event(LOG_WARN, "mcp_event_unkept",
		    F_STR("why", "Redis did not take it"));
}

static void
keep_event(struct mcp_later *l, int64_t number, const struct buf *json)
{
	const struct mcps_event e = { .number = number,
		.text = buf_str(json),
		.len = json->len };

	keep(l, &e);
}

/* On the stream of a session, which is elsewhere. */
static void
say(struct mcp_later *l, const struct buf *json)
{
	(void)!mcps_say(l->post.edge->store, l->post.sid, buf_str(json),
	    json->len);
}

/* It is kept first, then sent. */
static void
send_kept(struct mcp_later *l, const struct buf *json)
{
	int64_t number = 0;

	if (l->stream[0] != '\0') {
		pthread_mutex_lock(&l->mu);
		l->promised = true;
		number = ++l->number_of;
		pthread_mutex_unlock(&l->mu);
		keep_event(l, number, json);
	}
	pthread_mutex_lock(&l->mu);
	if (number == 0 || mcp_keep_id(&l->events, l, number) == 0)
		(void)!mcp_event(&l->events, json);
	pthread_mutex_unlock(&l->mu);
	park_wake(l->post.edge->park, l->number, "progress", "", 0);
}

void
mcp_keep_tell(struct mcp_later *l, const struct buf *json)
{
	if (l->post.says)
		say(l, json);
	else
		send_kept(l, json);
}

static void
keep_answer(struct mcp_later *l, int64_t number)
{
	const struct mcp_post *p = &l->post;
	struct mcps_event e = { .number = number,
		.last = true,
		.text = buf_str(&p->out),
		.len = p->out.len };
	struct buf instead = BUF_INIT(4 * KIB);

	if (e.len > MCPS_EVENTS_BYTES) {
		(void)!rpc_write_fault(&instead, json_object_get(p->doc, "id"),
		    RPC_INTERNAL, TOO_LONG, NULL);
		e.text = buf_str(&instead);
		e.len = instead.len;
	}
	keep(l, &e);
	buf_fini(&instead);
}

void
mcp_keep_answer(struct mcp_later *l)
{
	int64_t number;
	bool promised;

	pthread_mutex_lock(&l->mu);
	l->answering = true;
	promised = l->promised;
	number = promised ? ++l->number_of : 0;
	pthread_mutex_unlock(&l->mu);
	if (promised)
		keep_answer(l, number);
}

bool
mcp_keep_is_alone(struct mcp_later *l)
{
	bool alone;

	pthread_mutex_lock(&l->mu);
	alone = l->post.says
	    || (l->left
		&& (l->promised || (l->post.once.begun && !l->post.closes)));
	pthread_mutex_unlock(&l->mu);
	return alone && !atomic_load(&l->post.edge->draining);
}

bool
mcp_keep_wait(struct mcp_later *l)
{
	struct mcp_edge *m = l->post.edge->mcp;
	int64_t until = clock_boot_ms() + l->settings->mcp_task_max_ms;

	if (!mcp_alone_enter(m, l->settings->server_threads))
		return false;
	while (mcp_keep_is_alone(l) && clock_boot_ms() < until
	    && !mcp_task_is_over(&l->post))
		usleep(ALONE_LOOK_MS * 1000);
	mcp_alone_leave(m);
	return true;
}
