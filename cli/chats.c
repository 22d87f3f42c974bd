/*
 * dragoman chats list|show|forget: all conversations, those at rest too.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/host_log.h"
#include "nouns/reply.h"
#include "nouns/turn_end.h"
#include "nouns/session.h"
#include "redis/chats.h"
#include "redis/format.h"

#define LIST_MAX 10000000
#define DELETED "This conversation was deleted." /* to who waits in it */

static void
print_row(struct cli *cli, const json_t *row, int64_t now)
{
	printf("%-36s %8s ago %9lld %8lld %12lld %12lld\n",
	    cli_clean(cli, json_member_str(row, "chat"), true),
	    cli_ago(cli, now - json_member_int(row, "seen_ms", now)),
	    (long long)json_member_int(row, "messages", 0),
	    (long long)json_member_int(row, "waiting", 0),
	    (long long)json_member_int(row, "tokens_in", 0),
	    (long long)json_member_int(row, "tokens_out", 0));
}

int
cmd_chats_list(struct cli *cli)
{
	int64_t max, now;
	struct store *st;
	json_t *list = NULL, *row;
	size_t i;
	bool whole;
	int code, rc;

	st = cli_store_of_list(cli, LIST_MAX, &max, &code);
	if (st == NULL)
		return code;
	rc = chats_list(st, (size_t)max, cli->mem, &list, &whole);
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "chats list");
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:O, s:b}", "chats", list, "whole", whole));
	if (json_array_size(list) > 0)
		printf("%s%-36s %12s %9s %8s %12s %12s%s\n",
		    cli_paint(cli, PAINT_BOLD), "CHAT", "LAST SEEN", "MESSAGES",
		    "WAITING", "TOKENS IN", "TOKENS OUT",
		    cli_paint(cli, PAINT_OFF));
	now = clock_wall_ms();
	json_array_foreach(list, i, row)
		print_row(cli, row, now);
	if (json_array_size(list) == (size_t)max)
		printf("these are the last %lld; for more: --max N\n",
		    (long long)max);
	else
		printf("chats: %zu\n", json_array_size(list));
	if (!whole)
		printf("Chats that have rested since before this release are "
		       "not listed yet. Once no worker of an older release "
		       "runs: dragoman format set %d\n",
		    FORMAT_NEWEST);
	return CLI_OK;
}

static int
no_chat(struct cli *cli, const struct chat_name *chat)
{
	cli_error(cli, "there is no chat %s; dragoman chats list names them",
	    cli_clean(cli, chat->text, true));
	return CLI_FAILED;
}

/*
 * Who looked at what people wrote: in the log of this host (syslog, the
 * journal) and in log.file.  -1: that file takes no line, so nothing is shown.
 */
static int
note_reader(struct cli *cli, const struct chat_name *chat)
{
	const char *file = cli_settings(cli)->log_file;

	host_log("chat_contents_shown chat=%s uid=%ld",
	    cli_clean(cli, chat->text, true), (long)getuid());
	if (log_open("cli", LOG_INFO, *file ? file : NULL) == -1)
		return -1;
	log_event(LOG_INFO, "chat_contents_shown", F_CHAT(chat),
	    F_INT("uid", getuid()));
	return 0;
}

/* An exchange, or what waits for its answer. */
static void
print_said(struct cli *cli, const char *who, const char *said)
{
	printf("\n%s%s%s\n%s\n", cli_paint(cli, PAINT_BOLD), who,
	    cli_paint(cli, PAINT_OFF),
	    said != NULL ? cli_clean(cli, said, false)
			 : "(cannot be opened with our keys)");
}

static void
print_contents(struct cli *cli, const json_t *doc)
{
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(doc, "exchanges"), i, e) {
		print_said(cli, "person", json_member_str(e, "user"));
		if (!json_is_null(e))
			print_said(cli, "answer",
			    json_member_str(e, "assistant"));
	}
	json_array_foreach(json_object_get(doc, "inbox"), i, e)
		print_said(cli, "person, waits", json_string_value(e));
}

int
cmd_chats_show(struct cli *cli)
{
	static const char *const numbers[] = { "messages", "waiting", "turns",
		"history", "tokens_in", "tokens_out" };
	bool contents = cli_flag(cli, "--contents");
	struct chat_name chat;
	struct store *st;
	json_t *doc = NULL;
	int64_t now = clock_wall_ms();
	int code, rc;

	st = cli_store_of_chat(cli, &chat, &code);
	if (st == NULL)
		return code;
	rc = chats_show(st, &chat, contents, cli->mem, &doc);
	if (rc == STORE_NONE)
		return no_chat(cli, &chat);
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "chats show");
	if (contents && note_reader(cli, &chat) == -1) {
		cli_error(cli,
		    "log.file takes no line, so that nobody would know who "
		    "read this chat: nothing is shown");
		return CLI_FAILED;
	}
	if (cli->json)
		return cli_json(cli, json_incref(doc));
	printf("%s%s%s\n", cli_paint(cli, PAINT_BOLD),
	    cli_clean(cli, chat.text, true), cli_paint(cli, PAINT_OFF));
	printf("%-12s %s ago\n", "last seen",
	    cli_ago(cli, now - json_member_int(doc, "seen_ms", now)));
	printf("%-12s %s\n", "turn",
	    json_member_bool(doc, "running", false) ? "running" : "none runs");
	for (size_t i = 0; i < NELEM(numbers); i++)
		printf("%-12s %lld\n", numbers[i],
		    (long long)json_member_int(doc, numbers[i], 0));
	print_contents(cli, doc);
	return CLI_OK;
}

/* --yes, or a y at the terminal.  Else ${code}. */
static bool
is_meant(struct cli *cli, const struct chat_name *chat, bool yes, int *code)
{
	char line[16];

	*code = CLI_USAGE;
	if (yes)
		return true;
	if (cli->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		cli_error(cli,
		    "chats forget needs --yes when there is no terminal");
		return false;
	}
	fprintf(stderr,
	    "Delete %s, its history and the messages that wait in it? "
	    "[y/N] ",
	    cli_clean(cli, chat->text, true));
	*code = CLI_FAILED;
	if (fgets(line, sizeof(line), stdin) != NULL
	    && (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0))
		return true;
	fprintf(stderr, "nothing was deleted\n");
	return false;
}

int
cmd_chats_forget(struct cli *cli)
{
	bool yes = cli_flag(cli, "--yes");
	struct reply last = { .text = DELETED,
		.end = turn_end_name(END_REFUSED) };
	struct chats_forgotten forgotten;
	struct chat_name chat;
	struct store *st;
	int code, rc;

	st = cli_store_of_chat(cli, &chat, &code);
	if (st == NULL || !is_meant(cli, &chat, yes, &code))
		return code;
	last.state = session_state_name(
	    cli_settings(cli)->chat_auth == CHAT_AUTH_MEMCP
		? SESSION_NEEDS_TOKEN
		: SESSION_ACTIVE);
	rc = chats_forget(st, &chat, reply_write(cli->mem, &last), &forgotten);
	if (rc == STORE_NONE)
		return no_chat(cli, &chat);
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "chats forget");
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:s, s:I, s:I}", "chat", chat.text, "deleted",
			(json_int_t)forgotten.keys, "waiting",
			(json_int_t)forgotten.waiting));
	printf("%s is forgotten (%lld keys and dead letters)\n",
	    cli_clean(cli, chat.text, true), (long long)forgotten.keys);
	if (forgotten.waiting > 0)
		printf("messages that waited and get no answer: %lld\n",
		    (long long)forgotten.waiting);
	return CLI_OK;
}
