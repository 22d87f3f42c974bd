/*
 * tool: what a chat or an agent may call, wherever it runs.
 *
 * No tool waits for a person: a call ends DONE, FAILED, ASKS or LATER
 * (nouns/tool_result.h).  Tools come from sources (tools/source.h), whose
 * lists are read in the background.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include "base/arena.h"
#include "nouns/settings.h"
#include "nouns/tool_call.h"
#include "nouns/tool_level.h"
#include "nouns/tool_result.h"

/* What a model is told of a call that may have run: the end of a sentence. */
#define TOOL_OUTCOME_UNKNOWN                                             \
	"whether it took effect is unknown. Tell the person so, and do " \
	"not repeat the call without being asked."

/* May a call go on as a job, which outlives who asked for it? */
enum tool_task {
	TOOL_TASK_NEVER,
	TOOL_TASK_OPTIONAL,
	TOOL_TASK_REQUIRED, /* its caller must be able to wait for one */
};

/* What a source says of a tool besides its definition. */
struct tool_row {
	bool read_only; /* it changes nothing */
	bool
	    repeatable; /* it may be called again when its outcome is unknown */
	enum tool_task task; /* but for NEVER, a call may end LATER */
};

struct caller;
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
/* One of what is built in alone. */
struct toolbox *toolbox_builtin(struct settings *s);
void toolbox_stop(struct toolbox *b);
/* Wait until each source was asked once; at most ${wait_ms}. */
void toolbox_wait(struct toolbox *b, int wait_ms);
/* Who waits in listing_after (listing.h) waits no longer, or not the next
 * time. */
void toolbox_rouse(struct toolbox *b);

/*
 * A view: the tools that ${caller} may call now, by its policy (NULL: nobody in
 * particular).  It stays valid until toolset_unref, whatever is refreshed
 * meanwhile.  Never NULL.
 */
struct toolset {
	const struct tool_spec *specs;
	size_t n;
};
const struct toolset *toolset_ref(struct toolbox *b,
    const struct caller *caller);
/* Waits for nobody, but when all threads that ask servers are busy: then the
 * good-byes of servers that are gone are said here (3 s each at most).  Before
 * toolbox_stop. */
void toolset_unref(const struct toolset *set);

/* What a call needs to know of who makes it.  All of it is borrowed. */
struct tool_ctx {
	const struct caller *caller; /* NULL: nobody in particular */
	const char *token; /* the caller's own access token for sources that
			      know people by one (meMCP), or NULL */
	int deadline_ms;   /* from now */
	const volatile int *cancel;
	/* How far it is: ${value} grows, of ${total} (0: nobody knows);
	 * ${text} may be NULL.  Called on the thread of the call.  NULL: the
	 * caller does not care, and no source needs to tell. */
	void (
	    *progress)(void *arg, double value, double total, const char *text);
	/* A line for the caller's log, as UTF-8; what is below ${level} is not
	 * wanted.  Also called on the thread of the call.  NULL: nobody
	 * listens. */
	void (*say)(void *arg, enum tool_level level, const char *text);
	enum tool_level level;
	void *arg; /* of both */
	/* What there is for who has a key: how many tools, and of how many
	 * sources.  NULL: the caller has none, or is not told. */
	void (*count)(const void *counted, size_t *tools, size_t *sources);
	const void *counted;
	const char *request; /* an id for logs, or NULL */
	const char *trace;   /* a W3C traceparent, passed on; or NULL */
	/* Of a call that ended ASKS before: KEY -> answer (MCP's
	 * inputResponses), and the state that came with the questions. */
	const json_t *answers;
	const char *state;
	/* What its caller can be asked, MCP's capabilities of a client as JSON
	 * text; NULL: nothing. */
	const char *can;
	/* It runs as a job: it takes as long as it must, and may not end LATER. */
	bool in_job;
};

/*
 * Call a tool of ${set}.  Never fails itself: an unknown name, arguments that
 * are no JSON object, a server that is down are results the model can read.
 * ${result} keeps the contract of nouns/tool_result.h and is in ${mem}.
 */
void tools_call(const struct toolset *set, const struct tool_ctx *ctx,
    const struct tool_call *call, struct arena *mem,
    struct tool_result *result);

/* True if the tool may be called again when its outcome is unknown. */
bool tools_is_repeatable(const struct toolset *set, const char *name);

/*
 * State of the sources for /ready and doctor: an array of {name, kind
 * ("builtin", "memcp", "mcp"), url_host, ok, away_ms (how long it does not
 * answer; its last tools may still be offered), served (false: it never will be
 * asked), tools, error, age_ms, retry_ms, offered, left_out (numbers, of whoever
 * has the default policy), left_out_tools (the first: {tool, why})}.
 */
json_t *toolbox_state(struct toolbox *b) WARN_UNUSED;

#endif
