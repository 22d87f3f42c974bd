/*
 * schema_words: descriptions, and in them what a schema says by members that
 * some API refuses.
 */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/schema_priv.h"

#define TOLD_MAX 200 /* bytes of one value: a hint, not the definition */
#define SOME_MAX 24  /* values of an enum: more pass TOLD_MAX */
#define WORDS_MAX_BYTES (64 * KIB)
#define CHARACTER_MAX 4 /* bytes of UTF-8 */

/*
 * Each is refused by somebody, and costs the model little when it reads it:
 * pattern by llama.cpp (#26930, anchors) and OpenAI (can1357/oh-my-pi#2784,
 * lookaround), lengths by llama.cpp's grammar (AtomicBot-ai/Atomic-Chat#272),
 * formats and default by Gemini (google-gemini/gemini-cli#2237,
 * zendev-sh/goai#108).
 */
static const struct {
	const char *member;
	unsigned types; /* of which it says something */
} TOLD[] = { { "format", 1u << SCHEMA_STRING },
	{ "pattern", 1u << SCHEMA_STRING },
	{ "minLength", 1u << SCHEMA_STRING },
	{ "maxLength", 1u << SCHEMA_STRING },
	{ "exclusiveMinimum", 1u << SCHEMA_NUMBER | 1u << SCHEMA_INTEGER },
	{ "exclusiveMaximum", 1u << SCHEMA_NUMBER | 1u << SCHEMA_INTEGER },
	{ "multipleOf", 1u << SCHEMA_NUMBER | 1u << SCHEMA_INTEGER },
	{ "minItems", 1u << SCHEMA_ARRAY }, { "maxItems", 1u << SCHEMA_ARRAY },
	{ "default", ~0u }, { "examples", ~0u } };

struct told {
	struct schema_pass *p;
	struct buf *out;
	size_t n;
};

static void
tell(struct told *t, const char *what, const json_t *v)
{
	struct buf b = BUF_INIT(
	    TOLD_MAX); /* of longer ones no more is written */
	int rc = -1;

	if (json_is_string(v))
		rc = buf_add(&b, json_string_value(v), json_string_length(v));
	else if (2 * json_array_size(v) <= TOLD_MAX) /* a digit, a comma */
		rc = json_add(&b, v);
	/* By the byte: what is left out was written, too. */
	if (schema_work(t->p, b.len) && rc == 0 && b.len > 0)
		(void)!buf_printf(t->out, "%s%s: %s",
		    t->n++ > 0            ? "; "
			: t->out->len > 0 ? " ("
					  : "(",
		    what, text_printable(t->p->mem, buf_str(&b)));
	buf_fini(&b);
}

/* Values that are no strings, or too many: Gemini takes an enum of strings
 * only (google-gemini/gemini-cli#4127). */
static void
tell_enum(struct told *t, const json_t *s, enum schema_type type)
{
	json_t *values = json_object_get(s, "enum"), *v, *some;
	size_t i;

	if (json_object_get(s, "const") != NULL)
		tell(t, "always", json_object_get(s, "const"));
	if (!json_is_array(values))
		return;
	some = json_keep(t->p->mem, json_array());
	json_array_foreach(values, i, v) {
		if (i == SCHEMA_LOOK_MAX || json_array_size(some) == SOME_MAX)
			break;
		if (!json_is_null(v))
			json_array_append(some, v);
	}
	if (json_array_size(some) > 0)
		tell(t, type == SCHEMA_STRING ? "such as" : "one of", some);
}

static bool
tells_enum(const json_t *s, enum schema_type type)
{
	return type == SCHEMA_STRING
	    ? json_array_size(json_object_get(s, "enum")) > SCHEMA_ENUM_MAX
	    : type < SCHEMA_OBJECT;
}

static void
tell_members(struct told *t, const json_t *s)
{
	const json_t *more = json_object_get(s, "additionalProperties");
	const char *type = json_member_str(more, "type");

	if (type != NULL)
		tell(t, "any other member", json_object_get(more, "type"));
}

static const char *
cleaned(struct schema_pass *p, const char *words)
{
	/* No more than what is left when it is cut. */
	size_t most = CHARACTER_MAX * (p->words_max + 1);
	size_t len = strnlen(words, most + 1);

	if (len > most)
		for (len = most; len > 0 && (words[len] & 0xc0) == 0x80;)
			len--;
	if (!schema_work(p, len / SCHEMA_BYTES_WORK))
		return "";
	words = text_printable(p->mem, arena_memdup(p->mem, words, len));
	return text_cut(p->mem, text_strip(p->mem, words), p->words_max);
}

const char *
schema_words(struct schema_pass *p, const json_t *s, enum schema_type type,
    bool or_null)
{
	struct buf b = BUF_INIT(WORDS_MAX_BYTES);
	struct told t = { .p = p, .out = &b };
	const char *said = json_member_str(s, "description");
	char *out = NULL;
	const json_t *v;
	size_t i;

	if (said != NULL)
		(void)!buf_add_str(&b, cleaned(p, said));
	for (i = 0; i < NELEM(TOLD); i++) {
		v = json_object_get(s, TOLD[i].member);
		if (v == NULL || json_is_null(v)
		    || (TOLD[i].types & (1u << type)) == 0
		    || (json_is_boolean(v)
			&& strncmp(TOLD[i].member, "exclusive", 9) == 0)
		    || schema_keeps(s, type, TOLD[i].member))
			continue;
		tell(&t, TOLD[i].member, v);
	}
	if (tells_enum(s, type))
		tell_enum(&t, s, type);
	if (type == SCHEMA_OBJECT)
		tell_members(&t, s);
	if (or_null)
		tell(&t, "may be", json_keep(p->mem, json_null()));
	if (t.n > 0)
		(void)!buf_add_char(&b, ')');
	if (b.len > 0)
		out = arena_memdup(p->mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

void
schema_say(struct schema_pass *p, json_t *node, const char *words)
{
	const char *own = json_member_str(node, "description");

	words = words == NULL ? NULL : cleaned(p, words);
	if (words == NULL || words[0] == '\0'
	    || (own != NULL && strcmp(own, words) == 0))
		return;
	if (own != NULL)
		words = cleaned(p, arena_printf(p->mem, "%s\n%s", words, own));
	json_object_set_new(node, "description", json_string(words));
}
