/*
 * A Redis that answers anything: well-formed replies of any type and shape to
 * each command, so that nothing takes one for granted.  What is asked for is
 * that each call comes back; the sanitizers see the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "nouns/metric.h"
#include "redis/breaker.h"
#include "redis/budget.h"
#include "redis/chats.h"
#include "redis/damage.h"
#include "redis/due.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "redis/ledger.h"
#include "redis/process.h"
#include "tests/unit/redis_fixture.h"

#define ROUNDS 300
#define CLIENTS 8
#define ANSWER_MAX (1 * MIB)

static int listening;
static _Atomic unsigned seed;
static _Atomic bool over;
static char folder[64], path[80], url[96];

static unsigned
dice(unsigned *s, unsigned n)
{
	*s = *s * 1103515245u + 12345u;
	return (*s >> 16) % n;
}

static void
add_bulk(struct buf *out, const char *bytes, size_t len)
{
	(void)!buf_printf(out, "$%zu\r\n", len);
	(void)!buf_add(out, bytes, len);
	(void)!buf_add(out, "\r\n", 2);
}

static void
add_text(struct buf *out, unsigned *s)
{
	static const char *const TEXTS[] = { "", "x", "0", "-1", "nan", "inf",
		"99999999999999999999", "1-1", "default/http/c", "a/b/c",
		"{p3}:inbox:default/http/c", "{p99}:x", "message",
		"00112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddeeff 1 1 message p.1 00\nbody",
		"00 default/http/c\nsealed", "canary", "subscribe",
		"redis_version:7\r\naof_enabled:1\r\nmaxmemory:x\r\n",
		"{\"id\":1,\"backends\":[{\"name\":2}]}", "chat", "entry" };
	char noise[64];
	size_t n = dice(s, sizeof(noise));

	if (dice(s, 4) != 0) {
		const char *text = TEXTS[dice(s, NELEM(TEXTS))];

		add_bulk(out, text, strlen(text));
		return;
	}
	for (size_t i = 0; i < n; i++)
		noise[i] = (char)dice(s, 256);
	add_bulk(out, noise, n);
}

static void
add_value(struct buf *out, unsigned *s, int depth)
{
	static const char *const ERRORS[] = { "WRONGTYPE no", "ERR no",
		"OOM no", "READONLY no", "NOSCRIPT no", "LOADING no", "" };
	unsigned n;

	switch (dice(s, depth > 3 ? 6 : 9)) {
	case 0:
		(void)!buf_printf(out, "-%s\r\n", ERRORS[dice(s, 7)]);
		break;
	case 1:
		(void)!buf_printf(out, "+%s\r\n",
		    dice(s, 2) == 0 ? "OK" : "none");
		break;
	case 2:
		(void)!buf_printf(out, ":%d\r\n", (int)dice(s, 40) - 5);
		break;
	case 3:
		(void)!buf_printf(out, dice(s, 2) == 0 ? "$-1\r\n" : "*-1\r\n");
		break;
	case 4:
	case 5:
		add_text(out, s);
		break;
	default: /* as a script of ours answers, more or less */
		n = dice(s, 24);
		(void)!buf_printf(out, "*%u\r\n", n);
		for (unsigned i = 0; i < n; i++)
			if (i == 0 && dice(s, 2) == 0)
				(void)!buf_printf(out, ":%u\r\n", dice(s, 15));
			else
				add_value(out, s, depth + 1);
	}
}

/* How many commands end in ${in}; what is used of it is taken out. */
static int
commands(struct buf *in)
{
	size_t at = 0, done = 0;
	int n = 0;

	for (;;) {
		const char *text = buf_str(in);
		char *end;
		long argc, len;

		if (at >= in->len
		    || memchr(text + at, '\n', in->len - at) == NULL)
			break;
		argc = strtol(text + at + 1, &end, 10);
		at = (size_t)(end - text) + 2;
		while (argc > 0 && at < in->len
		    && memchr(text + at, '\n', in->len - at) != NULL) {
			len = strtol(text + at + 1, &end, 10);
			at = (size_t)(end - text) + 2 + (size_t)len + 2;
			argc--;
		}
		if (argc > 0 || at > in->len)
			break;
		done = at;
		n++;
	}
	memmove(in->data, in->data + done, in->len - done);
	in->len -= done;
	return n;
}

static void *
serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	unsigned s = atomic_fetch_add(&seed, 7919);
	struct buf in = BUF_INIT(64 * MIB), out = BUF_INIT(ANSWER_MAX);
	char bytes[65536];

	while (!atomic_load(&over)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, 50) == 0)
			continue;
		got = read(fd, bytes, sizeof(bytes));
		if (got <= 0)
			break;
		(void)!buf_add(&in, bytes, (size_t)got);
		for (int n = commands(&in); n > 0; n--) {
			size_t mark = out.len;

			add_value(&out, &s, 0);
			if (out.full) { /* whole answers only */
				out.len = mark;
				out.full = false;
				(void)!buf_add(&out, "$-1\r\n", 5);
			}
		}
		if (out.len > 0
		    && send(fd, out.data, out.len, MSG_NOSIGNAL) == -1)
			break;
		out.len = 0;
	}
	close(fd);
	buf_fini(&in);
	buf_fini(&out);
	return NULL;
}

static void *
serve_all(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		struct pollfd p = { .fd = listening, .events = POLLIN };
		pthread_t t;
		int fd;

		if (poll(&p, 1, 50) <= 0)
			continue;
		fd = accept(listening, NULL, NULL);
		if (fd == -1)
			continue;
		if (pthread_create(&t, NULL, serve, (void *)(intptr_t)fd) != 0)
			close(fd);
		else
			pthread_detach(t);
	}
	return NULL;
}

static struct job *
some_job(struct arena *mem, const struct chat_name *chat)
{
	struct job *j = arena_alloc(mem, sizeof(*j));

	*j = (struct job){ .chat = *chat };
	memset(j->token, 'a', 32);
	memset(j->id, 'b', 32);
	return j;
}

static void
ask_everything(struct store *st, struct arena *mem)
{
	char kind[BREAKER_KIND_MAX];
	struct chat_name chat = fixture_chat("c");
	struct message msg = { .update_id = "1",
		.text = "hi",
		.address = "p.1" };
	struct inbox_answer found;
	struct session session;
	struct job *jobs[8], *job = some_job(mem, &chat);
	struct journal_field step = { .name = "answer:0",
		.text = "{}",
		.len = 2 };
	struct turn_outcome outcome = { .end = END_DEAD, .reply = "{}" };
	struct budget_limits limits = { 10, 10 };
	struct fleet_counts counts;
	struct chats_forgotten forgotten;
	struct store_finding findings[STORE_FINDINGS_MAX];
	enum store_rc rc;
	json_t *doc;
	const char *id;
	struct wake *wake = wake_new(st, "w", DUE_ALL);
	unsigned partitions;
	int64_t n, m;
	bool yes;
	int ms, took;

	assert_non_null(wake);
	(void)!store_ping(st, &ms);
	(void)!store_check(st, findings);
	(void)!store_canary(st);
	(void)!store_has_sealed(st, "00000000");
	(void)!store_canary_alone(st);
	(void)!format_read(st, &n);
	(void)!inbox_put(st, &chat, &msg, &FIXTURE_UNLIMITED, mem, &found);
	(void)!inbox_find(st, &chat, "1", "p.2", mem, &found);
	(void)!inbox_control(st, &chat, COMMAND_STOP, &FIXTURE_UNLIMITED, mem,
	    &session, &n);
	(void)!wake_wait(wake, 1);
	(void)!due_look(st, wake, &partitions, &n);
	partitions = 1u << 3;
	took = due_take(st, wake, &partitions, 8, 1000, 1000, jobs, &n);
	for (int i = 0; i < took; i++)
		job_free(jobs[i]);
	partitions = DUE_ALL;
	took = due_take(st, NULL, &partitions, 8, 1000, 1000, jobs, NULL);
	for (int i = 0; i < took; i++)
		job_free(jobs[i]);
	(void)wake_pass(wake, DUE_ALL);
	wake_leave(wake);
	wake_free(wake);
	(void)!due_requeue(st, DUE_ALL, &n);
	due_requeue_healed(st);
	(void)!journal_write(st, job, &step, 1, 1000, 0, NULL, &yes);
	n = 0;
	(void)!journal_renew(st, &job, 1, 1000, &n, &rc, &yes);
	(void)!journal_release(st, job, 0, true, &step);
	(void)!journal_stops(st, &n);
	(void)!journal_finish(st, job, &outcome);
	(void)!budget_reserve(st, &chat, 5, &limits, &n);
	(void)!budget_spent(st, &chat, &n, &m);
	(void)!breaker_read(st, "p", &n, kind);
	(void)!breaker_fail(st, "p", "k", 1, 1, 1, &n);
	(void)!breaker_succeed(st, "p");
	doc = json_pack("{s:s}", "id", "w");
	(void)!fleet_beat(st, FLEET_TURN, "w", doc);
	json_decref(doc);
	(void)!fleet_leave(st, FLEET_TURN, "w");
	(void)!fleet_read(st, FLEET_TURN, mem, &doc);
	(void)!fleet_pause(st, true);
	(void)!fleet_is_paused(st, &yes);
	(void)!fleet_count(st, &counts);
	(void)!chats_list(st, 10, mem, &doc, &yes);
	(void)!chats_show(st, &chat, true, mem, &doc);
	(void)!chats_forget(st, &chat, "{}", &forgotten);
	(void)!format_raise(st, FORMAT_CHATS);
	(void)!ledger_list(st, 10, mem, &doc);
	(void)!ledger_show(st, &chat, mem, &doc);
	(void)!ledger_dead(st, 10, true, mem, &doc);
	(void)!ledger_replay(st, "3:1-1", 0, mem, &id);
	(void)!ledger_reseal(st, NULL, NULL, &n);
	(void)!damage_find(st, mem, &doc);
	(void)!process_publish(st, &chat, "1", "p.1", "delta", "x", 1);
}

static void
any_answer_is_survived(void **state)
{
	struct seal_ring *ring = redis_fixture_ring(FIXTURE_KEY_1);
	struct store_options o = { .url = url,
		.ring = ring,
		.timeout_ms = 2000,
		.replicas = 1 };
	const char *why;
	struct store *st = store_open(&o, &why);

	(void)state;
	assert_non_null(st);
	for (int i = 0; i < ROUNDS; i++) {
		struct arena *mem = arena_new();

		ask_everything(st, mem);
		arena_free(mem);
	}
	store_close(st);
	seal_ring_free(ring);
}

static void
on_piece(void *ctx, int64_t number, const char *kind, const char *sealed,
    size_t len)
{
	(void)ctx;
	(void)number;
	(void)kind;
	(void)sealed;
	(void)len;
}

static void
on_hears(void *ctx, bool hears)
{
	(void)ctx;
	(void)hears;
}

static const struct process_ear EAR = { .on_piece = on_piece,
	.on_hears = on_hears };

static void
a_listener_survives_them_too(void **state)
{
	struct seal_ring *ring = redis_fixture_ring(FIXTURE_KEY_1);
	struct store_options o = { .url = url, .ring = ring };
	const char *why;
	struct store *st = store_open(&o, &why);

	(void)state;
	assert_non_null(st);
	for (int i = 0; i < CLIENTS; i++)
		process_unlisten(
		    process_listen(st, "0011223344556677", &EAR, NULL, 50));
	store_close(st);
	seal_ring_free(ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_answer_is_survived),
		cmocka_unit_test(a_listener_survives_them_too),
	};
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *given = getenv("DRAGOMAN_TEST_SEED");
	unsigned first = given != NULL ? (unsigned)strtoul(given, NULL, 10)
				       : (unsigned)clock_wall_ms();
	pthread_t t;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	(void)!log_open("test", (enum log_level)(LOG_ERROR + 1), NULL);
	if (sodium_init() == -1 || metrics_open(NULL, METRICS, METRIC_N) == -1)
		return 1;
	atomic_store(&seed, first);
	printf("seed: DRAGOMAN_TEST_SEED=%u\n", first);
	snprintf(folder, sizeof(folder), "/tmp/dragoman-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s", folder);
	snprintf(url, sizeof(url), "unix://%s", path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listening == -1
	    || bind(listening, (struct sockaddr *)&addr, sizeof(addr)) == -1
	    || listen(listening, 64) == -1
	    || pthread_create(&t, NULL, serve_all, NULL) != 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	atomic_store(&over, true);
	pthread_join(t, NULL);
	close(listening);
	unlink(path);
	rmdir(folder);
	metrics_close();
	return rc;
}
