/*
 * Where a turn goes: what each reason to cancel does in each state, where load,
 * token and tools lead, and the words of a cut answer that it keeps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "chat/phrases.h"
#include "chat/turn.h"
#include "tests/unit/redis_fixture.h"
#include "work/worker.h"

#define LEASE_MS 60000
#define SHORT_MS 1000 /* of which a quarter is margin */
#define TIME_MS 600000

static struct turn t;

static int
begin(void **state)
{
	(void)state;
	t = (struct turn){ 0 };
	return 0;
}

static void
the_longest_are_kept(void **state)
{
	(void)state;
	assert_false(turn_has_kept(&t));
	turn_keep(&t, "");
	assert_false(turn_has_kept(&t));
	assert_false(t.kept_unwritten);
	turn_keep(&t, "Half an answer");
	assert_true(turn_has_kept(&t));
	assert_true(t.kept_unwritten);
	t.kept_unwritten = false;
	turn_keep(&t, "Half");
	turn_keep(&t, "");
	turn_keep(&t, "As much, that!"); /* the first of equals */
	assert_string_equal(t.kept, "Half an answer");
	assert_false(t.kept_unwritten);
	turn_keep(&t, "Half an answer, and");
	assert_string_equal(t.kept, "Half an answer, and");
	assert_true(t.kept_unwritten);
}

/* After the calls of a round another answer was asked for. */
static void
another_round_has_its_own(void **state)
{
	(void)state;
	t.nrounds = 1;
	turn_keep(&t, "Let me look that up for you");
	assert_true(turn_has_kept(&t));
	t.nrounds = 2;
	assert_false(turn_has_kept(&t));
	turn_keep(&t, "");
	assert_false(turn_has_kept(&t));
	turn_keep(&t, "It is");
	assert_true(turn_has_kept(&t));
	assert_string_equal(t.kept, "It is");
}

/* ---- reasons to cancel ---- */

static struct worker worker;
static struct settings settings = { .turns_lease_ms = LEASE_MS,
	.turns_max_time_ms = TIME_MS,
	.policy.host = HOST_OPENAI,
	.policy.max_history = 10,
	.policy.max_output_chars = 1000,
	.chat_reply_keep_ms = 60000 };
static struct lease lease;
static struct chat_name chat;

/* The turn of a message that was just taken. */
static void
take(struct redis_fixture *f)
{
	static struct toolset none;
	static int update;
	char id[16];
	struct job *job;

	chat = fixture_chat("next");
	snprintf(id, sizeof(id), "%d", ++update);
	assert_int_equal(fixture_say(f->store, &chat, id, "hi", ""), STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	lease_init(&lease, job, NULL, LEASE_MS);
	worker.store = f->store;
	atomic_store(&worker.stopping, WORKER_RUNS);
	t = (struct turn){ .w = &worker,
		.s = &settings,
		.policy = &settings.policy,
		.job = job,
		.mem = job->mem,
		.lease = &lease,
		.tools = &none,
		.state = SESSION_ACTIVE };
	/* A call that is open. */
	t.rounds[0].answer.calls = arena_alloc(t.mem, sizeof(struct tool_call));
	t.rounds[0].answer.calls[0] = (struct tool_call){ "1", "echo", "{}" };
	t.rounds[0].answer.ncalls = 1;
	t.nrounds = 1;
}

static const struct {
	const char *what;
	enum lease_why why;
	enum worker_stop stop;
	enum turn_state next; /* TURN_N: it goes on */
	const char *text;
} REASONS[] = {
	{ "held", LEASE_HELD, WORKER_RUNS, TURN_N, NULL },
	{ "held, draining", LEASE_HELD, WORKER_DRAINS, TURN_HAND_BACK, NULL },
	{ "unsure, and held after all", LEASE_UNSURE, WORKER_RUNS, TURN_N,
	    NULL },
	{ "unsure, draining", LEASE_UNSURE, WORKER_DRAINS, TURN_HAND_BACK,
	    NULL },
	{ "late", LEASE_LATE, WORKER_RUNS, TURN_FINISH, PHRASE_LATE },
	{ "late, draining", LEASE_LATE, WORKER_DRAINS, TURN_HAND_BACK, NULL },
	{ "the process ends", LEASE_DRAIN, WORKER_ENDS, TURN_HAND_BACK, NULL },
	{ "stop", LEASE_STOP, WORKER_RUNS, TURN_FINISH, PHRASE_STOPPED },
	{ "stop, draining", LEASE_STOP, WORKER_DRAINS, TURN_FINISH,
	    PHRASE_STOPPED },
	{ "lost", LEASE_LOST, WORKER_RUNS, TURN_END, NULL },
	{ "lost, draining", LEASE_LOST, WORKER_DRAINS, TURN_END, NULL },
	{ "abandoned", LEASE_ABANDON, WORKER_RUNS, TURN_END, NULL },
};

static enum turn_state
may_call(struct turn *turn)
{
	enum turn_state next = TURN_END;

	return turn_may_call(turn, &next) ? TURN_N : next;
}

static enum turn_state
cancelled(struct turn *turn)
{
	enum turn_state next = turn_cancelled(turn);

	return next == TURN_ASK ? TURN_N : next;
}

static enum turn_state
repeat(struct turn *turn)
{
	enum turn_state next = turn_repeat(turn, REPEAT_FAILED);

	return next == TURN_ASK ? TURN_N : next;
}

/* All states that call something outside, and what they call. */
static void
each_reason_leads_somewhere(void **state)
{
	static const struct {
		const char *what;
		enum turn_state (*step)(struct turn *turn);
		bool calls; /* goes on to what is not there */
	} STATES[] = {
		{ "before a call", may_call, false },
		{ "a question that was cancelled", cancelled, false },
		{ "asking once more", repeat, false },
		{ "token", turn_token, true },
		{ "ask", turn_ask, true },
		{ "tools", turn_tools, true },
	};
	size_t r, i;
	bool seen[LEASE_WHY_N] = { false };

	for (r = 0; r < NELEM(REASONS); r++) {
		seen[REASONS[r].why] = true;
		for (i = 0; i < NELEM(STATES); i++) {
			enum turn_state next;

			if (STATES[i].calls && REASONS[r].next == TURN_N)
				continue;
			take(*state);
			lease_cancel(&lease, REASONS[r].why);
			atomic_store(&worker.stopping, REASONS[r].stop);
			next = STATES[i].step(&t);
			if (next != REASONS[r].next
			    || (REASONS[r].text != NULL
				&& (t.text != REASONS[r].text
				    || t.out.end != END_REFUSED)))
				fail_msg("%s, %s: %d", STATES[i].what,
				    REASONS[r].what, (int)next);
			if (REASONS[r].next == TURN_N)
				assert_int_equal(lease_why(&lease), LEASE_HELD);
			assert_int_equal(t.model_calls, 0);
			job_free(t.job);
			redis_fixture_flush(state);
		}
	}
	for (i = 0; i < NELEM(seen); i++)
		assert_true(seen[i]);
}

/* Those that end a turn do so whatever the reason. */
static void
each_reason_lets_it_end(void **state)
{
	struct redis_fixture *f = *state;
	int why;

	for (why = LEASE_HELD; why < LEASE_WHY_N; why++) {
		take(f);
		lease_cancel(&lease, (enum lease_why)why);
		t.text = "The end.";
		assert_int_equal(turn_finish(&t), TURN_END);
		assert_non_null(t.text); /* it was its to end */
		assert_int_equal(redis_number(f, "LLEN {p%d}:inbox:%s",
				     chat.partition, chat.text),
		    0);
		job_free(t.job);

		take(f);
		lease_cancel(&lease, (enum lease_why)why);
		assert_int_equal(turn_hand_back(&t), TURN_END);
		assert_int_equal(redis_number(f, "HEXISTS {p%d}:chat:%s token",
				     chat.partition, chat.text),
		    0);
		job_free(t.job);
		redis_fixture_flush(state);
	}
}

/* But who lost it ends nothing, and has nothing to log or to count. */
static void
what_was_lost_ends_elsewhere(void **state)
{
	struct redis_fixture *f = *state;

	take(f);
	(void)redis_text(f, "HSET {p%d}:chat:%s token other", chat.partition,
	    chat.text);
	t.text = "The end.";
	assert_int_equal(turn_finish(&t), TURN_END);
	assert_null(t.text);
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:inbox:%s", chat.partition, chat.text),
	    1);
	assert_int_equal(turn_hand_back(&t), TURN_END);
	assert_string_equal(redis_text(f, "HGET {p%d}:chat:%s token",
				chat.partition, chat.text),
	    "other");
	job_free(t.job);
}

/* Before a call on an unsure lease Redis says what it is. */
static void
an_unsure_lease_is_asked_for(void **state)
{
	static const struct {
		const char *what, *field, *value;
		enum lease_why why;
		enum turn_state next;
	} cases[] = {
		{ "ours", NULL, NULL, LEASE_HELD, TURN_N },
		{ "another's", "token", "other", LEASE_LOST, TURN_END },
		{ "to be stopped", "stop", "1", LEASE_STOP, TURN_FINISH },
		{ "late", "taken", "1", LEASE_LATE, TURN_FINISH },
	};
	struct redis_fixture *f = *state;
	size_t i;

	for (i = 0; i < NELEM(cases); i++) {
		enum turn_state next;

		take(f);
		if (cases[i].field != NULL)
			(void)redis_text(f, "HSET {p%d}:chat:%s %s %s",
			    chat.partition, chat.text, cases[i].field,
			    cases[i].value);
		lease_cancel(&lease, LEASE_UNSURE);
		next = may_call(&t);
		if (next != cases[i].next || lease_why(&lease) != cases[i].why)
			fail_msg("%s: %d, %d", cases[i].what, (int)next,
			    (int)lease_why(&lease));
		assert_int_equal(lease.taken_back,
		    cases[i].why != LEASE_LOST && cases[i].why != LEASE_LATE);
		job_free(t.job);
		redis_fixture_flush(state);
	}
	/* Nobody says, and the process must end. */
	take(f);
	lease_cancel(&lease, LEASE_UNSURE);
	redis_fixture_kill(f);
	atomic_store(&worker.stopping, WORKER_ENDS);
	assert_int_equal(may_call(&t), TURN_HAND_BACK);
	atomic_store(&worker.stopping, WORKER_RUNS);
	assert_false(turn_pause(&t, TIME_MS));
	job_free(t.job);
	redis_fixture_restart(f);
}

/* Redis answers so late that the lease which it renewed nearly is over. */
static void
a_late_answer_makes_no_sure_lease(void **state)
{
	struct redis_fixture *f = *state;
	struct settings quick = settings;

	take(f);
	quick.turns_lease_ms = SHORT_MS;
	t.s = &quick;
	lease_init(&lease, t.job, NULL, SHORT_MS);
	lease_cancel(&lease, LEASE_UNSURE);
	(void)redis_text(f, "CLIENT PAUSE %d WRITE", SHORT_MS - 100);
	assert_int_equal(may_call(&t), TURN_N);
	assert_true(lease_is_sure(&lease));
	job_free(t.job);
	redis_fixture_flush(state);
}

/* ---- past load, token and tools ---- */

static void
a_model_or_the_call_itself(void **state)
{
	static const struct {
		const char *what;
		enum chat_host host;
		int nrounds;
		bool done;
		enum turn_state next;
	} cases[] = {
		{ "nothing yet", HOST_OPENAI, 0, false, TURN_ASK },
		{ "resumed with an open call", HOST_OPENAI, 1, false,
		    TURN_TOOLS },
		{ "all calls have results", HOST_OPENAI, 1, true, TURN_ASK },
		{ "no model", HOST_DIRECT, 0, false, TURN_DIRECT },
		{ "no model, resumed", HOST_DIRECT, 1, false, TURN_TOOLS },
		{ "no model, the result is there", HOST_DIRECT, 1, true,
		    TURN_FINISH },
	};
	struct settings s = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		enum turn_state next;

		s.policy.host = cases[i].host;
		t = (struct turn){ .s = &s,
			.policy = &s.policy,
			.nrounds = cases[i].nrounds };
		t.rounds[0].answer.ncalls = 1;
		t.rounds[0].done[0] = cases[i].done;
		t.rounds[0].results[0].text = "the result";
		next = turn_next_model(&t);
		if (next != cases[i].next)
			fail_msg("%s: %d", cases[i].what, (int)next);
		if (next == TURN_FINISH)
			assert_string_equal(t.text, "the result");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_reason_leads_somewhere,
		    redis_fixture_flush),
		cmocka_unit_test_setup(each_reason_lets_it_end,
		    redis_fixture_flush),
		cmocka_unit_test_setup(what_was_lost_ends_elsewhere,
		    redis_fixture_flush),
		cmocka_unit_test_setup(an_unsure_lease_is_asked_for,
		    redis_fixture_flush),
		cmocka_unit_test_setup(a_late_answer_makes_no_sure_lease,
		    redis_fixture_flush),
		cmocka_unit_test(a_model_or_the_call_itself),
		cmocka_unit_test_setup(the_longest_are_kept, begin),
		cmocka_unit_test_setup(another_round_has_its_own, begin),
	};

	return cmocka_run_group_tests_name("next", tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
