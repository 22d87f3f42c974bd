/*
 * schema_pattern: regular expressions of schemas, by pcre2, as ECMAScript has
 * them as far as that goes.  No JIT: its matches have no limit of steps.
 *
 * What a match may cost is paid from the check's steps, by the length of the
 * text; a pattern that goes back and forth gets a second and a third try with
 * more.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mcp/schema_priv.h"

#define PATTERN_MAX (16 * KIB) /* bytes of one: longer ones are no people's */
#define COST 20                /* of any match, in steps of the check */
#define BACK 50                /* pcre2's steps for one of these */
#define TRY_MORE 20            /* times as many, in the next try */
#define TRIES 3                /* 50, 1,000, 20,000 a character */
#define HEAP_KIB 8192          /* of one match */
#define OPTIONS                                                 \
	(PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_ALT_BSUX        \
	    | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF  \
	    | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C \
	    | PCRE2_NEVER_UCP)

struct pattern {
	pcre2_code *code;
	bool anchored; /* it fits at the beginning, or nowhere */
};

static void
release(void *code)
{
	pcre2_code_free(code);
}

struct pattern *
mcp_schema_pattern_new(struct arena *mem, const char *text, const char **why)
{
	pcre2_compile_context *how = pcre2_compile_context_create(NULL);
	struct pattern *p = arena_alloc(mem, sizeof(*p));
	unsigned char *words = arena_alloc(mem, 128);
	uint32_t options = 0;
	PCRE2_SIZE at;
	int code = 0;

	if (how == NULL)
		abort();
	(void)pcre2_set_newline(how, PCRE2_NEWLINE_ANYCRLF);
	(void)pcre2_set_compile_extra_options(how, PCRE2_EXTRA_ALT_BSUX);
	(void)pcre2_set_parens_nest_limit(how, 100);
	*why = "it is too long";
	if (strlen(text) <= PATTERN_MAX) {
		p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
		    OPTIONS, &code, &at, how);
		if (p->code == NULL
		    && pcre2_get_error_message(code, words, 128) > 0)
			*why = (const char *)words;
	}
	pcre2_compile_context_free(how);
	if (p->code == NULL)
		return NULL;
	arena_defer(mem, release, p->code);
	(void)pcre2_pattern_info(p->code, PCRE2_INFO_ALLOPTIONS, &options);
	p->anchored = (options & PCRE2_ANCHORED) != 0;
	return p;
}

/* One try with ${steps} of the check's. */
static int
try(const struct pattern *p, const char *text, size_t len, int64_t steps,
    pcre2_match_data *data)
{
	pcre2_match_context *how = pcre2_match_context_create(NULL);
	/* pcre2 counts anew for each character that it begins at. */
	int64_t limit = steps * BACK / (p->anchored ? 1 : (int64_t)len + 1);
	int rc;

	if (how == NULL)
		abort();
	(void)pcre2_set_match_limit(how, (uint32_t)(limit + BACK));
	(void)pcre2_set_heap_limit(how, HEAP_KIB);
	rc = pcre2_match(p->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK,
	    data, how);
	pcre2_match_context_free(how);
	return rc;
}

bool
mcp_schema_pattern_finds(const struct pattern *p, const char *text, size_t len,
    int64_t *steps)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int64_t cost = COST + (int64_t)(p->anchored ? len / 64 : len);
	int rc = PCRE2_ERROR_MATCHLIMIT, i;

	if (data == NULL)
		abort();
	for (i = 0; i < TRIES && rc == PCRE2_ERROR_MATCHLIMIT; i++) {
		if (*steps < cost)
			break;
		*steps -= cost;
		rc = try(p, text, len, cost, data);
		cost *= TRY_MORE;
	}
	pcre2_match_data_free(data);
	if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
		*steps = 0;
	return rc >= 0;
}
