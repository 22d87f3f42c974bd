/*
 * redact: a server's words for the operator, without the question's (quoted.c)
 * and without the key.
 *
 * Of a key far less than a quotation is too much: OpenAI shows its beginning
 * and its end ("Incorrect API key provided: sk-ab***yz").
 */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define SECRET_RUN_MIN 4

/* How many bytes at ${s} stand in ${text}; fewer than SECRET_RUN_MIN are 0. */
static size_t
run_in(const char *s, size_t len, const char *text)
{
	size_t n = strlen(text), most = 0, k;
	const char *at = text;

	if (len < SECRET_RUN_MIN)
		return 0;
	while ((at = memmem(at, n - (size_t)(at - text), s, SECRET_RUN_MIN))
	    != NULL) {
		for (k = SECRET_RUN_MIN; k < len && at[k] == s[k]; k++)
			;
		if (k > most)
			most = k;
		at++;
	}
	return most;
}

static size_t
run_of_secrets(const char *s, size_t len, const struct llm_backend *b)
{
	size_t i, n, most = 0;

	if (b->key != NULL && secret_is_set(b->key))
		most = run_in(s, len, b->key->bytes);
	for (i = 0; b->headers != NULL && b->headers[i] != NULL; i++) {
		const char *value = strchr(b->headers[i], ':');

		n = value == NULL ? 0 : run_in(s, len, value + 1);
		most = n > most ? n : most;
	}
	return most;
}

void
llm_redact_text(const char *from, const struct llm_backend *b,
    const struct llm_question *q, char *out, size_t max)
{
	struct arena *mem = arena_new();
	size_t len = strlen(from), i, n;
	bool *marks = arena_alloc(mem, (len + 1) * sizeof(*marks));
	const char *text;

	memset(marks, 0, (len + 1) * sizeof(*marks));
	llm_quoted(from, q, marks, mem);
	for (i = 0; i < len; i++) {
		n = run_of_secrets(from + i, len - i, b);
		if (n > 0)
			memset(marks + i, true, n * sizeof(*marks));
	}
	text = llm_leave_out(from, marks, mem);
	/* Cut at a character. */
	n = strlen(text);
	if (n > max - 1)
		for (n = max - 1;
		     n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	snprintf(out, max, "%.*s", (int)n, text);
	arena_free(mem);
}

void
llm_redact(const struct llm_refusal *r, const struct llm_backend *b,
    const struct llm_question *q, struct llm_failure *f)
{
	char why[sizeof(f->why)];

	llm_redact_text(r->code, b, q, f->code, sizeof(f->code));
	llm_redact_text(r->type, b, q, f->type, sizeof(f->type));
	llm_redact_text(r->param, b, q, f->param, sizeof(f->param));
	llm_redact_text(r->message, b, q, f->message, sizeof(f->message));
	/* A code or a type stands in it. */
	snprintf(why, sizeof(why), "%s", f->why);
	llm_redact_text(why, b, q, f->why, sizeof(f->why));
}
