/*
 * turn: one message to its reply.
 *
 * A step is a function that does one thing and returns the next state; the
 * loop in turn.c runs them.  Each result is journalled before the next step,
 * so that a turn goes on at another worker where this one stopped.
 */
#ifndef CHAT_TURN_H
#define CHAT_TURN_H

#include "base/arena.h"
#include "chat/stream.h"
#include "llm/llm.h"
#include "nouns/caller.h"
#include "nouns/metric.h"
#include "nouns/settings.h"
#include "redis/journal.h"
#include "tools/tool.h"
#include "work/lease.h"

enum turn_state {
	TURN_LOAD,      /* what kind of message, and what was journalled */
	TURN_TOKEN,     /* states before active, and the token's renewal */
	TURN_DIRECT,    /* no model: the message as a call, then TOOLS */
	TURN_ASK,       /* one model call, then TOOLS or FINISH */
	TURN_TOOLS,     /* what it asked for, then ASK; of DIRECT, FINISH */
	TURN_FINISH,    /* reply, history, end state */
	TURN_HAND_BACK, /* release: shutdown or a later retry */
	TURN_END,
	TURN_N,
};

#define TURN_ANSWERS_MAX 16 /* model answers of one turn, summary included */

struct chats;
struct models;
struct worker;

/* What the model is told of a call (chat/told.h). */
struct turn_result {
	enum tool_end end;  /* DONE or FAILED */
	const char *text;   /* valid UTF-8, never empty */
	bool denied;        /* the person's token has too few rights */
	bool token_expired; /* it is good no more: no result, called again */
};

/* One answer of the model that asked for tools, with their results. */
struct turn_round {
	struct llm_answer answer;
	struct turn_result results[TOOL_CALLS_MAX];
	bool done[TOOL_CALLS_MAX]; /* there is a result */
	bool resumed;              /* from the journal */
};

struct turn {
	struct chats *chats;
	struct models *models; /* theirs */
	struct worker *w;
	struct settings *s;
	struct job *job;
	struct arena *mem; /* the job's */
	struct lease *lease;
	struct stream stream;
	struct caller caller;
	const struct policy *policy; /* of the caller */
	const struct toolset *tools; /* the same */
	int64_t begun_us;            /* boot clock, this attempt */

	struct turn_round rounds[TURN_ANSWERS_MAX];
	int nrounds;

	/* asking */
	const char *system; /* context_system's, made once; or NULL */
	bool summarise;     /* rounds are used up: no tools any more */
	bool as_words;      /* ... and calls and results are words now */
	bool shortened;     /* LLM_CONTEXT once */
	bool guessed;       /* shortened once without being told */
	bool misguessed;    /* ... in vain: not again */
	bool forgot;        /* so parts of the history were left out */
	bool raised;        /* thoughts ate llm.max_tokens: four times it */
	uint64_t declined;  /* backends whose filter declined, as bits */
	uint64_t too_long;  /* those to which it is, even shortened */
	int empties;        /* answers of no use so far: LLM_EMPTY, or a
				 failure that is repeated once */
	bool denied;        /* a tool needs a higher-tier token */
	bool token_expired;
	struct session_token token; /* in force, NULL parent: none */
	bool token_changed;
	int64_t retry_since_ms; /* wall; 0 no failure yet */
	int retry_n;
	bool often; /* who may answer later said: too often (429) */
	int64_t loading_since_ms;    /* wall; 0: no model was being loaded */
	const char *kept;            /* the longest words of a cut answer */
	int kept_round;              /* nrounds then: later ones make it void */
	bool kept_unwritten;         /* not yet in the journal */
	struct budget_change budget; /* reserved and not yet settled */
	struct usage usage;          /* of this turn, all attempts known */
	int model_calls;

	/* handing back */
	int64_t back_ms;
	bool back_failed;
	bool back_hold;

	/* ending */
	struct turn_outcome out;
	const char *text; /* of the reply */
	const char *const *starters;
	enum session_state state; /* after the turn */
	bool remember;            /* add the exchange to the history */
	bool truncated;           /* the text is not all of the answer */
	const char *note;         /* after the text, not remembered; or NULL */
};

/* Run the job of ${l}, a chat, to its end or hand it back. */
void turn_run(struct chats *c, struct lease *l);

/* The steps. */
enum turn_state turn_load(struct turn *t);
enum turn_state turn_token(struct turn *t);
enum turn_state turn_direct(struct turn *t);
enum turn_state turn_ask(struct turn *t);
enum turn_state turn_tools(struct turn *t);
enum turn_state turn_finish(struct turn *t);
enum turn_state turn_hand_back(struct turn *t);

/* What the steps share.  Where to (next.c): */

/* End with ${text}: the next state. */
enum turn_state turn_say(struct turn *t, enum turn_end end, const char *text);
/* Hand back, to be looked at in ${delay_ms}. */
enum turn_state turn_back(struct turn *t, int64_t delay_ms, bool failed);
/* After load, token and tools: calls that are open, the model, or without one
 * the message as a call and the call's result as the reply. */
enum turn_state turn_next_model(struct turn *t);
/* The calls were cancelled for good: where that leads. */
enum turn_state turn_next_cancelled(struct turn *t, enum lease_why why);
/* Keep the words of a cut answer: the longest of this round. */
void turn_keep(struct turn *t, const char *words);
/* Are there such words of this round? */
bool turn_has_kept(const struct turn *t);
/* The words that were kept are the reply; there are none: ${phrase}. */
enum turn_state turn_give_up(struct turn *t, const char *phrase);

/* Whether to go on (hold.c): */

/* What is to be settled, for the first try of a write: a second one would give
 * back again what was not spent. */
struct budget_change turn_settle(struct turn *t);
/*
 * Journal ${fields} (n may be 0: renew), trying again while Redis is down.
 * False: the turn must not go on; ${next} is where to.
 */
bool turn_write(struct turn *t, const struct journal_field *fields, size_t n,
    enum turn_state *next) WARN_UNUSED;
/* Before a call to the outside: is the lease sure, was it stopped? */
bool turn_may_call(struct turn *t, enum turn_state *next) WARN_UNUSED;
/* Wait in this thread, at most ${ms}; false: cancelled meanwhile. */
bool turn_pause(struct turn *t, int64_t ms) WARN_UNUSED;
/* A question was cancelled: where to. */
enum turn_state turn_cancelled(struct turn *t);
/* Ask once more, at once. */
enum turn_state turn_repeat(struct turn *t, enum model_repeat cause);

/* No backend answered, for reason ${rc}: again later (${hint_ms} at least,
 * -1: as one likes; of LLM_QUOTA, when it is over), the words that were kept,
 * or what the person is told (unanswered.c). */
enum turn_state turn_unanswered(struct turn *t, enum llm_rc rc,
    int64_t hint_ms);

#endif
