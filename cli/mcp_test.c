/*
 * dragoman mcp test: what of MCP works at an address, revision by revision, and
 * what to do about what does not.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/probe.h"
#include "cli/used.h"
#include "mcp/client.h"
#include "nouns/tool_result.h"

static const struct row {
	const char *revision;
	void (*probe)(struct probe *p);
} ROWS[] = {
	{ "2026-07-28", probe_modern },
	{ "2025-11-25", probe_legacy },
	{ "2025-06-18", probe_legacy },
	{ "2025-03-26", probe_legacy },
	{ "2024-11-05", probe_sse },
};

static const struct {
	const char *word;
	enum cli_paint paint;
} SHOWN[] = {
	[PROBE_WORKS] = { "ok", PAINT_GOOD },
	[PROBE_OTHER] = { "no", PAINT_DIM },
	[PROBE_FAILED] = { "failed", PAINT_BAD },
	[PROBE_UNREACHED] = { "failed", PAINT_BAD },
};

static const char *
about(struct cli *cli, const struct probe *p)
{
	const char *why = p->why == NULL ? "" : cli_clean(cli, p->why, true);

	if (p->rc != PROBE_WORKS)
		return why;
	return arena_printf(cli->mem, "%lld tool%s%s%s%s", (long long)p->tools,
	    p->tools == 1 ? "" : "s", p->session ? ", with a session" : "",
	    why[0] == '\0' ? "" : "; ", why);
}

static void
show(struct cli *cli, json_t *list, const struct probe *p)
{
	if (cli->json)
		json_array_append_new(list,
		    json_pack("{s:s, s:b, s:s, s:I, s:b, s:s*}", "revision",
			p->revision, "ok", p->rc == PROBE_WORKS, "end",
			SHOWN[p->rc].word, "tools", (json_int_t)p->tools,
			"session", p->session, "why",
			p->why == NULL ? NULL : cli_clean(cli, p->why, true)));
	else
		printf("%s%-7s%s %s  %s\n", cli_paint(cli, SHOWN[p->rc].paint),
		    SHOWN[p->rc].word, cli_paint(cli, PAINT_OFF), p->revision,
		    about(cli, p));
}

/* One that is refused for who we are, or not reached, is so in each. */
static bool
ends_all(const struct probe *p)
{
	return p->rc == PROBE_UNREACHED
	    || (p->rc == PROBE_FAILED && p->got.status == 401);
}

static int
try_all(struct cli *cli, const struct wire *w, json_t *list)
{
	size_t i, works = 0, failed = 0;

	for (i = 0; i < NELEM(ROWS); i++) {
		struct probe p = { .mem = arena_new(),
			.wire = w,
			.revision = ROWS[i].revision };
		bool last;
		int code;

		ROWS[i].probe(&p);
		show(cli, list, &p);
		works += p.rc == PROBE_WORKS;
		failed += p.rc != PROBE_WORKS && p.rc != PROBE_OTHER;
		last = ends_all(&p) && works == 0;
		code = p.rc == PROBE_UNREACHED ? CLI_UNREACHED : CLI_FAILED;
		arena_free(p.mem);
		if (last)
			return code;
	}
	if (works == 0 && failed == 0 && !cli->json)
		cli_error(cli,
		    "this address speaks no MCP that we know; Dragoman's ends "
		    "in /mcp");
	return works > 0 && failed == 0 ? CLI_OK : CLI_FAILED;
}

/* ${words}: the tool and its arguments. */
static int
try_call(struct cli *cli, struct used *u, const char *name, json_t *doc)
{
	int code = used_list(u);
	const json_t *tool = code == CLI_OK ? used_find(u, name) : NULL;
	const json_t *arguments;
	json_t *result = NULL;
	struct tool_result r;

	if (tool == NULL)
		return CLI_FAILED;
	arguments = used_arguments(u, tool, cli->args, cli->nargs);
	if (arguments == NULL)
		return CLI_USAGE;
	code = used_call(u, tool, arguments, &result);
	if (code != CLI_OK)
		return code;
	mcp_result_read(cli->mem, result, &r);
	if (cli->json)
		json_object_set(doc, "result", result);
	else
		printf("%s%-7s%s %s  %s\n",
		    cli_paint(cli, r.end == TOOL_DONE ? PAINT_GOOD : PAINT_BAD),
		    r.end == TOOL_DONE ? "ok" : "failed",
		    cli_paint(cli, PAINT_OFF), cli_clean(cli, name, true),
		    r.end == TOOL_ASKS
			? "it asks something before it goes on"
			: cli_clean(cli, tool_result_text(cli->mem, &r), true));
	return r.end == TOOL_DONE ? CLI_OK : CLI_FAILED;
}

int
cmd_mcp_test(struct cli *cli)
{
	const char *key_file = NULL, *tool = NULL, *url = NULL;
	struct used u;
	json_t *doc;
	int code, called;

	if (!cli_option(cli, "--key-file", &key_file)
	    || !cli_option(cli, "--call", &tool) || !cli_args(cli, 0, SIZE_MAX))
		return CLI_USAGE;
	if (cli->nargs > 0 && strchr(cli->args[0], '=') == NULL
	    && cli->args[0][0] != '{') {
		url = cli->args[0];
		cli->args++;
		cli->nargs--;
	}
	if (cli->nargs > 0 && tool == NULL) {
		cli_error(cli, "\"%s\": arguments need a tool: --call TOOL",
		    cli_clean(cli, cli->args[0], true));
		return CLI_USAGE;
	}
	if (!used_open(cli, url, key_file, &u, &code))
		return code;
	doc = json_pack("{s:s, s:[]}", "url", cli_clean(cli, u.wire.url, true),
	    "revisions");
	if (!cli->json)
		printf("%s, %s\n", cli_clean(cli, u.wire.url, true),
		    u.wire.key.len > 0 ? "with a key" : "without a key");
	code = try_all(cli, &u.wire, json_object_get(doc, "revisions"));
	if (tool != NULL && code != CLI_UNREACHED) {
		called = try_call(cli, &u, tool, doc);
		code = code == CLI_OK ? called : code;
	}
	if (cli->json)
		(void)cli_json(cli, doc);
	else
		json_decref(doc);
	used_close(&u);
	return code;
}
