/*
 * talk_server: the server that is talked to: requests to it, its refusals, and
 * what it says of itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/charset.h"
#include "cli/talk.h"
#include "nouns/settings.h"

/* The server's address, for people. */
const char *
talk_at(const struct talk *t, struct arena *mem)
{
	return text_address_shown(mem, t->url);
}

#define REPLY_MAX (16 * MIB)
#define QUICK_MS 10000 /* a question about a message, /stop */
#define GREET_MS 5000  /* before the first prompt */
#define NAMES_MAX 200  /* of the sources of tools, in the greeting */

struct http_request
talk_request(struct talk *t, struct arena *mem, const char *method,
    const char *path)
{
	struct http_request req = { .method = method,
		.url = arena_printf(mem, "%s%s", t->url, path),
		.headers = { "Content-Type: application/json" },
		.body_max = REPLY_MAX,
		.total_ms = QUICK_MS,
		.flags = HTTP_OPERATOR,
		.cancel = t->interrupted };

	if (t->secret.len > 0)
		req.headers[1] = buf_str(&t->secret);
	return req;
}

const char *
talk_detail(struct talk *t, const json_t *doc)
{
	const json_t *detail = json_object_get(doc, "detail");
	const char *text = json_string_value(detail);

	if (text == NULL && json_is_array(detail))
		text = json_member_str(json_array_get(detail, 0), "msg");
	return text == NULL ? "" : cli_clean(t->cli, text, true);
}

void
talk_refused(struct talk *t, const struct http_response *resp,
    const json_t *doc)
{
	struct cli *cli = t->cli;
	char seconds[24] = "";
	const char *said = talk_detail(t, doc);

	show_end(&t->show);
	(void)http_header(resp, "retry-after", seconds, sizeof(seconds));
	switch (resp->status) {
	case 401:
		cli_error(cli,
		    "the server does not accept our proxy secret%s: "
		    "set PROXY_SECRET or PROXY_SECRET_FILE to the "
		    "server's",
		    t->secret.len == 0 ? " (we have none)" : "");
		break;
	case 404:
		cli_error(cli,
		    "%s answered 404%s%s: it is not Dragoman, or --url has "
		    "too much at its end",
		    cli_clean(cli, talk_at(t, cli->mem), true),
		    said[0] != '\0' ? ": " : "", said);
		break;
	case 413:
		cli_error(cli,
		    "the message is too long for the server (%s): "
		    "send it in parts",
		    said[0] != '\0' ? said : "413");
		break;
	case 429:
		cli_error(cli,
		    "too many messages, this one was not taken; "
		    "try again in %s s",
		    seconds[0] != '\0' ? cli_clean(cli, seconds, true) : "60");
		break;
	case 502:
	case 503:
	case 504:
		cli_error(cli,
		    "the server cannot answer just now%s%s; "
		    "`%s` says why",
		    said[0] != '\0' ? ": " : "", said, cli_call(cli, "doctor"));
		break;
	default:
		cli_error(cli, "the server answered %d%s%s", resp->status,
		    said[0] != '\0' ? ": " : "", said);
		break;
	}
}

void
talk_unreached(struct talk *t, const struct http_response *resp)
{
	show_end(&t->show);
	cli_error(t->cli,
	    "nobody answers at %s (%s). Is the server running? "
	    "--url URL names another one",
	    cli_clean(t->cli, talk_at(t, t->cli->mem), true),
	    cli_clean(t->cli, resp->why, true));
}

/* --- the greeting -------------------------------------------------------- */

/* The document at ${path}, in ${mem}; NULL: none.  ${reached}: somebody
 * answered; NULL: it does not matter. */
static const json_t *
look_at(struct talk *t, struct arena *mem, const char *path, bool *reached)
{
	struct http_request req = talk_request(t, mem, "GET", path);
	struct http_response resp;
	const json_t *doc = NULL;
	enum http_rc rc;

	req.total_ms = GREET_MS;
	rc = http_send(&req, &resp);
	if (rc == HTTP_OK)
		doc = json_read(mem, buf_str(&resp.body), resp.body.len, NULL,
		    NULL);
	if (reached == NULL)
		goto out; /* what follows will tell */
	*reached = rc != HTTP_UNREACHED;
	if (rc == HTTP_UNREACHED)
		talk_unreached(t, &resp);
out:
	http_response_fini(&resp);
	return doc;
}

/* "12 (built in, files)": how many tools the model gets, and whose. */
static const char *
tools_of(struct arena *mem, const json_t *health, const json_t *ready)
{
	const json_t *list = json_object_get(ready, "sources"), *source;
	int64_t n = json_member_int(health, "tools_loaded", 0);
	const char *names = "";
	size_t i;

	json_array_foreach((json_t *)list, i, source) {
		const char *name = json_member_str(source, "name");

		if (name == NULL || strlen(names) + strlen(name) > NAMES_MAX)
			continue;
		names = arena_printf(mem, "%s%s%s%s", names,
		    names[0] == '\0' ? "" : ", ", name,
		    json_member_bool(source, "ok", true)
			? ""
			: " (does not answer)");
	}
	if (names[0] == '\0')
		return n == 0 ? "none"
			      : arena_printf(mem, "%lld", (long long)n);
	return arena_printf(mem, "%lld, with those of %s", (long long)n, names);
}

static void
line(struct talk *t, FILE *out, enum cli_paint paint, const char *text)
{
	text = cli_clean(t->cli, text, true);
	fputs(cli_paint(t->cli, paint), out);
	charset_print(out, text, strlen(text));
	fprintf(out, "%s\n", cli_paint(t->cli, PAINT_OFF));
}

/* What is done about ${ready}'s "why", by what it counts. */
static const char *
remedy_of(struct talk *t, struct arena *mem, const json_t *ready)
{
	const json_t *redis = json_object_get(ready, "redis");
	const char *doctor = cli_call(t->cli, "doctor");

	if (!json_member_bool(redis, "ok", false))
		return arena_printf(mem, "`%s` says more", doctor);
	if (json_member_int(ready, "turn_workers", 0) == 0)
		return arena_printf(mem,
		    "messages wait until one is started; `%s` says more",
		    doctor);
	if (json_member_bool(ready, "paused", false))
		return arena_printf(mem, "messages wait until `%s`",
		    cli_call(t->cli, "resume"));
	return arena_printf(mem, "`%s` says more", doctor);
}

/* What stands in the way of an answer. */
static void
warn(struct talk *t, FILE *out, struct arena *mem, const char *why,
    const char *remedy)
{
	line(t, out, PAINT_WARN,
	    arena_printf(mem, "Note: %s; %s.", why, remedy));
}

/* All that the server says of itself (/ready). */
static void
warn_all(struct talk *t, FILE *out, struct arena *mem, const json_t *ready)
{
	const json_t *list = json_object_get(ready, "degraded"), *item;
	const char *why = json_member_str(ready, "why");
	size_t i;

	if (why != NULL)
		warn(t, out, mem, why, remedy_of(t, mem, ready));
	json_array_foreach((json_t *)list, i, item) {
		if (json_is_string(item))
			warn(t, out, mem, json_string_value(item),
			    arena_printf(mem, "`%s` says more",
				cli_call(t->cli, "doctor")));
	}
}

static void
take_limit(struct talk *t, const json_t *ready)
{
	t->chars_max = json_member_int(ready, "max_message_chars", 0);
}

void
talk_learn_limit(struct talk *t)
{
	struct arena *mem;

	if (t->chars_max >= 0)
		return;
	mem = arena_new();
	take_limit(t, look_at(t, mem, "/ready", NULL));
	arena_free(mem);
}

/* What was said in it before, and does it wait for a token?  Asked as a person
 * asks. */
static int64_t
remembered(struct talk *t, struct arena *mem)
{
	struct http_request req = talk_request(t, mem, "POST", "/chat");
	struct http_response resp;
	const json_t *doc = NULL;
	const char *state;

	req.body = json_text(mem,
	    json_keep(mem,
		json_pack("{s:s, s:s}", "chat_id", t->chat_id, "message",
		    "/status")));
	req.body_len = strlen(req.body);
	req.total_ms = GREET_MS;
	if (http_send(&req, &resp) == HTTP_OK && resp.status == 200)
		doc = json_read(mem, buf_str(&resp.body), resp.body.len, NULL,
		    NULL);
	http_response_fini(&resp);
	state = json_member_str(doc, "state");
	if (state != NULL)
		snprintf(t->state, sizeof(t->state), "%s", state);
	return json_member_int(doc, "exchanges", 0);
}

static void
say_without_model(struct talk *t, FILE *out, struct arena *mem)
{
	const char *here = getenv("DRAGOMAN_QUICKSTART");

	line(t, out, PAINT_WARN,
	    "No language model is configured: a message is a command. "
	    "`tools` lists the tools, `echo text=hello` calls one.");
	line(t, out, PAINT_WARN,
	    here != NULL && here[0] != '\0'
		? arena_printf(mem,
		    "To use a model: OPENAI_API_KEY=sk-... %s --restart", here)
		: "To use a model: " SETTINGS_HOW_TO_SET_MODEL ".");
}

int
talk_greet(struct talk *t, FILE *out)
{
	struct arena *mem = arena_new();
	bool reached = false;
	const json_t *health = look_at(t, mem, "/health", &reached), *ready;
	const char *model = json_member_str(health, "backend");
	int64_t n;

	if (!reached) {
		arena_free(mem);
		return CLI_UNREACHED;
	}
	ready = look_at(t, mem, "/ready", &reached);
	line(t, out, PAINT_DIM,
	    arena_printf(mem, "Talking to %s as %s.", talk_at(t, mem),
		t->chat_id));
	if (model != NULL && strcmp(model, "direct") == 0) {
		line(t, out, PAINT_DIM,
		    arena_printf(mem, "Model: none. Tools: %s.",
			tools_of(mem, health, ready)));
		say_without_model(t, out, mem);
	} else if (model != NULL)
		line(t, out, PAINT_DIM,
		    arena_printf(mem, "Model: %s. Tools: %s.", model,
			tools_of(mem, health, ready)));
	warn_all(t, out, mem, ready);
	take_limit(t, ready);
	n = remembered(t, mem);
	if (n > 0)
		line(t, out, PAINT_DIM,
		    arena_printf(mem,
			"Continues a conversation of %lld exchange%s; /reset "
			"forgets it.",
			(long long)n, n == 1 ? "" : "s"));
	line(t, out, PAINT_DIM,
	    "Ctrl-C stops an answer. exit, quit or Ctrl-D leaves. /help lists "
	    "the server's commands.");
	fflush(out);
	arena_free(mem);
	return CLI_OK;
}
