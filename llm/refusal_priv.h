/*
 * refusal_priv: what a server says in place of an answer: read, understood,
 * and shown without what it quotes.
 */
#ifndef LLM_REFUSAL_PRIV_H
#define LLM_REFUSAL_PRIV_H

#include "llm/llm.h"

struct llm_reading;

/*
 * What a server says in place of an answer, in whatever shape (refusal.c).
 * Strings and doc live as long as the reading: in its arena, or in the event's,
 * after which none is read.  "" when the server gave none.
 */
struct llm_refusal {
	int status; /* HTTP's; of an error within a 200, what it would be */
	const char *code, *type, *param, *message;
	const json_t *doc; /* as it came, or NULL: hints to wait stand in it */
};

/*
 * refusal.c.  The refusal in ${body}, whatever its shape; and what ${e} says,
 * but for its status.
 */
void llm_refusal_read(struct llm_refusal *out, int status, const char *body,
    size_t len, struct arena *mem);
void llm_refusal_fill(struct llm_refusal *out, const json_t *e,
    struct arena *mem);
/* refusal_within.c.  Where ${doc}, which has no member "error", tells one all
 * the same: a part of it; or NULL. */
const json_t *llm_refusal_of(const json_t *doc);
/* False of an "error" without words, type and code, as relays in Go write it
 * beside each answer. */
bool llm_says_error(const json_t *e);
/* One that came in an answer or event (${e} is where) fails the reading: -1,
 * or 0 when the answer was complete before. */
int llm_refusal_in(struct llm_reading *r, const json_t *e);
/* Does ${text} hold any of ${words}, in whatever case? */
bool llm_text_says(const char *text, const char *const *words, size_t n);
/* refusal_kind.c.  The status that the words of ${r} would have; else 500. */
int llm_refusal_status(const struct llm_refusal *r);
/* Is it that the model is not there; that nothing is at that address? */
/* The key itself, not what may be done with it. */
bool llm_refusal_denies_key(const struct llm_refusal *r);
bool llm_refusal_names_model(const struct llm_refusal *r);
bool llm_refusal_is_nowhere(const struct llm_refusal *r);
/* What it means; ${should_retry} is the server's word: 1, 0, -1 none. */
enum llm_rc llm_refusal_rc(const struct llm_refusal *r, int should_retry,
    struct llm_failure *f);

/*
 * quoted.c.  Set those ${marks} (one for each byte of ${text}) that are of a
 * quotation of ${q}'s messages; then the text without what is marked, each
 * stretch as "...".
 */
void llm_quoted(const char *text, const struct llm_question *q, bool *marks,
    struct arena *mem);
char *llm_leave_out(const char *text, const bool *marks, struct arena *mem);
/* A refusal of ${q}, as the server's own words: what ${q} says teaches
 * nothing.  NULL: no question. */
void llm_unquote(struct llm_refusal *r, const struct llm_question *q,
    struct arena *mem);

/* redact.c: ${from} for a log, at most ${max} with its NUL: without what ${q}
 * says and without the backend's key and headers; and so code, type, param,
 * message and why of ${f}. */
void llm_redact_text(const char *from, const struct llm_backend *b,
    const struct llm_question *q, char *out, size_t max);
void llm_redact(const struct llm_refusal *r, const struct llm_backend *b,
    const struct llm_question *q, struct llm_failure *f);

/* hints.c: from the headers, then (if they say nothing) from the body. */
#define LLM_HINT_FAR_MS (24LL * 3600 * 1000) /* longer: not told apart */
#define LLM_HINT_MAX_MS 60000 /* longer is a quota, to one who waits */
struct http_response;
void llm_hints_body(const struct llm_refusal *r, struct llm_failure *f);
void llm_hints_read(const struct http_response *resp, struct llm_failure *f,
    int *should_retry);

#endif
