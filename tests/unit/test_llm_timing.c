/*
 * When an answer is over, and when it is waited for no longer: content counts,
 * on both wires, whatever else a server sends to keep its connection.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/http.h"
#include "llm/llm.h"
#include "tests/unit/served.h"

#define PING_MS 40    /* between two signs of life */
#define LONG_MS 30000 /* then the test fails */
#define SLACK_MS 4000 /* of a machine that builds beside */
#define EARLY_MS 20   /* clocks are read one after the other */
#define PIECES_MAX 12
/* As llm/ending.c has it: since the last content, when a stop reason came. */
#define AFTER_STOP_MS 2000
#define AFTER_DONE_MOST_MS 1900 /* 100, and less than AFTER_STOP_MS */

enum wire { CHAT, MESSAGES, WIRES_N };

/* What a server may send. */
enum piece {
	OVER, /* the body ends */
	HEAD, /* the answer begins, without content */
	WORDS,
	THOUGHT,
	CALL, /* begins */
	ARGUMENTS,
	BLOCK, /* of a kind that holds nothing yet */
	STOP,  /* a stop reason */
	USAGE,
	DONE, /* the terminal event */
	PINGS,
	PIECES_N,
};

#define D(delta) "data: {\"choices\":[{\"index\":0,\"delta\":" delta "}]}\n\n"
#define E(type, rest) \
	"event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define BLOCK_DELTA(i, delta) \
	E("content_block_delta", ",\"index\":" i ",\"delta\":" delta)
static const char *const BYTES[WIRES_N][PIECES_N] = {
	[CHAT] = {
		[HEAD] = D("{\"role\":\"assistant\",\"content\":\"\"}"),
		[WORDS] = D("{\"content\":\"word \"}"),
		[THOUGHT] = D("{\"reasoning_content\":\"Hm. \"}"),
		[CALL] = D("{\"tool_calls\":[{\"index\":0,\"id\":\"c\","
			   "\"type\":\"function\",\"function\":{\"name\":"
			   "\"echo\",\"arguments\":\"\"}}]}"),
		[ARGUMENTS] = D("{\"tool_calls\":[{\"index\":0,\"function\":{"
				"\"arguments\":\" \"}}]}"),
		[BLOCK] = D("{\"reasoning\":\"Hm. \"}"),
		[STOP] = "data: {\"choices\":[{\"index\":0,\"delta\":{},"
			 "\"finish_reason\":\"stop\"}]}\n\n",
		[USAGE] = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":"
			  "77,\"completion_tokens\":5}}\n\n",
		[DONE] = "data: [DONE]\n\n",
		[PINGS] = ": OPENROUTER PROCESSING\n\n" D("{}")
			  D("{\"content\":\"\"}")
			  "data: {\"choices\":[]}\n\n",
	},
	[MESSAGES] = {
		[HEAD] = E("message_start", ",\"message\":{\"id\":\"m\","
		    "\"role\":\"assistant\",\"content\":[],\"usage\":{"
		    "\"input_tokens\":3}}"),
		[WORDS] = E("content_block_start", ",\"index\":0,"
		    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
		    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":"
				     "\"word \"}"),
		[THOUGHT] = E("content_block_start", ",\"index\":1,"
		    "\"content_block\":{\"type\":\"thinking\",\"thinking\":"
		    "\"\"}")
		    BLOCK_DELTA("1", "{\"type\":\"thinking_delta\","
				     "\"thinking\":\"Hm. \"}"),
		[CALL] = E("content_block_start", ",\"index\":2,"
		    "\"content_block\":{\"type\":\"tool_use\",\"id\":\"c\","
		    "\"name\":\"echo\",\"input\":{}}"),
		[ARGUMENTS] = BLOCK_DELTA("2", "{\"type\":"
		    "\"input_json_delta\",\"partial_json\":\" \"}"),
		[BLOCK] = E("content_block_start", ",\"index\":3,"
		    "\"content_block\":{\"type\":\"redacted_thinking\","
		    "\"data\":\"x\"}"),
		[STOP] = E("message_delta", ",\"delta\":{\"stop_reason\":"
		    "\"end_turn\"},\"usage\":{\"output_tokens\":5}"),
		[USAGE] = E("message_delta", ",\"delta\":{},\"usage\":{"
		    "\"input_tokens\":77,\"output_tokens\":5}"),
		[DONE] = E("message_stop", ""),
		[PINGS] = ": hm\n\n" E("ping", ""),
	},
};

/* A piece, ${after} so many ms; PINGS go on all the while. */
struct sent {
	int after;
	enum piece piece;
};

struct row {
	const char *what;
	struct sent sent[PIECES_MAX];
	int first, idle, total; /* llm.first_byte, llm.idle, llm.total */
	enum llm_rc rc;
	const char *text;
	const char *why;    /* is part of it */
	int from_ms, to_ms; /* it takes */
};

/* 0: not looked at, or far away. */
static const struct row ROWS[] = {
	/* until the first content */
	{ "pings are no first content", { { 0, HEAD }, { LONG_MS, PINGS } },
	    400, 0, 0, LLM_RETRY, "", "llm.first_byte", 400, 400 + SLACK_MS },
	{ "neither is silence after the head",
	    { { 0, HEAD }, { LONG_MS, OVER } }, 400, 0, 0, LLM_RETRY, "",
	    "llm.first_byte", 400, 400 + SLACK_MS },
	{ "the first content may take longer than llm.idle",
	    { { 0, HEAD }, { 600, PINGS }, { 0, WORDS }, { 0, STOP },
		{ 0, DONE } },
	    10000, 200, 0, LLM_OK, "word ", "", 600, 600 + SLACK_MS },
	{ "a first thought is content",
	    { { 0, HEAD }, { 0, THOUGHT }, { LONG_MS, PINGS } }, 10000, 300, 0,
	    LLM_RETRY, "", "llm.idle", 300, 300 + SLACK_MS },
	{ "a first call is content",
	    { { 0, HEAD }, { 0, CALL }, { LONG_MS, PINGS } }, 10000, 300, 0,
	    LLM_RETRY, "", "llm.idle", 300, 300 + SLACK_MS },
	{ "a block that begins is content",
	    { { 0, HEAD }, { 0, BLOCK }, { LONG_MS, PINGS } }, 10000, 300, 0,
	    LLM_RETRY, "", "llm.idle", 300, 300 + SLACK_MS },
	/* between two pieces of it */
	{ "silence after words",
	    { { 0, HEAD }, { 0, WORDS }, { LONG_MS, OVER } }, 10000, 300, 0,
	    LLM_BROKEN, "word ", "llm.idle", 300, 300 + SLACK_MS },
	{ "pings after words",
	    { { 0, HEAD }, { 0, WORDS }, { 100, WORDS }, { LONG_MS, PINGS } },
	    10000, 2000, 0, LLM_BROKEN, "word word ", "llm.idle", 2100,
	    2100 + SLACK_MS },
	{ "pings after half a call",
	    { { 0, HEAD }, { 0, WORDS }, { 0, CALL }, { LONG_MS, PINGS } },
	    10000, 300, 0, LLM_BROKEN, "word ", "llm.idle", 300,
	    300 + SLACK_MS },
	{ "words, thoughts and arguments each begin it anew",
	    { { 0, HEAD }, { 400, WORDS }, { 400, THOUGHT }, { 400, CALL },
		{ 400, ARGUMENTS }, { 400, ARGUMENTS }, { 400, WORDS },
		{ 400, WORDS }, { 0, STOP }, { 0, DONE } },
	    2200, 2200, 0, LLM_OK, NULL, "", 2800, 2800 + SLACK_MS },
	/* when it is over */
	{ "the end of the body after a stop reason is the end",
	    { { 0, HEAD }, { 0, WORDS }, { 0, STOP }, { 0, OVER } }, 10000,
	    10000, 0, LLM_OK, "word ", "", 0, AFTER_STOP_MS - 100 },
	{ "an open connection after a stop reason is waited for 2 s",
	    { { 0, HEAD }, { 0, WORDS }, { 0, STOP }, { LONG_MS, PINGS } },
	    10000, 10000, 0, LLM_OK, "word ", "", AFTER_STOP_MS,
	    AFTER_STOP_MS + SLACK_MS },
	{ "though llm.idle is shorter",
	    { { 0, HEAD }, { 0, WORDS }, { 0, STOP }, { 600, PINGS },
		{ 0, USAGE }, { 0, DONE } },
	    200, 200, 0, LLM_OK, "word ", "", 600, 600 + SLACK_MS },
	{ "words after a stop reason prolong it",
	    { { 0, HEAD }, { 0, WORDS }, { 0, STOP }, { 500, WORDS },
		{ LONG_MS, PINGS } },
	    10000, 10000, 0, LLM_OK, "word word ", "", AFTER_STOP_MS + 500,
	    AFTER_STOP_MS + 500 + SLACK_MS },
	{ "a stop reason and no words",
	    { { 0, HEAD }, { 0, STOP }, { LONG_MS, PINGS } }, 10000, 10000, 0,
	    LLM_EMPTY, "", "", AFTER_STOP_MS, AFTER_STOP_MS + SLACK_MS },
	{ "an open connection after the terminal event costs 100 ms",
	    { { 0, HEAD }, { 0, WORDS }, { 0, STOP }, { 0, DONE },
		{ LONG_MS, PINGS } },
	    10000, 10000, 0, LLM_OK, "word ", "", 100, AFTER_DONE_MOST_MS },
	/* all of it */
	{ "llm.total ends the longest answer",
	    { { 0, HEAD }, { 0, WORDS }, { 40, WORDS }, { LONG_MS, PINGS } },
	    1800, 10000, 2000, LLM_BROKEN, "word word ", "", 2000,
	    2000 + SLACK_MS },
	{ "llm.total ends one without content",
	    { { 0, HEAD }, { LONG_MS, PINGS } }, 10000, 10000, 700, LLM_RETRY,
	    "", "", 700, 700 + SLACK_MS },
};

static struct served srv;

/* The address says which row it is, and on which wire. */
static int
serve(struct served *s, int fd, const struct served_request *req)
{
	unsigned row, wire, i;
	int ms;

	if (sscanf(req->path, "/%u/%u/", &row, &wire) != 2 || wire >= WIRES_N)
		return -1;
	served_printf(fd,
	    "HTTP/1.1 200 OK\r\nContent-Type: "
	    "text/event-stream\r\n\r\n");
	for (i = 0; i < PIECES_MAX; i++) {
		const struct sent *p = &ROWS[row].sent[i];
		const char *bytes = BYTES[wire][p->piece];

		for (ms = 0; ms < p->after; ms += PING_MS) {
			if (p->piece == PINGS
			    && served_write(fd, bytes, strlen(bytes)) == -1)
				return -1;
			if (served_pause(s, fd, PING_MS) == -1)
				return -1;
		}
		if (p->piece == OVER)
			break;
		if (p->piece != PINGS
		    && served_write(fd, bytes, strlen(bytes)) == -1)
			return -1;
	}
	return -1;
}

/* One row on one wire, in a thread of its own: they wait most of the time. */
struct trial {
	pthread_t thread;
	unsigned row;
	enum wire wire;
	char wrong[400]; /* "": nothing */
};

static bool
has_usage(const struct row *row)
{
	size_t i;

	for (i = 0; i < PIECES_MAX; i++)
		if (row->sent[i].piece == USAGE)
			return true;
	return false;
}

static void *
look(void *arg)
{
	static struct llm_message hello = { .role = LLM_USER, .text = "Hi" };
	static const struct tool_spec ECHO = { .name = "echo",
		.description = "d",
		.schema_text = "{\"type\":\"object\"}" };
	struct trial *t = arg;
	const struct row *row = &ROWS[t->row];
	char url[64];
	struct llm_backend b = { .host = t->wire == CHAT ? HOST_OPENAI
							 : HOST_ANTHROPIC,
		.model = "m",
		.base_url = url,
		.max_tokens = 100,
		.max_tokens_name = "",
		.temperature = -1,
		.connect_ms = 5000,
		.first_byte_ms = row->first,
		.idle_ms = row->idle,
		.total_ms = row->total > 0 ? row->total : LONG_MS };
	struct llm_question q = { .messages = &hello,
		.nmessages = 1,
		.tools = &ECHO,
		.ntools = 1 };
	struct arena *mem = arena_new();
	struct llm_answer a;
	struct llm_failure f;
	int64_t began = clock_boot_ms();
	enum llm_rc rc;
	int ms;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%u/%u", srv.port,
	    t->row, (unsigned)t->wire);
	rc = llm_ask(&b, &q, mem, &a, &f);
	ms = (int)(clock_boot_ms() - began);
	if (rc != row->rc || strstr(f.why, row->why) == NULL
	    || (row->text != NULL && strcmp(a.text, row->text) != 0)
	    /* half a call of a broken answer is none */
	    || (rc == LLM_BROKEN && a.ncalls != 0)
	    || (has_usage(row) && a.usage.in != 77)
	    || (rc != LLM_OK && rc != LLM_EMPTY && f.why[0] == '\0')
	    || ms < row->from_ms - EARLY_MS || ms > row->to_ms)
		snprintf(t->wrong, sizeof(t->wrong),
		    "%s, wire %d: %s (%s) \"%s\", %zu calls, %lld tokens "
		    "after %d ms\n",
		    row->what, t->wire, llm_rc_name(rc), f.why, a.text,
		    a.ncalls, (long long)a.usage.in, ms);
	arena_free(mem);
	return NULL;
}

static void
content_is_waited_for(void **state)
{
	static struct trial trials[WIRES_N * NELEM(ROWS)];
	size_t i, wrong = 0;

	(void)state;
	for (i = 0; i < NELEM(trials); i++) {
		trials[i].row = (unsigned)(i / WIRES_N);
		trials[i].wire = (enum wire)(i % WIRES_N);
		assert_int_equal(
		    pthread_create(&trials[i].thread, NULL, look, &trials[i]),
		    0);
	}
	for (i = 0; i < NELEM(trials); i++)
		pthread_join(trials[i].thread, NULL);
	for (i = 0; i < NELEM(trials); i++)
		if (trials[i].wrong[0] != '\0') {
			print_error("%s", trials[i].wrong);
			wrong++;
		}
	assert_int_equal(wrong, 0);
	/* None was asked twice. */
	assert_int_equal(atomic_load(&srv.requests), NELEM(trials));
}

SERVED_WITH_HTTP(srv, serve)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_is_waited_for),
	};

	return cmocka_run_group_tests_name("llm_timing", tests, start, stop);
}
