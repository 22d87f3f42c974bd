/*
 * Two callers with two policies get two answers wherever a limit, a model, a
 * tool or a budget is asked for.
 *
 * This program's policy_of and policy_at stand in the place of those of
 * nouns/policy.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/pool.h"
#include "chat/chats.h"
#include "chat/phrases.h"
#include "chat/turn.h"
#include "fcgi/edge.h"
#include "fcgi/request_priv.h"
#include "handlers/handlers.h"
#include "nouns/reply.h"
#include "tests/unit/fcgi_client.h"
#include "tests/unit/redis_fixture.h"
#include "tests/unit/served.h"
#include "tests/unit/settings_fixture.h"
#include "tools/tools_priv.h"
#include "work/worker.h"

#define LEASE_MS 60000
#define SAID "abcdefghijklmnopqrstuvwxyz"

/* Tenants who have their own; all else have the settings'.  Each but the first
 * differs in one member. */
enum tenant {
	OTHERS,
	POOR,
	POOR_CHAT,
	POOR_DAY,
	BRIEF,
	NO_PAST,
	FEW,
	SMALL,
	N
};
static const char *const TENANTS[N] = { [OTHERS] = "other",
	[POOR] = "poor",
	[POOR_CHAT] = "poor-chat",
	[POOR_DAY] = "poor-day",
	[BRIEF] = "brief",
	[NO_PAST] = "no-past",
	[FEW] = "few",
	[SMALL] = "small" };
static struct policy policies[N];
#define other policies[OTHERS]
static struct settings *s;

const struct policy *
policy_of(const struct settings *of, const struct caller *who)
{
	size_t i;

	for (i = 0; who != NULL && who->tenant != NULL && i < N; i++)
		if (strcmp(who->tenant, TENANTS[i]) == 0)
			return &policies[i];
	return &of->policy;
}

const struct policy *
policy_at(const struct settings *of, size_t i)
{
	return i == 0 ? &of->policy : i <= N ? &policies[i - 1] : NULL;
}

static const struct caller DEFAULT = { .tenant = "default" };
static const struct caller OTHER = { .tenant = "other" };

/* ---- a model ---- */

static struct served srv;
static json_t *asked; /* the last question */

static int
serve(struct served *of, int fd, const struct served_request *req)
{
	(void)of;
	json_decref(asked);
	asked = json_loads(req->body, 0, NULL);
	return served_answer(fd, 200, "application/json", "",
	    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
	    "\"content\":\"" SAID "\"},\"finish_reason\":\"stop\"}],"
	    "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":9}}");
}

static int
begin(void **state)
{
	static const char *fallbacks[] = { "openai/others-next" };
	static const char *tools[] = { "echo", "time" };
	static const char *repeatable[] = { "time" };
	static char url[80];
	static char model[] = "LLM_MODEL=ours", tokens[] = "LLM_MAX_TOKENS=70",
		    next[] = "LLM_FALLBACK=ours-next", wait[] = "CHAT_WAIT=0s",
		    rate[] = "CHAT_RATE_LIMIT_PER_MINUTE=3", key[] = KEY;
	char *environ[] = { url, model, tokens, next, wait, rate, key, NULL };
	const struct settings_source src = { .environ = environ,
		.asks_models = true };
	size_t i;

	FCGX_Init();
	signal(SIGPIPE, SIG_IGN);
	if (redis_fixture_setup(state) == -1
	    || settings_fixture_begin(state) == -1
	    || served_with_http(&srv, serve) == -1)
		return -1;
	snprintf(url, sizeof(url), "LLM_BASE_URL=http://127.0.0.1:%d/v1",
	    srv.port);
	s = load_source(&src);
	if (s == NULL)
		fail_msg("%s", buf_str(&errors));
	for (i = 0; i < N; i++)
		policies[i] = s->policy;
	other.model = "others";
	other.max_tokens = 50;
	other.fallback = (struct config_list){ fallbacks, 1 };
	other.tools = (struct config_list){ tools, 2 };
	other.repeatable = (struct config_list){ repeatable, 1 };
	other.tools_max = 1;
	other.max_input_chars = 10;
	other.max_output_chars = 20;
	other.max_history = 1;
	other.rate_limit = 1;
	policies[POOR].budget_turn = 1;
	policies[POOR_CHAT].budget_chat = 1;
	policies[POOR_DAY].budget_day = 1;
	policies[BRIEF].rounds = 0;
	policies[NO_PAST].history_tokens = 1;
	policies[FEW].inbox_max = 1;
	policies[SMALL].inbox_bytes = 1;
	return 0;
}

static int
end(void **state)
{
	json_decref(asked);
	settings_unref(s);
	return served_without_http(&srv) | settings_fixture_end(state)
	    | redis_fixture_teardown(state);
}

/* ---- what is asked ---- */

static void
models_are_the_callers(void **state)
{
	static const char *const ALL[] = { "ours", "ours-next", "others",
		"others-next" };
	struct arena *mem = arena_new();
	struct llm_backend *b;
	size_t i;

	(void)state;
	assert_int_equal(llm_backends(s, policy_of(s, &DEFAULT), mem, &b), 2);
	assert_string_equal(b[0].model, "ours");
	assert_int_equal(b[0].max_tokens, 70);
	assert_string_equal(b[1].model, "ours-next");
	assert_int_equal(llm_backends(s, policy_of(s, &OTHER), mem, &b), 2);
	assert_string_equal(b[0].model, "others");
	assert_int_equal(b[0].max_tokens, 50);
	assert_string_equal(b[1].model, "others-next");
	/* What a worker watches: each once, though two tenants ask it. */
	assert_int_equal(llm_backends_all(s, mem, &b), NELEM(ALL));
	for (i = 0; i < NELEM(ALL); i++)
		assert_string_equal(b[i].model, ALL[i]);
	arena_free(mem);
}

/* What an operator set for the server of chat.host goes to no other. */
static void
another_host_has_none_of_ours(void **state)
{
	struct settings own = *s;
	struct policy p = s->policy;
	struct arena *mem = arena_new();
	struct llm_backend *b;

	(void)state;
	own.llm_headers = json_keep(mem, json_pack("{s:s}", "X-Key", "k"));
	p.host = HOST_GROQ;
	assert_int_equal(llm_backends(&own, &own.policy, mem, &b), 2);
	assert_string_equal(b[0].headers[0], "X-Key: k");
	assert_true(llm_backends(&own, &p, mem, &b) > 0);
	assert_null(b[0].headers);
	assert_string_not_equal(b[0].base_url, own.llm_base_url);
	arena_free(mem);
}

static void
tools_are_the_callers(void **state)
{
	const struct toolset *ours, *theirs, *again;
	struct toolbox *box;

	(void)state;
	assert_int_equal(toolbox_open(s, NULL, 0, &box, &errors), 0);
	ours = toolset_ref(box, &DEFAULT);
	theirs = toolset_ref(box, &OTHER);
	assert_int_equal(ours->n, 3);
	assert_true(tools_is_repeatable(ours, "echo"));
	assert_int_equal(theirs->n, 1); /* of two, tools_max */
	assert_string_equal(theirs->specs[0].name, "echo");
	assert_false(tools_is_repeatable(theirs, "echo"));
	/* Made once. */
	again = toolset_ref(box, &OTHER);
	assert_ptr_equal(again, theirs);
	toolset_unref(again);
	again = toolset_ref(box, NULL);
	assert_ptr_equal(again, ours);
	toolset_unref(again);
	/* And anew with new settings; who has the old one keeps it. */
	other.tools_max = 2;
	assert_int_equal(toolbox_reload(box, s, &errors), 0);
	again = toolset_ref(box, &OTHER);
	assert_int_equal(again->n, 2);
	assert_true(tools_is_repeatable(again, "time"));
	assert_int_equal(theirs->n, 1);
	toolset_unref(again);
	toolset_unref(theirs);
	toolset_unref(ours);
	toolbox_stop(box);
	other.tools_max = 1;
}

/* ---- what is accepted ---- */

static int
tenant_says(struct request *req, struct refusal *why)
{
	(void)why;
	req->caller = (struct caller){ .tenant = request_header(req,
					   "X-Tenant"),
		.connection = "http" };
	return 0;
}

static const struct route HERE[] = {
	{ .methods = M_POST,
	    .pattern = "/chat",
	    .verify = tenant_says,
	    .body_max = MIB,
	    .parse = PARSE_JSON,
	    .handle = handle_chat },
	{ .pattern = NULL },
};

static struct edge edge = { .settings_lock = ATOMIC_FLAG_INIT };

/* The status of a message from a person of ${tenant}. */
static int
post(const char *tenant)
{
	static const char BODY[] = "{\"chat_id\":\"a\",\"message\":\"" SAID
				   "\"}";
	struct arena *mem = arena_new();
	struct request req = { .mem = mem, .settings = s, .edge = &edge };
	struct buf out = BUF_INIT(MIB);
	char header[64], length[32];
	const char *params[] = { "REQUEST_METHOD=POST", "REQUEST_URI=/chat",
		"CONTENT_TYPE=application/json", header, length, NULL };
	FCGX_Request fcgx;
	const char *why;
	int fd[2];

	snprintf(header, sizeof(header), "HTTP_X_TENANT=%s", tenant);
	snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu",
	    sizeof(BODY) - 1);
	client_pair(fd);
	client_send(fd[0], params, BODY, sizeof(BODY) - 1, true);
	assert_int_equal(client_take(&fcgx, fd[1]), 0);
	req.fcgx = &fcgx;
	assert_int_equal(request_begin(&req, fcgx.envp, &why), 0);
	router_serve(&req, HERE);
	FCGX_FClose(fcgx.out);
	FCGX_FClose(fcgx.err);
	assert_int_equal(client_read(fd[0], &out), 0);
	FCGX_Free(&fcgx, 0);
	close(fd[0]);
	close(fd[1]);
	buf_fini(&out);
	arena_free(mem);
	return req.status;
}

static struct job *
take(struct redis_fixture *f, const char *tenant, const char *chat)
{
	struct chat_name name;
	struct job *job;

	assert_int_equal(chat_name_make(&name, tenant, "http", chat), 0);
	job = fixture_take(f->store, &name, LEASE_MS);
	assert_non_null(job);
	assert_string_equal(job->chat.text, name.text);
	return job;
}

static void
limits_of_messages_are_the_callers(void **state)
{
	struct redis_fixture *f = *state;
	struct job *job;

	edge.store = f->store;
	edge.settings = s;
	assert_int_equal(fleet_watch_start(&edge), 0);
	assert_int_equal(post("default"), 202);
	job = take(f, "default", "a");
	assert_string_equal(job->given->message.text, SAID);
	job_free(job);
	assert_int_equal(post("default"), 202);

	assert_int_equal(post("other"), 202);
	job = take(f, "other", "a");
	assert_int_equal(strncmp(job->given->message.text, "abcdefghi", 9), 0);
	assert_true(job->given->message.cut);
	job_free(job);
	assert_int_equal(post("other"), 429);

	assert_int_equal(post("few"), 202);
	assert_int_equal(post("few"), 503);
	assert_int_equal(post("small"), 503);
	fleet_watch_stop(&edge);
}

/* ---- what a turn does ---- */

/* A message to its reply, as a worker does it; in ${mem}. */
static const char *
answer(struct redis_fixture *f, struct toolbox *box, const char *tenant,
    struct arena *mem)
{
	static struct worker w = { .mu = PTHREAD_MUTEX_INITIALIZER };
	static struct chats chats;
	static int update;
	struct chat_name name;
	struct inbox_answer found;
	struct reply reply;
	struct lease lease;
	struct job *job;
	char id[16];

	json_decref(asked);
	asked = NULL;
	w.store = f->store;
	w.settings = s;
	w.calls = pool_new("call", 1);
	chats_init(&chats, &w);
	chats.toolbox = box;
	assert_int_equal(chat_name_make(&name, tenant, "http", "turn"), 0);
	snprintf(id, sizeof(id), "%d", ++update);
	assert_int_equal(fixture_say(f->store, &name, id, "hi", ""), STORE_OK);
	job = take(f, tenant, "turn");
	lease_init(&lease, job, &CHATS_KIND, LEASE_MS);
	turn_run(&chats, &lease);
	job_free(job);
	pool_free(w.calls);
	assert_int_equal(inbox_find(f->store, &name, id, "", mem, &found),
	    STORE_ANSWERED);
	assert_int_equal(reply_read(mem, found.reply, found.reply_len, &reply),
	    0);
	return reply.text;
}

static size_t
exchanges(struct redis_fixture *f, const char *tenant)
{
	struct chat_name name;

	assert_int_equal(chat_name_make(&name, tenant, "http", "turn"), 0);
	return (size_t)redis_number(f, "LLEN {p%d}:history:%s", name.partition,
	    name.text);
}

/* Did the last question say that no tool may be called any more? */
static bool
was_told_to_end(void)
{
	const json_t *first = json_array_get(json_object_get(asked, "messages"),
	    0);

	return strstr(json_member_str(first, "content"), PHRASE_SUMMARISE)
	    != NULL;
}

static void
a_turn_is_its_callers(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct toolbox *box;
	const char *said;

	assert_int_equal(toolbox_open(s, NULL, 0, &box, &errors), 0);
	said = answer(f, box, "default", mem);
	assert_string_equal(said, SAID);
	assert_string_equal(json_member_str(asked, "model"), "ours");
	assert_int_equal(json_member_int(asked, "max_tokens", 0), 70);
	assert_int_equal(json_array_size(json_object_get(asked, "tools")), 3);
	(void)answer(f, box, "default", mem);
	assert_int_equal(json_array_size(json_object_get(asked, "messages")),
	    4);
	assert_int_equal(exchanges(f, "default"), 2);
	assert_false(was_told_to_end());

	said = answer(f, box, "other", mem);
	assert_null(strstr(said, SAID)); /* cut */
	assert_string_equal(json_member_str(asked, "model"), "others");
	assert_int_equal(json_member_int(asked, "max_tokens", 0), 50);
	assert_int_equal(json_array_size(json_object_get(asked, "tools")), 1);
	(void)answer(f, box, "other", mem);
	assert_int_equal(exchanges(f, "other"), 1);

	(void)answer(f, box, "no-past", mem);
	(void)answer(f, box, "no-past", mem);
	assert_int_equal(json_array_size(json_object_get(asked, "messages")),
	    2);
	(void)answer(f, box, "brief", mem);
	assert_true(was_told_to_end());

	said = answer(f, box, "poor", mem);
	assert_null(asked);
	assert_string_equal(said, PHRASE_BUDGET_TURN);
	said = answer(f, box, "poor-chat", mem);
	assert_null(asked);
	assert_string_equal(said, PHRASE_BUDGET_CHAT);
	said = answer(f, box, "poor-day", mem);
	assert_null(asked);
	assert_string_equal(said, PHRASE_BUDGET_CHAT);
	toolbox_stop(box);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_are_the_callers),
		cmocka_unit_test(another_host_has_none_of_ours),
		cmocka_unit_test(tools_are_the_callers),
		cmocka_unit_test_setup(limits_of_messages_are_the_callers,
		    redis_fixture_flush),
		cmocka_unit_test_setup(a_turn_is_its_callers,
		    redis_fixture_flush),
	};

	return cmocka_run_group_tests_name("policy", tests, begin, end);
}
