/*
 * cli: what the commands of `dragoman` share.  THE table is commands.c.
 *
 * Results go to standard output, all else to standard error.  What people,
 * models or servers said is shown through cli_clean: a terminal obeys control
 * characters.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "base/base.h"
#include "nouns/settings.h"

struct arena;
struct seal_ring;
struct store;

/* Exit codes; the manual page names them. */
enum {
	CLI_OK = 0,
	CLI_FAILED = 1,    /* a finding, or it did not work */
	CLI_USAGE = 2,     /* wrong usage or configuration */
	CLI_UNREACHED = 3, /* Redis or the server does not answer */
};

struct cli {
	struct arena *mem; /* lives until the end */
	const struct command *command;
	const char *config, *env_file; /* --config, --env-file; or NULL */
	bool json;
	bool colour;     /* of standard output */
	bool colour_err; /* of standard error */
	char **args;     /* what follows the command; options are taken out */
	size_t nargs;
	struct settings *settings; /* cli_settings */
	struct seal_ring *ring;    /* cli_store */
	struct store *store;
};

struct command {
	const char *name;    /* "config check" */
	const char *args;    /* "CHAT", or "" */
	const char *help;    /* one line */
	const char *options; /* a line each, or NULL */
	int (*run)(struct cli *cli);
};

int cmd_chat(struct cli *cli);
int cmd_chats_forget(struct cli *cli);
int cmd_chats_list(struct cli *cli);
int cmd_chats_show(struct cli *cli);
int cmd_config_check(struct cli *cli);
int cmd_config_show(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_format_set(struct cli *cli);
int cmd_format_show(struct cli *cli);
int cmd_init(struct cli *cli);
int cmd_key_create(struct cli *cli);
int cmd_key_list(struct cli *cli);
int cmd_key_revoke(struct cli *cli);
int cmd_key_rotate(struct cli *cli);
int cmd_keys_list(struct cli *cli);
int cmd_keys_reseal(struct cli *cli);
int cmd_keys_rotate(struct cli *cli);
int cmd_mcp(struct cli *cli);
int cmd_mcp_config(struct cli *cli);
int cmd_mcp_test(struct cli *cli);
int cmd_models(struct cli *cli);
int cmd_pause(struct cli *cli);
int cmd_prefix_move(struct cli *cli);
int cmd_resume(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_tools_call(struct cli *cli);
int cmd_tools_list(struct cli *cli);
int cmd_tools_show(struct cli *cli);
int cmd_turns_dead(struct cli *cli);
int cmd_turns_list(struct cli *cli);
int cmd_turns_replay(struct cli *cli);
int cmd_turns_show(struct cli *cli);

/*
 * Options of the command.  cli_option: "--name VALUE" or "--name=VALUE";
 * false with the usage shown when the value is missing.  Both take what they
 * find out of args.
 */
bool cli_flag(struct cli *cli, const char *name);
bool cli_option(struct cli *cli, const char *name,
    const char **value) WARN_UNUSED;
bool cli_option_int(struct cli *cli, const char *name, int64_t min, int64_t max,
    int64_t *value) WARN_UNUSED;
/* Exactly ${min} to ${max} arguments are left, and no option. */
bool cli_args(struct cli *cli, size_t min, size_t max) WARN_UNUSED;

/* Where this command reads its configuration. */
struct settings_source cli_source(const struct cli *cli);
/* The configuration; NULL with its errors shown.  Warnings are not shown. */
const struct settings *cli_settings(struct cli *cli);
/* The same without a word: for what works without one too. */
const struct settings *cli_settings_quiet(struct cli *cli);

/* Where settings_lacks_model: asks its server, and takes the only model that
 * it has into cli->settings.  HTTP is started.  Else false; ${picked} says
 * why and what to do. */
struct llm_pick;
bool cli_pick_model(struct cli *cli, struct llm_pick *picked);

/* Redis, reached, with our key; NULL with the reason shown and the exit code
 * in ${code}. */
struct store *cli_store(struct cli *cli, int *code);
/* The same for a command with a chat and no more, and for one that lists as many
 * as --max says (CLI_LIST without it). */
struct chat_name;
struct store *cli_store_of_chat(struct cli *cli, struct chat_name *chat,
    int *code);
#define CLI_LIST 100
struct store *cli_store_of_list(struct cli *cli, int64_t most, int64_t *max,
    int *code);
/* After a store call that failed: says so; the exit code. */
int cli_store_failed(struct cli *cli, int rc, const char *what);

/* Print ${doc} (the reference is taken) as one line of JSON; CLI_OK. */
int cli_json(struct cli *cli, json_t *doc);
/* "dragoman: ..." on standard error, or {"error": ...} with --json. */
void cli_error(struct cli *cli, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Without control characters; newlines become blanks when ${line}. */
const char *cli_clean(struct cli *cli, const char *s, bool line);

/* Terminal colours, or "". */
enum cli_paint {
	PAINT_OFF,
	PAINT_BOLD,
	PAINT_DIM,
	PAINT_GOOD,
	PAINT_WARN,
	PAINT_BAD
};
const char *cli_paint(const struct cli *cli, enum cli_paint paint);

/* "3 min", "12 s" of ${ms}, in mem. */
const char *cli_ago(struct cli *cli, int64_t ms);

/* Where the server is: ${named} (or NULL), $DRAGOMAN_URL, server.public_url,
 * this host's server.port; without a slash at its end. */
const char *cli_url(struct cli *cli, const char *named);

/* started.c: how ${command} of ours is called here: "dragoman doctor", or by the
 * quickstart that runs this. */
const char *cli_call(struct cli *cli, const char *command);

/* "alice" is "default/http/alice".  -1, said: not a name. */
int cli_chat_name(struct cli *cli, const char *text,
    struct chat_name *out) WARN_UNUSED;

#endif
