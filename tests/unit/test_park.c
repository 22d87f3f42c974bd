/*
 * park: each request that waits ends once, whatever ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/class.h"
#include "fcgi/park_priv.h"
#include "fcgi/request_priv.h"
#include "fcgi/response.h"
#include "nouns/metric.h"
#include "tests/unit/fcgi_client.h"

#define FOUND_NOTHING 0
#define FOUND_REPLY 1
#define OWNER "default/http/me"
#define PATIENCE_MS 30000 /* waited out only where something is wrong */

static const char *const PARAMS[] = { "REQUEST_METHOD=POST",
	"REQUEST_URI=/chat", "HTTP_X_REQUEST_ID=me", NULL };
static const char *const PARAMS_GET[] = { "REQUEST_METHOD=GET",
	"REQUEST_URI=/events", NULL };
static const char *const PARAMS_HEAD[] = { "REQUEST_METHOD=HEAD",
	"REQUEST_URI=/events", NULL };

struct wait {
	_Atomic int begun, pieces, deadlines, found, quiet, ends;
	_Atomic bool last_known; /* on_deadline was told what a look found */
	size_t flood;            /* bytes to write at a piece "flood" */
	bool stream;             /* begins at once */
	_Atomic int *hold;       /* a piece "hold" waits until it is not 0 */
	_Atomic int held;        /* it does */
};

/* What looks find: of the process, as their truth would be. */
static _Atomic int truth, looks, batches, last_looks, look_ms, looking;
static _Atomic bool away;
static char looked_item[32];

static void
on_begin(struct parked *p, void *state)
{
	struct wait *w = state;

	atomic_fetch_add(&w->begun, 1);
	if (w->stream)
		park_head(p, 200, "text/event-stream", "");
}

static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	struct wait *w = state;

	if (strcmp(kind, "hold") == 0) {
		atomic_store(&w->held, 1);
		while (atomic_load(w->hold) == 0)
			usleep(1000);
	}
	atomic_fetch_add(&w->pieces, 1);
	if (strcmp(kind, "reply") == 0)
		park_reply(p, 200, "application/json", "X-A: b\r\n", sealed,
		    len);
	else if (strcmp(kind, "full") == 0)
		park_reply(p, 503, "application/json", "", "{}", 2);
	else if (strcmp(kind, "head") == 0)
		park_head(p, 200, "text/event-stream", "");
	else if (strcmp(kind, "end") == 0)
		park_end(p);
	else if (strcmp(kind, "flood") == 0) {
		char *bytes = calloc(1, w->flood);

		park_head(p, 200, "text/event-stream", "");
		park_write(p, bytes, w->flood);
		free(bytes);
	} else if (w->stream || strcmp(kind, "delta") == 0)
		park_write(p, sealed, len);
}

static void
on_deadline(struct parked *p, void *state, const struct park_look *last)
{
	struct wait *w = state;

	atomic_store(&w->last_known, last != NULL);
	atomic_fetch_add(&w->deadlines, 1);
	park_reply(p, 202, "application/json", "", "{}", 2);
}

static int
look(struct edge *e, struct park_look *const *its, size_t n)
{
	size_t i;

	(void)e;
	atomic_fetch_add(&looking, 1);
	usleep((useconds_t)atomic_load(&look_ms) * 1000);
	atomic_fetch_add(&batches, 1);
	if (atomic_load(&away))
		return -1;
	for (i = 0; i < n; i++) {
		if (its[i]->item != NULL)
			strncpy(looked_item, its[i]->item,
			    sizeof(looked_item) - 1);
		if (strcmp(its[i]->owner, OWNER) != 0)
			abort();
		atomic_fetch_add(&last_looks, its[i]->last);
		if (atomic_load(&truth) == FOUND_REPLY)
			park_found(its[i], FOUND_REPLY, "\"true\"", 6);
	}
	atomic_fetch_add(&looks, (int)n);
	return 0;
}

static void
on_found(struct parked *p, void *state, const struct park_look *its)
{
	struct wait *w = state;

	atomic_fetch_add(&w->found, 1);
	if (its->found == FOUND_REPLY)
		park_reply(p, 200, "application/json", "", its->text, its->len);
}

static void
on_quiet(struct parked *p, void *state)
{
	struct wait *w = state;

	park_write(p, "quiet", 5);
	atomic_fetch_add(&w->quiet, 1);
}

static void
on_end(void *state)
{
	struct wait *w = state;

	atomic_fetch_add(&w->ends, 1);
}

static const struct park_kind KIND = { on_begin, on_piece, look, on_found,
	on_quiet, ":\n\n", NULL, on_deadline, on_end };
static void
on_drain(struct parked *p, void *state)
{
	(void)state;
	park_reply(p, 503, "application/json", "", "[]", 2);
}

/* It goes on elsewhere. */
static const struct park_kind DRAINS = { .on_piece = on_piece,
	.on_drain = on_drain,
	.on_deadline = on_deadline,
	.on_end = on_end };
/* Nothing to look at: its wake-ups are all there is. */
static const struct park_kind NO_TRUTH = { .on_piece = on_piece,
	.on_deadline = on_deadline,
	.on_end = on_end };

/* Park a request; returns the web server's end of it. */
static int
park_as(struct park *pk, int64_t number, const char *const *params,
    const struct park_wait *wait)
{
	struct arena *mem = arena_new();
	struct request req = { .mem = mem };
	FCGX_Request f;
	const char *why;
	int fd[2];

	assert_true(number >= 0);
	client_pair(fd);
	client_send(fd[0], params, "", 0, true);
	assert_int_equal(client_take(&f, fd[1]), 0);
	req.fcgx = &f;
	assert_int_equal(request_begin(&req, f.envp, &why), 0);
	response_header(&req, "X-Kept", "yes");
	park_request(pk, number, &req, wait);
	assert_true(req.parked);
	arena_free(mem);
	return fd[0];
}

static int
parked(struct park *pk, int64_t number, struct wait *w, int64_t deadline_ms)
{
	return park_as(pk, number, PARAMS,
	    &(struct park_wait){ .kind = &KIND,
		.state = w,
		.item = "item",
		.deadline_ms = deadline_ms });
}

static int
on_topic(struct park *pk, struct wait *w, const char *topic)
{
	return park_as(pk, park_reserve(pk, OWNER), PARAMS_GET,
	    &(struct park_wait){ .kind = &KIND,
		.state = w,
		.topic = topic,
		.deadline_ms = 600000 });
}

static struct park *
start(int64_t max)
{
	struct park *pk = park_new(max, max);

	atomic_store(&truth, FOUND_NOTHING);
	atomic_store(&looks, 0);
	atomic_store(&batches, 0);
	atomic_store(&last_looks, 0);
	atomic_store(&look_ms, 0);
	atomic_store(&looking, 0);
	atomic_store(&away, false);
	assert_non_null(pk);
	assert_int_equal(park_start(pk), 0);
	return pk;
}

static void
await(const _Atomic int *value, int want)
{
	int i;

	for (i = 0; i < PATIENCE_MS && atomic_load(value) != want; i++)
		usleep(1000);
	assert_int_equal(atomic_load(value), want);
}

static void
await_count(struct park *pk, int64_t want)
{
	int i;

	for (i = 0; i < PATIENCE_MS && park_count(pk) != want; i++)
		usleep(1000);
	assert_int_equal(park_count(pk), want);
}

static void
a_reply(void **state)
{
	struct park *pk = start(4);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk, OWNER);
	int fd = parked(pk, n, &w, 60000);

	(void)state;
	park_wake(pk, n, "reply", "{\"a\":1}", 7);
	assert_int_equal(client_read(fd, &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 200 ", 12), 0);
	assert_non_null(strstr(buf_str(&out), "\r\nX-A: b\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\nX-Kept: yes\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\nX-Request-Id: me\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\n\r\n{\"a\":1}"));
	await(&w.ends, 1);
	await_count(pk, 0);
	park_wake(pk, n, "reply", "late", 4); /* finds nobody */
	close(fd);
	buf_fini(&out);
	park_free(pk);
	assert_int_equal(w.ends, 1);
}

/* The reply may be there before the handler has parked. */
static void
a_reply_before_parking(void **state)
{
	struct park *pk = start(1);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk, OWNER);
	int fd;

	(void)state;
	park_wake(pk, n, "reply", "{}", 2);
	fd = parked(pk, n, &w, 60000);
	assert_int_equal(client_read(fd, &out), 0);
	await(&w.ends, 1);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

static void
a_stream(void **state)
{
	struct park *pk = start(1);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk, OWNER);
	int fd = parked(pk, n, &w, 60000);

	(void)state;
	park_wake(pk, n, "head", "", 0);
	park_wake(pk, n, "delta", "one", 3);
	park_wake(pk, n, "delta", "two", 3);
	park_wake(pk, n, "end", "", 0);
	assert_int_equal(client_read(fd, &out), 0);
	assert_null(strstr(buf_str(&out), "Content-Length"));
	assert_non_null(strstr(buf_str(&out), "\r\n\r\nonetwo"));
	await(&w.ends, 1);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

static void
numbers_are_bounded(void **state)
{
	struct park *pk = start(2);
	int64_t a = park_reserve(pk, OWNER), b = park_reserve(pk, OWNER),
		c = -1;
	int i;

	(void)state;
	assert_true(a >= 0 && b >= 0 && a != b);
	assert_int_equal(park_reserve(pk, OWNER), PARK_FULL);
	park_release(pk, a);
	for (i = 0; i < PATIENCE_MS && c == -1; i++) {
		c = park_reserve(pk, OWNER);
		usleep(1000);
	}
	assert_true(c >= 0 && c != a); /* the slot's, not the number's return */
	park_wake(pk, a, "reply", "", 0);
	park_release(pk, b);
	park_release(pk, c);
	await_count(pk, 0);
	park_free(pk);
}

static void
deadlines(void **state)
{
	struct park *pk = start(2);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int fd = parked(pk, park_reserve(pk, OWNER), &w, 10);

	(void)state;
	assert_int_equal(client_read(fd, &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 202 ", 12), 0);
	await(&w.ends, 1);
	close(fd);
	/* Draining cuts a longer one. */
	fd = parked(pk, park_reserve(pk, OWNER), &w, 600000);
	park_drain(pk, 10);
	buf_reset(&out);
	assert_int_equal(client_read(fd, &out), 0);
	await(&w.ends, 2);
	assert_int_equal(w.deadlines, 2);
	assert_true(w.last_known);
	assert_int_equal(last_looks, 2);
	await_count(pk, 0);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

static int
draining(struct park *pk, struct wait *w)
{
	return park_as(pk, park_reserve(pk, OWNER), PARAMS,
	    &(struct park_wait){ .kind = &DRAINS,
		.state = w,
		.deadline_ms = 600000 });
}

/* Who can go on elsewhere does so at once, the others at their deadline. */
static void
who_drains_ends_at_once(void **state)
{
	struct park *pk = start(8);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 }, stays = { 0 };
	int stay = parked(pk, park_reserve(pk, OWNER), &stays, 600000);
	int fd[2] = { draining(pk, &w), draining(pk, &w) }, late, i;

	(void)state;
	park_drain(pk, 600000);
	for (i = 0; i < 2; i++) {
		buf_reset(&out);
		assert_int_equal(client_read(fd[i], &out), 0);
		assert_int_equal(strncmp(buf_str(&out), "Status: 503 ", 12), 0);
		close(fd[i]);
	}
	await(&w.ends, 2);
	/* One that comes then, too. */
	late = draining(pk, &w);
	buf_reset(&out);
	assert_int_equal(client_read(late, &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 503 ", 12), 0);
	await(&w.ends, 3);
	assert_int_equal(w.deadlines, 0);
	assert_int_equal(stays.ends, 0);
	await_count(pk, 1);
	close(late);
	close(stay);
	buf_fini(&out);
	park_free(pk);
}

static void
who_left_is_dropped(void **state)
{
	struct park *pk = start(2);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk, OWNER);
	int fd = parked(pk, n, &w, 600000);

	(void)state;
	close(fd);
	await(&w.ends, 1);
	await_count(pk, 0);
	assert_int_equal(w.deadlines, 0);
	park_free(pk);
}

static void
who_does_not_read_is_dropped(void **state)
{
	struct park *pk = start(2);
	struct wait w = { .flood = PARK_OUT_MAX / 2 };
	int64_t n = park_reserve(pk, OWNER);
	int fd = parked(pk, n, &w, 600000), i;

	(void)state;
	for (i = 0; i < 8; i++)
		park_wake(pk, n, "flood", "", 0);
	await(&w.ends, 1);
	await_count(pk, 0);
	close(fd);
	park_free(pk);
}

/* The last bytes have their time, too; in a drain it is shorter. */
static void
who_does_not_read_the_end_is_dropped(void **state)
{
	struct park *pk = start(2);
	struct wait w = { .flood = PARK_OUT_MAX / 2 };
	int64_t n = park_reserve(pk, OWNER);
	int fd = parked(pk, n, &w, 600000);

	(void)state;
	park_wake(pk, n, "flood", "", 0);
	park_wake(pk, n, "end", "", 0);
	await(&w.pieces, 2);
	assert_int_equal(w.ends, 0);
	park_drain(pk, 0);
	await(&w.ends, 1);
	await_count(pk, 0);
	assert_int_equal(w.deadlines, 0);
	close(fd);
	park_free(pk);
}

/* ---- looks ---- */

static void
all_look_when_the_subscription_stands_again(void **state)
{
	enum { N = 300 };
	struct park *pk = start(N);
	struct wait w[N] = { 0 };
	int fds[N], i;

	(void)state;
	atomic_store(&look_ms, 5);
	for (i = 0; i < N; i++)
		fds[i] = parked(pk, park_reserve(pk, OWNER), &w[i], 600000);
	park_hears(pk, true);
	for (i = 0; i < N; i++)
		await(&w[i].found, 1);
	assert_string_equal(looked_item, "item");
	assert_int_equal(looks, N);
	/* The first may go alone, while the others are still told. */
	assert_in_range(batches, 3, 6);
	atomic_store(&truth, FOUND_REPLY);
	park_hears(pk, false);
	park_hears(pk, true);
	for (i = 0; i < N; i++) {
		await(&w[i].ends, 1);
		close(fds[i]);
	}
	park_free(pk);
}

/* A look that is under way may have seen what was before. */
static void
a_look_is_not_swallowed_by_one_under_way(void **state)
{
	struct park *pk = start(1);
	struct wait w = { 0 };
	int fd;

	(void)state;
	atomic_store(&look_ms, 200);
	fd = parked(pk, park_reserve(pk, OWNER), &w, 600000);
	park_hears(pk, true);
	await(&looking, 1);
	park_hears(pk, true);
	await(&w.found, 2);
	park_free(pk);
	close(fd);
}

static void
a_broken_subscription_is_looked_past(void **state)
{
	struct park *pk = start(2);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 }, stream = { .stream = true };
	int fd = parked(pk, park_reserve(pk, OWNER), &w, 600000);
	int other = parked(pk, park_reserve(pk, OWNER), &stream, 600000);

	(void)state;
	/* PARK_LOOK_DEAF_MS and PARK_QUIET_MS, each less than a second more. */
	await(&w.found, 1);
	await(&stream.quiet, 1);
	assert_int_equal(w.quiet, 0);
	park_free(pk); /* ends what is left */
	assert_int_equal(w.ends + stream.ends, 2);
	assert_int_equal(client_read(other, &out), -1);
	assert_non_null(strstr(buf_str(&out), "\r\n\r\nquiet"));
	close(fd);
	close(other);
	buf_fini(&out);
}

static void
the_last_look_finds_the_answer(void **state)
{
	struct park *pk = start(1);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int fd;

	(void)state;
	atomic_store(&truth, FOUND_REPLY);
	fd = parked(pk, park_reserve(pk, OWNER), &w, 0);
	assert_int_equal(client_read(fd, &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 200 ", 12), 0);
	assert_non_null(strstr(buf_str(&out), "\"true\""));
	await(&w.ends, 1);
	assert_int_equal(w.deadlines, 0);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

/* Others are answered before LAST_LOOK_MS has passed, and who is at the deadline
 * before the look has ended. */
static bool
deadline_beside_a_slow_look(void)
{
	struct park *pk = start(2);
	struct wait w = { 0 }, other = { 0 };
	int64_t n, begun, others_ms;
	int fd, other_fd;

	atomic_store(&look_ms, 3000);
	begun = clock_boot_ms();
	fd = parked(pk, park_reserve(pk, OWNER), &w, 0);
	n = park_reserve(pk, OWNER);
	other_fd = parked(pk, n, &other, 600000);
	park_wake(pk, n, "reply", "{}", 2);
	await(&other.ends, 1);
	others_ms = clock_boot_ms() - begun;
	await(&w.deadlines, 1);
	assert_false(w.last_known);
	begun = clock_boot_ms() - begun;
	close(fd);
	close(other_fd);
	park_free(pk);
	return others_ms < 900 && begun < 2500;
}

/* The store is away, or slower than LAST_LOOK_MS: the answer comes all the
 * same, and the park thread goes on meanwhile. */
static void
no_look_holds_a_deadline_up(void **state)
{
	struct park *pk = start(2);
	struct wait w = { 0 };
	bool prompt = false;
	int fd, tries;

	(void)state;
	atomic_store(&away, true);
	fd = parked(pk, park_reserve(pk, OWNER), &w, 0);
	await(&w.deadlines, 1);
	assert_false(w.last_known);
	assert_int_equal(w.found, 0);
	close(fd);
	park_free(pk);
	/* A machine that is busy with others may be late, but not each time. */
	for (tries = 0; tries < 5 && !prompt; tries++)
		prompt = deadline_beside_a_slow_look();
	assert_true(prompt);
}

/* ---- topics, owners, streams ---- */

static void
a_topic_reaches_all_that_wait_on_it(void **state)
{
	enum { N = 5 };
	struct park *pk = start(N + 2);
	struct wait w[N + 2] = { 0 };
	int fds[N + 2], i;

	(void)state;
	for (i = 0; i < N + 2; i++) {
		w[i].stream = true;
		fds[i] = i == N + 1
		    ? parked(pk, park_reserve(pk, OWNER), &w[i], 600000)
		    : on_topic(pk, &w[i], i == N ? "other" : "tools");
	}
	/* What was published before they waited, they look for. */
	for (i = 0; i < N + 1; i++)
		await(&w[i].found, 1);
	assert_int_equal(w[N + 1].found, 0);
	close(fds[0]);
	await(&w[0].ends, 1);
	park_wake_topic(pk, "nobody's", "changed", "x", 1);
	park_wake_topic(pk, "tools", "changed", "x", 1);
	for (i = 1; i < N; i++)
		await(&w[i].pieces, 1);
	park_wake_topic(pk, "other", "changed", "x", 1);
	await(&w[N].pieces, 1);
	park_wake_topic(pk, "tools", "end", "", 0);
	for (i = 1; i < N; i++) {
		await(&w[i].ends, 1);
		assert_int_equal(w[i].pieces, 2);
	}
	assert_int_equal(w[0].pieces, 0);
	assert_int_equal(w[N].pieces, 1);
	assert_int_equal(w[N + 1].pieces, 0);
	await_count(pk, 2);
	park_free(pk);
	for (i = 1; i < N + 2; i++)
		close(fds[i]);
}

static void
owners_are_counted_and_bounded(void **state)
{
	struct park *pk = park_new(10, 2);
	struct wait w = { 0 };
	int64_t a, b, c;
	int fd;

	(void)state;
	assert_non_null(pk);
	assert_int_equal(park_start(pk), 0);
	a = park_reserve(pk, OWNER);
	b = park_reserve(pk, OWNER);
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(park_reserve(pk, OWNER), PARK_CROWDED);
	c = park_reserve(pk, "default/http/other");
	assert_true(c >= 0);
	assert_int_equal(park_count_of(pk, OWNER), 2);
	assert_int_equal(park_count_of(pk, "default/http/other"), 1);
	assert_int_equal(park_count_of(pk, "nobody"), 0);
	assert_int_equal(park_count(pk), 3);
	park_release(pk, b);
	assert_int_equal(park_count_of(pk, OWNER), 1);
	fd = parked(pk, a, &w, 600000);
	assert_int_equal(park_count_of(pk, OWNER), 1);
	close(fd);
	await(&w.ends, 1);
	await_count(pk, 1);
	assert_int_equal(park_count_of(pk, OWNER), 0);
	assert_false(park_waits(pk, a));
	assert_true(park_waits(pk, c));
	park_release(pk, c);
	park_free(pk);
}

static void
a_stream_begins_at_a_get(void **state)
{
	struct park *pk = start(2);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { .stream = true }, head = { .stream = true };
	int fd = on_topic(pk, &w, "events");

	(void)state;
	await(&w.begun, 1);
	park_wake_topic(pk, "events", "event", "one", 3);
	park_wake_topic(pk, "events", "end", "", 0);
	assert_int_equal(client_read(fd, &out), 0);
	assert_non_null(strstr(buf_str(&out), "\r\nX-Kept: yes\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\n\r\none"));
	await(&w.ends, 1);
	close(fd);

	/* HEAD is told what GET would be, and no more. */
	buf_reset(&out);
	fd = park_as(pk, park_reserve(pk, OWNER), PARAMS_HEAD,
	    &(struct park_wait){ .kind = &KIND,
		.state = &head,
		.topic = "events",
		.deadline_ms = 600000 });
	assert_int_equal(client_read(fd, &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 200 ", 12), 0);
	await(&head.ends, 1);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

/* ---- bounds ---- */

static void
a_full_queue_is_looked_past(void **state)
{
	struct park *pk = start(2);
	struct buf out = BUF_INIT(MIB);
	_Atomic int go = 0;
	struct wait blocks = { .hold = &go }, w = { .stream = true };
	int64_t a = park_reserve(pk, OWNER), b = park_reserve(pk, OWNER), i;
	int64_t dropped = metric_total(METRIC_WAKES_DROPPED, 0);
	int fa = parked(pk, a, &blocks, 600000), fb = parked(pk, b, &w, 600000);

	(void)state;
	await(&w.begun, 1);
	atomic_store(&truth, FOUND_REPLY);
	park_wake(pk, a, "hold", "", 0);
	await(&blocks.held, 1);
	for (i = 0; i < PARK_PIECES_MAX + 7; i++)
		park_wake(pk, b, "delta", "x", 1);
	park_wake(pk, b, "end", "", 0); /* the wake-up that matters */
	assert_int_equal(metric_total(METRIC_WAKES_DROPPED, 0) - dropped, 8);
	atomic_store(&go, 1);
	await(&w.ends, 1);
	assert_int_equal(w.pieces, PARK_PIECES_MAX);
	assert_int_equal(w.found, 1);
	assert_int_equal(client_read(fb, &out), 0);
	close(fa);
	close(fb);
	buf_fini(&out);
	park_free(pk);
}

/* 64 MiB in all, whoever waits: more is dropped, and looked for instead. */
static void
all_queues_together_are_bounded(void **state)
{
	enum { PIECE = 1 * MIB, PIECES = 70 };
	struct park *pk = start(2);
	_Atomic int go = 0;
	struct wait blocks = { .hold = &go };
	int64_t a = park_reserve(pk, OWNER);
	int64_t dropped = metric_total(METRIC_WAKES_DROPPED, 0);
	int fd = parked(pk, a, &blocks, 600000);
	char *bytes = calloc(1, PIECE);

	(void)state;
	assert_non_null(bytes);
	park_wake(pk, a, "hold", "", 0);
	await(&blocks.held, 1);
	for (int i = 0; i < PIECES; i++)
		park_wake_topic(pk, "t", "delta", bytes, PIECE);
	dropped = metric_total(METRIC_WAKES_DROPPED, 0) - dropped;
	assert_in_range(dropped, PIECES - 64, PIECES - 62);
	atomic_store(&go, 1);
	free(bytes);
	close(fd);
	park_free(pk);
}

/* Of a number that is not parked yet, too; and one piece always fits. */
static void
what_comes_before_parking_is_bounded(void **state)
{
	struct park *pk = start(2);
	struct buf out = BUF_INIT(4 * MIB);
	char *big = calloc(1, PARK_PIECES_BYTES + 1);
	struct wait w = { .stream = true }, x = { 0 };
	int64_t a = park_reserve(pk, OWNER), b = park_reserve(pk, OWNER);
	int fd;

	(void)state;
	atomic_store(&truth, FOUND_REPLY);
	park_wake(pk, a, "delta", "x", 1);
	park_wake(pk, a, "delta", big, PARK_PIECES_BYTES + 1);
	fd = parked(pk, a, &w, 600000);
	await(&w.found, 1);
	await(&w.ends, 1);
	assert_int_equal(w.pieces, 1);
	close(fd);
	park_wake(pk, b, "reply", big, PARK_PIECES_BYTES / 2);
	fd = parked(pk, b, &x, 600000);
	assert_int_equal(client_read(fd, &out), 0);
	await(&x.ends, 1);
	assert_int_equal(x.found, 0);
	close(fd);
	free(big);
	buf_fini(&out);
	park_free(pk);
}

/* ---- a made-up route, whose work takes long ---- */

struct work {
	struct pool_job job;
	struct park *park;
	int64_t number;
	_Atomic int *begun, *go;
	_Atomic int *left; /* saw that nobody waits */
};

static void
run_work(void *arg)
{
	struct work *j = arg;

	atomic_fetch_add(j->begun, 1);
	while (atomic_load(j->go) == 0 && park_waits(j->park, j->number))
		usleep(1000);
	if (park_waits(j->park, j->number))
		park_wake(j->park, j->number, "reply", "\"done\"", 6);
	else
		atomic_fetch_add(j->left, 1);
	free(j);
}

static const struct route SLOW[] = {
	{ .methods = M_POST, .pattern = "/slow", .class = CLASS_CALL },
	{ .pattern = NULL },
};

/* Park, then work: the thread that took the request is free again. */
static int
handle_slow(struct park *pk, struct classes *cs, struct wait *w,
    const struct work *what)
{
	struct work *j = malloc(sizeof(*j));
	int64_t number = park_reserve(pk, OWNER);
	int fd;

	*j = *what;
	j->job = (struct pool_job){ .work = run_work, .arg = j };
	j->park = pk;
	j->number = number;
	fd = park_as(pk, number, PARAMS,
	    &(struct park_wait){ .kind = &NO_TRUTH,
		.state = w,
		.deadline_ms = 600000 });
	if (class_call(cs, &j->job) == -1) {
		park_wake(pk, number, "full", "", 0);
		free(j);
	}
	return fd;
}

static void
what_takes_long_is_parked_first(void **state)
{
	enum { N = 4, THREADS = 2 };
	struct park *pk = start(N + 1);
	struct classes *cs = classes_new(SLOW, THREADS);
	struct buf out = BUF_INIT(MIB);
	struct wait w[N + 1] = { 0 };
	_Atomic int begun = 0, go = 0, left = 0;
	struct work what = { .begun = &begun, .go = &go, .left = &left };
	int fds[N + 1], i;

	(void)state;
	for (i = 0; i < N; i++)
		fds[i] = handle_slow(pk, cs, &w[i], &what);
	/* Two hang, and two wait for their threads, all of them parked. */
	await(&begun, THREADS);
	assert_int_equal(park_count(pk), N);
	/* A client leaves: its work sees that, and the third one begins. */
	close(fds[0]);
	await(&left, 1);
	await(&begun, THREADS + 1);
	atomic_store(&go, 1);
	for (i = 1; i < N; i++) {
		buf_reset(&out);
		assert_int_equal(client_read(fds[i], &out), 0);
		assert_non_null(strstr(buf_str(&out), "\"done\""));
		close(fds[i]);
	}
	assert_int_equal(classes_drain(cs, 5000), 0);
	/* Nobody works any more: refused, by the park thread. */
	fds[N] = handle_slow(pk, cs, &w[N], &what);
	buf_reset(&out);
	assert_int_equal(client_read(fds[N], &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 503 ", 12), 0);
	for (i = 0; i <= N; i++)
		await(&w[i].ends, 1);
	classes_free(cs);
	close(fds[N]);
	park_free(pk);
	buf_fini(&out);
}

/* ---- the containers ---- */

static void
the_heap_keeps_its_order(void **state)
{
	enum { N = 500 };
	struct parked *all = calloc(N, sizeof(*all)), *first;
	struct park_heap h = { 0 };
	int64_t before = -1;
	int i, left = 0;

	(void)state;
	srand(7);
	for (i = 0; i < N; i++)
		park_heap_put(&h, &all[i], rand() % 1000);
	for (i = 0; i < N; i++) { /* sooner, later, as before */
		if (i % 3 == 0)
			park_heap_put(&h, &all[i], rand() % 1000);
		if (i % 5 == 0)
			park_heap_remove(&h, &all[i]);
		if (i % 10 == 0)
			park_heap_remove(&h, &all[i]); /* is not there */
	}
	while ((first = park_heap_first(&h)) != NULL) {
		assert_true(first->due_ms >= before);
		before = first->due_ms;
		park_heap_remove(&h, first);
		left++;
	}
	assert_int_equal(left, N - N / 5);
	park_heap_fini(&h);
	free(all);
}

static void
names_are_counted(void **state)
{
	enum { N = 1000 };
	struct park_names t;
	struct park_name *names[N], *again;
	char text[24];
	int i;

	(void)state;
	park_names_init(&t, 1); /* far fewer than there will be */
	for (i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "name %d", i);
		names[i] = park_names_take(&t, text);
	}
	again = park_names_take(&t, "name 7");
	assert_ptr_equal(again, names[7]);
	assert_int_equal(again->count, 2);
	for (i = 0; i < N; i++)
		park_names_drop(&t, names[i]);
	assert_ptr_equal(park_names_find(&t, "name 7"), again);
	assert_null(park_names_find(&t, "name 8"));
	park_names_drop(&t, again);
	park_names_drop(&t, NULL);
	assert_null(park_names_find(&t, "name 7"));
	park_names_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply),
		cmocka_unit_test(a_reply_before_parking),
		cmocka_unit_test(a_stream),
		cmocka_unit_test(numbers_are_bounded),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(who_drains_ends_at_once),
		cmocka_unit_test(who_left_is_dropped),
		cmocka_unit_test(who_does_not_read_is_dropped),
		cmocka_unit_test(who_does_not_read_the_end_is_dropped),
		cmocka_unit_test(all_look_when_the_subscription_stands_again),
		cmocka_unit_test(a_look_is_not_swallowed_by_one_under_way),
		cmocka_unit_test(a_broken_subscription_is_looked_past),
		cmocka_unit_test(the_last_look_finds_the_answer),
		cmocka_unit_test(no_look_holds_a_deadline_up),
		cmocka_unit_test(a_topic_reaches_all_that_wait_on_it),
		cmocka_unit_test(owners_are_counted_and_bounded),
		cmocka_unit_test(a_stream_begins_at_a_get),
		cmocka_unit_test(a_full_queue_is_looked_past),
		cmocka_unit_test(all_queues_together_are_bounded),
		cmocka_unit_test(what_comes_before_parking_is_bounded),
		cmocka_unit_test(what_takes_long_is_parked_first),
		cmocka_unit_test(the_heap_keeps_its_order),
		cmocka_unit_test(names_are_counted),
	};

	if (sodium_init() == -1 || metrics_open(NULL, METRICS, METRIC_N) == -1)
		return 1;
	FCGX_Init();
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
