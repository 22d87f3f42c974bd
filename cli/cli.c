#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "llm/llm.h"
#include "nouns/chat_name.h"
#include "program/open.h"
#include "redis/store.h"

#define ERRORS_MAX (256 * KIB)

static void
take_out(struct cli *cli, size_t i, size_t n)
{
	size_t k;

	for (k = i; k + n < cli->nargs; k++)
		cli->args[k] = cli->args[k + n];
	cli->nargs -= n;
}

/* Where "--" ends the options; nargs if nowhere. */
static size_t
options_end(const struct cli *cli)
{
	size_t i;

	for (i = 0; i < cli->nargs; i++)
		if (strcmp(cli->args[i], "--") == 0)
			return i;
	return cli->nargs;
}

bool
cli_flag(struct cli *cli, const char *name)
{
	bool found = false;
	size_t i;

	for (i = 0; i < options_end(cli);)
		if (strcmp(cli->args[i], name) == 0) {
			take_out(cli, i, 1);
			found = true;
		} else
			i++;
	return found;
}

bool
cli_option(struct cli *cli, const char *name, const char **value)
{
	size_t len = strlen(name), i, end;

	for (i = 0; i < (end = options_end(cli));) {
		if (strncmp(cli->args[i], name, len) != 0
		    || (cli->args[i][len] != '\0'
			&& cli->args[i][len] != '=')) {
			i++;
			continue;
		}
		if (cli->args[i][len] == '=') {
			*value = cli->args[i] + len + 1;
			take_out(cli, i, 1);
			continue;
		}
		if (i + 1 >= end) {
			cli_error(cli, "%s needs a value", name);
			return false;
		}
		*value = cli->args[i + 1];
		take_out(cli, i, 2);
	}
	return true;
}

bool
cli_option_int(struct cli *cli, const char *name, int64_t min, int64_t max,
    int64_t *value)
{
	const char *text = NULL;
	int64_t n;

	if (!cli_option(cli, name, &text))
		return false;
	if (text == NULL)
		return true;
	if (text_int(text, &n) == -1 || n < min || n > max) {
		cli_error(cli, "%s: expected a whole number from %lld to %lld",
		    name, (long long)min, (long long)max);
		return false;
	}
	*value = n;
	return true;
}

bool
cli_args(struct cli *cli, size_t min, size_t max)
{
	size_t end = options_end(cli), i;

	for (i = 0; i < end; i++)
		if (cli->args[i][0] == '-' && cli->args[i][1] != '\0') {
			cli_error(cli,
			    "there is no option %s here; see "
			    "dragoman help %s",
			    cli->args[i], cli->command->name);
			return false;
		}
	if (end < cli->nargs)
		take_out(cli, end, 1);
	if (cli->nargs >= min && cli->nargs <= max)
		return true;
	if (cli->nargs > max)
		cli_error(cli,
		    "dragoman %s does not take \"%s\"; dragoman "
		    "help %s says what it takes",
		    cli->command->name, cli->args[max], cli->command->name);
	else
		cli_error(cli, "usage: dragoman %s %s", cli->command->name,
		    cli->command->args);
	return false;
}

struct settings_source
cli_source(const struct cli *cli)
{
	extern char **environ;

	return (struct settings_source){ .file = cli->config,
		.env_file = cli->env_file,
		.environ = environ,
		.asks_models = true };
}

static struct settings *
load(struct cli *cli, struct buf *errors)
{
	const struct settings_source src = cli_source(cli);
	struct buf warnings = BUF_INIT(ERRORS_MAX);

	if (cli->settings == NULL)
		cli->settings = settings_load(&src, errors, &warnings);
	/* A misspelt name is often the cause of "is not set". */
	if (cli->settings == NULL)
		(void)!buf_add_str(errors, buf_str(&warnings));
	buf_fini(&warnings);
	return cli->settings;
}

bool
cli_pick_model(struct cli *cli, struct llm_pick *picked)
{
	struct settings_source src = cli_source(cli);
	struct buf ignored = BUF_INIT(ERRORS_MAX);
	struct llm_backend *list;
	struct settings *s;

	(void)llm_backends(cli->settings, cli->mem, &list);
	if (llm_pick(&list[0], cli->mem, picked) != LLM_OK)
		return false;
	src.model = picked->model;
	s = settings_load(&src, &ignored, &ignored);
	buf_fini(&ignored);
	if (s != NULL) {
		settings_unref(cli->settings);
		cli->settings = s;
	}
	return true;
}

const struct settings *
cli_settings(struct cli *cli)
{
	struct buf errors = BUF_INIT(ERRORS_MAX);
	const struct settings *s = load(cli, &errors);

	if (s == NULL)
		cli_error(cli, "the configuration is not valid:\n%s",
		    cli_clean(cli, buf_str(&errors), false));
	buf_fini(&errors);
	return s;
}

const struct settings *
cli_settings_quiet(struct cli *cli)
{
	struct buf errors = BUF_INIT(ERRORS_MAX);
	const struct settings *s = load(cli, &errors);

	buf_fini(&errors);
	return s;
}

struct store *
cli_store(struct cli *cli, int *code)
{
	const struct settings *s = cli_settings(cli);
	const char *why = "";
	int ms;

	*code = CLI_USAGE;
	if (s == NULL)
		return NULL;
	switch (open_store(s, &cli->ring, &cli->store, &why)) {
	case OPEN_OK:
		break;
	case OPEN_NO_KEY:
		cli_error(cli, "encryption_key: %s", why);
		return NULL;
	case OPEN_NO_STORE:
		cli_error(cli, "redis.url: %s", why);
		return NULL;
	}
	if (store_ping(cli->store, &ms) != STORE_OK) {
		*code = CLI_UNREACHED;
		cli_error(cli,
		    "Redis does not answer at redis.url; is it "
		    "running? (`%s` says where)",
		    cli_call(cli, "config show"));
		return NULL;
	}
	switch (store_canary(cli->store)) {
	case STORE_OK:
		*code = CLI_OK;
		return cli->store;
	case STORE_UNKNOWN_KEY:
		cli_error(cli,
		    "what lies in this Redis was encrypted with "
		    "another key: set the encryption_key that the "
		    "workers have");
		return NULL;
	default:
		*code = CLI_UNREACHED;
		cli_error(cli, "Redis failed; %s says why",
		    cli_call(cli, "doctor"));
		return NULL;
	}
}

int
cli_store_failed(struct cli *cli, int rc, const char *what)
{
	switch (rc) {
	case STORE_DOWN:
		cli_error(cli, "%s: Redis failed; %s says why", what,
		    cli_call(cli, "doctor"));
		return CLI_UNREACHED;
	case STORE_NONE:
		cli_error(cli, "%s: it is not there (any more)", what);
		return CLI_FAILED;
	case STORE_UNKNOWN_KEY:
		cli_error(cli,
		    "%s: it is encrypted with a key we do not have; "
		    "put that one last in encryption_key",
		    what);
		return CLI_FAILED;
	case STORE_FULL:
		cli_error(cli,
		    "%s: its chat's inbox is full; try again when "
		    "some of it is answered",
		    what);
		return CLI_FAILED;
	default:
		cli_error(cli, "%s: refused (%d)", what, rc);
		return CLI_FAILED;
	}
}

int
cli_json(struct cli *cli, json_t *doc)
{
	char *text, *p;
	size_t len, n;
	unsigned code;

	(void)cli;
	text = doc == NULL ? NULL
			   : json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(doc);
	if (text == NULL)
		return CLI_FAILED;
	/* JSON lets C1 controls and marks of direction stand as they are; a
	 * terminal obeys them. */
	for (p = text, len = strlen(text); len > 0; p += n, len -= n) {
		n = text_control(p, len, &code);
		if (n > 0) {
			printf("\\u%04x", code);
			continue;
		}
		for (n = 1; n < len && text_control(p + n, len - n, NULL) == 0;)
			n++;
		fwrite(p, 1, n, stdout);
	}
	putchar('\n');
	fflush(stdout);
	free(text);
	return CLI_OK;
}

void
cli_error(struct cli *cli, const char *fmt, ...)
{
	char *dynamic = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&dynamic, fmt, ap) == -1)
		dynamic = NULL;
	va_end(ap);
	if (dynamic == NULL)
		return;
	if (cli->json)
		(void)cli_json(cli,
		    json_pack("{s:s}", "error",
			text_clean(cli->mem, dynamic, strlen(dynamic))));
	else
		fprintf(stderr, "%sdragoman:%s %s%s",
		    cli->colour_err ? "\033[31m" : "",
		    cli->colour_err ? "\033[0m" : "", dynamic,
		    dynamic[0] != '\0' && dynamic[strlen(dynamic) - 1] == '\n'
			? ""
			: "\n");
	free(dynamic);
}

const char *
cli_clean(struct cli *cli, const char *s, bool line)
{
	char *out, *p;

	if (s == NULL)
		return "";
	out = text_printable(cli->mem, text_clean(cli->mem, s, strlen(s)));
	for (p = out; line && *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	return out;
}

const char *
cli_paint(const struct cli *cli, enum cli_paint paint)
{
	static const char *const codes[] = {
		[PAINT_OFF] = "\033[0m",
		[PAINT_BOLD] = "\033[1m",
		[PAINT_DIM] = "\033[2m",
		[PAINT_GOOD] = "\033[32m",
		[PAINT_WARN] = "\033[33m",
		[PAINT_BAD] = "\033[31m",
	};

	return cli->colour ? codes[paint] : "";
}

const char *
cli_call(struct cli *cli, const char *command)
{
	const char *line = getenv("DRAGOMAN_QUICKSTART");

	return line == NULL || line[0] == '\0'
	    ? arena_printf(cli->mem, "dragoman %s", command)
	    : arena_printf(cli->mem, "%s --exec -- dragoman %s", line, command);
}

const char *
cli_ago(struct cli *cli, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" },
		{ 1000, "s" } };
	size_t i;

	for (i = 0; i < NELEM(units); i++)
		if (ms >= units[i].ms)
			return arena_printf(cli->mem, "%lld %s",
			    (long long)(ms / units[i].ms), units[i].name);
	return ms < 0 ? "-" : "0 s";
}

int
cli_chat_name(struct cli *cli, const char *text, struct chat_name *out)
{
	size_t slashes = 0;
	const char *p;

	for (p = text; *p != '\0'; p++)
		slashes += *p == '/';
	if (slashes >= 2 ? chat_name_parse(out, text) == 0
			 : chat_name_make(out, "default", "http", text) == 0)
		return 0;
	cli_error(cli,
	    "expected a chat such as default/http/alice, found "
	    "\"%s\"",
	    cli_clean(cli, text, true));
	return -1;
}

const char *
cli_url(struct cli *cli, const char *named)
{
	const struct settings *s;
	const char *url = named;
	char *copy;
	size_t len;

	if (url == NULL)
		url = getenv("DRAGOMAN_URL");
	if (url == NULL || url[0] == '\0') {
		s = cli_settings_quiet(cli);
		url = s != NULL && s->server_public_url[0] != '\0'
		    ? s->server_public_url
		    : arena_printf(cli->mem, "http://127.0.0.1:%lld",
			s == NULL ? 8000LL : (long long)s->server_port);
	}
	copy = arena_strdup(cli->mem, url);
	len = strlen(copy);
	while (len > 0 && copy[len - 1] == '/')
		copy[--len] = '\0';
	/* Some give the whole route. */
	if (len > 5 && strcmp(copy + len - 5, "/chat") == 0)
		copy[len - 5] = '\0';
	return copy;
}
