/*
 * API keys in Redis: each verdict, both limits (exact over threads and
 * processes, and what is refused counts for none), rotation, and that who can
 * write to Redis alone gets nothing by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "redis/access.h"
#include "redis/api_keys.h"
#include "redis/fleet.h"
#include "redis/ledger.h"
#include "redis/process.h"
#include "redis/versions.h"
#include "tests/unit/redis_fixture.h"

#define T "{tenant:default}:"
#define THREADS 64
#define HOME "10.0.0.7"
#define DAY_MS INT64_C(86400000)

/* A key that was made, as its client has it. */
struct made {
	char text[API_KEY_TEXT_MAX], id[API_KEY_ID_MAX];
	struct api_key_given given;
};

static void
given(struct made *m)
{
	const struct secret none = { 0 };

	assert_int_equal(api_key_read(&m->given, m->text, &none), 0);
}

static void
create(struct store *st, struct api_key key, struct made *m)
{
	key.tenant = API_KEY_TENANT;
	assert_int_equal(api_keys_create(st, &key, m->text, m->id), STORE_OK);
	given(m);
	assert_string_equal(m->given.id, m->id);
}

/* The usual one: writes, from everywhere, as often as the setting says. */
static void
create_plain(struct store *st, const char *name, struct made *m)
{
	create(st,
	    (struct api_key){ .name = name, .role = ROLE_WRITE, .rate = -1 },
	    m);
}

static struct access_ask
ask_of(const struct made *m)
{
	return (struct access_ask){ .key = &m->given,
		.address = HOME,
		.counts = true,
		.per_minute = 600,
		.tool_per_minute = 120 };
}

static struct access
take(struct store *st, const struct access_ask *ask, struct arena *mem)
{
	struct access a;

	access_take(st, ask, 1, mem, &a);
	return a;
}

static enum access_verdict
verdict(struct store *st, const struct access_ask *ask)
{
	struct arena *mem = arena_new();
	enum access_verdict v = take(st, ask, mem).verdict;

	arena_free(mem);
	return v;
}

#define ASSERT_VERDICT(st, ask, v)                                 \
	assert_string_equal(access_verdict_name(verdict(st, ask)), \
	    access_verdict_name(v))

static void
each_verdict(void **state)
{
	struct redis_fixture *f = *state;
	struct made plain, narrow, late, unknown;
	struct access_ask ask;
	struct net net;
	const char *why;

	create_plain(f->store, "plain", &plain);
	ask = ask_of(&plain);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	ask.counts = false;
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);

	unknown = plain;
	unknown.text[20] = unknown.text[20] == 'a' ? 'b' : 'a';
	given(&unknown);
	ask = ask_of(&unknown);
	ASSERT_VERDICT(f->store, &ask, ACCESS_UNKNOWN);

	assert_int_equal(net_parse(&net, "10.0.0.0/9", &why), 0);
	create(f->store,
	    (struct api_key){ .name = "narrow",
		.role = ROLE_READ,
		.allow = &net,
		.nallow = 1,
		.rate = -1 },
	    &narrow);
	ask = ask_of(&narrow);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	ask.address = "::ffff:10.1.2.3";
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	ask.address = "10.128.0.1";
	ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);
	ask.address = "2001:db8::1";
	ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);
	ask.address = "unix";
	ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);
	ask.address = "";
	ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);

	create(f->store,
	    (struct api_key){ .name = "late",
		.role = ROLE_WRITE,
		.expires_ms = clock_wall_ms() - 1,
		.rate = -1 },
	    &late);
	ask = ask_of(&late);
	ASSERT_VERDICT(f->store, &ask, ACCESS_EXPIRED);
}

/* An allow list is compared bit by bit, in the script and here alike. */
static void
every_prefix(void **state)
{
	struct redis_fixture *f = *state;
	struct made m;
	struct net net;
	const char *why;
	char range[80], name[16], in[64], out[64];

	for (int bits = 1; bits <= 32; bits++) {
		unsigned first = 0xa5a5a5a5u & (~0u << (32 - bits));
		unsigned beside = first ^ (1u << (32 - bits));

#define DOTTED(out, n)                                             \
	snprintf(out, sizeof(out), "%u.%u.%u.%u", (n) >> 24 & 255, \
	    (n) >> 16 & 255, (n) >> 8 & 255, (n)&255)
		DOTTED(in, first);
		snprintf(range, sizeof(range), "%s/%d", in, bits);
		DOTTED(in, first | ((1u << (32 - bits)) - 1));
		DOTTED(out, beside);
		snprintf(name, sizeof(name), "bits-%d", bits);
		assert_int_equal(net_parse(&net, range, &why), 0);
		create(f->store,
		    (struct api_key){ .name = name,
			.role = ROLE_READ,
			.allow = &net,
			.nallow = 1,
			.rate = -1 },
		    &m);
		struct access_ask ask = ask_of(&m);

		ask.address = in;
		ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
		ask.address = out;
		ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);
	}
}

static void
what_it_says_of_the_key(void **state)
{
	static const char *FS[] = { "fs__*", NULL };
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made m;
	struct access a;
	struct access_ask ask;
	char policy[ACCESS_HEADER_MAX], rate[ACCESS_HEADER_MAX];

	create(f->store,
	    (struct api_key){ .name = "fs",
		.role = ROLE_READ,
		.tools = { .items = FS, .n = 1 },
		.rate = 3 },
	    &m);
	ask = ask_of(&m);
	ask.tool = "fs__read";
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_OK);
	assert_string_equal(a.key.id, m.id);
	assert_string_equal(a.key.name, "fs");
	assert_string_equal(a.key.tenant, "default");
	assert_int_equal(a.key.role, ROLE_READ);
	assert_true(api_key_may(&a.key, "fs__read", true));
	assert_false(api_key_may(&a.key, "fs__read", false));
	assert_int_equal(a.quota, 3); /* its own, not 600 */
	assert_int_equal(a.left, 2);
	access_policy(&a, policy);
	access_rate(&a, rate);
	assert_string_equal(policy, "\"key\";q=3;w=60");
	assert_string_equal(rate, "\"key\";r=2;t=60");
	(void)take(f->store, &ask, mem);
	assert_int_equal(take(f->store, &ask, mem).left, 0);
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_LIMITED);
	assert_string_equal(a.key.name, "fs");
	access_rate(&a, rate);
	assert_memory_equal(rate, "\"key\";r=0;t=", 12);
	assert_in_range(access_retry_after(&a), 55, 61);
	assert_in_range(a.wait_ms, 55000, 60001);
	/* Looking counts for nothing, and says nothing of the limit. */
	ask.counts = false;
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_OK);
	access_policy(&a, policy);
	assert_string_equal(policy, "");
	arena_free(mem);
}

static void
which_limit_refuses(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made m, free_key;
	struct access_ask ask;
	struct access a;

	create_plain(f->store, "n8n", &m);
	ask = ask_of(&m);
	ask.per_minute = 5;
	ask.tool_per_minute = 2;
	ask.tool = "echo";
	assert_int_equal(take(f->store, &ask, mem).left, 4);
	assert_int_equal(take(f->store, &ask, mem).left, 3);
	/* The tool's: the key's is not touched. */
	for (int i = 0; i < 9; i++) {
		a = take(f->store, &ask, mem);
		assert_int_equal(a.verdict, ACCESS_TOOL_LIMITED);
		assert_int_equal(a.left, 3);
		assert_in_range(a.wait_ms, 50000, 60001);
	}
	ask.tool = "time";
	assert_int_equal(take(f->store, &ask, mem).left, 2);
	ask.tool = NULL;
	assert_int_equal(take(f->store, &ask, mem).left, 1);
	assert_int_equal(take(f->store, &ask, mem).left, 0);
	/* The key's: the tool's is not touched. */
	ask.tool = "time";
	for (int i = 0; i < 9; i++)
		assert_int_equal(take(f->store, &ask, mem).verdict,
		    ACCESS_LIMITED);
	ask.per_minute = 0;
	assert_int_equal(take(f->store, &ask, mem).verdict, ACCESS_OK);
	assert_int_equal(take(f->store, &ask, mem).verdict,
	    ACCESS_TOOL_LIMITED);
	ask.tool_per_minute = 0;
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_OK);
	assert_int_equal(a.quota, 0);

	create(f->store,
	    (struct api_key){ .name = "free", .role = ROLE_WRITE, .rate = 0 },
	    &free_key);
	ask = ask_of(&free_key);
	ask.per_minute = 1;
	for (int i = 0; i < 9; i++)
		assert_int_equal(take(f->store, &ask, mem).verdict, ACCESS_OK);
	arena_free(mem);
}

/* Those of a minute ago count no more, in what is left either. */
static void
the_window_moves(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made m;
	struct access_ask ask;
	struct access a;
	int64_t now = clock_wall_ms();

	create_plain(f->store, "n8n", &m);
	ask = ask_of(&m);
	ask.per_minute = 100;
	for (int old = 0; old <= 100; old += 20) {
		assert_true(redis_number(f, "DEL " T "window:%s", m.id) != -1);
		for (int i = 0; i < 100; i++)
			(void)redis_number(f, "RPUSH " T "window:%s %lld", m.id,
			    (long long)(i < old ? now - 70000 + i
						: now - 20000));
		a = take(f->store, &ask, mem);
		if (old == 0) {
			assert_int_equal(a.verdict, ACCESS_LIMITED);
			assert_int_equal(a.left, 0);
			assert_in_range(a.wait_ms, 30000, 40001);
			continue;
		}
		assert_int_equal(a.verdict, ACCESS_OK);
		assert_int_equal(a.left, old - 1);
		assert_in_range(a.reset_ms, 30000, 60001);
		assert_int_equal(redis_number(f, "LLEN " T "window:%s", m.id),
		    100 - old + 1);
	}
	/* A clock that went back: those to come are as of now. */
	assert_true(redis_number(f, "DEL " T "window:%s", m.id) != -1);
	for (int i = 0; i < 100; i++)
		(void)redis_number(f, "RPUSH " T "window:%s %lld", m.id,
		    (long long)(now + DAY_MS));
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_LIMITED);
	assert_in_range(a.wait_ms, 59000, 60001);
	arena_free(mem);
}

static void
above_a_thousand(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made m;
	struct access_ask ask;
	struct access a;
	int in = 0;

	create_plain(f->store, "n8n", &m);
	ask = ask_of(&m);
	ask.per_minute = 1200; /* 120 at once, 20 a second */
	for (int i = 0; i < 1000; i++) {
		a = take(f->store, &ask, mem);
		in += a.verdict == ACCESS_OK;
		if (a.verdict == ACCESS_LIMITED)
			break;
		assert_in_range(a.left, 0, 119);
	}
	assert_int_equal(a.verdict, ACCESS_LIMITED);
	assert_int_equal(a.quota, 1200);
	assert_in_range(a.wait_ms, 1, 51);
	assert_in_range(in, 120, 400);
	arena_free(mem);
}

/* ---- exact ---- */

struct thread {
	pthread_t thread;
	struct store *st;
	const struct access_ask *ask;
	int in, refused;
};

#define ASKS 8 /* of each thread */

static void *
run_thread(void *ctx)
{
	struct thread *t = ctx;

	for (int i = 0; i < ASKS; i++) {
		enum access_verdict v = verdict(t->st, t->ask);

		t->in += v == ACCESS_OK;
		t->refused += v == ACCESS_LIMITED || v == ACCESS_TOOL_LIMITED;
	}
	return NULL;
}

/* How many of THREADS * ASKS are let in; -1: some were neither. */
static int
storm(struct store *st, const struct access_ask *ask)
{
	struct thread t[THREADS];
	int in = 0, refused = 0;

	for (int i = 0; i < THREADS; i++) {
		t[i] = (struct thread){ .st = st, .ask = ask };
		if (pthread_create(&t[i].thread, NULL, run_thread, &t[i]) != 0)
			return -1;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i].thread, NULL);
		in += t[i].in;
		refused += t[i].refused;
	}
	return in + refused == THREADS * ASKS ? in : -1;
}

/* Two processes of 64 threads, as two edges are. */
static int
two_processes(struct redis_fixture *f, const struct access_ask *ask)
{
	int fds[2], ours, theirs = -1, status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		struct seal_ring *ring = redis_fixture_ring(FIXTURE_KEY_1);
		struct store *st = redis_fixture_open(f, ring);

		theirs = storm(st, ask);
		_exit(write(fds[1], &theirs, sizeof(theirs))
			    == (ssize_t)sizeof(theirs)
			? 0
			: 1);
	}
	ours = storm(f->store, ask);
	assert_int_equal(read(fds[0], &theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fds[0]);
	close(fds[1]);
	assert_true(ours >= 0 && theirs >= 0);
	return ours + theirs;
}

static void
exact_over_processes(void **state)
{
	struct redis_fixture *f = *state;
	struct made m;
	struct access_ask ask;

	create_plain(f->store, "n8n", &m);
	ask = ask_of(&m);
	ask.per_minute = 600;
	assert_int_equal(two_processes(f, &ask), 600);
	ask.per_minute = 1000; /* raised: 400 more */
	ask.tool = "echo";
	ask.tool_per_minute = 120;
	assert_int_equal(two_processes(f, &ask), 120);
	assert_int_equal(redis_number(f, "LLEN " T "window:%s", m.id), 720);
}

/* ---- kept, rotated, revoked ---- */

static struct api_key_listed
listed(struct store *st, struct arena *mem, size_t i, size_t n)
{
	struct api_key_listed *list;
	size_t found;

	assert_int_equal(api_keys_list(st, API_KEY_TENANT, mem, &list, &found),
	    STORE_OK);
	assert_int_equal(found, n);
	return n == 0 ? (struct api_key_listed){ 0 } : list[i];
}

static int64_t
version(struct store *st)
{
	int64_t v = -1;

	assert_int_equal(api_keys_version(st, API_KEY_TENANT, &v), STORE_OK);
	return v;
}

static void
rotating(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made old, new, newer;
	struct access_ask ask;
	struct access a;
	struct api_key key;
	int64_t before;

	create(f->store,
	    (struct api_key){ .name = "n8n",
		.role = ROLE_READ,
		.expires_ms = clock_wall_ms() + DAY_MS,
		.rate = 7 },
	    &old);
	before = version(f->store);
	assert_int_equal(before, 1);
	assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT, "n8n", 60000,
			     mem, &key, new.text),
	    STORE_OK);
	given(&new);
	assert_string_equal(key.id, new.given.id);
	assert_int_equal(key.role, ROLE_READ);
	assert_int_equal(key.rate, 7);
	assert_in_range(key.expires_ms - clock_wall_ms(), DAY_MS - 60000,
	    DAY_MS + 1000);
	assert_int_equal(version(f->store), before + 1);

	/* Both work, */
	ask = ask_of(&old);
	ask.counts = false;
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_OK);
	assert_in_range(a.key.expires_ms - clock_wall_ms(), 50000, 60001);
	ask = ask_of(&new);
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_OK);
	assert_int_equal(a.key.expires_ms, key.expires_ms);
	assert_false(listed(f->store, mem, 0, 2).replaced);
	assert_true(listed(f->store, mem, 1, 2).replaced);
	assert_in_range(listed(f->store, mem, 1, 2).ends_ms - clock_wall_ms(),
	    55000, 60001);

	/* and then, when the overlap ends, the new one alone. */
	assert_int_equal(redis_number(f, "HSET " T "key:%s ends %lld", old.id,
			     (long long)(clock_wall_ms() - 1)),
	    0);
	ask = ask_of(&old);
	ASSERT_VERDICT(f->store, &ask, ACCESS_EXPIRED);
	ask = ask_of(&new);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	assert_true(listed(f->store, mem, 1, 2).ended);

	/* No overlap: the old one ends at once. */
	assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT, "n8n", 0,
			     mem, &key, newer.text),
	    STORE_OK);
	given(&newer);
	ASSERT_VERDICT(f->store, &ask, ACCESS_EXPIRED);
	ask = ask_of(&newer);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);

	assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT, "none", 0,
			     mem, &key, newer.text),
	    STORE_NONE);
	/* So many at once, and no more. */
	for (int i = 1; i < API_KEYS_OF_NAME; i++)
		assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT,
				     "n8n", DAY_MS / 2, mem, &key, newer.text),
		    STORE_OK);
	assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT, "n8n",
			     DAY_MS / 2, mem, &key, newer.text),
	    STORE_FULL);
	arena_free(mem);
}

static void
revoking(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made a, b, other;
	struct access_ask ask;
	struct api_key key = { .tenant = API_KEY_TENANT,
		.name = "n8n",
		.role = ROLE_READ,
		.rate = -1 };
	char text[API_KEY_TEXT_MAX], id[API_KEY_ID_MAX];
	int64_t n, before;

	create_plain(f->store, "n8n", &a);
	create_plain(f->store, "n8n-2", &other);
	assert_int_equal(api_keys_create(f->store, &key, text, id),
	    STORE_EXISTS);
	assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT, "n8n", 60000,
			     mem, &key, b.text),
	    STORE_OK);
	given(&b);
	before = version(f->store);
	assert_int_equal(api_keys_revoke(f->store, API_KEY_TENANT, "n8n", &n),
	    STORE_OK);
	assert_int_equal(n, 2);
	assert_int_equal(version(f->store), before + 1);
	ask = ask_of(&a);
	ASSERT_VERDICT(f->store, &ask, ACCESS_REVOKED);
	ask = ask_of(&b);
	ASSERT_VERDICT(f->store, &ask, ACCESS_REVOKED);
	ask = ask_of(&other);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	assert_int_equal(api_keys_revoke(f->store, API_KEY_TENANT, "n8n", &n),
	    STORE_NONE);
	assert_string_equal(listed(f->store, mem, 0, 1).key.name, "n8n-2");
	/* Its name is free. */
	create_plain(f->store, "n8n", &b);
	ask = ask_of(&b);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	ask = ask_of(&a);
	ASSERT_VERDICT(f->store, &ask, ACCESS_REVOKED);
	assert_true(redis_number(f, "TTL " T "key:%s", a.id) > 29 * 86400);
	/* So is that of one that expired. */
	key.name = "short";
	key.expires_ms = clock_wall_ms() - 1;
	assert_int_equal(api_keys_create(f->store, &key, text, id), STORE_OK);
	key.expires_ms = 0;
	assert_int_equal(api_keys_create(f->store, &key, text, id), STORE_OK);
	assert_int_equal(api_keys_create(f->store, &key, text, id),
	    STORE_EXISTS);
	arena_free(mem);
}

/* ---- told to edges ---- */

#define WAIT_MS 10000

struct heard {
	struct redis_fixture *f;
	pthread_mutex_t lock;
	int n;
	char topic[32], kind[32], text[64];
};

static void
on_topic(void *ctx, const char *topic, const char *kind, const char *sealed,
    size_t len)
{
	struct heard *h = ctx;
	struct arena *mem = arena_new();
	size_t n;
	const char *text = process_open_topic(h->f->store, topic, kind, sealed,
	    len, mem, &n);

	pthread_mutex_lock(&h->lock);
	h->n++;
	snprintf(h->topic, sizeof(h->topic), "%s", topic);
	snprintf(h->kind, sizeof(h->kind), "%s", kind);
	snprintf(h->text, sizeof(h->text), "%s", text == NULL ? "" : text);
	pthread_mutex_unlock(&h->lock);
	arena_free(mem);
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

static void
expect_told(struct heard *h, int n)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	int64_t until = clock_boot_ms() + WAIT_MS;
	bool there = false;

	while (!there && clock_boot_ms() < until) {
		pthread_mutex_lock(&h->lock);
		there = h->n >= n;
		pthread_mutex_unlock(&h->lock);
		nanosleep(&moment, NULL);
	}
	pthread_mutex_lock(&h->lock);
	assert_int_equal(h->n, n);
	assert_string_equal(h->topic, VERSIONS_TOPIC);
	assert_string_equal(h->kind, VERSIONS_KIND_KEYS);
	pthread_mutex_unlock(&h->lock);
}

static void
edges_are_told(void **state)
{
	static const struct process_ear EAR = { on_piece, on_topic, on_hears };
	static const char ID[] = "0123456789abcdef";
	struct heard h = { .f = *state, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct store *st = h.f->store;
	struct arena *mem = arena_new();
	struct process_listener *l;
	struct api_key key;
	struct made m;
	int64_t n;

	assert_int_equal(fleet_beat(st, FLEET_EDGE, ID,
			     json_keep(mem, json_pack("{s:s}", "id", ID))),
	    STORE_OK);
	l = process_listen(st, ID, &EAR, &h, WAIT_MS);
	assert_non_null(l);
	create_plain(st, "n8n", &m);
	expect_told(&h, 1);
	assert_int_equal(
	    api_keys_rotate(st, API_KEY_TENANT, "n8n", 1000, mem, &key, m.text),
	    STORE_OK);
	expect_told(&h, 2);
	assert_int_equal(api_keys_revoke(st, API_KEY_TENANT, "n8n", &n),
	    STORE_OK);
	expect_told(&h, 3);
	/* What is refused tells nobody anything. */
	assert_int_equal(api_keys_revoke(st, API_KEY_TENANT, "n8n", &n),
	    STORE_NONE);
	assert_int_equal(version(st), 3);
	process_unlisten(l);
	arena_free(mem);
}

static void
last_used(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made m;
	struct access_ask ask;
	int64_t first, now = clock_wall_ms();

	create_plain(f->store, "n8n", &m);
	ask = ask_of(&m);
	assert_int_equal(listed(f->store, mem, 0, 1).used_ms, 0);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	first = listed(f->store, mem, 0, 1).used_ms;
	assert_in_range(first - now + 5000, 0, 60000);
	/* Not again within a minute, */
	(void)redis_number(f, "HSET " T "key:%s used %lld", m.id,
	    (long long)(first - 30000));
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	assert_int_equal(listed(f->store, mem, 0, 1).used_ms, first - 30000);
	/* but then; and whatever stood there. */
	(void)redis_number(f, "HSET " T "key:%s used %lld", m.id,
	    (long long)(first - 60000));
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	assert_true(listed(f->store, mem, 0, 1).used_ms >= first);
	(void)redis_number(f, "HSET " T "key:%s used yesterday", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	assert_true(listed(f->store, mem, 0, 1).used_ms >= first);
	arena_free(mem);
}

static void
many_names(void **state)
{
	struct redis_fixture *f = *state;
	struct api_key key = { .tenant = API_KEY_TENANT,
		.name = "one-more",
		.role = ROLE_READ };
	char text[API_KEY_TEXT_MAX], id[API_KEY_ID_MAX];

	for (int i = 0; i < API_KEYS_MAX; i++) {
		(void)redis_number(f, "HSET " T "keys k%d %032d", i, i);
		(void)redis_number(f, "HSET " T "key:%032d doc x", i);
	}
	assert_int_equal(api_keys_create(f->store, &key, text, id), STORE_FULL);
	/* A name whose keys went with their time is in nobody's way. */
	(void)redis_number(f, "DEL " T "key:%032d", 7);
	assert_int_equal(api_keys_create(f->store, &key, text, id), STORE_OK);
	assert_int_equal(redis_number(f, "HLEN " T "keys"), API_KEYS_MAX);
	assert_int_equal(redis_number(f, "HEXISTS " T "keys k7"), 0);
	key.name = "k7";
	assert_int_equal(api_keys_create(f->store, &key, text, id), STORE_FULL);
}

/* ---- several at once, none, configured ones, no Redis ---- */

static void
a_batch_of_calls(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made m;
	struct access_ask ask[ACCESS_ASKS_MAX];
	struct access a[ACCESS_ASKS_MAX];
	int in = 0, of_tool = 0, of_key = 0;

	create_plain(f->store, "n8n", &m);
	for (size_t i = 0; i < NELEM(ask); i++) {
		ask[i] = ask_of(&m);
		ask[i].per_minute = 50;
		ask[i].tool_per_minute = 20;
		ask[i].tool = i % 2 == 0 ? "echo" : "time";
	}
	access_take(f->store, ask, NELEM(ask), mem, a);
	for (size_t i = 0; i < NELEM(ask); i++) {
		in += a[i].verdict == ACCESS_OK;
		of_tool += a[i].verdict == ACCESS_TOOL_LIMITED;
		of_key += a[i].verdict == ACCESS_LIMITED;
		assert_string_equal(a[i].key.name, "n8n");
	}
	assert_int_equal(in, 40);
	assert_int_equal(of_tool, 60);
	assert_int_equal(of_key, 0);
	assert_int_equal(a[NELEM(ask) - 1].left, 10);
	access_take(f->store, ask, 0, mem, a);
	arena_free(mem);
}

static void
without_a_stored_key(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct secret list = { 0 };
	struct made one, two, nobody;
	struct access_ask ask;
	struct access a;

	secret_set(&list, "guess-me,other", strlen("guess-me,other"));
	assert_int_equal(api_key_read(&one.given, "guess-me", &list), 0);
	assert_int_equal(api_key_read(&two.given, "other", &list), 0);
	api_key_nobody(&nobody.given);
	ask = ask_of(&one);
	ask.per_minute = 2;
	a = take(f->store, &ask, mem);
	assert_int_equal(a.verdict, ACCESS_OK);
	assert_int_equal(a.key.role, ROLE_WRITE);
	assert_int_equal(strlen(a.key.id), API_KEY_ID_MAX - 1);
	assert_int_equal(a.left, 1);
	(void)take(f->store, &ask, mem);
	assert_int_equal(take(f->store, &ask, mem).verdict, ACCESS_LIMITED);
	/* Nobody finds a key that can be guessed by its hash. */
	{
		char guess[SEAL_DIGEST_MAX];

		seal_digest("api_key", "guess-me", strlen("guess-me"), guess);
		assert_int_equal(
		    redis_number(f, "EXISTS " T "window:%s", guess), 0);
		assert_int_equal(
		    redis_number(f, "EXISTS " T "window:%s", a.key.id), 1);
	}
	/* Each has a limit of its own. */
	ask.key = &two.given;
	assert_int_equal(take(f->store, &ask, mem).left, 1);
	ask.key = &nobody.given;
	a = take(f->store, &ask, mem);
	assert_int_equal(a.left, 1);
	assert_int_equal(a.key.role, ROLE_WRITE);
	(void)take(f->store, &ask, mem);
	assert_int_equal(take(f->store, &ask, mem).verdict, ACCESS_LIMITED);
	secret_clear(&list);
	arena_free(mem);
}

static void
redis_is_down(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct secret list = { 0 };
	struct made stored, configured;
	struct access_ask ask;
	struct access a;

	secret_set(&list, "configured", strlen("configured"));
	assert_int_equal(api_key_read(&configured.given, "configured", &list),
	    0);
	create_plain(f->store, "n8n", &stored);
	redis_fixture_kill(f);
	ask = ask_of(&stored);
	ASSERT_VERDICT(f->store, &ask, ACCESS_DOWN);
	ask = ask_of(&configured);
	ask.per_minute = 1;
	for (int i = 0; i < 3; i++) {
		a = take(f->store, &ask, mem);
		assert_int_equal(a.verdict, ACCESS_OK);
		assert_int_equal(a.quota, 0);
		assert_int_equal(a.key.role, ROLE_WRITE);
	}
	redis_fixture_restart(f);
	ask = ask_of(&stored);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	secret_clear(&list);
	arena_free(mem);
}

/* ---- what others wrote ---- */

/* Copies its record's doc; made by who can write to Redis, and has no key. */
static void
nothing_is_made_of_redis_alone(void **state)
{
	struct redis_fixture *f = *state;
	struct made narrow, late, forged;
	struct access_ask ask;
	struct net net;
	const char *why;

	assert_int_equal(net_parse(&net, "192.0.2.0/24", &why), 0);
	create(f->store,
	    (struct api_key){ .name = "narrow",
		.role = ROLE_READ,
		.allow = &net,
		.nallow = 1,
		.rate = -1 },
	    &narrow);
	create(f->store,
	    (struct api_key){ .name = "late",
		.role = ROLE_ADMIN,
		.expires_ms = clock_wall_ms() - 1,
		.rate = -1 },
	    &late);
	/* From elsewhere, and for longer. */
	(void)redis_number(f, "HDEL " T "key:%s allow", narrow.id);
	(void)redis_number(f, "HDEL " T "key:%s ends", late.id);
	ask = ask_of(&narrow);
	ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);
	ask = ask_of(&late);
	ASSERT_VERDICT(f->store, &ask, ACCESS_EXPIRED);
	/* A key of one's own, with another's rights or none. */
	api_key_make(API_KEY_TENANT, forged.text, forged.id);
	given(&forged);
	assert_string_equal(
	    redis_text(f, "EVAL %s 2 " T "key:%s " T "key:%s",
		"redis.call('COPY', KEYS[1], KEYS[2]) return 'copied'", late.id,
		forged.id),
	    "copied");
	ask = ask_of(&forged);
	ASSERT_VERDICT(f->store, &ask, ACCESS_DAMAGED);
	(void)redis_number(f, "HSET " T "key:%s doc %s", forged.id,
	    "{\"name\":\"x\",\"role\":\"admin\"}");
	ASSERT_VERDICT(f->store, &ask, ACCESS_DAMAGED);
}

static void
other_types(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct made m;
	struct access_ask ask;
	struct api_key key = { .tenant = API_KEY_TENANT, .name = "new" };
	struct api_key_listed *list;
	char text[API_KEY_TEXT_MAX], id[API_KEY_ID_MAX];
	int64_t n, changed;
	size_t nlist;

	create_plain(f->store, "n8n", &m);
	ask = ask_of(&m);
	ask.tool = "echo";
	/* Limits: set aside, and counted anew. */
	(void)redis_text(f, "SADD " T "window:%s x", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	assert_int_equal(redis_number(f, "EXISTS " T "damaged:window:%s", m.id),
	    1);
	assert_int_equal(redis_number(f, "ZCARD " T "damaged"), 1);
	assert_int_equal(redis_number(f, "EXISTS " T "counts"), 0);
	ask.per_minute = 2000;
	(void)redis_text(f, "SADD " T "rate:%s x", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	/* What is noted of them. */
	(void)redis_text(f, "DEL " T "damaged");
	(void)redis_text(f, "SET " T "damaged x");
	(void)redis_text(f, "DEL " T "rate:%s", m.id);
	(void)redis_text(f, "SADD " T "rate:%s x", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_OK);
	/* A number of the record that is none. */
	(void)redis_number(f, "HSET " T "key:%s rate many", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_DAMAGED);
	(void)redis_number(f, "HSET " T "key:%s rate 5 allow ///", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);
	(void)redis_number(f, "HSET " T "key:%s allow a/128", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_ELSEWHERE);
	/* The record. */
	(void)redis_text(f, "SET " T "key:%s x", m.id);
	ASSERT_VERDICT(f->store, &ask, ACCESS_DAMAGED);
	assert_int_equal(
	    api_keys_list(f->store, API_KEY_TENANT, mem, &list, &nlist),
	    STORE_OK);
	assert_int_equal(nlist, 1);
	assert_true(list[0].damaged);
	assert_string_equal(list[0].key.name, "n8n");
	assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT, "n8n", 0,
			     mem, &key, text),
	    STORE_DAMAGED);
	assert_int_equal(ledger_reseal(f->store, NULL, NULL, &changed),
	    STORE_OK);
	assert_int_equal(api_keys_revoke(f->store, API_KEY_TENANT, "n8n", &n),
	    STORE_OK);
	ASSERT_VERDICT(f->store, &ask, ACCESS_REVOKED);
	/* Their version, */
	key = (struct api_key){ .tenant = API_KEY_TENANT, .name = "new" };
	(void)redis_text(f, "SET " T "version x");
	assert_int_equal(version(f->store), 0);
	assert_int_equal(api_keys_create(f->store, &key, text, id),
	    STORE_DAMAGED);
	(void)redis_text(f, "DEL " T "version");
	assert_int_equal(api_keys_create(f->store, &key, text, id), STORE_OK);
	(void)redis_text(f, "SET " T "version x");
	assert_int_equal(api_keys_revoke(f->store, API_KEY_TENANT, "new", &n),
	    STORE_OK);
	/* and their list. */
	(void)redis_text(f, "DEL " T "version");
	(void)redis_text(f, "SET " T "keys x");
	assert_int_equal(api_keys_create(f->store, &key, text, id),
	    STORE_DAMAGED);
	assert_int_equal(api_keys_revoke(f->store, API_KEY_TENANT, "new", &n),
	    STORE_DAMAGED);
	assert_int_equal(api_keys_rotate(f->store, API_KEY_TENANT, "new", 0,
			     mem, &key, text),
	    STORE_DAMAGED);
	assert_int_equal(
	    api_keys_list(f->store, API_KEY_TENANT, mem, &list, &nlist),
	    STORE_DAMAGED);
	assert_string_equal(redis_text(f, "GET " T "keys"), "x");
	assert_int_equal(ledger_reseal(f->store, NULL, NULL, &changed),
	    STORE_OK);
	arena_free(mem);
}

/* An edge that lacks the sealing key says 503, not 401. */
static void
another_sealing_key(void **state)
{
	struct redis_fixture *f = *state;
	struct seal_ring *other = redis_fixture_ring(FIXTURE_KEY_2);
	struct store *st = redis_fixture_open(f, other);
	struct made m;
	struct access_ask ask;

	create_plain(f->store, "n8n", &m);
	ask = ask_of(&m);
	ASSERT_VERDICT(st, &ask, ACCESS_DOWN);
	store_close(st);
	seal_ring_free(other);
}

static void
behind_a_prefix(void **state)
{
	struct redis_fixture *f = *state;
	const struct store_options o = { .url = f->url,
		.prefix = "shop:",
		.ring = f->ring,
		.timeout_ms = 2000 };
	const char *why;
	struct store *st = store_open(&o, &why);
	struct made m;
	struct access_ask ask;
	int64_t n;

	assert_non_null(st);
	create_plain(st, "n8n", &m);
	ask = ask_of(&m);
	ask.tool = "echo";
	ASSERT_VERDICT(st, &ask, ACCESS_OK);
	ASSERT_VERDICT(f->store, &ask, ACCESS_UNKNOWN);
	(void)redis_text(f, "DEL shop:" T "window:%s", m.id);
	(void)redis_text(f, "SET shop:" T "window:%s x", m.id);
	ASSERT_VERDICT(st, &ask, ACCESS_OK);
	assert_int_equal(
	    redis_number(f, "EXISTS shop:" T "damaged:window:%s", m.id), 1);
	assert_int_equal(redis_number(f, "EXISTS shop:" T "version"), 1);
	assert_int_equal(api_keys_revoke(st, API_KEY_TENANT, "n8n", &n),
	    STORE_OK);
	ASSERT_VERDICT(st, &ask, ACCESS_REVOKED);
	assert_string_equal(
	    redis_text(f, "EVAL %s 0",
		"for _, k in ipairs(redis.call('KEYS', '*')) do "
		"if string.sub(k, 1, 5) ~= 'shop:' then return k end end "
		"return 'all'"),
	    "all");
	store_close(st);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_verdict),
		TEST(every_prefix),
		TEST(what_it_says_of_the_key),
		TEST(which_limit_refuses),
		TEST(the_window_moves),
		TEST(above_a_thousand),
		TEST(exact_over_processes),
		TEST(rotating),
		TEST(revoking),
		TEST(edges_are_told),
		TEST(last_used),
		TEST(many_names),
		TEST(a_batch_of_calls),
		TEST(without_a_stored_key),
		TEST(redis_is_down),
		TEST(nothing_is_made_of_redis_alone),
		TEST(other_types),
		TEST(another_sealing_key),
		TEST(behind_a_prefix),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
