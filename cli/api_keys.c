/*
 * dragoman key create|list|rotate|revoke: the API keys of clients.
 */
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/glob.h"
#include "base/text.h"
#include "cli/api_keys_priv.h"
#include "cli/host_log.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define EXPIRES_MAX_MS (3650 * DAY_MS) /* ten years: longer is for ever */
#define OVERLAP_MAX_MS (365 * DAY_MS)
#define OVERLAP_MS DAY_MS /* time to give all clients the new key */
#define RATE_MAX 1000000000
#define ROTATE_TRIES 3 /* somebody else changed the same key meanwhile */

/* The parts of ${text} between commas, without blanks around them. */
static size_t
split(struct cli *cli, const char *text, const char **parts, size_t max)
{
	size_t n = 0, len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (n == max)
			return max + 1;
		parts[n++] = text_strip(cli->mem,
		    arena_memdup(cli->mem, text, len));
		if (text[len] == '\0')
			return n;
	}
}

static int
read_tools(struct cli *cli, const char *text, struct api_key *key)
{
	const char **globs = arena_alloc(cli->mem,
	    (API_KEY_TOOLS_MAX + 1) * sizeof(*globs));
	const char *why;
	size_t n = split(cli, text, globs, API_KEY_TOOLS_MAX), i;

	if (n > API_KEY_TOOLS_MAX) {
		cli_error(cli, "--tools: more than %d; use * for several",
		    API_KEY_TOOLS_MAX);
		return -1;
	}
	for (i = 0; i < n; i++)
		if (!glob_is_valid(globs[i], &why)) {
			cli_error(cli, "--tools: \"%s\": %s",
			    cli_clean(cli, globs[i], true), why);
			return -1;
		}
	key->tools = (struct config_list){ .items = globs, .n = n };
	return 0;
}

static int
read_allow(struct cli *cli, const char *text, struct api_key *key)
{
	const char *ranges[API_KEY_ALLOW_MAX], *why;
	struct net *nets = arena_alloc(cli->mem,
	    API_KEY_ALLOW_MAX * sizeof(*nets));
	size_t n = split(cli, text, ranges, API_KEY_ALLOW_MAX), i;

	if (n > API_KEY_ALLOW_MAX) {
		cli_error(cli, "--allow: more than %d ranges of addresses",
		    API_KEY_ALLOW_MAX);
		return -1;
	}
	for (i = 0; i < n; i++)
		if (net_parse(&nets[i], ranges[i], &why) == -1) {
			cli_error(cli, "--allow: \"%s\": %s",
			    cli_clean(cli, ranges[i], true), why);
			return -1;
		}
	key->allow = nets;
	key->nallow = n;
	return 0;
}

static int
read_name(struct cli *cli, const char *text, struct api_key *key)
{
	if (!config_is_record_name(text)) {
		cli_error(cli,
		    "a name has 1 to %d letters, digits and _ . -, found "
		    "\"%s\"",
		    API_KEY_NAME_MAX - 1, cli_clean(cli, text, true));
		return -1;
	}
	key->name = text;
	return 0;
}

static int
read_role(struct cli *cli, const char *text, struct api_key *key)
{
	int role = api_key_role_parse(text);

	if (role == -1) {
		cli_error(cli,
		    "--role: expected read, write or admin, found \"%s\"",
		    cli_clean(cli, text, true));
		return -1;
	}
	key->role = (enum api_key_role)role;
	return 0;
}

static int
read_expires(struct cli *cli, const char *text, struct api_key *key)
{
	int64_t ms;

	if (config_span(text, MINUTE_MS, EXPIRES_MAX_MS, &ms) == -1) {
		cli_error(cli,
		    "--expires: expected a time such as 12h or 90d, from 1m "
		    "to 3650d, found \"%s\"",
		    cli_clean(cli, text, true));
		return -1;
	}
	key->expires_ms = clock_wall_ms() + ms;
	return 0;
}

/* The key that the options describe.  -1: said. */
static int
read_options(struct cli *cli, struct api_key *key)
{
	const char *name = NULL, *role = NULL, *tools = NULL, *expires = NULL,
		   *allow = NULL;

	*key = (struct api_key){ .tenant = API_KEY_TENANT, .rate = -1 };
	if (!cli_option(cli, "--name", &name)
	    || !cli_option(cli, "--role", &role)
	    || !cli_option(cli, "--tools", &tools)
	    || !cli_option(cli, "--expires", &expires)
	    || !cli_option(cli, "--allow", &allow)
	    || !cli_option_int(cli, "--rate", 0, RATE_MAX, &key->rate)
	    || !cli_args(cli, 0, 0))
		return -1;
	if (name == NULL || role == NULL) {
		cli_error(cli,
		    "%s is missing: dragoman key create --name n8n --role "
		    "write",
		    name == NULL ? "--name" : "--role");
		return -1;
	}
	if (read_name(cli, name, key) == -1 || read_role(cli, role, key) == -1
	    || (tools != NULL && read_tools(cli, tools, key) == -1)
	    || (expires != NULL && read_expires(cli, expires, key) == -1)
	    || (allow != NULL && read_allow(cli, allow, key) == -1))
		return -1;
	return 0;
}

/* Who did what to which key: an auditor asks the host's log. */
static void
note(const char *event, const struct api_key *key)
{
	host_log("%s name=%s id=%s uid=%ld", event, key->name,
	    key->id == NULL ? "-" : key->id, (long)getuid());
}

static int
failed(struct cli *cli, enum store_rc rc, const char *name, const char *what)
{
	switch (rc) {
	case STORE_NONE:
		cli_error(cli, "there is no API key named %s; %s names them",
		    name, cli_call(cli, "key list"));
		return CLI_FAILED;
	case STORE_EXISTS:
		cli_error(cli,
		    "there is an API key named %s already: choose another "
		    "name, or replace that one: %s %s",
		    name, cli_call(cli, "key rotate"), name);
		return CLI_FAILED;
	case STORE_FULL:
		cli_error(cli,
		    "no more API keys: there are %d names, or %s has %d keys "
		    "that still work, or Redis is full. Revoke what nobody "
		    "uses; %s shows it",
		    API_KEYS_MAX, name, API_KEYS_OF_NAME,
		    cli_call(cli, "key list"));
		return CLI_FAILED;
	case STORE_LOST:
		cli_error(cli,
		    "somebody else changes the API key %s at the same time: "
		    "try again",
		    name);
		return CLI_FAILED;
	case STORE_DAMAGED:
		cli_error(cli,
		    "what Redis holds of the API keys was changed by somebody "
		    "else: %s shows what is damaged",
		    cli_call(cli, "doctor"));
		return CLI_FAILED;
	default:
		return cli_store_failed(cli, (int)rc, what);
	}
}

int
cmd_key_create(struct cli *cli)
{
	bool last = cli_flag(cli, "--print-secret");
	char text[API_KEY_TEXT_MAX], id[API_KEY_ID_MAX];
	struct api_key key;
	struct store *st;
	enum store_rc rc;
	int code;

	if (read_options(cli, &key) == -1)
		return CLI_USAGE;
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	rc = api_keys_create(st, &key, text, id);
	if (rc == STORE_OK) {
		note("api_key_created", &key);
		code = api_key_say_made(cli, &key, text, last);
	} else
		code = failed(cli, rc, key.name, "key create");
	sodium_memzero(text, sizeof(text));
	return code;
}

int
cmd_key_list(struct cli *cli)
{
	struct api_key_listed *list;
	struct store *st;
	enum store_rc rc;
	size_t n;
	int code;

	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	rc = api_keys_list(st, API_KEY_TENANT, cli->mem, &list, &n);
	if (rc != STORE_OK)
		return failed(cli, rc, "", "key list");
	return api_key_say_list(cli, list, n);
}

int
cmd_key_rotate(struct cli *cli)
{
	bool last = cli_flag(cli, "--print-secret");
	char text[API_KEY_TEXT_MAX];
	const char *overlap = NULL;
	struct api_key key = { 0 };
	int64_t overlap_ms = OVERLAP_MS;
	struct store *st;
	enum store_rc rc = STORE_LOST;
	int code, i;

	if (!cli_option(cli, "--overlap", &overlap) || !cli_args(cli, 1, 1)
	    || read_name(cli, cli->args[0], &key) == -1)
		return CLI_USAGE;
	if (overlap != NULL
	    && config_span(overlap, 0, OVERLAP_MAX_MS, &overlap_ms) == -1) {
		cli_error(cli,
		    "--overlap: expected a time such as 12h or 7d, from 0 to "
		    "365d, found \"%s\"",
		    cli_clean(cli, overlap, true));
		return CLI_USAGE;
	}
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	for (i = 0; i < ROTATE_TRIES && rc == STORE_LOST; i++)
		rc = api_keys_rotate(st, API_KEY_TENANT, cli->args[0],
		    overlap_ms, cli->mem, &key, text);
	if (rc == STORE_OK) {
		note("api_key_rotated", &key);
		code = api_key_say_made(cli, &key, text, last);
	} else
		code = failed(cli, rc, cli->args[0], "key rotate");
	sodium_memzero(text, sizeof(text));
	return code;
}

int
cmd_key_revoke(struct cli *cli)
{
	struct api_key key = { 0 };
	struct store *st;
	enum store_rc rc;
	int64_t n;
	int code;

	if (!cli_args(cli, 1, 1) || read_name(cli, cli->args[0], &key) == -1)
		return CLI_USAGE;
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	rc = api_keys_revoke(st, API_KEY_TENANT, key.name, &n);
	if (rc != STORE_OK)
		return failed(cli, rc, key.name, "key revoke");
	note("api_key_revoked", &key);
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:s, s:I}", "name", key.name, "revoked",
			(json_int_t)n));
	printf("the API key %s is revoked: the next request with it is "
	       "refused\n",
	    key.name);
	return CLI_OK;
}
