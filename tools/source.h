/*
 * source: where tools come from: what is built in, meMCP, an MCP server.
 *
 * A kind of source is a struct of functions in a file of its own, with a
 * function that makes such a source; servers.c makes those that the
 * configuration names.  Nothing else knows the kinds apart.
 */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include "base/seal.h"
#include "nouns/metric.h"
#include "tools/catalogue.h"
#include "tools/offer.h"
#include "tools/tool.h"

/* Those of mcp.servers, and meMCP.  A kind of source that servers.c makes
 * besides adds as many as it may have: more than there is room for are refused
 * when the configuration is read. */
#define SOURCES_MAX (SETTINGS_SERVERS_MAX + 1)
/* The last list of a source that is away is offered so long: a restart, or a
 * container that is exchanged, takes no longer.  A model that calls a tool
 * meanwhile is told that the server cannot be reached. */
#define SOURCE_AWAY_MAX_MS 60000

struct settings_server;
struct source;

/* How asking for a list went. */
struct source_answer {
	int64_t ttl_ms;  /* how long the list is good, as its source says; -1 */
	char why[160];   /* there is none: the server's words may be in it */
	char reason[64]; /* the same in ours, for who is nobody we know */
	bool away;       /* nobody answered: it may be starting */
};

struct source_kind {
	const char *name;         /* for /ready and doctor */
	enum metric_source label; /* of METRIC_TOOL_SECONDS */
	bool prefixed;            /* its tools are offered as SOURCE__TOOL */
	bool trusted; /* what it says of its tools is our own word */
	bool reads;   /* its tools change nothing */
	bool quick;   /* its calls wait for nobody */

	/*
	 * All tools, an array of definitions as MCP has them (name,
	 * description, inputSchema, ...), a new reference that no other
	 * thread has.  NULL: ${answer} says why.  Setting *${cancel} ends it.
	 */
	json_t *(*list)(struct source *s, const volatile int *cancel,
	    struct source_answer *answer);
	/* ${row}, of ${tool}: what is concluded of its definition; change what
	 * is known better.  NULL: nothing is. */
	void (*row)(struct source *s, const struct catalogue_tool *tool,
	    struct tool_row *row);
	/* True once if the source said that its list changed; NULL: it never
	 * says so. */
	bool (*list_changed)(struct source *s);
	/*
	 * Call ${tool} of its catalogue.  ${result} is FAILED without content
	 * at first.  Many calls run at once.  It looks at ctx->cancel, and
	 * ends within ctx->deadline_ms.
	 */
	void (*call)(struct source *s, const struct catalogue_tool *tool,
	    const struct tool_ctx *ctx, const json_t *arguments,
	    struct arena *mem, struct tool_result *result);
	/* Nothing changed about ${s} by a reload, which made ${anew} of it: it
	 * goes on as it is, with what the new settings say.  NULL: each reload
	 * asks anew. */
	bool (*keep)(struct source *s, const struct source *anew,
	    const struct settings *settings);
	/* The last reference is gone: free s->own; at most 2 s. */
	void (*close)(struct source *s);
};

/* Counted: a view keeps those whose tools it offers. */
struct source {
	_Atomic int refs;
	const struct source_kind *kind;
	void *own; /* of the kind */
	char name[65];
	char host[128]; /* for /ready: no path, no credentials */
	bool unserved;  /* configured, but nothing that we can ask */
	/* what follows is under the toolbox's lock */
	json_t *list; /* as the source gave it; NULL: down or not asked yet */
	struct offer *offer;                 /* of it */
	char left_out_seen[SEAL_DIGEST_MAX]; /* what was logged last */
	bool asked, ok, asking;
	char why[160];   /* as in source_answer */
	char reason[64]; /* the same */
	int failures;
	int64_t read_ms, next_ms; /* boot clock */
	int64_t
	    away_ms; /* the same: since then it does not answer; 0: it does */
};

/* One reference; ${url}: only its host is kept. */
struct source *source_new(const struct source_kind *kind, const char *name,
    const char *url, void *own);
struct source *source_ref(struct source *s);
void source_unref(struct source *s); /* NULL is fine */
/* All of them; the good-byes to their servers are said side by side, so that
 * silent ones take the time of one. */
void sources_unref(struct source *const *sources, size_t n);

/* What is built in (tools.c); it has its list. */
struct source *builtin_source(void);
/* chat.memcp_url (memcp_source.c). */
struct source *memcp_source(struct settings *s);
/* An MCP server (mcp.c), asked or, if a command starts it, not yet. */
struct source *mcp_source(const struct settings *s,
    const struct settings_server *server);

#endif
