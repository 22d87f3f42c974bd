/*
 * kept: what a model said beside its words and calls, and wants to see again
 * with their results: thoughts, signatures (deepseek, Kimi:
 * anomalyco/opencode#24083; Gemini: langroid/langroid#985).
 *
 * A member goes back under the name it came in, within the turn only.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_repair.h"
#include "llm/llm_priv.h"

/* Of a call. */
static const char *const CALL_MEMBERS[] = { "extra_content",
	"thought_signature", "thoughtSignature", "signature",
	"provider_specific_fields" };

static void
keep_text(struct llm_reading *r, struct llm_kept *k, const json_t *value,
    bool repeats)
{
	size_t len = json_string_length(value), from;
	const char *s = json_string_value(value);

	if (!k->used)
		buf_init(&k->text, LLM_TEXT_MAX);
	k->used = true;
	from = k->text.len;
	if (len == 0
	    || (repeats && len == from && memcmp(s, k->text.data, len) == 0)
	    || !llm_kept_room(r, len))
		return;
	r->content++;
	if (!k->text.full && buf_add(&k->text, s, len) == 0 && r->halves)
		(void)json_join_halves(&k->text, from, false);
}

static void
keep_value(struct llm_reading *r, struct llm_kept *k, const json_t *value)
{
	const char *key;
	json_t *member;

	k->used = true;
	r->content++;
	if (!json_is_object(k->value) || !json_is_object(value)) {
		if (k->value != NULL) /* counted when it came */
			r->kept_bytes -= llm_kept_size(k->value);
		json_decref(k->value);
		k->value = NULL;
		if (llm_kept_room(r, llm_kept_size(value)))
			k->value = json_deep_copy(value);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
		if (!llm_kept_put(r, k->value, key, member))
			return;
}

/* The row of ${name}; LLM_KEPT_MAX: it is not kept. */
static size_t
row_of(const char *name)
{
	size_t i;

	for (i = 0; i < LLM_KEPT_MAX; i++)
		if (LLM_KEPT_MEMBERS[i].name[0] == name[0]
		    && strcmp(LLM_KEPT_MEMBERS[i].name, name) == 0)
			break;
	return i;
}

void
llm_kept_message(struct llm_reading *r, const json_t *message, bool repeats)
{
	const char *key;
	json_t *value;
	size_t i, j;

	/* Deltas have few members: less work than to ask for each row. */
	json_object_foreach((json_t *)(uintptr_t)message, key, value) {
		i = row_of(key);
		if (i == LLM_KEPT_MAX || json_is_null(value))
			continue;
		if (LLM_KEPT_MEMBERS[i].how == KEEP_DETAILS) {
			if (!repeats || !llm_details_any(r, i))
				for (j = 0; j < json_array_size(value); j++)
					llm_detail_add(r, i,
					    json_array_get(value, j), j);
		} else if (json_is_string(value)
		    && LLM_KEPT_MEMBERS[i].how == KEEP_JOINED) {
			keep_text(r, &r->kept[i], value, repeats);
		} else {
			keep_value(r, &r->kept[i], value);
		}
	}
}

static void
keep_in_call(struct llm_reading *r, struct llm_partial_call *p,
    const json_t *object, bool in_function)
{
	const char *key;
	json_t *value, *into;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		i = json_name_at(key, CALL_MEMBERS, NELEM(CALL_MEMBERS));
		if (i == NELEM(CALL_MEMBERS) || json_is_null(value))
			continue;
		if (p->extra == NULL)
			p->extra = json_object();
		into = p->extra;
		if (in_function) {
			into = json_object_get(p->extra, "function");
			if (into == NULL) {
				into = json_object();
				json_object_set_new(p->extra, "function", into);
			}
		}
		if (!llm_kept_put(r, into, CALL_MEMBERS[i], value))
			return;
	}
}

void
llm_kept_call(struct llm_reading *r, struct llm_partial_call *p,
    const json_t *call)
{
	keep_in_call(r, p, call, false);
	keep_in_call(r, p, json_object_get(call, "function"), true);
}

/* The part of content that goes on, or a new one; NULL: too many. */
static struct llm_block *
part_of(struct llm_reading *r, const char *type, const json_t *part)
{
	struct llm_block *b = r->nblocks == 0 ? NULL
					      : r->blocks[r->nblocks - 1];

	if (b != NULL && b->member != NULL
	    && strcmp(json_member_str(b->doc, "type"), type) == 0)
		return b;
	if (r->nblocks == NELEM(r->blocks)
	    || !llm_kept_room(r, part == NULL ? 0 : llm_kept_size(part)))
		return NULL;
	b = r->blocks[r->nblocks++] = arena_alloc(r->mem, sizeof(*b));
	b->doc = part == NULL ? json_pack("{s:s}", "type", type)
			      : json_deep_copy(part);
	buf_init(&b->pieces, LLM_TEXT_MAX);
	return b;
}

/* Only a list is kept so; words before it are its first part. */
void
llm_kept_words(struct llm_reading *r, const char *s, size_t len)
{
	struct llm_block *b;

	if (r->nblocks == 0 || len == 0)
		return;
	b = part_of(r, "text", NULL);
	if (b != NULL)
		(void)llm_block_keep(r, b, "text", s, len);
}

/* Mistral: {"type":"thinking","thinking":[{"type":"text","text":...}]}. */
void
llm_kept_part(struct llm_reading *r, const json_t *part)
{
	const char *type = json_member_str(part, "type"), *text;
	const json_t *list = json_object_get(part, "thinking");
	struct llm_block *b;
	size_t i;

	if (type == NULL)
		return;
	if (r->nblocks == 0 && r->text.len > 0) {
		b = part_of(r, "text", NULL);
		if (b != NULL)
			(void)llm_block_keep(r, b, "text", buf_str(&r->text),
			    r->text.len);
	}
	r->content++;
	if (strcmp(type, "text") == 0 && r->nblocks == 0)
		(void)part_of(r, type, part);
	if (strcmp(type, "text") == 0)
		return; /* its words come by llm_kept_words */
	b = part_of(r, type, part);
	for (i = 0; b != NULL && i < json_array_size(list); i++) {
		text = json_member_str(json_array_get(list, i), "text");
		if (text != NULL)
			(void)llm_block_keep(r, b, "thinking", text,
			    strlen(text));
	}
}

static json_t *
parts(struct llm_reading *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->nblocks; i++) {
		struct llm_block *b = r->blocks[i];
		const char *s = llm_block_settled(r, b);
		size_t len = b->pieces.len;

		if (b->member != NULL)
			json_object_set_new(b->doc, b->member,
			    strcmp(b->member, "text") == 0
				? json_stringn(s, len)
				: json_pack("[{s:s, s:s%}]", "type", "text",
				    "text", s, len));
		json_array_append(list, b->doc);
	}
	return list;
}

/* The content as it came, where its words alone are less. */
static json_t *
content(struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < r->nblocks; i++)
		if (strcmp(json_member_str(r->blocks[i]->doc, "type"), "text")
		    != 0)
			return parts(r);
	return r->thoughts.seen ? json_stringn(buf_str(&r->text), r->text.len)
				: NULL;
}

static bool
has_call_extras(const struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < json_array_size(r->call_extras); i++)
		if (!json_is_null(json_array_get(r->call_extras, i)))
			return true;
	return false;
}

static bool
is_any_used(const struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < NELEM(r->kept); i++)
		if (r->kept[i].used)
			return true;
	return r->ndetails > 0;
}

void
llm_kept_build(struct llm_reading *r)
{
	json_t *whole = content(r), *message, *doc;
	size_t i;

	r->extra = NULL;
	if (whole == NULL && !is_any_used(r) && !has_call_extras(r))
		return; /* most answers keep nothing */
	message = json_object();
	doc = json_object();
	json_keep(r->mem, doc);
	if (whole != NULL)
		json_object_set_new(message, "content", whole);
	for (i = 0; i < LLM_KEPT_MAX; i++) {
		struct llm_kept *k = &r->kept[i];

		if (llm_details_any(r, i))
			json_object_set_new(message, LLM_KEPT_MEMBERS[i].name,
			    llm_details_build(r, i));
		else if (k->value != NULL)
			json_object_set(message, LLM_KEPT_MEMBERS[i].name,
			    k->value);
		else if (k->used) {
			(void)json_join_halves(&k->text, k->text.len, true);
			json_object_set_new(message, LLM_KEPT_MEMBERS[i].name,
			    json_stringn(buf_str(&k->text), k->text.len));
		}
	}
	if (json_object_size(message) > 0)
		json_object_set_new(doc, "message", message);
	else
		json_decref(message);
	if (has_call_extras(r))
		json_object_set(doc, "calls", r->call_extras);
	r->extra = json_object_size(doc) > 0 ? json_text(r->mem, doc) : NULL;
}

void
llm_kept_fini(struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < NELEM(r->kept); i++) {
		buf_fini(&r->kept[i].text);
		json_decref(r->kept[i].value);
		r->kept[i] = (struct llm_kept){ 0 };
	}
	for (i = 0; i < r->ndetails; i++)
		llm_detail_fini(r->details[i]);
	for (i = 0; i < r->nblocks; i++)
		llm_block_fini(r->blocks[i]);
	for (i = 0; i < r->ncalls; i++) {
		buf_fini(&r->calls[i].arguments);
		json_decref(r->calls[i].extra);
		r->calls[i].extra = NULL;
	}
	r->ndetails = r->nblocks = r->ncalls = r->kept_bytes = 0;
}
