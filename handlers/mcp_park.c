/*
 * mcp_park: POSTs that wait for a thread of class call, without one.
 *
 * What ends within STREAM_AFTER_MS and says nothing before is answered as JSON.
 * Else the client gets a stream, if it takes one: progress, a comment while all
 * is silent, and the answer as its last event.  All but look runs in the park
 * thread.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "fcgi/class.h"
#include "handlers/mcp_later.h"
#include "redis/process.h"

#define STREAM_AFTER_MS 2000
/* Clients give up after 60 s in which they heard nothing of a call; a comment
 * is nothing. */
#define PROGRESS_MS 10000
/* A task's end that was published and lost is found so soon. */
#define TASK_ASK_MS 15000
#define AGAIN_MS 1000 /* all threads are busy, and too many wait for one */
/* Beyond a task's own time: until a worker takes it, and a lease is over. */
#define TASK_MORE_MS 300000
#define PROGRESS_STEP 0.001 /* so that a tool's own next value is above it */
/* nginx must hand each event on at once. */
#define COMMENT ":\n\n"
#define RETRY_LINE "retry: 1000\n" /* ms */
#define RETRY RETRY_LINE "\n"
#define STREAM_HEADERS "X-Accel-Buffering: no\r\n"

/* A comment says that we are there; nginx keeps a head alone.  Who may resume
 * gets an id to begin with, where its revision knows an event without data. */
static void
begin_stream(struct parked *p, struct mcp_later *l)
{
	struct buf out = BUF_INIT(KIB);

	if (l->begun)
		return;
	l->begun = true;
	park_head(p, 200, MCP_STREAM, STREAM_HEADERS);
	if (l->post.primes && l->promised && mcp_keep_id(&out, l, 0) == 0
	    && buf_add_str(&out, RETRY_LINE "data: \n\n") == 0)
		park_write(p, buf_str(&out), out.len);
	else
		park_write(p, COMMENT, strlen(COMMENT));
	buf_fini(&out);
}

static bool
may_stream(const struct mcp_later *l)
{
	return l->accepts.stream;
}

/* The last event, or the whole of it. */
static void
answer(struct parked *p, struct mcp_later *l)
{
	const struct mcp_post *post = &l->post;
	struct buf event = BUF_INIT(MCP_ANSWER_MAX + KIB);
	char headers[MCP_SESSION_ID_MAX + 64] = "";
	bool stream = l->begun || (post->status == 200 && !l->accepts.json);

	if (post->session[0] != '\0')
		(void)snprintf(headers, sizeof(headers),
		    "Mcp-Session-Id: %s\r\n", post->session);
	if (post->retry_s > 0)
		(void)snprintf(headers + strlen(headers),
		    sizeof(headers) - strlen(headers), "Retry-After: %d\r\n",
		    (int)post->retry_s);
	if (!stream) {
		park_reply(p, post->out.len == 0 ? 202 : post->status,
		    post->out.len == 0 ? NULL : MCP_JSON, headers,
		    buf_str(&post->out), post->out.len);
	} else {
		begin_stream(p, l);
		if (post->out.len > 0
		    && (!l->promised
			|| mcp_keep_id(&event, l, l->number_of) == 0)
		    && mcp_event(&event, &post->out) == 0)
			park_write(p, buf_str(&event), event.len);
		park_end(p);
	}
	buf_fini(&event);
}

/* What the serving thread has for its client. */
static void
take(struct parked *p, struct mcp_later *l)
{
	struct buf events;
	bool done;

	pthread_mutex_lock(&l->mu);
	done = l->done;
	events = l->events;
	buf_init(&l->events, events.max);
	pthread_mutex_unlock(&l->mu);
	if (events.len > 0 && may_stream(l)) {
		begin_stream(p, l);
		park_write(p, buf_str(&events), events.len);
		l->told_ms = clock_boot_ms();
	}
	buf_fini(&events);
	if (done)
		answer(p, l);
}

static void
on_begin(struct parked *p, void *state)
{
	(void)state;
	park_look_in(p, STREAM_AFTER_MS);
}

/* What it waited for has ended. */
static void
go_on(struct mcp_later *l)
{
	if (atomic_exchange(&l->waits, false))
		l->start(l);
}

/* Its task is over, or may be: a thread of class call asks, and serves on. */
static void
serve_on(struct parked *p, struct mcp_later *l)
{
	bool awaits;

	pthread_mutex_lock(&l->mu);
	awaits = l->awaits;
	l->awaits = false;
	l->woken |= !awaits;
	pthread_mutex_unlock(&l->mu);
	l->asked_ms = clock_boot_ms();
	if (!awaits || class_call(park_edge(p)->classes, &l->job) == 0)
		return;
	pthread_mutex_lock(&l->mu);
	l->awaits = true;
	pthread_mutex_unlock(&l->mu);
	l->asked_ms = 0;
	park_look_in(p, AGAIN_MS);
}

/* How far its task is, as the worker that runs it has published. */
static void
take_progress(struct parked *p, struct mcp_later *l, const char *kind,
    const char *sealed, size_t len)
{
	struct arena *mem = arena_new();
	struct buf json = BUF_INIT(MCP_EVENTS_MAX);
	char name[CHAT_NAME_MAX], id[TASK_ID_MAX];
	struct chat_name task;
	const char *text = NULL;
	const json_t *doc;

	pthread_mutex_lock(&l->mu);
	memcpy(name, l->task, sizeof(name));
	pthread_mutex_unlock(&l->mu);
	if (l->post.progress != NULL && l->post.token != NULL
	    && task_name_parse(&task, name, id) == 0)
		text = process_open_piece(park_edge(p)->store, &task, id, kind,
		    sealed, len, mem, &len);
	doc = text == NULL ? NULL : json_read(mem, text, len, NULL, NULL);
	if (doc != NULL) {
		pthread_mutex_lock(&l->mu);
		if (mcp_later_progress(l,
			json_number_value(json_object_get(doc, "value")),
			json_number_value(json_object_get(doc, "total")),
			json_member_str(doc, "text"), &json)
		    == 0)
			(void)!mcp_event(&l->events, &json);
		pthread_mutex_unlock(&l->mu);
	}
	buf_fini(&json);
	arena_free(mem);
}

static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	struct mcp_later *l = state;

	if (strcmp(kind, ONCE_KIND) == 0) {
		atomic_store(&l->other_ended, true);
		go_on(l);
	} else if (strcmp(kind, MCP_PIECE_ASKS) == 0) {
		park_deadline_in(p,
		    MCP_ASK_WAIT_MS + l->settings->mcp_timeout_ms);
	} else if (strcmp(kind, MCP_PIECE_ANSWER) == 0 && len > 0) {
		if (!mcp_asking_heard(l, park_edge(p), sealed, len))
			park_look_in(p, AGAIN_MS);
	} else if (strcmp(kind, TASK_PIECE_OVER) == 0) {
		serve_on(p, l);
	} else if (strcmp(kind, MCP_PIECE_AWAITS) == 0) {
		l->asked_ms = clock_boot_ms();
		park_deadline_in(p,
		    l->settings->mcp_task_max_ms + TASK_MORE_MS);
	} else if (strcmp(kind, TASK_PIECE_PROGRESS) == 0 && len > 0) {
		take_progress(p, l, kind, sealed, len);
	}
	take(p, l);
}

/* What was published is lost while the subscription is broken. */
static void
look_at_task(struct parked *p, struct mcp_later *l)
{
	bool awaits;

	pthread_mutex_lock(&l->mu);
	awaits = l->awaits;
	pthread_mutex_unlock(&l->mu);
	if (awaits && clock_boot_ms() - l->asked_ms >= TASK_ASK_MS)
		serve_on(p, l);
}

/* What a look found. */
enum { IT_RUNS = 1, RESUMABLE, OTHER_ENDED };

/* There is no record of a call: it dies with this process.  A look is a clock,
 * and finds again what a full queue has dropped.  Who waits for another call
 * has its record as item; whose stream can be resumed, that, and it is made
 * known: one look in ten seconds writes that again. */
static bool
waits_for_other(const struct park_look *look)
{
	return look->item != NULL && !mcp_keep_is_item(look->item);
}

static int
look(struct edge *e, struct park_look *const *looks, size_t n)
{
	const char **ids = calloc(n + 1, sizeof(*ids));
	bool *runs = calloc(n + 1, sizeof(*runs));
	size_t m = 0, i;
	int rc;

	if (ids == NULL || runs == NULL)
		abort();
	for (i = 0; i < n; i++)
		if (waits_for_other(looks[i]))
			ids[m++] = looks[i]->item;
	rc = m == 0 ? 0 : once_look(e->store, API_KEY_TENANT, ids, m, runs);
	for (i = m = 0; i < n; i++)
		if (waits_for_other(looks[i]))
			park_found(looks[i],
			    rc == 0 && !runs[m++] ? OTHER_ENDED : IT_RUNS, NULL,
			    0);
		else
			park_found(looks[i],
			    mcp_keep_begin(e, looks[i]->item) ? RESUMABLE
							      : IT_RUNS,
			    NULL, 0);
	free(ids);
	free(runs);
	return 0;
}

/* A client that waits for progress hears of it, also of a silent tool. */
static void
tell_alive(struct mcp_later *l)
{
	struct buf json = BUF_INIT(MCP_EVENTS_MAX);
	int64_t now = clock_boot_ms();
	char text[64];

	if (l->post.token == NULL || l->post.progress == NULL
	    || now - l->told_ms < PROGRESS_MS)
		return;
	(void)snprintf(text, sizeof(text), "still running, %d s",
	    (int)((now - l->started_ms) / 1000));
	pthread_mutex_lock(&l->mu);
	if (!l->done
	    && mcp_later_progress(l,
		   l->progress < 0 ? PROGRESS_STEP
				   : l->progress + PROGRESS_STEP,
		   0, text, &json)
		== 0)
		(void)!mcp_event(&l->events, &json);
	pthread_mutex_unlock(&l->mu);
	buf_fini(&json);
}

static bool
is_done(struct mcp_later *l)
{
	bool done;

	pthread_mutex_lock(&l->mu);
	done = l->done;
	pthread_mutex_unlock(&l->mu);
	return done;
}

static void
on_found(struct parked *p, void *state, const struct park_look *found)
{
	struct mcp_later *l = state;

	if (found->found == OTHER_ENDED)
		go_on(l);
	else if (found->found == RESUMABLE)
		(void)mcp_keep_promise(l);
	if (may_stream(l) && !is_done(l))
		begin_stream(p, l);
	tell_alive(l);
	park_look_in(p,
	    mcp_asking_again(l, park_edge(p)) ? PROGRESS_MS : AGAIN_MS);
	look_at_task(p, l);
	take(p, l);
}

/* Its client goes on elsewhere; the call is finished here. */
static void
on_drain(struct parked *p, void *state)
{
	struct mcp_later *l = state;

	if (!l->begun || !l->promised)
		return; /* it gets its answer, until the deadline */
	park_write(p, RETRY, strlen(RETRY));
	park_end(p);
}

/* The process ends, or what serves it hangs beyond all limits. */
static void
on_deadline(struct parked *p, void *state, const struct park_look *last)
{
	struct mcp_later *l = state;
	static const char WHY[]
	    = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":503,\"message\":"
	      "\"this server is stopping, or the call took too long; whether "
	      "it took effect is unknown\"}}";
	struct buf json = BUF_INIT(KIB), event = BUF_INIT(2 * KIB);

	(void)last;
	if (!l->begun) {
		park_reply(p, 503, MCP_JSON, "Retry-After: 2\r\n", WHY,
		    strlen(WHY));
		return;
	}
	if (buf_add_str(&json, WHY) == 0 && mcp_event(&event, &json) == 0)
		park_write(p, buf_str(&event), event.len);
	park_end(p);
	buf_fini(&json);
	buf_fini(&event);
}

static void
on_end(void *state)
{
	struct mcp_later *l = state;
	bool awaits;

	/* Of legacy revisions, who closes the connection only stops reading. */
	if (l->post.closes)
		__atomic_store_n(&l->cancel, 1, __ATOMIC_RELAXED);
	/* First of all: who asks or waits from here on sees it. */
	pthread_mutex_lock(&l->mu);
	l->left = true;
	awaits = l->awaits;
	l->awaits = false;
	pthread_mutex_unlock(&l->mu);
	if (mcp_asking_end(l)
	    && class_call(l->post.edge->classes, &l->job) == -1)
		mcp_later_unref(l);
	atomic_store(&l->ended, true);
	if (atomic_exchange(&l->waits, false))
		mcp_later_unref(l); /* nobody starts it any more */
	/* Its task is cancelled, or waited for as its answer is kept, by a
	 * thread that may wait for Redis. */
	if (awaits
	    && ((!l->post.closes && !mcp_keep_is_alone(l))
		|| class_call(l->post.edge->classes, &l->job) == -1))
		mcp_later_unref(l);
	mcp_later_unref(l);
}

const struct park_kind MCP_PARK = {
	.on_begin = on_begin,
	.on_piece = on_piece,
	.look = look,
	.on_found = on_found,
	.alive = COMMENT,
	.on_drain = on_drain,
	.on_deadline = on_deadline,
	.on_end = on_end,
};
