/*
 * tool: what a chat or an agent may call, wherever it runs.
 *
 * No tool waits for a person: a call ends DONE, FAILED or ASKS.  The built-in
 * ones are a table (tools.c); the others come from sources (meMCP, MCP
 * servers over HTTP), whose lists are read in the background.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include "base/arena.h"
#include "nouns/settings.h"
#include "nouns/tool_call.h"

/* What a model is told of a call that may have run: the end of a sentence. */
#define TOOL_OUTCOME_UNKNOWN                                             \
	"whether it took effect is unknown. Tell the person so, and do " \
	"not repeat the call without being asked."

struct toolbox; /* all sources of this process; refreshed by its own thread */

/*
 * Start reading the sources of ${settings} (meMCP if chat.memcp_url, the
 * servers of mcp.servers and mcp.config).  Returns at once; the first lists
 * may come later (toolbox_wait).  toolbox_reload: after SIGHUP; it keeps the
 * connections to MCP servers of which nothing changed, and their lists.
 * -1 with a line in ${errors}: mcp.servers or servers_config.json is wrong.
 */
struct buf;
int toolbox_start(struct settings *s, struct toolbox **out,
    struct buf *errors) WARN_UNUSED;
int toolbox_reload(struct toolbox *b, struct settings *s,
    struct buf *errors) WARN_UNUSED;
void toolbox_stop(struct toolbox *b);
/* Wait until each source was asked once; at most ${wait_ms}. */
void toolbox_wait(struct toolbox *b, int wait_ms);

/*
 * The tools that chats may call now (chat.tools): a view that stays valid
 * until toolset_unref, whatever is refreshed meanwhile.  Never NULL.
 */
struct toolset {
	const struct tool_spec *specs;
	size_t n;
};
const struct toolset *toolset_ref(struct toolbox *b);
void toolset_unref(const struct toolset *set);

/* What a call needs to know of its caller. */
struct tool_ctx {
	const char *chat;  /* chat name, for logs */
	const char *token; /* meMCP access token of the chat, or NULL */
	int deadline_ms;
	const volatile int *cancel;
	void (*on_progress)(void *ctx, const char *text); /* may be NULL */
	void *ctx;
};

/*
 * Call a tool of ${set}.  Never fails itself: an unknown name, arguments that
 * are no JSON object, a server that is down are results the model can read.
 * result->text is at most TOOL_RESULT_MAX with its note, in ${mem}.
 */
void tools_call(const struct toolset *set, const struct tool_ctx *ctx,
    const struct tool_call *call, struct arena *mem,
    struct tool_result *result);

/* True if the tool may be called again when its outcome is unknown. */
bool tools_is_repeatable(const struct toolset *set, const char *name);

/*
 * State of the sources for /ready and doctor: an array of {name, kind
 * ("builtin", "memcp", "mcp"), url_host, ok, away_ms (how long it does not answer;
 * its last tools may still be offered), served (false: it never will be
 * asked), tools, error, age_ms, retry_ms, offered, left_out (numbers), left_out_tools (the first: {tool, why})}.
 */
json_t *toolbox_state(struct toolbox *b) WARN_UNUSED;

#endif
