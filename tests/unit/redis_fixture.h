/*
 * redis_fixture: a Redis of a test's own, on a unix socket in a temporary
 * folder, with a sealing ring.  Ends with the test, also when it fails.
 */
#ifndef TESTS_REDIS_FIXTURE_H
#define TESTS_REDIS_FIXTURE_H

#include "base/arena.h"
#include "base/seal.h"
#include "redis/inbox.h"
#include "redis/journal.h"
#include "redis/store.h"
#include "redis/wake.h"

#define FIXTURE_KEY_1 "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
#define FIXTURE_KEY_2 "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="

struct redis_fixture {
	int pid;
	char folder[64];
	char socket[80];
	char url[96];
	struct seal_ring *ring;
	struct store *store;
};

/*
 * With DRAGOMAN_TEST_CLUSTER in the environment it is a cluster of one node.
 * What touched keys of two slots fails the tear-down then.
 */
#define FIXTURE_CLUSTER "DRAGOMAN_TEST_CLUSTER"

/* Group set-up and tear-down for cmocka: *state is a struct redis_fixture. */
int redis_fixture_setup(void **state);
int redis_fixture_teardown(void **state);
/* Another one, ${name}, that has but the slots ${from} to ${to} of a cluster:
 * its process, which the caller ends, and its URL in ${url}. */
int redis_fixture_node(struct redis_fixture *f, const char *name, int from,
    int to, char url[96]);
/* For each test: an empty Redis. */
int redis_fixture_flush(void **state);

/* kill -9, and start again with what the append-only file holds. */
void redis_fixture_kill(struct redis_fixture *f);
void redis_fixture_restart(struct redis_fixture *f);

/* A ring of the keys in ${list}; a store of its own with it. */
struct seal_ring *redis_fixture_ring(const char *list);
struct store *redis_fixture_open(struct redis_fixture *f,
    const struct seal_ring *ring);

/*
 * A command of the test's own.  redis_number: an integer or a number in a
 * string, -1 for none; redis_text: its text in a buffer that the next call
 * reuses, NULL for none, "!..." for an error.
 */
int64_t redis_number(struct redis_fixture *f, const char *fmt, ...);
const char *redis_text(struct redis_fixture *f, const char *fmt, ...);

/* ---- what most tests do with chats ---- */

struct chat_name fixture_chat(const char *chat); /* default/http/CHAT */

extern const struct inbox_limits FIXTURE_UNLIMITED;

/* Put ${text} as ${update}; ${address} may be "". */
enum store_rc fixture_say(struct store *st, const struct chat_name *chat,
    const char *update, const char *text, const char *address);

/* Take the due job of ${chat}'s partition with a lease; NULL: none. */
struct job *fixture_take(struct store *st, const struct chat_name *chat,
    int64_t lease_ms);

/* Up to ${n} jobs of all partitions; their number, -1. */
int fixture_take_all(struct store *st, int n, int64_t lease_ms,
    struct job **jobs);

/* An ear that hears and stands in all sets, of chats or of ${places}; the places
 * that it is woken for within ${wait_ms}, 0: none. */
struct wake *fixture_ear(struct store *st, const char *id);
struct wake *fixture_ear_at(struct store *st, const char *id, unsigned places);
unsigned fixture_hear(struct wake *w, int wait_ms);

/* Make all chats due now, as if time had passed. */
void fixture_hurry(struct redis_fixture *f);

/* End the turn with a reply and a line of history. */
enum store_rc fixture_finish(struct store *st, struct job *job,
    enum turn_end end, const char *reply);

#endif
