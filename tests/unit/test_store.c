#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "redis/store_priv.h"
#include "tests/unit/redis_fixture.h"

static void
urls(void **state)
{
	static const struct {
		const char *name, *text;
		int rc;
		const char *path, *host;
		int port;
		const char *user, *password;
		int db;
	} cases[] = {
		{ .name = "host alone",
		    .text = "redis://here",
		    .host = "here",
		    .port = 6379 },
		{ .name = "nothing but the scheme",
		    .text = "redis://",
		    .host = "localhost",
		    .port = 6379 },
		{ .name = "host, port, db",
		    .text = "redis://here:7000/3",
		    .host = "here",
		    .port = 7000,
		    .db = 3 },
		{ .name = "a slash and no db",
		    .text = "redis://here/",
		    .host = "here",
		    .port = 6379 },
		{ .name = "db as query",
		    .text = "redis://here?db=4",
		    .host = "here",
		    .port = 6379,
		    .db = 4 },
		{ .name = "password",
		    .text = "redis://:p%40ss@here",
		    .host = "here",
		    .port = 6379,
		    .password = "p@ss" },
		{ .name = "password without colon",
		    .text = "redis://word@here",
		    .host = "here",
		    .port = 6379,
		    .password = "word" },
		{ .name = "user and password with @",
		    .text = "redis://u:a@b@here:1",
		    .host = "here",
		    .port = 1,
		    .user = "u",
		    .password = "a@b" },
		{ .name = "IPv6",
		    .text = "redis://[::1]:6380/1",
		    .host = "::1",
		    .port = 6380,
		    .db = 1 },
		{ .name = "unix",
		    .text = "unix:///run/redis/s",
		    .path = "/run/redis/s" },
		{ .name = "unix with db",
		    .text = "unix:///s?db=2",
		    .path = "/s",
		    .db = 2 },
		{ .name = "redis+unix with a password",
		    .text = "redis+unix://:x@/s",
		    .path = "/s",
		    .password = "x" },
		{ .name = "TLS", .text = "rediss://here", .rc = -1 },
		{ .name = "no scheme", .text = "here:6379", .rc = -1 },
		{ .name = "empty", .text = "", .rc = -1 },
		{ .name = "a relative socket",
		    .text = "unix:redis/s",
		    .path = "redis/s" },
		{ .name = "a host for a socket", .text = "unix://s", .rc = -1 },
		{ .name = "port 0", .text = "redis://here:0", .rc = -1 },
		{ .name = "port too large",
		    .text = "redis://here:65536",
		    .rc = -1 },
		{ .name = "port no number",
		    .text = "redis://here:x",
		    .rc = -1 },
		{ .name = "db no number", .text = "redis://here/x", .rc = -1 },
		{ .name = "db negative", .text = "redis://here/-1", .rc = -1 },
		{ .name = "unknown query",
		    .text = "unix:///s?timeout=1",
		    .rc = -1 },
		{ .name = "half an escape",
		    .text = "redis://:%4@here",
		    .rc = -1 },
		{ .name = "an escaped NUL",
		    .text = "redis://:a%00@here",
		    .rc = -1 },
		{ .name = "open bracket", .text = "redis://[::1", .rc = -1 },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct store_url u;
		const char *why = NULL;
		int rc = store_url_parse(cases[i].text, &u, &why);

		if (rc != cases[i].rc)
			fail_msg("%s: %d", cases[i].name, rc);
		if (rc == -1) {
			assert_non_null(why);
			continue;
		}
#define SAME(a, b)              \
	if ((b) == NULL)        \
		assert_null(a); \
	else                    \
		assert_string_equal(a, b)
		SAME(u.place.path, cases[i].path);
		SAME(u.place.host, cases[i].host);
		SAME(u.user, cases[i].user);
		SAME(u.password, cases[i].password);
		assert_int_equal(u.place.port, cases[i].port);
		assert_int_equal(u.db, cases[i].db);
		assert_ptr_equal(u.place.transport,
		    u.place.path != NULL ? &LINK_UNIX : &LINK_TCP);
		store_url_free(&u);
	}
}

static void
pings(void **state)
{
	struct redis_fixture *f = *state;
	int ms = -1;

	assert_int_equal(store_ping(f->store, &ms), STORE_OK);
	assert_true(ms >= 0);
}

static void
script_hashes_are_those_of_redis(void **state)
{
	struct redis_fixture *f = *state;

	for (int s = 0; s < SCRIPT_N; s++) {
		const struct script_text *t = script_text((enum script)s);

		assert_string_equal(
		    redis_text(f, "SCRIPT LOAD %b", t->text, t->len), t->sha);
	}
}

static void
forgotten_scripts_are_sent_again(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("flush");

	for (int i = 0; i < 3; i++) {
		char update[2] = { (char)('a' + i), '\0' };

		assert_string_equal(redis_text(f, "SCRIPT FLUSH"), "OK");
		assert_int_equal(fixture_say(f->store, &chat, update, "hi", ""),
		    STORE_OK);
	}
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:inbox:%s", chat.partition, chat.text),
	    3);
}

static void
a_restart_costs_nothing_but_a_reconnect(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("restart");
	int64_t before = store_reconnects(f->store);
	struct job *job;

	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	redis_fixture_restart(f);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""),
	    STORE_EXISTS);
	assert_true(store_reconnects(f->store) > before);
	job = fixture_take(f->store, &chat, 1000);
	assert_non_null(job);
	assert_string_equal(job->given->message.text, "hi");
	job_free(job);
}

/* An idle link, long enough that it is looked at, whose peer has closed it. */
static void
is_closed_while_idle(struct store *st, struct redis_fixture *f, bool restart)
{
	struct link *c = link_get(st, &st->url.place);
	struct pollfd p;

	assert_non_null(c);
	link_put(st, c);
	c->idle_since_ms -= 60000;
	p = (struct pollfd){ .fd = c->redis->fd, .events = POLLRDHUP };
	if (restart)
		redis_fixture_restart(f);
	else
		assert_true(redis_number(f, "CLIENT KILL TYPE normal") > 0);
	assert_int_equal(poll(&p, 1, 10000), 1);
}

/* Turn workers take nothing for a while after a reconnect: for a Redis that
 * was away, not for one that closes what is idle ("timeout"). */
static void
an_idle_link_that_redis_closed_is_no_reconnect(void **state)
{
	struct redis_fixture *f = *state;
	struct store *st = redis_fixture_open(f, f->ring);
	int64_t before = store_reconnects(st);
	int ms;

	for (int i = 0; i < 2; i++) {
		is_closed_while_idle(st, f, false);
		assert_int_equal(store_ping(st, &ms), STORE_OK);
		assert_int_equal(store_reconnects(st), before);
	}
	/* Nobody used a link while Redis was away. */
	for (int i = 1; i <= 2; i++) {
		is_closed_while_idle(st, f, true);
		assert_int_equal(store_ping(st, &ms), STORE_OK);
		assert_int_equal(store_reconnects(st), before + i);
	}
	is_closed_while_idle(st, f, false);
	assert_int_equal(store_ping(st, &ms), STORE_OK);
	assert_int_equal(store_reconnects(st), before + 2);
	store_close(st);
}

/* Whoever is slow to give a connection back gives a dead one back. */
static void
a_dead_connection_is_not_kept(void **state)
{
	struct redis_fixture *f = *state;
	struct store *st = redis_fixture_open(f, f->ring);
	struct link *slow = link_get(st, &st->url.place),
		    *quick = link_get(st, &st->url.place), *fresh;

	assert_non_null(slow);
	assert_non_null(quick);
	redis_fixture_restart(f);
	link_broken(st, quick, "test");
	link_put(st, slow);
	assert_int_equal(st->nidle, 0);
	/* Nor does one that is found broken later take the new ones along. */
	slow = link_get(st, &st->url.place);
	fresh = link_get(st, &st->url.place);
	assert_non_null(slow);
	assert_non_null(fresh);
	link_broken(st, slow, "test");
	slow = link_get(st, &st->url.place);
	assert_non_null(slow);
	link_put(st, slow);
	link_broken(st, fresh, "test");
	assert_int_equal(st->nidle, 1);
	store_close(st);
}

static void
a_dead_redis_is_down(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("down");
	int ms;

	redis_fixture_kill(f);
	assert_int_equal(store_ping(f->store, &ms), STORE_DOWN);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""),
	    STORE_DOWN);
	redis_fixture_restart(f);
	assert_int_equal(store_ping(f->store, &ms), STORE_OK);
}

static void
a_full_redis_takes_nothing_new(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("full");
	struct job *job;

	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	assert_string_equal(redis_text(f, "CONFIG SET maxmemory 1"), "OK");
	assert_int_equal(fixture_say(f->store, &chat, "2", "hi", ""),
	    STORE_FULL);
	job = fixture_take(f->store, &chat, 1000);
	assert_non_null(job); /* but what it has can be done */
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "{}"),
	    STORE_OK);
	job_free(job);
	assert_string_equal(redis_text(f, "CONFIG SET maxmemory 0"), "OK");
	atomic_store(&f->store->memory_full, false);
	assert_int_equal(fixture_say(f->store, &chat, "2", "hi", ""), STORE_OK);
}

static void
memory_near_its_end(void **state)
{
	(void)state;
	assert_false(store_memory_is_full("used_memory:90\r\nmaxmemory:0\r\n"));
	assert_false(
	    store_memory_is_full("used_memory:80\r\nmaxmemory:100\r\n"));
	assert_true(
	    store_memory_is_full("used_memory:81\r\nmaxmemory:100\r\n"));
	assert_false(store_memory_is_full(""));
}

static void
canaries(void **state)
{
	struct redis_fixture *f = *state;
	struct seal_ring *other = redis_fixture_ring(FIXTURE_KEY_2);
	struct seal_ring *both = redis_fixture_ring(
	    FIXTURE_KEY_2 "," FIXTURE_KEY_1);
	struct store *st_other = redis_fixture_open(f, other);
	struct store *st_both = redis_fixture_open(f, both);

	assert_int_equal(store_canary(f->store), STORE_OK);
	assert_int_equal(store_canary(f->store), STORE_OK);
	assert_int_equal(redis_number(f, "HLEN canary"), 1);
	assert_int_equal(store_canary(st_other), STORE_UNKNOWN_KEY);
	assert_int_equal(redis_number(f, "HLEN canary"), 1);
	assert_int_equal(store_canary(st_both), STORE_OK);
	assert_int_equal(redis_number(f, "HLEN canary"), 2);
	assert_int_equal(store_canary(st_other), STORE_OK);
	assert_int_equal(store_canary_alone(st_both), STORE_OK);
	assert_int_equal(redis_number(f, "HLEN canary"), 1);
	assert_int_equal(store_canary(f->store), STORE_UNKNOWN_KEY);
	assert_int_equal(store_canary(st_both), STORE_OK);
	store_close(st_other);
	store_close(st_both);
	seal_ring_free(other);
	seal_ring_free(both);
}

/* Exactly ${n} findings, with a remedy each, and ${what} is said of one. */
static void
finds(struct store *st, int n, const char *what, bool breaks,
    const char *config)
{
	struct store_finding f[STORE_FINDINGS_MAX];
	bool said = n == 0;
	int i;

	assert_int_equal(store_check(st, f), n);
	for (i = 0; i < n; i++) {
		const char *remedy = f[i].remedy;

		if ((remedy == NULL) == (f[i].config == NULL))
			fail_msg("not one remedy: %s", f[i].what);
		if (remedy != NULL && strstr(f[i].what, remedy) != NULL)
			fail_msg("says itself: %s", f[i].what);
		if (strstr(f[i].what, what) == NULL)
			continue;
		said = true;
		assert_int_equal(f[i].breaks, breaks);
		if (config != NULL)
			assert_string_equal(f[i].config, config);
	}
	if (!said)
		fail_msg("nothing is said of %s", what);
}

static void
what_redis_must_be(void **state)
{
	struct redis_fixture *f = *state;

	finds(f->store, 0, "", false, NULL);
	(void)redis_text(f, "CONFIG SET appendonly no");
	(void)redis_text(f, "CONFIG SET maxmemory-policy allkeys-lru");
	finds(f->store, 2, "appendonly is off", false, "appendonly yes");
	finds(f->store, 2, "maxmemory-policy", true,
	    "maxmemory-policy noeviction");
	(void)redis_text(f, "CONFIG SET appendonly yes");
	(void)redis_text(f, "CONFIG SET maxmemory-policy noeviction");
	(void)redis_text(f, "CONFIG SET maxmemory 1");
	finds(f->store, 1, "80 %", false, NULL);
	(void)redis_text(f, "CONFIG SET maxmemory 0");
	finds(f->store, 0, "", false, NULL);
}

static void
what_a_replica_needs(void **state)
{
	struct redis_fixture *f = *state;
	struct store_options o = { .url = f->url,
		.ring = f->ring,
		.replicas = 1,
		.wait_ms = 10 };
	const char *why = "";
	struct store *st = store_open(&o, &why);

	assert_non_null(st);
	finds(st, 2, "no replica is connected", true, NULL);
	finds(st, 2, "min-replicas-to-write", false, "min-replicas-to-write 1");
	(void)redis_text(f, "CONFIG SET min-replicas-to-write 1");
	finds(st, 1, "no replica is connected", true, NULL);
	(void)redis_text(f, "CONFIG SET min-replicas-to-write 0");
	(void)redis_text(f, "REPLICAOF 127.0.0.1 1");
	finds(f->store, 1, "is a replica", true, NULL);
	(void)redis_text(f, "REPLICAOF NO ONE");
	store_close(st);
}

static void
a_replica_that_is_missing(void **state)
{
	struct redis_fixture *f = *state;
	struct store_options o = { .url = f->url,
		.ring = f->ring,
		.timeout_ms = 2000,
		.replicas = 1,
		.wait_ms = 10 };
	const char *why;
	struct store *st = store_open(&o, &why);
	struct chat_name chat = fixture_chat("replica");

	assert_non_null(st);
	/* Refused, but it lies there: the repeat finds it. */
	assert_int_equal(fixture_say(st, &chat, "1", "hi", ""), STORE_DOWN);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""),
	    STORE_EXISTS);
	store_close(st);
}

static void
a_password_and_a_log_of_commands(void **state)
{
	struct redis_fixture *f = *state;
	char url[160];
	struct store_options o = { .url = url,
		.ring = f->ring,
		.timeout_ms = 2000,
		.echo = true };
	struct chat_name chat = fixture_chat("password");
	const char *why;
	struct store *st;
	int ms;

	(void)redis_text(f, "ACL SETUSER some on >p@ss ~* &* +@all");
	(void)redis_text(f, "ACL SETUSER other on >other ~* +@all");
	snprintf(url, sizeof(url), "unix://some:p%%40ss@%s?db=1", f->socket);
	st = store_open(&o, &why);
	assert_non_null(st);
	assert_int_equal(fixture_say(st, &chat, "1", "hi", ""), STORE_OK);
	assert_int_equal(store_ping(st, &ms), STORE_OK);
	store_close(st);
	assert_int_equal(redis_number(f, "DBSIZE"), 0); /* it went to db 1 */
	snprintf(url, sizeof(url), "unix://some:wrong@%s", f->socket);
	st = store_open(&o, &why);
	assert_non_null(st);
	assert_int_equal(store_ping(st, &ms), STORE_DOWN);
	store_close(st);
}

/* As long as nouns/settings_check.c lets one be. */
static void
a_long_path(void **state)
{
	enum { LEN = 106 };
	struct redis_fixture *f = *state;
	char url[160], *path = url + 7;
	struct store_options o = { .url = url, .ring = f->ring };
	const char *why;
	struct store *st;
	size_t at;
	int ms;

	snprintf(url, sizeof(url), "unix://%s/", f->folder);
	at = strlen(url);
	memset(url + at, 'x', 7 + LEN - at);
	url[7 + LEN] = '\0';
	assert_int_equal(symlink(f->socket, path), 0);
	st = store_open(&o, &why);
	assert_non_null(st);
	assert_int_equal(store_ping(st, &ms), STORE_OK);
	store_close(st);
	unlink(path);
}

static void
large_batches(void **state)
{
	struct redis_fixture *f = *state;
	struct batch b;
	redisReply *r[100];

	batch_init(&b, f->store);
	for (int i = 0; i < 100; i++) {
		batch_command(&b, "ECHO", 1);
		batch_int(&b, (int64_t)i * -1000000007);
	}
	assert_int_equal(store_run(f->store, &b, r), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(strtoll(r[i]->str, NULL, 10),
		    (int64_t)i * -1000000007);
	replies_free(r, 100);
	batch_fini(&b);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(urls),
		TEST(pings),
		TEST(script_hashes_are_those_of_redis),
		TEST(forgotten_scripts_are_sent_again),
		TEST(a_restart_costs_nothing_but_a_reconnect),
		TEST(an_idle_link_that_redis_closed_is_no_reconnect),
		TEST(a_dead_connection_is_not_kept),
		TEST(a_dead_redis_is_down),
		TEST(a_full_redis_takes_nothing_new),
		TEST(memory_near_its_end),
		TEST(canaries),
		TEST(what_redis_must_be),
		TEST(what_a_replica_needs),
		TEST(a_replica_that_is_missing),
		TEST(a_password_and_a_log_of_commands),
		TEST(a_long_path),
		TEST(large_batches),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
