#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "redis/process.h"
#include "tests/unit/redis_fixture.h"

#define ID "0123456789abcdef"
#define WAIT_MS 30000

/* What came, as the listener's thread saw it. */
struct heard {
	struct redis_fixture *f;
	struct chat_name chat;
	char id[MESSAGE_ID_MAX];
	pthread_mutex_t lock;
	int pieces, stands, breaks, unopened, topics;
	int64_t number;
	char kind[16], text[64], topic[PROCESS_TOPIC_MAX];
};

static void
on_piece(void *ctx, int64_t number, const char *kind, const char *sealed,
    size_t len)
{
	struct heard *h = ctx;
	struct arena *mem = arena_new();
	size_t n;
	const char *text = process_open_piece(h->f->store, &h->chat, h->id,
	    kind, sealed, len, mem, &n);

	pthread_mutex_lock(&h->lock);
	h->pieces++;
	h->number = number;
	strncpy(h->kind, kind, sizeof(h->kind) - 1);
	memset(h->text, 0, sizeof(h->text));
	if (text == NULL)
		h->unopened++;
	else
		memcpy(h->text, text, n < 63 ? n : 63);
	pthread_mutex_unlock(&h->lock);
	arena_free(mem);
}

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
	h->topics++;
	strncpy(h->topic, topic, sizeof(h->topic) - 1);
	strncpy(h->kind, kind, sizeof(h->kind) - 1);
	memset(h->text, 0, sizeof(h->text));
	if (text == NULL)
		h->unopened++;
	else
		memcpy(h->text, text, n < 63 ? n : 63);
	pthread_mutex_unlock(&h->lock);
	arena_free(mem);
}

static void
on_hears(void *ctx, bool hears)
{
	struct heard *h = ctx;

	pthread_mutex_lock(&h->lock);
	h->stands += hears;
	h->breaks += !hears;
	pthread_mutex_unlock(&h->lock);
}

static const struct process_ear EAR = { on_piece, on_topic, on_hears };

static bool
wait_for(struct heard *h, const int *what, int n)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	int64_t until = clock_boot_ms() + WAIT_MS;
	bool there = false;

	while (!there && clock_boot_ms() < until) {
		pthread_mutex_lock(&h->lock);
		there = *what >= n;
		pthread_mutex_unlock(&h->lock);
		if (!there)
			nanosleep(&moment, NULL);
	}
	return there;
}

static void
pieces_and_replies(void **state)
{
	struct heard h = { .f = *state, .chat = fixture_chat("p") };
	struct process_listener *l;
	struct inbox_answer out;
	struct arena *mem = arena_new();
	struct job *job;

	pthread_mutex_init(&h.lock, NULL);
	l = process_listen(h.f->store, ID, &EAR, &h, WAIT_MS);
	assert_non_null(l);
	assert_true(process_is_listening(l));

	assert_int_equal(fixture_say(h.f->store, &h.chat, "1", "hi", ID ".7"),
	    STORE_OK);
	message_id_make(&h.chat, "1", h.id);
	job = fixture_take(h.f->store, &h.chat, 10000);
	assert_non_null(job);
	assert_int_equal(process_publish(h.f->store, &h.chat, job->id,
			     job->given->message.address, "delta",
			     "{\"text\":1}", 10),
	    STORE_OK);
	assert_true(wait_for(&h, &h.pieces, 1));
	assert_int_equal(h.number, 7);
	assert_string_equal(h.kind, "delta");
	assert_string_equal(h.text, "{\"text\":1}");
	assert_int_equal(
	    process_publish(h.f->store, &h.chat, job->id, "", "delta", "x", 1),
	    STORE_NONE);

	/* The end reaches who asked first and who asked again. */
	assert_int_equal(
	    inbox_find(h.f->store, &h.chat, "1", ID ".8", mem, &out),
	    STORE_EXISTS);
	assert_int_equal(fixture_finish(h.f->store, job, END_REPLIED, "done"),
	    STORE_OK);
	assert_true(wait_for(&h, &h.pieces, 3));
	assert_string_equal(h.kind, "reply");
	assert_string_equal(h.text, "done");
	assert_int_equal(
	    redis_number(h.f, "EXISTS {p%d}:wait:%s", h.chat.partition, h.id),
	    0);
	job_free(job);

	/* Somebody else's bytes. */
	h.id[0] = h.id[0] == 'a' ? 'b' : 'a';
	assert_int_equal(process_publish(h.f->store, &h.chat, "other", ID ".9",
			     "delta", "x", 1),
	    STORE_OK);
	assert_true(wait_for(&h, &h.unopened, 1));
	(void)redis_text(h.f, "PUBLISH process:%s nonsense", ID);
	(void)redis_text(h.f, "PUBLISH process:%s %s", ID, "9 delta");
	assert_int_equal(h.stands, 1);
	assert_int_equal(h.breaks, 0);
	process_unlisten(l);
	pthread_mutex_destroy(&h.lock);
	arena_free(mem);
}

static void
a_broken_subscription_comes_back(void **state)
{
	struct heard h = { .f = *state, .chat = fixture_chat("p") };
	struct process_listener *l;

	pthread_mutex_init(&h.lock, NULL);
	l = process_listen(h.f->store, ID, &EAR, &h, WAIT_MS);
	assert_non_null(l);
	assert_true(process_is_listening(l));
	redis_fixture_kill(h.f);
	redis_fixture_restart(h.f);
	assert_true(wait_for(&h, &h.breaks, 1));
	assert_true(wait_for(&h, &h.stands, 2));
	assert_true(process_is_listening(l));
	message_id_make(&h.chat, "1", h.id);
	assert_int_equal(process_publish(h.f->store, &h.chat, h.id, ID ".3",
			     "status", "again", 5),
	    STORE_OK);
	assert_true(wait_for(&h, &h.pieces, 1));
	assert_string_equal(h.text, "again");
	process_unlisten(l);

	/* Started while Redis is down: it goes on trying. */
	redis_fixture_kill(h.f);
	l = process_listen(h.f->store, ID, &EAR, &h, 10);
	assert_non_null(l);
	assert_false(process_is_listening(l));
	redis_fixture_restart(h.f);
	for (int64_t until = clock_boot_ms() + WAIT_MS;
	     !process_is_listening(l) && clock_boot_ms() < until;)
		continue;
	assert_true(process_is_listening(l));
	process_unlisten(l);
	process_unlisten(NULL);
	pthread_mutex_destroy(&h.lock);
}

static void
topics(void **state)
{
	struct heard h = { .f = *state, .chat = fixture_chat("p") };
	struct process_listener *l;
	char longest[PROCESS_TOPIC_MAX + 1];

	pthread_mutex_init(&h.lock, NULL);
	l = process_listen(h.f->store, ID, &EAR, &h, WAIT_MS);
	assert_true(process_is_listening(l));
	assert_int_equal(process_publish_topic(h.f->store, ID, "tenant:t/tools",
			     "changed", "{\"n\":2}", 7),
	    STORE_OK);
	assert_true(wait_for(&h, &h.topics, 1));
	assert_string_equal(h.topic, "tenant:t/tools");
	assert_string_equal(h.kind, "changed");
	assert_string_equal(h.text, "{\"n\":2}");

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(
	    process_publish_topic(h.f->store, ID, longest, "k", "", 0),
	    STORE_NONE);
	longest[sizeof(longest) - 2] = '\0';
	assert_int_equal(process_publish_topic(h.f->store, ID, longest,
			     "fifteen-letters", "", 0),
	    STORE_OK);
	assert_true(wait_for(&h, &h.topics, 2));
	assert_string_equal(h.topic, longest);
	for (const char *const *bad = (const char *const[]){ "", "a b", "a\nb",
		 NULL };
	     *bad != NULL; bad++)
		assert_int_equal(
		    process_publish_topic(h.f->store, ID, *bad, "k", "", 0),
		    STORE_NONE);

	/* Another topic's bytes, and what is no topic at all. */
	(void)redis_text(h.f, "PUBLISH process:%s %b", ID, "@b k\nsealed",
	    (size_t)11);
	assert_true(wait_for(&h, &h.unopened, 1));
	(void)redis_text(h.f, "PUBLISH process:%s %b", ID, "@ k\nx", (size_t)5);
	(void)redis_text(h.f, "PUBLISH process:%s %b", ID, "7x k\ny",
	    (size_t)6);
	(void)redis_text(h.f, "PUBLISH process:%s %b", ID, "7\nk y", (size_t)5);
	assert_int_equal(
	    process_publish(h.f->store, &h.chat, "m", ID ".7", "delta", "x", 1),
	    STORE_OK);
	assert_true(wait_for(&h, &h.pieces, 1));
	assert_int_equal(h.topics, 3);
	assert_int_equal(h.pieces, 1);
	process_unlisten(l);
	pthread_mutex_destroy(&h.lock);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(pieces_and_replies),
		TEST(a_broken_subscription_comes_back), TEST(topics) };

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
