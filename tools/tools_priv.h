/*
 * tools_priv: sources of tools, and the snapshots made of them.
 */
#ifndef TOOLS_TOOLS_PRIV_H
#define TOOLS_TOOLS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/seal.h"
#include "tools/memcp.h"
#include "tools/tool.h"

#define TOOLS_MAX 512    /* offered to a chat; more would fill any context */
#define LEFT_OUT_SHOWN 8 /* of one source; the others are counted */
#define SOURCES_MAX (SETTINGS_SERVERS_MAX + 1) /* and meMCP */
/* The last list of a server that is away is offered so long: a restart, or a
 * container that is exchanged, takes no longer.  A model that calls a tool
 * meanwhile is told that the server cannot be reached. */
#define SOURCE_AWAY_MAX_MS 60000

struct mcp_client;
struct pool;

enum source_kind { SOURCE_BUILTIN, SOURCE_MEMCP, SOURCE_MCP, SOURCE_KINDS };

/* A built-in tool: a row of the table in tools.c. */
struct builtin {
	const char *name;
	const char *description;
	const char *schema; /* JSON text */
	void (*call)(const struct tool_ctx *ctx, const json_t *arguments,
	    struct arena *mem, struct tool_result *result);
};
extern const struct builtin BUILTINS[];
extern const size_t BUILTINS_N;

void echo_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result);
void time_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result);
void health_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result);

/*
 * A tool as its source describes it, and the offer of it to a model: what goes
 * over the wire.  Calls use the original: `name`, `schema`, and `names` to turn
 * the names of arguments back.
 */
struct catalogue_tool {
	const char *name;
	const struct builtin *builtin; /* NULL: a server's */
	const json_t *schema;          /* the original, an object */
	const char *description;       /* of the offer, as `text` is */
	const char *text;    /* the schema as all model APIs take it */
	const json_t *names; /* as schema_restore_arguments wants it */
	const char *digest;  /* of the offer */
	const char *why; /* it can't be offered; NULL: it can.  A literal. */
};

/* The tools of one list; counted, never changed. */
struct catalogue {
	_Atomic int refs;
	struct arena *mem;
	struct catalogue_tool *tools;
	size_t n;
};
/* Of a list that no other thread has yet. */
struct catalogue *catalogue_make(json_t *list);
struct catalogue *catalogue_builtin(void);
struct catalogue *catalogue_ref(struct catalogue *c);
void catalogue_unref(struct catalogue *c);

/* Where tools come from besides the table.  Counted: a snapshot keeps those
 * whose tools it offers. */
struct source {
	_Atomic int refs;
	enum source_kind kind;
	char name[65];
	char host[128];            /* for /ready: no path, no credentials */
	struct settings *settings; /* meMCP's secret and time-outs */
	struct memcp memcp;
	struct mcp_client *client;
	bool unserved; /* configured, but nothing that we can ask */
	/* what follows is under the toolbox's lock */
	json_t *list; /* as the server gave it; NULL: down or not asked yet */
	struct catalogue *tools;             /* of it */
	char left_out_seen[SEAL_DIGEST_MAX]; /* what was logged last */
	bool asked, ok, asking;
	char why[160];   /* the server's words may be in it */
	char reason[64]; /* ours, for /ready: who reads it is nobody we know */
	int failures;
	int64_t read_ms, next_ms; /* boot clock */
	int64_t
	    away_ms; /* the same: since then it does not answer; 0: it does */
};
struct source *source_ref(struct source *s);
void source_unref(struct source *s);
/* All of them; the good-byes to their servers are said side by side, so that
 * silent ones take the time of one. */
void sources_unref(struct source *const *sources, size_t n);

/* One tool of a snapshot: its spec, and how to call it. */
struct tool_entry {
	struct source *source; /* NULL: built in */
	const struct builtin *builtin;
	const char *remote;  /* the server's own name for it */
	const json_t *names; /* of its arguments; NULL: none is changed */
};

/* What of a source is offered, and what is not. */
struct left_out {
	const char *tool, *why;
};
struct offered {
	size_t n, left_out;
	struct left_out shown[LEFT_OUT_SHOWN]; /* the first of left_out */
};

/* A toolset with what its callers do not see. */
struct snapshot {
	struct toolset set; /* first: a toolset pointer is a snapshot's */
	_Atomic int refs;
	struct arena *mem;
	struct tool_entry *entries;
	struct source *sources[SOURCES_MAX]; /* that have a list */
	struct catalogue *catalogues[SOURCES_MAX], *builtins;
	size_t nsources;
	struct offered offered[SOURCES_MAX + 1]; /* built in; each source */
};

struct toolbox {
	pthread_mutex_t mu;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, stopping;
	volatile int cancel; /* of all questions, at the end */
	struct pool *pool;   /* a slow server must not hold up the others */
	struct settings *settings;
	struct source *sources[SOURCES_MAX];
	size_t nsources;
	struct catalogue *builtins;
	char left_out_seen[SEAL_DIGEST_MAX]; /* of what is built in */
	struct snapshot *current;
};

/* The toolbox's thread, ${arg}: ask whose time has come, until it stops. */
void *toolbox_refresh(void *arg);
/* A new snapshot in force; the lock is held.  The old one, to be given back
 * without the lock: the last reference of a source that is gone says good-bye
 * to its server. */
struct snapshot *toolbox_renew(struct toolbox *b);

/*
 * The sources that ${s} names, SOURCES_MAX at most: a line in ${errors} for
 * each that cannot be.  Their number, -1: errors.
 */
int servers_read(struct settings *s, struct source **out,
    struct buf *errors) WARN_UNUSED;

/* A new snapshot of what is there; the toolbox's lock is held. */
struct snapshot *snapshot_make(struct toolbox *b);
void snapshot_unref(struct snapshot *s);
/* Never NULL. */
const struct offered *snapshot_offered(const struct snapshot *s,
    const struct source *source);

/* SERVER__TOOL as model APIs take names: [A-Za-z0-9_-]{1,64}. */
char *tool_public_name(struct arena *mem, const char *server, const char *tool);

/* Put what a remote server said into ${result}. */
void mcp_call_tool(struct source *s, const struct tool_spec *spec,
    const char *remote, const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result);

#endif
