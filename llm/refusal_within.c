/*
 * refusal_within: an error that comes with a 200, in place of an answer or in
 * the middle of one: where it stands, and what status it would have had.
 */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

/* Of a code: 0, 200 and the like say that all is well (Spark's 0, "success").
 */
static bool
is_failure(const json_t *code)
{
	static const char *const WELL[] = { "", "0", "200", "ok", "success" };
	const char *text = json_string_value(code);
	size_t i;

	if (json_is_integer(code))
		return json_integer_value(code) != 0
		    && json_integer_value(code) != 200;
	for (i = 0; text != NULL && i < NELEM(WELL); i++)
		if (strcasecmp(text, WELL[i]) == 0)
			return false;
	return text != NULL;
}

bool
llm_says_error(const json_t *e)
{
	void *it;

	switch (e == NULL ? JSON_NULL : json_typeof(e)) {
	case JSON_STRING:
	case JSON_INTEGER:
		return is_failure(e);
	case JSON_ARRAY:
		return json_array_size(e) > 0;
	case JSON_OBJECT:
		it = json_object_iter((json_t *)(uintptr_t)e);
		while (
		    it != NULL && !llm_says_error(json_object_iter_value(it)))
			it = json_object_iter_next((json_t *)(uintptr_t)e, it);
		return it != NULL;
	default: /* true says nothing of what it is */
		return false;
	}
}

/* null and [] do not. */
static bool
says_something(const json_t *v)
{
	return v != NULL && !json_is_null(v)
	    && !(json_is_array(v) && json_array_size(v) == 0);
}

/* The first of ${names} that ${doc} has. */
static const json_t *
first_of(const json_t *doc, const char *const *names, size_t n)
{
	const json_t *v;
	size_t i;

	for (i = 0; i < n; i++) {
		v = json_object_get(doc, names[i]);
		if (says_something(v))
			return v;
	}
	return NULL;
}

/*
 * MiniMax tells its errors in base_resp beside the answer (status_code 0: all
 * is well); others in a code and words of the document itself: Spark {code,
 * message, sid}, Baidu {error_code, error_msg}, gateways {code, msg, data} and
 * {success: false, msg}, FastAPI {detail}, vLLM {object: "error", message}.
 */
const json_t *
llm_refusal_of(const json_t *doc)
{
	static const char *const CODES[] = { "code", "error_code", "errcode",
		"errorCode", "status_code", "ret" };
	static const char *const WORDS[] = { "message", "msg", "error_msg",
		"errmsg", "error_message", "errorMessage", "status_msg" };
	enum { ANSWERS = 4, BASE = ANSWERS, OBJECT, DETAIL, N };
	static const char *const NAMES[N] = { "choices", "content", "delta",
		"content_block", /* these are answers */
		"base_resp", "object", "detail" };
	const json_t *of[N], *code;
	const char *object;
	size_t i;

	json_members(doc, NAMES, N, of);
	if (is_failure(json_object_get(of[BASE], "status_code")))
		return of[BASE];
	for (i = 0; i < ANSWERS; i++)
		if (says_something(of[i]))
			return NULL;
	object = json_string_value(of[OBJECT]);
	if ((object != NULL && strcmp(object, "error") == 0)
	    || json_is_string(of[DETAIL]))
		return doc;
	if (!json_is_string(first_of(doc, WORDS, NELEM(WORDS))))
		return NULL;
	code = first_of(doc, CODES, NELEM(CODES));
	if (code == NULL)
		return json_is_false(json_object_get(doc, "success"))
			|| json_is_string(json_object_get(doc, "message"))
		    ? doc
		    : NULL;
	return is_failure(code) ? doc : NULL;
}

/* MiniMax's status_code: its documentation, "Error codes". */
static const struct minimax {
	int64_t code;
	int status;
	const char *type; /* a word that refusal_kind.c knows; or NULL */
} MINIMAX[] = {
	{ 1001, 504, NULL },             /* timed out */
	{ 1002, 429, NULL },             /* too often */
	{ 1004, 401, NULL },             /* not authorised */
	{ 1008, 402, NULL },             /* the balance */
	{ 1026, 400, "content_filter" }, /* in the question */
	{ 1027, 400, "content_filter" }, /* in the answer */
	{ 1039, 429, NULL },             /* tokens of a minute */
	{ 1041, 429, NULL },             /* connections */
	{ 2013, 400, NULL },             /* parameters; too long, too */
	{ 2045, 429, NULL },             /* growth of the rate */
	{ 2049, 401, NULL },             /* the key */
	{ 2056, 402, NULL },             /* the plan's limit */
};

static const struct minimax *
minimax_of(const json_t *e)
{
	int64_t code = json_member_int(e, "status_code", 0);
	size_t i;

	if (json_object_get(e, "status_msg") == NULL)
		return NULL;
	for (i = 0; i < NELEM(MINIMAX); i++)
		if (MINIMAX[i].code == code)
			return &MINIMAX[i];
	return NULL;
}

/* It says what status it would have had, or only its kind. */
static int
status_in(const struct llm_refusal *r, const json_t *e)
{
	static const struct {
		const char *word;
		int status;
	} KINDS[] = {
		{ "invalid_request_error", 400 },
		{ "BadRequestError", 400 },
		{ "tool_use_failed", 400 },
		{ "context_length_exceeded", 400 },
		{ "exceed_context_size_error", 400 },
		{ "content_filter", 400 },
		{ "authentication_error", 401 },
		{ "billing_error", 402 },
		{ "permission_error", 403 },
		{ "not_found_error", 404 },
		{ "request_too_large", 413 },
		{ "rate_limit_exceeded", 429 },
		{ "rate_limit_error", 429 },
		{ "insufficient_quota", 429 },
		{ "api_error", 500 },
		{ "unavailable_error", 503 },
		{ "timeout_error", 504 },
		{ "overloaded_error", 529 },
	};
	static const char *const NUMBERS[] = { "code", "status_code", "status",
		"http_code" };
	int64_t n;
	size_t j;

	for (j = 0; j < NELEM(NUMBERS); j++) {
		n = json_member_int(e, NUMBERS[j], 0);
		if (n >= 400 && n <= 599)
			return (int)n;
	}
	if (text_int(r->code, &n) == 0 && n >= 400 && n <= 599)
		return (int)n;
	for (j = 0; j < NELEM(KINDS); j++)
		if (strcmp(r->code, KINDS[j].word) == 0
		    || strcmp(r->type, KINDS[j].word) == 0)
			return KINDS[j].status;
	return llm_refusal_status(r);
}

int
llm_refusal_in(struct llm_reading *r, const json_t *e)
{
	const struct minimax *known = minimax_of(e);

	if (r->ended)
		return 0;
	r->failed = true;
	llm_refusal_fill(&r->error, e, r->mem);
	llm_unquote(&r->error, r->q, r->mem);
	if (known == NULL) {
		r->error.status = status_in(&r->error, e);
		return -1;
	}
	r->error.status = known->status;
	if (known->type != NULL)
		r->error.type = known->type;
	return -1;
}
