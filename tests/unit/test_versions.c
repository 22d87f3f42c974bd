/*
 * versions: a change is raised once however many see it, all edges are told,
 * and what is not there, or is not ours, is 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "redis/fleet.h"
#include "redis/process.h"
#include "redis/versions.h"
#include "tests/unit/redis_fixture.h"

#define T "{tenant:default}:"
#define WAIT_MS 5000

static struct versions
read_all(struct redis_fixture *f)
{
	struct versions v;

	assert_int_equal(versions_read(f->store, &v, NULL, 0, NULL), STORE_OK);
	return v;
}

static void
a_list_is_raised_once_for_all_who_see_it(void **state)
{
	struct redis_fixture *f = *state;
	struct versions first, v;

	v = read_all(f);
	assert_int_equal(v.keys, 0);
	assert_int_equal(v.lists[VERSION_TOOLS], 0);
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, "abc"),
	    STORE_OK);
	first = read_all(f);
	assert_true(first.lists[VERSION_TOOLS] > 0);
	assert_int_equal(first.lists[VERSION_PROMPTS], 0);
	assert_int_equal(first.lists[VERSION_RESOURCES], 0);
	/* The other edge sees the same. */
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, "abc"),
	    STORE_EXISTS);
	v = read_all(f);
	assert_int_equal(v.lists[VERSION_TOOLS], first.lists[VERSION_TOOLS]);
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, "abd"),
	    STORE_OK);
	v = read_all(f);
	assert_true(v.lists[VERSION_TOOLS] > first.lists[VERSION_TOOLS]);
	first = v;
	/* Without a digest, each time. */
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, NULL),
	    STORE_OK);
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, NULL),
	    STORE_OK);
	v = read_all(f);
	assert_true(v.lists[VERSION_TOOLS] >= first.lists[VERSION_TOOLS] + 2);
	assert_int_equal(versions_raise(f->store, VERSION_PROMPTS, "abd"),
	    STORE_OK);
	v = read_all(f);
	assert_true(v.lists[VERSION_PROMPTS] > 0);
}

static void
an_emptied_redis_begins_with_another_number(void **state)
{
	struct redis_fixture *f = *state;
	struct versions first, v;

	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, NULL),
	    STORE_OK);
	first = read_all(f);
	assert_int_equal(redis_fixture_flush(state), 0);
	v = read_all(f);
	assert_int_equal(v.lists[VERSION_TOOLS], 0);
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, NULL),
	    STORE_OK);
	v = read_all(f);
	assert_true(v.lists[VERSION_TOOLS] >= first.lists[VERSION_TOOLS]);
}

static void
resources_have_their_own(void **state)
{
	struct redis_fixture *f = *state;
	char one[VERSION_ID_MAX], two[VERSION_ID_MAX];
	const char *ids[] = { one, two };
	int64_t of[2], first;
	struct versions v;

	version_id("file:///one", one);
	version_id("file:///two", two);
	assert_string_not_equal(one, two);
	assert_int_equal(versions_raise_resource(f->store, "file:///two", "a"),
	    STORE_OK);
	assert_int_equal(versions_read(f->store, &v, ids, 2, of), STORE_OK);
	assert_int_equal(of[0], 0);
	assert_true(of[1] > 0);
	first = of[1];
	assert_int_equal(v.lists[VERSION_RESOURCES], 0);
	assert_int_equal(versions_raise_resource(f->store, "file:///two", "a"),
	    STORE_EXISTS);
	assert_int_equal(versions_raise_resource(f->store, "file:///two", "b"),
	    STORE_OK);
	assert_int_equal(versions_read(f->store, &v, ids, 2, of), STORE_OK);
	assert_true(of[1] > first);
	/* It is not there for ever. */
	assert_true(redis_number(f, "PTTL " T "resource:%s", two) > 0);
	assert_true(redis_number(f, "PTTL " T "resource:%s", two)
	    <= VERSIONS_RESOURCE_MS);
}

static void
what_others_wrote(void **state)
{
	struct redis_fixture *f = *state;
	char id[VERSION_ID_MAX];
	const char *ids[] = { id };
	int64_t of[1];
	struct versions v;

	version_id("file:///one", id);
	(void)redis_text(f, "SET " T "version x");
	(void)redis_text(f, "SET " T "resource:%s x", id);
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, NULL),
	    STORE_DAMAGED);
	assert_int_equal(versions_raise_resource(f->store, "file:///one", "a"),
	    STORE_DAMAGED);
	assert_int_equal(versions_read(f->store, &v, ids, 1, of), STORE_OK);
	assert_int_equal(v.lists[VERSION_TOOLS], 0);
	assert_int_equal(of[0], 0);
	(void)redis_text(f, "DEL " T "version");
	(void)redis_text(f, "HSET " T "version tools many");
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, "a"),
	    STORE_OK);
	v = read_all(f);
	assert_true(v.lists[VERSION_TOOLS] > 0);
}

/* ---- the edges are told -------------------------------------------------- */

struct heard {
	pthread_mutex_t lock;
	int lists, keys, others;
};

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
on_topic(void *ctx, const char *topic, const char *kind, const char *sealed,
    size_t len)
{
	struct heard *h = ctx;

	(void)sealed;
	(void)len;
	pthread_mutex_lock(&h->lock);
	if (strcmp(topic, VERSIONS_TOPIC) != 0)
		h->others++;
	else if (strcmp(kind, VERSIONS_KIND_LISTS) == 0)
		h->lists++;
	else if (strcmp(kind, VERSIONS_KIND_KEYS) == 0)
		h->keys++;
	else
		h->others++;
	pthread_mutex_unlock(&h->lock);
}

static void
on_hears(void *ctx, bool hears)
{
	(void)ctx;
	(void)hears;
}

static void
wait_for(struct heard *h, int lists, int keys)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	int64_t until = clock_boot_ms() + WAIT_MS;
	bool there = false;

	while (!there && clock_boot_ms() < until) {
		pthread_mutex_lock(&h->lock);
		there = h->lists >= lists && h->keys >= keys;
		pthread_mutex_unlock(&h->lock);
		nanosleep(&moment, NULL);
	}
	pthread_mutex_lock(&h->lock);
	assert_int_equal(h->lists, lists);
	assert_int_equal(h->keys, keys);
	assert_int_equal(h->others, 0);
	pthread_mutex_unlock(&h->lock);
}

static void
all_edges_are_told(void **state)
{
	static const struct process_ear EAR = { on_piece, on_topic, on_hears };
	static const char *const IDS[] = { "0123456789abcdef",
		"fedcba9876543210" };
	struct redis_fixture *f = *state;
	struct heard h[NELEM(IDS)];
	struct process_listener *l[NELEM(IDS)];
	struct arena *mem = arena_new();

	for (size_t i = 0; i < NELEM(IDS); i++) {
		h[i] = (struct heard){ .lock = PTHREAD_MUTEX_INITIALIZER };
		assert_int_equal(
		    fleet_beat(f->store, FLEET_EDGE, IDS[i],
			json_keep(mem, json_pack("{s:s}", "id", IDS[i]))),
		    STORE_OK);
		l[i] = process_listen(f->store, IDS[i], &EAR, &h[i], WAIT_MS);
		assert_non_null(l[i]);
	}
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, "a"),
	    STORE_OK);
	for (size_t i = 0; i < NELEM(IDS); i++)
		wait_for(&h[i], 1, 0);
	/* What is no change is not told: the next one is the second. */
	assert_int_equal(versions_raise(f->store, VERSION_TOOLS, "a"),
	    STORE_EXISTS);
	assert_int_equal(versions_raise_resource(f->store, "file:///a", "a"),
	    STORE_OK);
	versions_tell(f->store, VERSIONS_KIND_KEYS);
	for (size_t i = 0; i < NELEM(IDS); i++) {
		wait_for(&h[i], 2, 1);
		process_unlisten(l[i]);
	}
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_list_is_raised_once_for_all_who_see_it,
		    redis_fixture_flush),
		cmocka_unit_test_setup(
		    an_emptied_redis_begins_with_another_number,
		    redis_fixture_flush),
		cmocka_unit_test_setup(resources_have_their_own,
		    redis_fixture_flush),
		cmocka_unit_test_setup(what_others_wrote, redis_fixture_flush),
		cmocka_unit_test_setup(all_edges_are_told, redis_fixture_flush),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
