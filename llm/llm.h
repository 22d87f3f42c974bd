/*
 * llm: one question to a language model, streamed, with tools.
 *
 * A provider is a struct of functions (llm_priv.h); the table is
 * provider.c.  This module sends one request to one backend; which backend, when again, and what
 * the person is told is chat/ask's business.  llm_ask never sleeps to retry:
 * it answers LLM_RETRY with a delay, and the caller decides.
 */
#ifndef LLM_LLM_H
#define LLM_LLM_H

#include <jansson.h>

#include "base/arena.h"
#include "base/http.h"
#include "base/secret.h"
#include "nouns/message.h"
#include "nouns/settings.h"
#include "nouns/tool_call.h"
#include "nouns/usage.h"

struct llm_quirks;

enum llm_role { LLM_SYSTEM, LLM_USER, LLM_ASSISTANT, LLM_TOOL };

struct llm_message {
	enum llm_role role;
	const char *text; /* "" when there are only calls */
	const struct image *images;
	size_t nimages;
	const struct tool_call *calls; /* of an assistant */
	size_t ncalls;
	const char *call_id; /* of a tool's result */
	const char *tool;    /* its name */
	bool is_error;
	const char *extra; /* provider's own blocks to be sent back unchanged
				(llm_answer.extra), or NULL */
	const char *extra_wire;    /* whose they are; another wire's are not
				   sent */
	const char *extra_backend; /* and which model's, by llm_backend_name:
				      another one's are not sent; NULL: not
				      known */
};

/* One place where a model answers. */
struct llm_backend {
	const char *name; /* in llm.backends; NULL: it is none of them */
	bool is_fallback; /* of llm.fallback, not chat.model */
	bool moved;       /* by llm.base_url */
	int host;         /* enum chat_host, not HOST_DIRECT */
	const char *model;
	const char *base_url;       /* as the provider's own SDK means it */
	const char *const *headers; /* "Name: value", NULL ends; or NULL */
	const struct secret *key;   /* NULL or not set: none is sent */
	int tools;                  /* enum llm_tools */
	int64_t max_tokens;
	const char *max_tokens_name; /* "": automatic */
	double temperature;          /* negative: not sent */
	int connect_ms, total_ms;
	int first_byte_ms; /* to the first content; pings are none */
	int idle_ms;       /* then between two pieces of content */
	const struct llm_quirks *quirks; /* what it can't do; NULL: nothing
					    known (llm/quirks.h) */
};

struct llm_question {
	const struct llm_message *messages; /* system first */
	size_t nmessages;
	const struct tool_spec *tools;
	size_t ntools; /* 0: the model must answer in words */
	/* Calls stand in the messages and their tools are offered, but none
	 * may be called: tool_choice "none". */
	bool no_calls;
	/* Calls and results in the messages are told as words; no tools. */
	bool as_words;
	int64_t max_tokens; /* 0: the backend's */
	const volatile int *cancel;
	/* A piece of the visible answer as it comes; may be NULL. */
	void (*on_text)(void *ctx, const char *piece, size_t len);
	/* What on_text got was no visible answer, but thoughts; may be NULL. */
	void (*on_back)(void *ctx);
	/* The first byte of the answer's body has come; may be NULL. */
	void (*on_first_byte)(void *ctx);
	void *ctx;
};

struct llm_answer {
	const char *text; /* "" when there is none; valid UTF-8 */
	struct tool_call *calls;
	size_t ncalls;
	struct usage usage;    /* estimated when the provider counted none */
	struct usage unlikely; /* what it counted, if that cannot be: then
				  usage is estimated, too; else 0 */
	bool cut;              /* max_tokens reached */
	bool refused;      /* the model or its filter declined; with ${cut} a
			       filter stopped it after these words */
	const char *extra; /* to be sent back with the calls, or NULL */
	const char *extra_wire; /* that it belongs to: "openai", "anthropic" */
	const char *extra_backend; /* and the model's, by llm_backend_name */
	/* What this question taught of the backend, to be kept
	 * (llm/quirks.h); borrowed. */
	const struct llm_fact *learned;
	size_t nlearned;
};

enum llm_rc {
	LLM_OK,       /* words, calls, or both */
	LLM_RETRY,    /* 408 409 429 5xx, no connection, broken before text */
	LLM_BROKEN,   /* the stream broke after text came: answer->text has
			   the words so far, without half calls */
	LLM_EMPTY,    /* a whole answer with neither words nor calls */
	LLM_CONTEXT,  /* too long for the model: shorten and ask again */
	LLM_QUOTA,    /* out of credit: do not repeat */
	LLM_DENIED,   /* 401 403: the key is wrong; operator must act */
	LLM_INVALID,  /* it refuses the request (400, 422); operator must
			   act, if it is not this question alone */
	LLM_FILTERED, /* a filter of the provider declined the message */
	LLM_LOADING,  /* the model is being loaded: worth waiting for */
	LLM_UNREACHABLE, /* the way there is wrong (certificate, proxy, port):
			    operator must act */
	LLM_CANCELLED,
	LLM_MODEL,    /* the server does not know the model, or does not let
			   this account use it; operator must act */
	LLM_ADDRESS,  /* something else is at that address (404, a page, a
			   redirection); operator must act */
	LLM_UNCHOSEN, /* nobody has said which model, and the server has none
			   or several; operator must act */
	LLM_RC_N,
};
/*
 * kinds.c: a row an end.  A new one needs no more than it: what follows from a
 * row is in each worker's record (chat/trouble.h), so that /ready and doctor
 * know it; the person's sentence is chat/phrases.h's.
 */
const char *llm_rc_name(enum llm_rc rc);
/* A clause for the operator, without what a server said. */
const char *llm_rc_words(enum llm_rc rc);
/* Who ends it: time; the operator in our settings or keys, or on the server's
 * side (an account). */
enum llm_mend { LLM_PASSES, LLM_MEND_HERE, LLM_MEND_THERE };
enum llm_mend llm_mend(enum llm_rc rc);
/* No repeat helps: it does not pass. */
bool llm_needs_operator(enum llm_rc rc);

struct llm_failure {
	int status;
	int64_t retry_after_ms; /* -1: the server said nothing */
	bool counts;            /* for the breaker: not a plain 429 */
	bool once;              /* LLM_RETRY or LLM_ADDRESS: worth one repeat,
				   no more */
	bool unknown;           /* LLM_INVALID of a 400 that nobody understands:
				   perhaps it is too long */
	bool country;           /* LLM_UNREACHABLE: not from this one */
	bool credit;            /* LLM_QUOTA: no money, not a limit in time */
	int64_t told_ms;        /* LLM_QUOTA: when it is over, as the server
				   says; 0: it does not */
	enum http_cause cause;  /* without an answer: why */
	bool is_page;           /* a web page was the answer */
	char why[160];          /* for logs: no key, no text of people */
	/* The server's words for the operator, "" when it gave none: what the
	 * question holds is taken out of them. */
	char code[64], type[64], param[96], message[300];
};

/* Ask once and wait.  ${answer} and its strings live in ${mem}. */
enum llm_rc llm_ask(const struct llm_backend *backend,
    const struct llm_question *q, struct arena *mem, struct llm_answer *answer,
    struct llm_failure *failure) WARN_UNUSED;

/* What the operator does about it: for logs and doctor; in ${mem} or for
 * ever. */
const char *llm_remedy(enum llm_rc rc, const struct llm_failure *f,
    const struct llm_backend *b, struct arena *mem);
/* The setting that names the model of ${b}, and its variable. */
const char *llm_model_setting(const struct llm_backend *b, struct arena *mem);

/* A time to wait, in words; from a day on, which is as far as hints are told
 * apart, "a day or more". */
#define LLM_SPAN_MAX 32
void llm_span(int64_t ms, char out[LLM_SPAN_MAX]);

/* Where questions go, with its query; in ${mem}.  For logs, cut what may be
 * secret (text_address). */
char *llm_chat_url(const struct llm_backend *b, struct arena *mem);

/*
 * Would it answer?  Asked by its list of models, which costs no tokens; and what
 * to do.  When nothing of this API is at that address, others of the same server
 * are tried; when the model is not in the list, the nearest name and others are
 * told.  Takes 10 s, or 20 s if addresses are tried.
 *
 * Setting *${cancel} (it may be NULL) ends it.
 *
 * LLM_OK, LLM_DENIED, LLM_RETRY, LLM_UNREACHABLE, LLM_ADDRESS, LLM_INVALID (it
 * can't be asked), LLM_MODEL (the list is complete, and it is not in it).
 * ${listed} is false if there is a list and the model is not in it.  With LLM_OK,
 * failure.why says if there was no list to look at.  ${remedy}, in ${mem}, is
 * NULL if all is well; with LLM_OK and ${listed} false it is a guess, as some
 * servers answer to names that they do not list.
 */
struct llm_look {
	enum llm_rc rc;
	bool listed;
	const char *remedy;
	struct llm_failure failure;
};
void llm_look(const struct llm_backend *b, const volatile int *cancel,
    struct arena *mem, struct llm_look *out);

/*
 * Which model is meant where ${b} has none (settings_lacks_model): the only one
 * that its server lists, not counting those for embeddings and the like.  One
 * request of a few seconds at most; strings live in ${mem}.
 *
 * LLM_OK: in ${model}.  LLM_UNCHOSEN: none or several, or a server that has no
 * list.  LLM_RETRY, LLM_DENIED, LLM_UNREACHABLE, LLM_ADDRESS, LLM_INVALID: no
 * list.  Then ${why} is a clause, ${remedy} what to do.
 */
struct llm_pick {
	const char *model, *why, *remedy;
	const char *failed; /* why there is no list; NULL: there is */
};
enum llm_rc llm_pick(const struct llm_backend *b, struct arena *mem,
    struct llm_pick *out) WARN_UNUSED;

/*
 * The backends that whoever has ${p} asks, in the order to try:
 * chat.host/chat.model, then llm.fallback (a name of llm.backends,
 * "host/model", or "model").  Strings are borrowed from ${s} and ${p} or live
 * in ${mem}.  Their number; 0 in direct mode.
 */
size_t llm_backends(const struct settings *s, const struct policy *p,
    struct arena *mem, struct llm_backend **out);
/* Those of all policies, for who watches them; the default's first. */
size_t llm_backends_all(const struct settings *s, struct arena *mem,
    struct llm_backend **out);

/* "HOST/MODEL/8 hex of the address": whose quirks they are (redis/learned.h).
 * A longer model's name is cut. */
#define LLM_BACKEND_NAME_MAX 256
void llm_backend_name(const struct llm_backend *b,
    char out[LLM_BACKEND_NAME_MAX]);
/* "HOST/MODEL" or "HOST/MODEL@NAME": it, to an operator. */
void llm_backend_label(const struct llm_backend *b,
    char out[LLM_BACKEND_NAME_MAX]);
/* Whose breaker (redis/fleet.h) it is: two keys at one address have two. */
#define LLM_BREAKER_NAME_MAX (LLM_BACKEND_NAME_MAX + 16)
void llm_breaker_name(const struct llm_backend *b,
    char out[LLM_BREAKER_NAME_MAX]);
/* What llm.quirks says of ${b}. */
void llm_quirks_stated(const struct settings *s, const struct llm_backend *b,
    struct llm_quirks *out);

/* A rough count of tokens: bytes / 3, images 1,000 each. */
int64_t llm_estimate(const struct llm_message *messages, size_t n,
    const struct tool_spec *tools, size_t ntools);

/*
 * The text protocol for models without native calls (llm.tools: text): the
 * system text that teaches it.  What is a call in an answer: llm/text_calls.h.
 *
 *   <tool_call>{"name": "echo", "arguments": {"text": "hi"}}</tool_call>
 */
char *llm_text_tools_prompt(struct arena *mem, const struct tool_spec *tools,
    size_t ntools);
/* A result (an LLM_TOOL message) as the model gets it.  What a tool returned
 * cannot end its own element and go on in another's name. */
char *llm_text_tools_result(struct arena *mem, const struct llm_message *m);

#endif
