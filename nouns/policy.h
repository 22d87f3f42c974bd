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
 * default alone.
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

	/* The model, and who is asked when it does not answer. */
	int host;          /* chat.host: enum chat_host, resolved */
	const char *model; /* chat.model; LLM_MODEL too */
	struct config_list
	    fallback; /* llm.fallback: name, "host/model" or "model" */

	/* Tools. */
	struct config_list tools; /* chat.tools; empty: built-in and servers */
	struct config_list repeatable; /* chat.repeatable: may run twice */
	int64_t rounds;                /* llm.rounds, in one turn */

	/* Tokens; 0: any. */
	int64_t budget_turn, budget_chat, budget_day;
};

/*
 * The policy of ${who}; NULL, or members that are: nobody in particular.  It
 * is immutable and lives as long as ${s}, so that a turn may keep it as it
 * keeps its settings.  Cheap: to be asked for each message.
 */
const struct policy *policy_of(const struct settings *s,
    const struct caller *who);

#endif
