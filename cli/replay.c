/*
 * dragoman turns replay: a dead message once more, for real, or only as a
 * question to a model (--dry-run).
 */
#include <string.h>

#include "base/arena.h"
#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "chat/context.h"
#include "cli/cli.h"
#include "cli/tty.h"
#include "llm/llm.h"
#include "nouns/caller.h"
#include "nouns/chat_name.h"
#include "redis/ledger.h"

#define LETTERS_MAX 10000 /* the stream keeps fewer */

struct printed {
	struct cli *cli;
	bool any;
};

static void
on_text(void *ctx, const char *piece, size_t len)
{
	struct printed *p = ctx;

	p->any = true;
	if (p->cli->json)
		return;
	fputs(text_printable(p->cli->mem, text_clean(p->cli->mem, piece, len)),
	    stdout);
	fflush(stdout);
}

/* ${p} with another model: "MODEL" or "HOST/MODEL". */
static struct policy
with_model(const struct policy *p, const char *model)
{
	struct policy other = *p;
	size_t len;
	int host = settings_host_of(model, &len);

	other.fallback = (struct config_list){ NULL, 0 };
	other.model = model;
	if (host != -1 && model[len] == '/') {
		other.model = model + len + 1;
		other.host = host;
	}
	return other;
}

static int
ask(struct cli *cli, const struct policy *p, const char *text)
{
	const struct settings *s = cli->settings;
	const struct llm_message messages[] = {
		{ .role = LLM_SYSTEM, .text = context_system(cli->mem, s) },
		{ .role = LLM_USER, .text = text },
	};
	struct printed printed = { .cli = cli };
	const struct llm_question q = { .messages = messages,
		.nmessages = NELEM(messages),
		.cancel = tty_interrupt_flag(),
		.on_text = on_text,
		.ctx = &printed };
	struct llm_backend *backends = NULL;
	struct llm_answer answer = { 0 };
	struct llm_failure failure = { 0 };
	const struct http_options http = settings_http(s);
	enum llm_rc rc;
	char backend[LLM_BACKEND_NAME_MAX];

	if (llm_backends(s, p, cli->mem, &backends) == 0) {
		cli_error(cli,
		    "the mode is direct: there is no model to ask. "
		    "Name one: --model HOST/MODEL");
		return CLI_USAGE;
	}
	if (http_start(&http) == -1) {
		cli_error(cli, "the HTTP client does not start");
		return CLI_FAILED;
	}
	tty_catch_interrupt();
	rc = llm_ask(&backends[0], &q, cli->mem, &answer, &failure);
	http_stop();
	if (rc != LLM_OK) {
		if (printed.any && !cli->json)
			putchar('\n');
		cli_error(cli,
		    "the model did not answer: %s (%s); dragoman "
		    "doctor looks at its address and key",
		    llm_rc_name(rc), cli_clean(cli, failure.why, true));
		return rc == LLM_RETRY ? CLI_UNREACHED : CLI_FAILED;
	}
	llm_backend_label(&backends[0], backend);
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:s, s:s, s:I, s:I}", "reply", answer.text,
			"backend", backend, "tokens_in",
			(json_int_t)answer.usage.in, "tokens_out",
			(json_int_t)answer.usage.out));
	if (!printed.any)
		fputs(cli_clean(cli, answer.text, false), stdout);
	printf("\n%s(%s, %lld + %lld tokens; nothing was stored)%s\n",
	    cli_paint(cli, PAINT_DIM), backend, (long long)answer.usage.in,
	    (long long)answer.usage.out, cli_paint(cli, PAINT_OFF));
	return CLI_OK;
}

/* Its chat's, as when it is answered. */
static struct policy
policy_of_letter(struct cli *cli, const json_t *row)
{
	const char *name = json_member_str(row, "chat");
	struct caller who = { 0 };
	struct chat_name chat;

	if (name != NULL && chat_name_parse(&chat, name) == 0)
		chat_name_caller(&chat, cli->mem, &who);
	return *policy_of(cli_settings(cli), &who);
}

static int
dry_run(struct cli *cli, struct store *st, const char *id, const char *model)
{
	struct policy p;
	json_t *list = NULL, *row;
	size_t i;
	int rc = ledger_dead(st, LETTERS_MAX, true, cli->mem, &list);

	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "turns replay");
	json_array_foreach(list, i, row) {
		const char *name = json_member_str(row, "id");
		const char *text = json_member_str(row, "text");

		if (name == NULL || strcmp(name, id) != 0)
			continue;
		if (text == NULL) {
			cli_error(cli,
			    "%s cannot be opened with our keys: put "
			    "the one it was encrypted with last in "
			    "encryption_key",
			    id);
			return CLI_FAILED;
		}
		p = policy_of_letter(cli, row);
		if (model != NULL)
			p = with_model(&p, model);
		return ask(cli, &p, text);
	}
	cli_error(cli, "there is no dead message %s; see dragoman turns dead",
	    cli_clean(cli, id, true));
	return CLI_FAILED;
}

int
cmd_turns_replay(struct cli *cli)
{
	bool dry = cli_flag(cli, "--dry-run");
	const char *model = NULL, *id = NULL, *letter;
	struct store *st;
	int code, rc;

	if (!cli_option(cli, "--model", &model) || !cli_args(cli, 1, 1))
		return CLI_USAGE;
	if (model != NULL && !dry) {
		cli_error(cli, "--model goes with --dry-run only");
		return CLI_USAGE;
	}
	letter = cli->args[0];
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	if (dry)
		return dry_run(cli, st, letter, model);
	rc = ledger_replay(st, letter, cli->settings->chat_reply_keep_ms,
	    cli->mem, &id);
	if (rc == STORE_NONE) {
		cli_error(cli,
		    "there is no dead message %s; see dragoman "
		    "turns dead",
		    cli_clean(cli, letter, true));
		return CLI_FAILED;
	}
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "turns replay");
	if (cli->json)
		return cli_json(cli, json_pack("{s:s}", "message_id", id));
	printf("back in its chat as message %s\n", id);
	return CLI_OK;
}
