/*
 * Two nodes that share the slots, each of which refuses what is the other's: a
 * batch goes to both, command by command.  The finder is the test's own; it is
 * all that knows of two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "nouns/metric.h"
#include "redis/budget.h"
#include "redis/chats.h"
#include "redis/damage.h"
#include "redis/due.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "redis/learned.h"
#include "redis/ledger.h"
#include "redis/store_priv.h"
#include "tests/unit/redis_fixture.h"

#define NODES 2
#define CHATS 40
#define LEASE_MS 10000

static struct {
	int pid;
	char url[96];
	struct store_url at;
} nodes[NODES];
static int asked[NODES]; /* how often the finder named it */

static int
node_of(int slot)
{
	return slot < SLOTS / 2 ? 0 : 1;
}

static const struct link_place *
find_by_slot(struct store *st, int slot)
{
	int i = slot == SLOT_ANY ? 0 : node_of(slot);

	(void)st;
	asked[i]++;
	return &nodes[i].at.place;
}

static const struct link_finder BY_SLOT = { "by slot", find_by_slot };

static int
setup(void **state)
{
	struct redis_fixture *f;
	const char *why;
	char name[8];

	if (redis_fixture_setup(state) == -1)
		return -1;
	f = *state;
	for (int i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		nodes[i].pid = redis_fixture_node(f, name, i * SLOTS / 2,
		    (i + 1) * SLOTS / 2 - 1, nodes[i].url);
		if (store_url_parse(nodes[i].url, &nodes[i].at, &why) == -1)
			return -1;
	}
	f->store->finder = &BY_SLOT;
	return 0;
}

static void
end_node(int i)
{
	if (nodes[i].pid > 0) {
		kill(nodes[i].pid, SIGKILL);
		waitpid(nodes[i].pid, NULL, 0);
	}
	nodes[i].pid = 0;
}

static int
teardown(void **state)
{
	for (int i = 0; i < NODES; i++) {
		end_node(i);
		store_url_free(&nodes[i].at);
	}
	return redis_fixture_teardown(state);
}

static int64_t
trips(void)
{
	return metric_total(METRIC_REDIS_ROUND_TRIPS, 0);
}

/* Known answers of the checksum, and where a tag counts. */
static void
slots_are_those_of_redis(void **state)
{
	static const struct {
		const char *key;
		int slot;
	} cases[] = {
		{ "123456789", 0x31C3 },
		{ "foo", 12182 },
		{ "bar", 5061 },
		{ "dragoman:{foo}:x", 12182 },
		{ "{foo}{bar}", 12182 },
		{ "{bar", 4015 },
		{ "foo{}{bar}", 8363 },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		if (slot_of(cases[i].key, strlen(cases[i].key))
		    != cases[i].slot)
			fail_msg("%s: %d, not %d", cases[i].key,
			    slot_of(cases[i].key, strlen(cases[i].key)),
			    cases[i].slot);
}

static struct chat_name
chat_of(int i)
{
	char name[16];

	snprintf(name, sizeof(name), "c%d", i);
	return fixture_chat(name);
}

/* A conversation in every partition, from accept to forget. */
static void
conversations(struct store *st, struct arena *mem)
{
	struct inbox_question q[CHATS] = { 0 };
	struct job *jobs[CHATS];
	int64_t next, max_ms[CHATS] = { 0 };
	enum store_rc rc[CHATS];
	bool stopped[CHATS];
	char ids[CHATS][MESSAGE_ID_MAX];
	unsigned partitions;
	int n = 0;

	for (int i = 0; i < CHATS; i++) {
		struct chat_name chat = chat_of(i);

		assert_int_equal(fixture_say(st, &chat, "1", "hi", ""),
		    STORE_OK);
		q[i].chat = chat;
		message_id_make(&chat, "1", ids[i]);
		q[i].id = ids[i];
	}
	assert_int_equal(due_look(st, NULL, &partitions, &next), 0);
	assert_int_equal(partitions, DUE_ALL);
	while (n < CHATS) {
		int got;

		partitions = DUE_ALL;
		got = due_take(st, NULL, &partitions, CHATS - n, LEASE_MS, 0,
		    jobs + n, NULL);
		assert_true(got >= 0);
		n += got;
	}
	assert_int_equal(
	    journal_renew(st, jobs, CHATS, LEASE_MS, max_ms, rc, stopped),
	    STORE_OK);
	for (int i = 0; i < CHATS; i++) {
		assert_int_equal(rc[i], STORE_OK);
		assert_int_equal(fixture_finish(st, jobs[i], END_REPLIED, "x"),
		    STORE_OK);
		job_free(jobs[i]);
	}
	assert_int_equal(inbox_find_all(st, q, CHATS, mem), STORE_OK);
	for (int i = 0; i < CHATS; i++)
		assert_int_equal(q[i].rc, STORE_ANSWERED);
}

static void
a_batch_goes_to_each_node(void **state)
{
	struct redis_fixture *f = *state;
	struct store *st = f->store;
	struct arena *mem = arena_new();
	struct chat_name chat = chat_of(1);
	const struct budget_limits limits = { 1000, 1000 };
	struct budget_change settle = { .reserved = 1, .spent = 5 };
	struct journal_field step = { .name = "answer:0",
		.text = "x",
		.len = 1 };
	struct chats_forgotten gone;
	struct fleet_counts counts;
	struct session session;
	struct job *job;
	json_t *list;
	int64_t n, before;
	bool yes;

	assert_int_equal(store_canary(st), STORE_OK);
	assert_int_equal(format_read(st, &n), STORE_OK);
	conversations(st, mem);
	assert_true(asked[0] > CHATS && asked[1] > CHATS);

	/* Two nodes, two round trips; a conversation needs one. */
	before = trips();
	assert_int_equal(fleet_count(st, &counts), STORE_OK);
	assert_int_equal(fleet_count(st, &counts), STORE_OK);
	assert_in_range(trips() - before, 4, 6); /* a script told as text */
	assert_int_equal(counts.accepted, CHATS);
	assert_int_equal(counts.ended[END_REPLIED], CHATS);
	assert_int_equal(counts.unaccounted, 0);
	before = trips();
	assert_int_equal(fixture_say(st, &chat, "2", "hi", ""), STORE_OK);
	assert_int_equal(trips() - before, 1);

	assert_int_equal(fleet_pause(st, true), STORE_OK);
	assert_int_equal(fleet_is_paused(st, &yes), STORE_OK);
	assert_true(yes);
	assert_int_equal(fleet_pause(st, false), STORE_OK);
	job = fixture_take(st, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(budget_reserve(st, &chat, 1, &limits, &settle.day),
	    STORE_OK);
	assert_int_equal(
	    journal_write(st, job, &step, 1, LEASE_MS, 0, &settle, &yes),
	    STORE_OK);
	assert_int_equal(budget_spent(st, &chat, &n, &before), STORE_OK);
	assert_int_equal(n, 5);
	assert_int_equal(before, 5);
	assert_int_equal(inbox_control(st, &chat, COMMAND_STOP,
			     &FIXTURE_UNLIMITED, mem, &session, &n),
	    STORE_OK);
	assert_int_equal(journal_stops(st, &n), STORE_OK);
	assert_int_equal(n, 1);
	job_free(job);

	assert_int_equal(learned_add(st, "h/m/1", "a", "b"), STORE_OK);
	assert_int_equal(chats_list(st, 100, mem, &list, &yes), STORE_OK);
	assert_int_equal(json_array_size(list), CHATS);
	assert_int_equal(ledger_list(st, 100, mem, &list), STORE_OK);
	assert_int_equal(json_array_size(list), 1);
	assert_int_equal(damage_find(st, mem, &list), STORE_OK);
	assert_int_equal(json_array_size(list), 0);
	assert_int_equal(chats_forget(st, &chat, "bye", &gone), STORE_OK);
	arena_free(mem);
}

/* One node away: what needs it fails, and the other's chats go on. */
static void
a_node_is_away(void **state)
{
	struct redis_fixture *f = *state;
	struct fleet_counts counts;
	int served[NODES] = { 0 };

	end_node(1);
	for (int i = 0; i < CHATS; i++) {
		struct chat_name chat = chat_of(i);
		char tag[16];
		int node;

		snprintf(tag, sizeof(tag), "{p%d}", chat.partition);
		node = node_of(slot_of(tag, strlen(tag)));
		assert_int_equal(fixture_say(f->store, &chat, "9", "hi", ""),
		    node == 0 ? STORE_OK : STORE_DOWN);
		served[node]++;
	}
	assert_true(served[0] > 0 && served[1] > 0);
	assert_int_equal(fleet_count(f->store, &counts), STORE_DOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_those_of_redis),
		cmocka_unit_test(a_batch_goes_to_each_node),
		cmocka_unit_test(a_node_is_away),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
