#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "llm/llm.h"
#include "nouns/chat_name.h"
#include "program/open.h"
#include "redis/store.h"

#define ERRORS_MAX (256 * KIB)

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

	(void)llm_backends(cli->settings, policy_of(cli->settings, NULL),
	    cli->mem, &list);
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
		    "this Redis was encrypted with "
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

struct store *
cli_store_of_chat(struct cli *cli, struct chat_name *chat, int *code)
{
	*code = CLI_USAGE;
	return cli_args(cli, 1, 1)
		&& cli_chat_name(cli, cli->args[0], chat) != -1
	    ? cli_store(cli, code)
	    : NULL;
}

struct store *
cli_store_of_list(struct cli *cli, int64_t most, int64_t *max, int *code)
{
	*max = CLI_LIST;
	*code = CLI_USAGE;
	return cli_option_int(cli, "--max", 1, most, max) && cli_args(cli, 0, 0)
	    ? cli_store(cli, code)
	    : NULL;
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
