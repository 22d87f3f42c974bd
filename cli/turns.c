/*
 * dragoman turns list|show|dead.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "nouns/session.h"
#include "redis/fleet.h"
#include "redis/ledger.h"

#define LIST_MAX 100000

int
cmd_turns_list(struct cli *cli)
{
	int64_t max, now = clock_wall_ms();
	struct fleet_counts counts = { 0 };
	struct store *st;
	json_t *list = NULL, *row;
	size_t i;
	int code, rc;

	st = cli_store_of_list(cli, LIST_MAX, &max, &code);
	if (st == NULL)
		return code;
	rc = ledger_list(st, (size_t)max, cli->mem, &list);
	if (rc == STORE_OK)
		rc = fleet_count(st, &counts);
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "turns list");
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:O, s:I, s:I, s:I, s:I}", "chats", list,
			"waiting", (json_int_t)counts.waiting, "due",
			(json_int_t)counts.due, "dead", (json_int_t)counts.dead,
			"unaccounted", (json_int_t)counts.unaccounted));
	if (json_array_size(list) > 0)
		printf("%s%-36s %8s %8s %8s %8s %8s  %s%s\n",
		    cli_paint(cli, PAINT_BOLD), "CHAT", "WAITING", "STATE",
		    "ATTEMPT", "CRASHES", "FAILURES", "DUE",
		    cli_paint(cli, PAINT_OFF));
	json_array_foreach(list, i, row) {
		int64_t due = json_member_int(row, "due_ms", now) - now;

		printf("%-36s %8lld %8s %8lld %8lld %8lld  %s%s\n",
		    cli_clean(cli, json_member_str(row, "chat"), true),
		    (long long)json_member_int(row, "waiting", 0),
		    json_member_bool(row, "running", false) ? "running"
							    : "waits",
		    (long long)json_member_int(row, "attempt", 0),
		    (long long)json_member_int(row, "crashes", 0),
		    (long long)json_member_int(row, "failures", 0),
		    due > 0 ? "in " : "since ",
		    cli_ago(cli, due > 0 ? due : -due));
	}
	printf("messages waiting: %lld (chats: %lld), dead: %lld, "
	       "unaccounted: %lld\n",
	    (long long)counts.waiting, (long long)counts.due,
	    (long long)counts.dead, (long long)counts.unaccounted);
	return CLI_OK;
}

static void
print_inbox(struct cli *cli, const json_t *inbox)
{
	int64_t now = clock_wall_ms();
	json_t *row;
	size_t i;

	if (json_array_size(inbox) == 0)
		return;
	printf("\ninbox:\n");
	json_array_foreach((json_t *)inbox, i, row)
		printf("  %s  seq %lld, %s ago, %lld bytes\n",
		    cli_clean(cli, json_member_str(row, "message_id"), true),
		    (long long)json_member_int(row, "seq", 0),
		    cli_ago(cli, now - json_member_int(row, "time_ms", now)),
		    (long long)json_member_int(row, "bytes", 0));
}

static void
print_journal(struct cli *cli, const json_t *journal)
{
	json_t *name;
	size_t i;

	if (json_array_size(journal) == 0)
		return;
	printf("\njournal:\n");
	json_array_foreach((json_t *)journal, i, name)
		printf("  %s\n", cli_clean(cli, json_string_value(name), true));
}

int
cmd_turns_show(struct cli *cli)
{
	static const char *const numbers[] = { "waiting", "attempt", "crashes",
		"failures", "seq", "turns", "history", "tokens_in",
		"tokens_out", "inbox_bytes" };
	struct chat_name chat;
	struct store *st;
	const char *state;
	json_t *doc = NULL;
	size_t i;
	int code, rc;

	st = cli_store_of_chat(cli, &chat, &code);
	if (st == NULL)
		return code;
	rc = ledger_show(st, &chat, cli->mem, &doc);
	if (rc == STORE_NONE) {
		cli_error(cli,
		    "there is no chat %s; dragoman turns list "
		    "names those that wait or run",
		    cli_clean(cli, chat.text, true));
		return CLI_FAILED;
	}
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "turns show");
	state = json_member_str(doc, "state"); /* what is default is not kept */
	if (state == NULL || cli_settings(cli)->chat_auth != CHAT_AUTH_MEMCP)
		state = session_state_name(
		    cli_settings(cli)->chat_auth == CHAT_AUTH_MEMCP
			? SESSION_NEEDS_TOKEN
			: SESSION_ACTIVE);
	if (cli->json) {
		json_object_set_new(doc, "state", json_string(state));
		return cli_json(cli, json_incref(doc));
	}
	printf("%s%s%s\n", cli_paint(cli, PAINT_BOLD),
	    cli_clean(cli, chat.text, true), cli_paint(cli, PAINT_OFF));
	printf("%-12s %s\n", "state", state);
	printf("%-12s %s%s\n", "turn",
	    json_member_bool(doc, "running", false) ? "running" : "none runs",
	    json_member_bool(doc, "stopped", false) ? ", to be stopped" : "");
	printf("%-12s %s\n", "token",
	    json_member_bool(doc, "token_set", false) ? "(set)" : "not set");
	for (i = 0; i < NELEM(numbers); i++)
		printf("%-12s %lld\n", numbers[i],
		    (long long)json_member_int(doc, numbers[i], 0));
	print_inbox(cli, json_object_get(doc, "inbox"));
	print_journal(cli, json_object_get(doc, "journal"));
	return CLI_OK;
}

int
cmd_turns_dead(struct cli *cli)
{
	bool text = cli_flag(cli, "--text");
	int64_t max, now = clock_wall_ms();
	struct store *st;
	json_t *list = NULL, *row;
	size_t i;
	int code, rc;

	st = cli_store_of_list(cli, LIST_MAX, &max, &code);
	if (st == NULL)
		return code;
	rc = ledger_dead(st, (size_t)max, text, cli->mem, &list);
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "turns dead");
	if (cli->json)
		return cli_json(cli, json_pack("{s:O}", "dead", list));
	json_array_foreach(list, i, row) {
		const char *said = json_member_str(row, "text");

		printf("%s%s%s  %s  %s, %lld attempts, %s ago\n",
		    cli_paint(cli, PAINT_BOLD),
		    cli_clean(cli, json_member_str(row, "id"), true),
		    cli_paint(cli, PAINT_OFF),
		    cli_clean(cli, json_member_str(row, "chat"), true),
		    cli_clean(cli, json_member_str(row, "why"), true),
		    (long long)json_member_int(row, "attempts", 0),
		    cli_ago(cli, now - json_member_int(row, "time_ms", now)));
		if (text)
			printf("  %s\n",
			    said != NULL ? cli_clean(cli, said, true)
					 : "(cannot be opened with our keys)");
	}
	if (json_array_size(list) == 0)
		printf("no message died\n");
	else
		printf("put one back: dragoman turns replay ID\n");
	return CLI_OK;
}
