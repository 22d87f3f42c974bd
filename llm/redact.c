/*
 * redact: a server's words for the operator, without the question's.
 *
 * Servers quote what they refuse.  A run of RUN_MIN bytes of the message that
 * stands in the question's texts is replaced; shorter ones are words that
 * everybody uses.  Of a key far less is too much: OpenAI shows its beginning
 * and its end ("Incorrect API key provided: sk-ab***yz").
 */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define RUN_MIN 12
#define SECRET_RUN_MIN 4
#define LEFT_OUT "\xe2\x80\xa6"

/* How many bytes at ${s} stand in ${text}; fewer than ${least} are 0. */
static size_t
run_in(const char *s, size_t len, const char *text, size_t least)
{
	size_t n = strlen(text), most = 0, k;
	const char *at = text;

	if (len < least)
		return 0;
	while ((at = memmem(at, n - (size_t)(at - text), s, least)) != NULL) {
		for (k = least; k < len && at[k] == s[k]; k++)
			;
		if (k > most)
			most = k;
		if (most == len)
			break;
		at++;
	}
	return most;
}

static size_t
run_of_question(const char *s, size_t len, const struct llm_question *q)
{
	size_t i, j, n, most = 0;

	for (i = 0; i < q->nmessages; i++) {
		const struct llm_message *m = &q->messages[i];

		n = run_in(s, len, m->text, RUN_MIN);
		most = n > most ? n : most;
		for (j = 0; j < m->ncalls; j++) {
			n = run_in(s, len, m->calls[j].arguments,
			    RUN_MIN);
			most = n > most ? n : most;
		}
	}
	return most;
}

static size_t
run_of_secrets(const char *s, size_t len, const struct llm_backend *b)
{
	size_t i, n, most = 0;

	if (b->key != NULL && secret_is_set(b->key))
		most = run_in(s, len, b->key->bytes, SECRET_RUN_MIN);
	for (i = 0; b->headers != NULL && b->headers[i] != NULL; i++) {
		const char *value = strchr(b->headers[i], ':');

		n = value == NULL ? 0
				  : run_in(s, len, value + 1, SECRET_RUN_MIN);
		most = n > most ? n : most;
	}
	return most;
}

static void
redact(const char *from, const struct llm_backend *backend,
    const struct llm_question *q, char *out, size_t max)
{
	struct arena *mem = arena_new();
	struct buf b = BUF_INIT(16 * KIB);
	size_t len = strlen(from), i = 0, n, secret;
	const char *text;

	while (i < len && b.len < max) {
		n = run_of_question(from + i, len - i, q);
		secret = run_of_secrets(from + i, len - i, backend);
		n = secret > n ? secret : n;
		if (n > 0)
			(void)!buf_add_str(&b, LEFT_OUT);
		else
			(void)!buf_add_char(&b, from[i]);
		i += n > 0 ? n : 1;
	}
	/* Cut at a character, and clean where a run ended within one. */
	n = b.len < max - 1 ? b.len : max - 1;
	while (n > 0 && n < b.len && ((unsigned char)b.data[n] & 0xc0) == 0x80)
		n--;
	text = text_clean(mem, buf_str(&b), n);
	snprintf(out, max, "%s", text);
	n = strlen(out);
	if (!text_is_utf8(out, n)) /* U+FFFD is longer than what it replaces */
		out[0] = '\0';
	buf_fini(&b);
	arena_free(mem);
}

void
llm_redact(const struct llm_refusal *r, const struct llm_backend *b,
    const struct llm_question *q, struct llm_failure *f)
{
	redact(r->code, b, q, f->code, sizeof(f->code));
	redact(r->type, b, q, f->type, sizeof(f->type));
	redact(r->param, b, q, f->param, sizeof(f->param));
	redact(r->message, b, q, f->message, sizeof(f->message));
}
