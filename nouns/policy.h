/*
 * policy: what somebody may use, and how much of it: limits, model, tools,
 * budgets.
 *
 * It is resolved of the default, then the tenant, the connection and the API
 * key, each of which says what it changes.  Today there is one tenant, so that
 * all have the default, which the settings' rows fill (nouns/settings.c: rows
 * of `policy`).  A tenant's own settings will be rows of the same members,
 * resolved when they are loaded: whoever asks here needs no change.
 *
 * Ask for each of its members here, never in the settings: they hold the
 * default alone (tests/lint, rule policy).
 */
#ifndef NOUNS_POLICY_H
#define NOUNS_POLICY_H

#include "base/base.h"
#include "base/config.h"

struct caller;
struct settings;

/* The keys are those of nouns/settings.c; their defaults stand there. */
struct policy {
	/* Limits of a chat. */
	int64_t rate_limit; /* chat.rate_limit_per_minute */
	int64_t inbox_max;  /* chat.inbox_max: messages */
	int64_t inbox_bytes;
	int64_t max_input_chars;  /* server.body_max takes them, also as \u
				     escapes */
	int64_t max_output_chars; /* a token is 4 characters, 20 at most in
				     what people read */
	int64_t max_history;      /* exchanges kept and sent */
	int64_t history_tokens;   /* estimated, bytes / 3: the longest message
				     and its answer */

	/* The model, and who is asked when it does not answer. */
	int host;           /* chat.host: enum chat_host, resolved */
	const char *model;  /* chat.model; LLM_MODEL too */
	int64_t max_tokens; /* llm.max_tokens: of one answer */
	struct config_list
	    fallback; /* llm.fallback: name, "host/model" or "model" */

	/* Tools. */
	struct config_list tools; /* chat.tools; empty: built-in and servers */
	struct config_list repeatable; /* chat.repeatable: may run twice */
	int64_t rounds;                /* llm.rounds, in one turn */
	int64_t tools_max;             /* llm.tools_max: offered to a model */
	struct config_list read_only;  /* mcp.read_only: globs of tools */
	struct config_list tasks;      /* mcp.tasks: globs of tools */

	/* Calls of an API key in any 60 s, of all tools and of one; 0: any. */
	int64_t call_limit;      /* mcp.rate_limit */
	int64_t tool_call_limit; /* mcp.tool_rate_limit */

	/* Tokens; 0: any. */
	int64_t budget_turn, budget_chat, budget_day;
};

/*
 * The policy of ${who}; NULL, or members that are: nobody in particular.  It
 * is immutable and lives as long as ${s}, so that a turn keeps it as it keeps
 * its settings.  Cheap: to be asked for each message.
 */
const struct policy *policy_of(const struct settings *s,
    const struct caller *who);

/*
 * The ${i}th of all policies there are; NULL: there are no more.  The first is
 * the default, as policy_of for nobody in particular.  For what a process does
 * for all: which models' servers it watches.
 */
const struct policy *policy_at(const struct settings *s, size_t i);

#endif
