/*
 * bridge_listen: what the server of a session says unasked (GET), passed on
 * for as long as the session is; and begun again where it breaks.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/text.h"
#include "cli/bridge.h"

#define AGAIN_MS 1000
#define AGAIN_MOST_MS 30000

struct ear {
	struct bridge *bridge;
	struct arena *mem; /* of one GET */
	struct wire_got got;
	unsigned generation;
	char event[WIRE_ID_MAX]; /* the last one; "" none */
};

static void
on_message(void *ctx, const char *json, size_t len)
{
	struct ear *e = ctx;

	if (e->got.status == 200)
		bridge_write(e->bridge, json, len);
}

/* One GET, to its end. */
static void
hear(struct ear *e)
{
	const char *lines[6] = { "Accept: text/event-stream" };
	const struct wire_ask ask = { .method = "GET",
		.lines = lines,
		.first_ms = BRIDGE_QUICK_MS,
		.idle_ms = BRIDGE_IDLE_MS,
		.total_ms = BRIDGE_TOTAL_MS,
		.cancel = &e->bridge->cut,
		.on = on_message,
		.ctx = e };
	size_t n = 1;
	unsigned generation;

	n += session_lines(e->bridge, e->mem, lines + n, &generation);
	if (generation != e->generation)
		e->event[0] = '\0'; /* of another session */
	else if (e->event[0] != '\0')
		lines[n] = arena_printf(e->mem, "Last-Event-ID: %s", e->event);
	e->generation = generation;
	wire_send(e->bridge->wire, &ask, &e->got);
	if (e->got.last_event[0] != '\0')
		text_format(e->event, sizeof(e->event), "%s",
		    e->got.last_event);
}

/* Wait ${ms}, or (-1) for another session.  False: it is the end. */
static bool
wait_for(struct ear *e, int64_t ms)
{
	struct bridge *b = e->bridge;
	int64_t until = clock_boot_ms() + ms;

	pthread_mutex_lock(&b->mu);
	while (!b->cut && b->session.generation == e->generation) {
		int64_t left = until - clock_boot_ms();

		if (ms < 0)
			pthread_cond_wait(&b->changed, &b->mu);
		else if (left <= 0)
			break;
		else
			(void)cond_wait_ms(&b->changed, &b->mu, (int)left);
	}
	pthread_mutex_unlock(&b->mu);
	return !b->cut;
}

static void *
listen_run(void *arg)
{
	struct ear e = { .bridge = arg };
	int64_t wait_ms = AGAIN_MS;
	bool goes_on = true;

	while (goes_on) {
		e.mem = arena_new();
		hear(&e);
		arena_free(e.mem);
		if (e.got.is_stream)
			wait_ms = e.got.retry_ms >= 0 ? e.got.retry_ms
						      : AGAIN_MS;
		if (e.got.status == 404)
			goes_on = session_renew(e.bridge, e.generation)
			    || wait_for(&e, -1);
		else if (e.got.status >= 400 && e.got.status < 500
		    && e.got.status != 429)
			goes_on = wait_for(&e, -1); /* it has none */
		else
			goes_on = wait_for(&e, wait_ms);
		if (!e.got.is_stream && wait_ms < AGAIN_MOST_MS)
			wait_ms *= 2;
	}
	return NULL;
}

void
listen_start(struct bridge *b)
{
	bool wanted;

	pthread_mutex_lock(&b->mu);
	wanted = !b->listens && b->session.id[0] != '\0';
	pthread_mutex_unlock(&b->mu);
	if (wanted)
		b->listens = thread_start(&b->listener, "listen", listen_run, b)
		    == 0;
}

void
listen_stop(struct bridge *b)
{
	pthread_mutex_lock(&b->mu);
	__atomic_store_n(&b->cut, 1, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mu);
	if (b->listens)
		(void)pthread_join(b->listener, NULL);
	b->listens = false;
}
