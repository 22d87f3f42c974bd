/*
 * dragoman models: where models are asked, and what was learned of them.
 */
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/text.h"
#include "cli/cli.h"
#include "llm/llm.h"
#include "llm/quirks.h"
#include "redis/learned.h"

/* Somebody waits at a terminal: longer than this is told instead. */
#define WAIT_MAX_MS 5000

static json_t *
learned_of(struct store *st, const char *name)
{
	struct learned fields[LEARNED_FIELDS_MAX];
	json_t *list = json_array();
	size_t i, n;

	if (learned_read(st, name, fields, LEARNED_FIELDS_MAX, &n) != STORE_OK)
		n = 0;
	for (i = 0; i < n; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:I}", "name", fields[i].name,
			"value", fields[i].value, "until_ms",
			(json_int_t)fields[i].until_ms));
	return list;
}

/* What was left out or done otherwise, until it answered. */
static const char *
mended(struct cli *cli, const struct llm_answer *a)
{
	const char *text = "";
	size_t i, j;

	for (i = 0; i < a->nlearned; i++) {
		const char *instead = NULL;

		for (j = 0; j < LLM_FEATURES_N; j++)
			if (strcmp(LLM_FEATURES[j].name, a->learned[i].name)
			    == 0)
				instead = LLM_FEATURES[j].instead;
		text = arena_printf(cli->mem, "%s%s%s = %s%s%s%s", text,
		    i == 0 ? "" : ", ", a->learned[i].name, a->learned[i].value,
		    instead == NULL ? "" : " (", instead == NULL ? "" : instead,
		    instead == NULL ? "" : ")");
	}
	return text;
}

static const char *
outcome(struct cli *cli, enum llm_rc rc, const struct llm_answer *a,
    const struct llm_failure *f)
{
	char span[LLM_SPAN_MAX];
	const char *words;

	if (rc == LLM_OK)
		return a->nlearned == 0
		    ? "ok"
		    : arena_printf(cli->mem, "ok, but %s", mended(cli, a));
	words = llm_rc_words(rc);
	if (rc == LLM_QUOTA && f->credit)
		words = "no credit is left";
	else if (rc == LLM_QUOTA && f->told_ms > 0) {
		llm_span(f->told_ms, span);
		words = arena_printf(cli->mem, "its limit is reached for %s",
		    span);
	} else if (rc == LLM_RETRY && f->status >= 400)
		words = "it answered with an error";
	return arena_printf(cli->mem, "%s%s%s%s%s", words,
	    f->why[0] == '\0' ? "" : ": ", f->why,
	    f->message[0] == '\0' ? "" : ": ", f->message);
}

/* One question; what came of it.  ${failed} is set if nothing did. */
static const char *
try_one(struct cli *cli, const struct llm_backend *b, bool stream, bool tool,
    bool *failed)
{
	static const struct llm_message HELLO = { .role = LLM_USER,
		.text = "Say one word: hello." };
	static const struct tool_spec ECHO = {
		.name = "echo",
		.description = "Says again what it is given.",
		.schema_text = "{\"type\":\"object\",\"properties\":{\"text\":"
			       "{\"type\":\"string\"}},\"required\":[\"text\"]}"
	};
	struct llm_question q = { .messages = &HELLO,
		.nmessages = 1,
		.tools = &ECHO,
		.ntools = tool ? 1 : 0 };
	struct llm_backend asked = *b;
	struct llm_quirks quirks = LLM_QUIRKS_INIT;
	struct llm_answer answer;
	struct llm_failure failure;
	const char *said;
	enum llm_rc rc;

	llm_quirks_stated(cli->settings, b, &quirks);
	if (!stream)
		(void)llm_quirks_state(&quirks, "stream", "no");
	asked.quirks = &quirks;
	rc = llm_ask(&asked, &q, cli->mem, &answer, &failure);
	/* A free tier takes few questions a minute: no fault to be told. */
	if (rc == LLM_RETRY && failure.retry_after_ms > 0
	    && failure.retry_after_ms <= WAIT_MAX_MS) {
		(void)poll(NULL, 0, (int)failure.retry_after_ms);
		rc = llm_ask(&asked, &q, cli->mem, &answer, &failure);
	}
	*failed = *failed || rc != LLM_OK;
	said = outcome(cli, rc, &answer, &failure);
	return text_clean(cli->mem, said, strlen(said));
}

/* One after the other: who reads the server's log finds them in this order. */
static json_t *
test_all(struct cli *cli, const struct llm_backend *b, bool *failed)
{
	static const struct {
		const char *name;
		bool stream, tool;
	} ALL[] = { { "plain", false, false }, { "streamed", true, false },
		{ "tool", true, true } };
	json_t *doc = json_object();
	size_t i;

	for (i = 0; i < NELEM(ALL); i++)
		json_object_set_new(doc, ALL[i].name,
		    json_string(
			try_one(cli, b, ALL[i].stream, ALL[i].tool, failed)));
	return doc;
}

/* Where it is asked, without what may be secret. */
static const char *
address_of(struct cli *cli, const struct llm_backend *b)
{
	return text_address_shown(cli->mem, llm_chat_url(b, cli->mem));
}

/* In a word, then why. */
static const char *
state_of(struct cli *cli, const struct llm_look *look)
{
	if (look->rc == LLM_OK && !look->listed)
		return "answers, but does not list it";
	if (look->failure.why[0] == '\0')
		return "listed";
	return arena_printf(cli->mem, "%s: %s",
	    look->rc == LLM_OK ? "not seen" : llm_rc_name(look->rc),
	    look->failure.why);
}

static json_t *
describe(struct cli *cli, const struct llm_backend *b, struct store *st,
    bool test, bool *failed)
{
	char name[LLM_BACKEND_NAME_MAX];
	struct llm_look look;
	json_t *doc;

	llm_backend_name(b, name);
	llm_look(b, NULL, cli->mem, &look);
	doc = json_pack("{s:s, s:s*, s:s, s:s, s:s*, s:o}", "backend", name,
	    "name", b->name, "address", address_of(cli, b), "state",
	    state_of(cli, &look), "remedy", look.remedy, "learned",
	    learned_of(st, name));
	if (test)
		json_object_set_new(doc, "tests", test_all(cli, b, failed));
	return doc;
}

static void
show(struct cli *cli, const json_t *doc)
{
	const json_t *fact, *value;
	const char *name, *remedy;
	json_t *tests = json_object_get(doc, "tests");
	size_t i;

	name = json_string_value(json_object_get(doc, "name"));
	printf("%s%s%s  %s  %s\n",
	    cli_clean(cli, json_string_value(json_object_get(doc, "backend")),
		true),
	    name == NULL ? "" : "  ", name == NULL ? "" : name,
	    json_string_value(json_object_get(doc, "address")),
	    json_string_value(json_object_get(doc, "state")));
	remedy = json_string_value(json_object_get(doc, "remedy"));
	if (remedy != NULL)
		printf("  -> %s\n", cli_clean(cli, remedy, true));
	json_array_foreach(json_object_get(doc, "learned"), i, fact)
		printf("  learned: %s = %s, for %s\n",
		    cli_clean(cli,
			json_string_value(json_object_get(fact, "name")), true),
		    cli_clean(cli,
			json_string_value(json_object_get(fact, "value")),
			true),
		    cli_ago(cli,
			json_integer_value(json_object_get(fact, "until_ms"))
			    - clock_wall_ms()));
	json_object_foreach(tests, name, value)
		printf("  %s: %s\n", name,
		    cli_clean(cli, json_string_value(value), true));
}

/* A name of llm.backends, or HOST, HOST/MODEL, and so on as it is listed. */
static bool
is_named(const struct llm_backend *b, const char *named)
{
	char name[LLM_BACKEND_NAME_MAX];
	size_t len = strlen(named);

	if (b->name != NULL && strcmp(b->name, named) == 0)
		return true;
	llm_backend_name(b, name);
	return strncmp(name, named, len) == 0
	    && (name[len] == '\0' || name[len] == '/');
}

static int
none_named(struct cli *cli, const char *named)
{
	cli_error(cli, "no backend %s; see `dragoman models`",
	    named == NULL ? "is configured" : named);
	return CLI_FAILED;
}

/* What is learned of ${named}, or of all, is forgotten. */
static int
forget(struct cli *cli, struct store *st, const struct llm_backend *list,
    size_t n, const char *named)
{
	char name[LLM_BACKEND_NAME_MAX];
	size_t i, found = 0;
	int rc;

	for (i = 0; i < n; i++) {
		llm_backend_name(&list[i], name);
		if (named != NULL && !is_named(&list[i], named))
			continue;
		rc = learned_forget(st, name);
		if (rc != STORE_OK)
			return cli_store_failed(cli, rc, "models --forget");
		found++;
		if (!cli->json)
			printf("forgotten: %s\n", cli_clean(cli, name, true));
	}
	if (found == 0)
		return none_named(cli, named);
	return cli->json
	    ? cli_json(cli, json_pack("{s:I}", "forgotten", (json_int_t)found))
	    : CLI_OK;
}

int
cmd_models(struct cli *cli)
{
	bool test = cli_flag(cli, "--test");
	bool forgets = cli_flag(cli, "--forget"), failed = false;
	const struct settings *s;
	struct http_options http;
	struct llm_backend *list;
	struct llm_pick picked;
	const char *named;
	struct store *st;
	json_t *all, *doc;
	size_t i, n;
	int code;

	if (!cli_args(cli, 0, 1))
		return CLI_USAGE;
	s = cli_settings(cli);
	if (s == NULL)
		return CLI_USAGE;
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	named = cli->nargs > 0 ? cli->args[0] : NULL;
	http = settings_http(s);
	if (http_start(&http) == -1) {
		cli_error(cli, "the HTTP client does not start");
		return CLI_FAILED;
	}
	if (settings_lacks_model(s) && !cli_pick_model(cli, &picked)) {
		cli_error(cli, "%s: %s", picked.why, picked.remedy);
		http_stop();
		return CLI_FAILED;
	}
	n = llm_backends_all(cli->settings, cli->mem, &list);
	if (forgets) {
		http_stop();
		return forget(cli, st, list, n, named);
	}
	all = json_array();
	for (i = 0; i < n; i++)
		if (named == NULL || is_named(&list[i], named))
			json_array_append_new(all,
			    describe(cli, &list[i], st, test, &failed));
	http_stop();
	if (named != NULL && json_array_size(all) == 0) {
		json_decref(all);
		return none_named(cli, named);
	}
	if (cli->json) {
		code = cli_json(cli, all);
		return failed ? CLI_FAILED : code;
	}
	json_array_foreach(all, i, doc)
		show(cli, doc);
	if (n == 0)
		printf("no model is asked: %s\n", SETTINGS_HOW_TO_SET_MODEL);
	json_decref(all);
	return failed ? CLI_FAILED : CLI_OK;
}
