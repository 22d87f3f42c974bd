/*
 * session: where a conversation stands, apart from its history.
 *
 * The states are those that /chat's clients see.
 */
#ifndef NOUNS_SESSION_H
#define NOUNS_SESSION_H

#include "base/base.h"

enum session_state {
	SESSION_NEEDS_TOKEN,
	SESSION_AWAITING_TOKEN,
	SESSION_ACTIVE
};

/* "needs_token", "awaiting_token", "active". */
const char *session_state_name(enum session_state s);
/* -1: no such name. */
int session_state_parse(const char *name, enum session_state *out) WARN_UNUSED;

/*
 * meMCP credentials of a chat, kept sealed.  All NUL-terminated.
 */
struct session_token {
	const char *parent;  /* what the person pasted */
	const char *derived; /* what tools are called with; may be the parent */
	int64_t derived_until_ms; /* wall; 0: does not end */
};

struct session {
	bool exists; /* false: no record, state is the entry state */
	enum session_state state;
	struct session_token token;    /* parent NULL: none */
	const char *last_tools;        /* JSON list of names, or NULL: /why */
	int64_t tokens_in, tokens_out; /* since the chat began: /usage */
	int64_t turns;                 /* ended ones */
	bool running;                  /* a worker holds a turn */
	int64_t waiting;               /* messages in the inbox */
	int64_t exchanges;             /* that are remembered */
	int64_t ended_ms; /* since the last turn ended; -1: none did */
};

#endif
