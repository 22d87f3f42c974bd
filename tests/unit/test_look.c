/*
 * A look at a backend: what is in its way, and what the operator is told to do.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "base/secret.h"
#include "llm/llm.h"
#include "tests/unit/served.h"

#define LIST                                                            \
	"{\"object\":\"list\",\"data\":[{\"id\":\"gpt-test\"},{\"id\":" \
	"\"text-embedding-3\"},{\"id\":\"gpt-second\"}]}"
#define PULLED                                                    \
	"{\"object\":\"list\",\"data\":[{\"id\":\"llama3.2:3b\"," \
	"\"owned_by\":\"library\"},{\"id\":\"qwen3:8b\","         \
	"\"owned_by\":\"library\"}]}"
#define TAGGED                                                      \
	"{\"object\":\"list\",\"data\":[{\"id\":\"llama3:latest\"," \
	"\"owned_by\":\"library\"}]}"
#define NO_MODEL "{\"object\":\"list\",\"data\":null}"

static struct served srv;
static const char *there; /* the path that has a list */
static const char *list;
static int status; /* of the list */
static bool page;  /* what is at other paths: a page with 200, else 404 */
static const char *takes; /* a path that takes questions, and no other */
static int asked;
static const char *never; /* a path: how often it was asked for */
static int nevers;

static int
serve(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	asked++;
	nevers += never != NULL && strcmp(req->path, never) == 0;
	if (takes != NULL && strcmp(req->path, takes) == 0
	    && strcmp(req->method, "POST") == 0)
		return served_answer(fd, 400, "application/json", "",
		    "{\"error\":{\"message\":\"you must provide a model\"}}");
	if (there != NULL && strcmp(req->path, there) == 0)
		return served_answer(fd, status, "application/json", "", list);
	return page
	    ? served_answer(fd, 200, "text/html", "", "<html>")
	    : served_answer(fd, 404, "text/plain", "", "404 page not found");
}

static const struct {
	const char *name;
	int host;
	const char *path; /* of base_url */
	const char *model, *there, *list;
	int status;
	bool page;
	enum llm_rc rc;
	bool listed;
	const char *remedy; /* is part of it; NULL: there is none */
	const char *why; /* is part of it; "": there is none; NULL: whatever */
} CASES[] = {
	{ "as it should be", HOST_OPENAI, "/v1", "gpt-test", "/v1/models", LIST,
	    200, false, LLM_OK, true, NULL, "" },
	{ "a wrong key", HOST_OPENAI, "/v1", "gpt-test", "/v1/models", "{}",
	    401, false, LLM_DENIED, true, "correct the API key", "status 401" },
	{ "a key that may not list", HOST_OPENAI, "/v1", "gpt-test",
	    "/v1/models",
	    "{\"error\":{\"message\":\"You have insufficient permissions for "
	    "this operation. Missing scopes: api.model.read.\"}}",
	    403, false, LLM_OK, true, NULL, "may not see the list" },
	{ "the same as 401", HOST_OPENAI, "/v1", "gpt-test", "/v1/models",
	    "{\"error\":{\"message\":\"Missing scopes: api.model.read\"}}", 401,
	    false, LLM_OK, true, NULL, "may not see the list" },
	{ "a wrong key, told as 400", HOST_OPENAI, "/v1", "gpt-test",
	    "/v1/models",
	    "[{\"error\":{\"code\":400,\"message\":\"API key not valid.\"}}]",
	    400, false, LLM_DENIED, true, "correct the API key", "status 400" },
	{ "no quota", HOST_OPENAI, "/v1", "gpt-test", "/v1/models",
	    "{\"error\":{\"message\":\"You exceeded your current quota\","
	    "\"code\":\"insufficient_quota\"}}",
	    429, false, LLM_QUOTA, true, "add credit", "insufficient_quota" },
	{ "another country", HOST_OPENAI, "/v1", "gpt-test", "/v1/models",
	    "{\"error\":{\"message\":\"Country, region, or territory not "
	    "supported\",\"code\":\"unsupported_country_region_territory\"}}",
	    403, false, LLM_UNREACHABLE, true, "through a proxy in a country",
	    "does not serve this country" },
	{ "a proxy's", HOST_OPENAI, "/v1", "gpt-test", "/v1/models", "", 407,
	    false, LLM_UNREACHABLE, true, "the proxy's user and password",
	    "status 407" },
	{ "a server in trouble", HOST_OPENAI, "/v1", "gpt-test", "/v1/models",
	    "{}", 503, false, LLM_RETRY, true, "look at the server",
	    "status 503" },
	{ "a redirection", HOST_OPENAI, "/v1", "gpt-test", "/v1/models", "{}",
	    302, false, LLM_ADDRESS, true, "to the address that the server",
	    "a redirect" },
	{ "a list in pages", HOST_ANTHROPIC, "", "gpt-9", "/v1/models",
	    "{\"data\":[{\"id\":\"other\"}],\"has_more\":true}", 200, false,
	    LLM_OK, true, NULL, "" },
	{ "a list without a name", HOST_OPENAI, "/v1", "m", "/v1/models",
	    "{\"data\":[]}", 200, false, LLM_OK, true, NULL, "" },
	{ "a list alone", HOST_OPENAI, "/v1", "m", "/v1/models",
	    "[{\"id\":\"m\"}]", 200, false, LLM_OK, true, NULL, "" },
	{ "a list alone, without it", HOST_OPENAI, "/v1", "m", "/v1/models",
	    "[{\"id\":\"other\"}]", 200, false, LLM_OK, false, "other",
	    "does not list" },
	{ "no list", HOST_OPENAI, "/v1", "m", "/v1/models", "{\"models\":1}",
	    200, false, LLM_OK, true, NULL, "no list of models" },
	{ "Ollama's name without its tag", HOST_OLLAMA, "/v1", "llama3",
	    "/v1/models", TAGGED, 200, false, LLM_OK, true, NULL, "" },
	{ "another tag is another model", HOST_OLLAMA, "/v1", "llama3:8b",
	    "/v1/models", TAGGED, 200, false, LLM_MODEL, false,
	    "run `ollama pull llama3:8b`", NULL },
	{ "a longer name is another model", HOST_OPENAI, "/v1", "llama3:lat",
	    "/v1/models", TAGGED, 200, false, LLM_MODEL, false,
	    "did you mean llama3:latest?", NULL },
	{ "Gemini's names", HOST_OPENAI, "/v1", "gemini-flash", "/v1/models",
	    "{\"data\":[{\"id\":\"models/gemini-flash\"}]}", 200, false, LLM_OK,
	    true, NULL, "" },
	{ "a gateway's name for it", HOST_OPENAI, "/v1", "gtp-5", "/v1/models",
	    "{\"data\":[{\"id\":\"an-owner-of-models/gpt-5\"},{\"id\":\"b\"}]}",
	    200, false, LLM_OK, false, "did you mean an-owner-of-models/gpt-5?",
	    NULL },
	{ "another owner's", HOST_OPENAI, "/v1", "some-gateway-of-ours/gpt-5",
	    "/v1/models", "{\"data\":[{\"id\":\"gpt-5\"},{\"id\":\"b\"}]}", 200,
	    false, LLM_OK, false, "did you mean gpt-5?", NULL },
	{ "a longer name than the server's", HOST_OPENAI, "/v1",
	    "qwen3-coder-instruct", "/v1/models",
	    "{\"data\":[{\"id\":\"qwen3\"},{\"id\":\"b\"}]}", 200, false,
	    LLM_OK, false, "did you mean qwen3?", NULL },
	{ "a letter is wrong", HOST_OPENAI, "/v1", "gpt-tset", "/v1/models",
	    LIST, 200, false, LLM_OK, false,
	    "did you mean gpt-test? Set chat.model (LLM_MODEL) to a model that "
	    "the server has: gpt-test, gpt-second, text-embedding-3",
	    NULL },
	{ "nothing like it", HOST_OPENAI, "/v1", "mistral", "/v1/models", LIST,
	    200, false, LLM_OK, false,
	    "set chat.model (LLM_MODEL) to a model that the server has: "
	    "gpt-second, gpt-test, text-embedding-3",
	    NULL },
	{ "not pulled", HOST_OLLAMA, "/v1", "llama9", "/v1/models", PULLED, 200,
	    false, LLM_MODEL, false,
	    "run `ollama pull llama9` on that server, or set chat.model "
	    "(LLM_MODEL) to a model that it has: ",
	    NULL },
	{ "Ollama by its list alone", HOST_OPENAI, "/v1", "llama3.2",
	    "/v1/models", PULLED, 200, false, LLM_MODEL, false,
	    "did you mean llama3.2:3b? Else run `ollama pull llama3.2` on",
	    NULL },
	{ "nothing pulled", HOST_OLLAMA, "/v1", "llama9", "/v1/models",
	    NO_MODEL, 200, false, LLM_MODEL, false,
	    "run `ollama pull llama9` on that server: it has no model yet",
	    NULL },
	{ "no /v1", HOST_OPENAI, "", "gpt-test", "/v1/models", LIST, 200, false,
	    LLM_ADDRESS, true, "/v1: tried, it answers there", NULL },
	{ "no /v1, and a page", HOST_OPENAI, "/", "gpt-test", "/v1/models",
	    LIST, 200, true, LLM_ADDRESS, true, "/v1: tried, it answers",
	    NULL },
	{ "too much", HOST_OPENAI, "/v1/chat/completions/", "gpt-test",
	    "/v1/models", LIST, 200, false, LLM_ADDRESS, true,
	    "/v1: tried, it answers there", NULL },
	{ "another path", HOST_OPENAI, "/v1", "gpt-test", "/openai/v1/models",
	    LIST, 200, false, LLM_ADDRESS, true,
	    "/openai/v1: tried, it answers there", NULL },
	{ "below a path", HOST_OPENAI, "/gateway", "gpt-test",
	    "/gateway/v1/models", LIST, 200, false, LLM_ADDRESS, true,
	    "/gateway/v1: tried, it answers there", NULL },
	{ "there, with a wrong key", HOST_OPENAI, "", "gpt-test", "/v1/models",
	    "{}", 401, false, LLM_ADDRESS, true, "rejects the key", NULL },
	{ "Anthropic's with /v1", HOST_ANTHROPIC, "/v1", "claude", "/v1/models",
	    LIST, 200, false, LLM_ADDRESS, true, ": tried, it answers there",
	    NULL },
	{ "Ollama's with /v1 twice", HOST_OLLAMA, "/v1/v1", "llama3.2:3b",
	    "/v1/models", PULLED, 200, false, LLM_ADDRESS, true,
	    "set chat.ollama_url (OLLAMA_URL) to http://127.0.0.1:", NULL },
	{ "none anywhere", HOST_OPENAI, "/v1", "m", NULL, NULL, 0, false,
	    LLM_OK, true, NULL, NULL },
	{ "pages everywhere", HOST_OPENAI, "/v1", "m", NULL, NULL, 0, true,
	    LLM_ADDRESS, true, "correct llm.base_url (LLM_BASE_URL)", NULL },
	{ "Azure has no list", HOST_OPENAI, "/x?api-version=1", "m",
	    "/v1/models", LIST, 200, false, LLM_OK, true, NULL, NULL },
};

static void
each_finding_has_its_remedy(void **state)
{
	size_t i;
	int bad = 0;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct arena *mem = arena_new();
		struct llm_backend b = { .host = CASES[i].host,
			.model = CASES[i].model,
			.base_url = arena_printf(mem, "http://127.0.0.1:%d%s",
			    srv.port, CASES[i].path),
			.connect_ms = 20000 };
		struct llm_look look;

		there = CASES[i].there;
		list = CASES[i].list;
		status = CASES[i].status;
		page = CASES[i].page;
		llm_look(&b, NULL, mem, &look);
		if (look.rc != CASES[i].rc || look.listed != CASES[i].listed
		    || (look.remedy == NULL) != (CASES[i].remedy == NULL)
		    || (look.remedy != NULL
			&& strstr(look.remedy, CASES[i].remedy) == NULL)
		    || (CASES[i].why != NULL
			&& (strstr(look.failure.why, CASES[i].why) == NULL
			    || (look.failure.why[0] == '\0')
				!= (CASES[i].why[0] == '\0')))) {
			print_error("%s: %s, listed %d, %s (%s)\n",
			    CASES[i].name, llm_rc_name(look.rc), look.listed,
			    look.remedy == NULL ? "-" : look.remedy,
			    look.failure.why);
			bad++;
		}
		arena_free(mem);
	}
	assert_int_equal(bad, 0);
}

/* A provider of its own usual address lists all to which it answers: a name
 * that is not there is none.  Other servers may know more than they list. */
static void
some_list_all(void **state)
{
	static const struct {
		const char *what;
		int host;
		bool moved;
		const char *name;
		enum llm_rc rc;
	} rows[] = {
		{ "Groq", HOST_GROQ, false, NULL, LLM_MODEL },
		{ "Groq's API elsewhere", HOST_GROQ, true, NULL, LLM_OK },
		{ "a row of llm.backends", HOST_GROQ, false, "b", LLM_OK },
		{ "another's address", HOST_OPENAI, true, NULL, LLM_OK },
	};
	size_t i;

	(void)state;
	there = "/v1/models";
	list = LIST;
	status = 200;
	for (i = 0; i < NELEM(rows); i++) {
		struct arena *mem = arena_new();
		struct llm_backend b = { .host = rows[i].host,
			.model = "mistral",
			.name = rows[i].name,
			.moved = rows[i].moved,
			.base_url = arena_printf(mem, "http://127.0.0.1:%d/v1",
			    srv.port),
			.connect_ms = 20000 };
		struct llm_look look;

		llm_look(&b, NULL, mem, &look);
		if (look.rc != rows[i].rc || look.listed)
			fail_msg("%s: %s", rows[i].what, llm_rc_name(look.rc));
		arena_free(mem);
	}
}

/* Below a path that has a version no other one is looked for. */
static void
versions_are_not_put_into_versions(void **state)
{
	static const struct {
		const char *path;
		bool tried;
	} rows[] = { { "/gateway/v1", false }, { "/gateway/v4/x", false },
		{ "/gateway", true } };
	size_t i;

	(void)state;
	there = NULL;
	page = false;
	for (i = 0; i < NELEM(rows); i++) {
		struct arena *mem = arena_new();
		struct llm_backend b = { .host = HOST_OPENAI,
			.model = "m",
			.base_url = arena_printf(mem, "http://127.0.0.1:%d%s",
			    srv.port, rows[i].path),
			.connect_ms = 20000 };
		struct llm_look look;

		never = arena_printf(mem, "%s/v1/models", rows[i].path);
		nevers = 0;
		llm_look(&b, NULL, mem, &look);
		never = NULL;
		if ((nevers > 0) != rows[i].tried)
			fail_msg("%s: %d", rows[i].path, nevers);
		arena_free(mem);
	}
}

/* Who takes questions there is at the right address, whatever has a list
 * beside it; and what is beside somebody's own path is not asked. */
static void
a_gateway_without_a_list(void **state)
{
	struct arena *mem = arena_new();
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = arena_printf(mem, "http://127.0.0.1:%d/team-a/v1",
		    srv.port),
		.connect_ms = 20000 };
	struct llm_look look;

	(void)state;
	there = "/v1/models";
	list = LIST;
	status = 200;
	page = false;
	takes = "/team-a/v1/chat/completions";
	never = "/v1/models";
	nevers = 0;
	llm_look(&b, NULL, mem, &look);
	assert_int_equal(look.rc, LLM_OK);
	assert_null(look.remedy);
	takes = NULL;
	llm_look(&b, NULL, mem, &look);
	assert_null(look.remedy);
	assert_int_equal(nevers, 0);
	never = NULL;
	arena_free(mem);
}

/* A host without any list is asked a bounded number of times. */
static void
looks_have_an_end(void **state)
{
	struct arena *mem = arena_new();
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = arena_printf(mem, "http://127.0.0.1:%d/api",
		    srv.port),
		.connect_ms = 20000 };
	struct llm_look look;

	(void)state;
	there = NULL;
	page = false;
	asked = 0;
	llm_look(&b, NULL, mem, &look);
	assert_true(asked > 3 && asked <= 12);
	/* A server that is away is no wrong address. */
	b.base_url = "http://127.0.0.1:1/v1";
	llm_look(&b, NULL, mem, &look);
	assert_int_equal(look.rc, LLM_RETRY);
	assert_non_null(strstr(look.remedy, "start the server"));
	arena_free(mem);
}

SERVED_WITH_HTTP(srv, serve)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_finding_has_its_remedy),
		cmocka_unit_test(some_list_all),
		cmocka_unit_test(versions_are_not_put_into_versions),
		cmocka_unit_test(a_gateway_without_a_list),
		cmocka_unit_test(looks_have_an_end),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
