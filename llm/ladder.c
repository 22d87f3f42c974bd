/*
 * ladder: from a refusal to what is tried next.
 */
#include "llm/ladder.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

enum value {
	VALUE_CONTEXT,
	VALUE_LIMIT,
	VALUE_TOOLS_MAX,
	VALUE_TEMPERATURE,
	VALUE_NO_TOOLS
};

/* One refusal, looked at. */
struct look {
	struct llm_ladder *l;
	const struct llm_backend *b;
	const struct llm_question *sent;
	const struct llm_refusal *r;
	struct arena *mem;
	const char *text; /* all that the server said */
};

void
llm_ladder_init(struct llm_ladder *l, const struct llm_backend *b)
{
	static const struct {
		const char *name;
		enum value value;
	} STATED[] = { { "max_tokens_value", VALUE_LIMIT },
		{ "max_tokens_least", VALUE_LIMIT },
		{ "tools_max", VALUE_TOOLS_MAX },
		{ "temperature_value", VALUE_TEMPERATURE } };
	size_t i;

	memset(l, 0, offsetof(struct llm_ladder, quirks));
	if (b->quirks != NULL)
		llm_quirks_copy(&l->quirks, b->quirks);
	else
		llm_quirks_clear(&l->quirks);
	/* The operator's word is not tried otherwise. */
	for (i = 0; l->quirks.stated != 0 && i < NELEM(STATED); i++)
		if (llm_quirks_is_stated(&l->quirks, STATED[i].name))
			l->tried_values |= 1U << STATED[i].value;
}

static bool
says(const char *text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n && words[i] != NULL; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}

/* ${word} stands in ${text} as a whole; where, or NULL. */
static const char *
find_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at = text;

	for (; (at = strcasestr(at, word)) != NULL; at++)
		if ((at == text
			|| (!isalnum((unsigned char)at[-1]) && at[-1] != '_'))
		    && !isalnum((unsigned char)at[len]) && at[len] != '_'
		    && at[len] != '-')
			return at;
	return NULL;
}

static void
note(struct look *k, const char *name, const char *value)
{
	struct llm_ladder *l = k->l;

	if (llm_quirks_is_stated(&l->quirks, name))
		return; /* a context: what is tried helps this once */
	(void)llm_quirks_set(&l->quirks, name, value);
	if (l->nfacts < LLM_FACTS_MAX)
		l->facts[l->nfacts++] = (struct llm_fact){ name, value };
}

static void
note_number(struct look *k, const char *name, int64_t n)
{
	note(k, name, arena_printf(k->mem, "%lld", (long long)n));
}

/* Each value once: false if it was tried. */
static bool
first_try(struct llm_ladder *l, enum value v)
{
	uint32_t bit = 1U << v;
	bool first = (l->tried_values & bit) == 0;

	l->tried_values |= bit;
	return first;
}

/* The question fits, but not with the answer that it asks for. */
static bool
try_context(struct look *k)
{
	int64_t limit = llm_max_tokens(k->b, k->sent);
	int64_t context, input;

	if (limit <= 0 || !llm_context_of(k->text, limit, &context, &input)
	    || context - input < LLM_LEAST_LEFT || context - input >= limit
	    || !first_try(k->l, VALUE_CONTEXT))
		return false;
	k->l->limit = context - input;
	note_number(k, "context", context);
	return true;
}

/* More than what is left of the credit pays for (OpenRouter): less, this
 * once; a fact it is only until credit is added. */
static bool
try_afford(struct look *k)
{
	const char *at = strcasestr(k->text, "can only afford ");
	int64_t limit = llm_max_tokens(k->b, k->sent), n;

	if (at == NULL || limit <= 0)
		return false;
	n = llm_largest_below(at, limit, LLM_LEAST_LEFT);
	if (n == 0 || !first_try(k->l, VALUE_LIMIT))
		return false;
	k->l->limit = n;
	return true;
}

/* More than one answer may have, or less than one must. */
static bool
try_limit(struct look *k)
{
	static const char *const NAMES[] = { "max_tokens",
		"max_completion_tokens", "max_output_tokens", "maxOutputTokens",
		"max_new_tokens", "completion tokens", "output tokens",
		"max tokens", "maximum tokens" };
	static const char *const LEAST[] = { "below minimum", "at least",
		"greater than or equal", ">=", "too small", "minimum value" };
	static const char *const MOST[] = { "too large", "less than", "at most",
		"maximum", "range", ">", "exceed", "too high", "<=", "between",
		"greater than", "up to", "limit",
		"取值范围" /* Zhipu: range */ };
	int64_t limit = llm_max_tokens(k->b, k->sent), n;

	if (limit <= 0 || !says(k->text, NAMES, NELEM(NAMES)))
		return false;
	n = llm_largest_below(k->text, limit, LLM_LIMIT_LEAST);
	if (n > 0 && says(k->text, MOST, NELEM(MOST))
	    && first_try(k->l, VALUE_LIMIT)) {
		note_number(k, "max_tokens_value", n);
		return true;
	}
	n = llm_smallest_above(k->text, limit, LLM_MINIMUM_MOST);
	if (n > 0 && says(k->text, LEAST, NELEM(LEAST))
	    && first_try(k->l, VALUE_LIMIT)) {
		note_number(k, "max_tokens_least", n);
		return true;
	}
	return false;
}

/* The index of a tool in the words, or -1: Gemini, Anthropic, OpenAI's param,
 * FastAPI's place. */
static long
tool_index(const char *text)
{
	static const char *const FORMS[] = { "function_declarations[%ld]",
		"functionDeclarations[%ld]", "tools.%ld.", "tools[%ld].",
		"'tools', %ld,", "tools/%ld/", "\"tools\",%ld,",
		"tools[%ld]:", "tools[%ld] " };
	size_t i, len;
	const char *at;
	long n;

	for (i = 0; i < NELEM(FORMS); i++) {
		len = (size_t)(strchr(FORMS[i], '%') - FORMS[i]);
		for (at = text; (at = strchr(at, FORMS[i][0])) != NULL; at++)
			if (strncmp(at, FORMS[i], len) == 0
			    && sscanf(at + len, "%ld", &n) == 1)
				return n;
	}
	return -1;
}

/* The tool that is named, quoted or after what it is, in words that are of
 * its schema; -1: none. */
static long
tool_name(const struct look *k)
{
	static const char *const WORDS[] = { "schema", "parameters",
		"properties", "property", "declaration", "keyword", "pattern" };
	size_t i;

	if (!says(k->text, WORDS, NELEM(WORDS)))
		return -1;
	for (i = 0; i < k->sent->ntools; i++) {
		const char *name = k->sent->tools[i].name;
		const char *at = find_word(k->text, name);

		if (at == NULL || at == k->text)
			continue;
		if (strchr("'\"`", at[-1]) != NULL
		    || (at - k->text >= 9
			&& strncasecmp(at - 9, "function ", 9) == 0)
		    || (at - k->text >= 5
			&& strncasecmp(at - 5, "tool ", 5) == 0)
		    || (at - k->text >= 10
			&& strncasecmp(at - 10, "function: ", 10) == 0))
			return (long)i;
	}
	return -1;
}

/* For the operator: which tool (or "": one of them), and what was said. */
static void
log_refused_tool(const struct look *k, const char *tool)
{
	char why[200];

	llm_redact_text(k->r->message, k->b, k->sent, why, sizeof(why));
	log_event(LOG_WARN, "tool_refused",
	    F_STR("host", settings_host_name(k->b->host)),
	    F_STR("model", k->b->model), F_STR("tool", tool),
	    F_STR("why", why));
}

static bool
try_tool(struct look *k)
{
	struct llm_ladder *l = k->l;
	const struct tool_spec *t;
	long i = tool_name(k);

	if (i == -1)
		i = tool_index(k->text);
	if (i < 0 || (size_t)i >= k->sent->ntools
	    || l->quirks.ntools == LLM_REFUSED_TOOLS_MAX)
		return false;
	t = &k->sent->tools[i];
	if (llm_quirks_refuse_tool(&l->quirks, t->name, t->digest))
		return false;
	note(k, arena_printf(k->mem, "tool:%s", t->name),
	    t->digest == NULL ? "-" : t->digest);
	log_refused_tool(k, t->name);
	/* There may be more of them than repeats: the last one goes without
	 * any, so that it is answered and what was learned may be kept. */
	if (l->repeats == LLM_REPEATS_MAX - 1 && l->quirks.ntools > 1)
		l->no_tools = true;
	return true;
}

static bool
try_tools_max(struct look *k)
{
	static const char *const WORDS[] = { "too long", "too many", "maximum",
		"at most", "limit", "exceed", "up to" };
	int64_t n;

	if (k->sent->ntools < 2 || find_word(k->text, "tools") == NULL
	    || !says(k->text, WORDS, NELEM(WORDS)))
		return false;
	n = llm_largest_below(k->text, (int64_t)k->sent->ntools, 1);
	if (n == 0 || !first_try(k->l, VALUE_TOOLS_MAX))
		return false;
	note_number(k, "tools_max", n);
	return true;
}

static bool
try_temperature(struct look *k)
{
	double n;

	if (find_word(k->text, "temperature") == NULL
	    || !llm_sends_temperature(k->b))
		return false;
	n = llm_only_value(k->text);
	if (n < 0 || (n > 0 && n < LLM_TEMPERATURE_LEAST)
	    || !first_try(k->l, VALUE_TEMPERATURE))
		return false;
	note(k, "temperature_value", arena_printf(k->mem, "%.3g", n));
	return true;
}

static bool
has_role(const struct llm_question *q, enum llm_role role)
{
	size_t i;

	for (i = 0; i < q->nmessages; i++)
		if (q->messages[i].role == role)
			return true;
	return false;
}

static bool
has_member(const struct llm_question *q, enum llm_feature f)
{
	size_t i;

	for (i = 0; i < q->nmessages; i++) {
		const struct llm_message *m = &q->messages[i];

		if ((f == LLM_CAN_IMAGES && m->nimages > 0)
		    || (f == LLM_CAN_THOUGHTS && m->extra != NULL)
		    || (f == LLM_CAN_PARALLEL_CALLS && m->ncalls > 1)
		    || ((f == LLM_CAN_ANY_CALL_ID
			    || f == LLM_CAN_MISSING_THOUGHTS)
			&& m->ncalls > 0)
		    || (f == LLM_CAN_EMPTY_CONTENT && m->text[0] == '\0'))
			return true;
	}
	return false;
}

/* True if the request that was refused used the feature. */
static bool
is_used(const struct look *k, enum llm_feature f)
{
	const struct llm_quirks *q = &k->l->quirks;
	bool messages = llm_provider_of(k->b->host) == &LLM_ANTHROPIC;
	const char *limit = messages ? "max_tokens" : llm_max_tokens_name(k->b);

	if (llm_lacks(q, f))
		return false;
	switch (f) {
	case LLM_CAN_STREAM_OPTIONS:
		return !messages && !llm_lacks(q, LLM_CAN_STREAM);
	case LLM_CAN_MAX_TOKENS:
	case LLM_CAN_MAX_COMPLETION_TOKENS:
		return !messages && llm_max_tokens(k->b, k->sent) > 0
		    && strcmp(limit, LLM_FEATURES[f].name) == 0;
	case LLM_CAN_TEMPERATURE:
		return llm_sends_temperature(k->b);
	case LLM_CAN_TOOL_CHOICE:
	case LLM_CAN_TOOLS:
		return k->sent->ntools > 0
		    && (f != LLM_CAN_TOOLS || k->b->tools == LLM_TOOLS_AUTO);
	case LLM_CAN_SYSTEM:
		return has_role(k->sent, LLM_SYSTEM);
	case LLM_CAN_TOOLS_WITH_EFFORT:
		return !messages && k->sent->ntools > 0;
	case LLM_CAN_USER_AFTER_TOOL:
		return has_role(k->sent, LLM_TOOL);
	case LLM_CAN_STREAM:
	case LLM_CAN_REPEATED_ROLES:
		return true;
	default:
		return has_member(k->sent, f);
	}
}

/* Words by which a server refuses what it names. */
static bool
says_unwanted(const char *text)
{
	static const char *const WORDS[] = { "unsupported", "not support",
		"n't support", "unrecognized", "unrecognised", "not permitted",
		"extra_forbidden", "extra fields", "extra inputs",
		"extra parameter", "unexpected", "unknown", "not allowed",
		"isn't allowed", "deprecated", "no longer", "not recognized",
		"cannot be used", "not available", "not a valid",
		"invalid argument", "invalid parameter", "not accepted",
		"that support the provided", "additional properties" };

	return says(text, WORDS, NELEM(WORDS));
}

/* By words that say it by themselves. */
static bool
is_said(const struct look *k, enum llm_feature f)
{
	const struct llm_feature_row *row = &LLM_FEATURES[f];
	size_t i;

	for (i = 0; i < NELEM(row->words) && row->words[i] != NULL; i++)
		/* A number alone is a code. */
		if (isdigit((unsigned char)row->words[i][0])
			? strcmp(k->r->code, row->words[i]) == 0
			: strcasestr(k->text, row->words[i]) != NULL)
			return true;
	return false;
}

/* By its name, beside words of a refusal. */
static bool
is_named(const struct look *k, enum llm_feature f)
{
	const struct llm_feature_row *row = &LLM_FEATURES[f];
	size_t i;

	if (!says_unwanted(k->text))
		return false;
	for (i = 0; i < NELEM(row->params) && row->params[i] != NULL; i++)
		if (find_word(k->text, row->params[i]) != NULL)
			return true;
	for (i = 0; f == LLM_CAN_THOUGHTS && i < LLM_KEPT_MAX; i++)
		if (find_word(k->text, LLM_KEPT_MEMBERS[i].name) != NULL)
			return true;
	return false;
}

static bool
try_feature(struct look *k)
{
	/* What is said most precisely first. */
	static const enum llm_feature ORDER[] = { LLM_CAN_STREAM_OPTIONS,
		LLM_CAN_TOOLS_WITH_EFFORT, LLM_CAN_ANY_CALL_ID,
		LLM_CAN_USER_AFTER_TOOL, LLM_CAN_REPEATED_ROLES,
		LLM_CAN_MISSING_THOUGHTS, LLM_CAN_PARALLEL_CALLS,
		LLM_CAN_TEMPERATURE, LLM_CAN_MAX_TOKENS,
		LLM_CAN_MAX_COMPLETION_TOKENS, LLM_CAN_TOOL_CHOICE,
		LLM_CAN_THOUGHTS, LLM_CAN_IMAGES, LLM_CAN_SYSTEM,
		LLM_CAN_EMPTY_CONTENT, LLM_CAN_TOOLS, LLM_CAN_STREAM };
	struct llm_ladder *l = k->l;
	size_t i;

	for (i = 0; i < 2 * NELEM(ORDER); i++) {
		enum llm_feature f = ORDER[i % NELEM(ORDER)];
		uint32_t bit = 1U << f;

		if (((l->tried | l->quirks.stated) & bit) != 0 || !is_used(k, f)
		    || !(i < NELEM(ORDER) ? is_said(k, f) : is_named(k, f)))
			continue;
		l->tried |= bit;
		note(k, LLM_FEATURES[f].name, "no");
		return true;
	}
	return false;
}

/* A schema is refused, and nobody says whose: this once without tools. */
static bool
try_no_tools(struct look *k)
{
	static const char *const WORDS[] = { "schema", "function_declaration",
		"functionDeclaration", "invalid_function_parameters",
		"input_schema" };

	if (k->sent->ntools == 0 || !says(k->text, WORDS, NELEM(WORDS))
	    || !first_try(k->l, VALUE_NO_TOOLS))
		return false;
	k->l->no_tools = true;
	log_refused_tool(k, "");
	return true;
}

bool
llm_ladder_next(struct llm_ladder *l, const struct llm_backend *b,
    const struct llm_question *sent, const struct llm_refusal *r,
    struct arena *mem)
{
	static bool (*const RUNGS[])(struct look * k) = { try_context,
		try_afford, try_limit, try_tool, try_tools_max, try_temperature,
		try_feature, try_no_tools };
	/* 402: OpenRouter's credit; 500: the templates of llama.cpp and kin */
	static const int STATUS[] = { 400, 402, 404, 405, 422, 500, 501 };
	struct look k = { l, b, sent, r, mem, NULL };
	bool may = false;
	size_t i;

	for (i = 0; i < NELEM(STATUS); i++)
		may = may || r->status == STATUS[i];
	if (!may || l->repeats == LLM_REPEATS_MAX)
		return false;
	k.text = arena_printf(mem, " %s\n%s\n%s\n%s", r->code, r->type,
	    r->param, r->message);
	/* Refused in the same words: the last remedy was none, or not alone.
	 * It stays for this question, and teaches nothing. */
	if (l->text != NULL && strcmp(l->text, k.text) == 0)
		l->nfacts = l->nfacts_before;
	l->text = k.text;
	l->nfacts_before = l->nfacts;
	if (r->status == 402) { /* out of credit, but for less */
		may = try_afford(&k);
		l->repeats += may;
		return may;
	}
	for (i = 0; i < NELEM(RUNGS); i++)
		if (RUNGS[i](&k)) {
			l->repeats++;
			return true;
		}
	return false;
}

size_t
llm_ladder_facts(const struct llm_ladder *l, bool answered, struct arena *mem,
    const struct llm_fact **out)
{
	struct llm_fact *facts = arena_alloc(mem, sizeof(l->facts));

	memcpy(facts, l->facts, sizeof(l->facts));
	*out = facts;
	return answered ? l->nfacts : 0;
}
