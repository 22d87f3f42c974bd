/*
 * kept_details: members of a message that are lists of details, each of which
 * comes in pieces.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_repair.h"
#include "llm/llm_priv.h"

/* Members of a detail that come in pieces. */
static const char *const TEXTS[] = { "text", "summary", "thinking" };

/* ${key}, if it is one of them. */
static const char *
text_member(const char *key)
{
	size_t i;

	for (i = 0; i < NELEM(TEXTS); i++)
		if (strcmp(key, TEXTS[i]) == 0)
			return TEXTS[i];
	return NULL;
}

static bool
has_text(const json_t *detail)
{
	size_t i;

	for (i = 0; i < NELEM(TEXTS); i++)
		if (json_string_length(json_object_get(detail, TEXTS[i])) > 0)
			return true;
	return false;
}

/* The detail that ${detail}, number ${place} of its list, goes on: the last one
 * of its index and type.  Those that nobody counts: the last of all, unless it
 * is signed, which ends it.  NULL: it is a new one. */
static struct llm_block *
detail_of(struct llm_reading *r, size_t list, const json_t *detail,
    size_t place)
{
	int64_t index = json_member_int(detail, "index", -1);
	const char *type = json_member_str(detail, "type"), *other;
	struct llm_block *b;
	size_t i;

	for (i = r->ndetails; i > 0; i--) {
		b = r->details[i - 1];
		if (b->list != list)
			continue;
		other = json_member_str(b->doc, "type");
		if (b->index == index && type != NULL && other != NULL
		    && strcmp(type, other) == 0
		    && (index >= 0
			|| (place == 0
			    && !(has_text(detail)
				&& json_string_length(
				       json_object_get(b->doc, "signature"))
				    > 0))))
			return b;
		if (index < 0)
			break; /* not counted: only the last one */
	}
	return NULL;
}

/* One more piece of a text beside the one that the block's pieces are. */
static void
add_beside(struct llm_reading *r, struct llm_block *b, const char *text,
    const json_t *old, const json_t *value)
{
	struct buf *more;
	size_t i = 0;

	while (TEXTS[i] != text)
		i++;
	if (b->beside == NULL)
		b->beside = arena_alloc(r->mem,
		    NELEM(TEXTS) * sizeof(*b->beside));
	more = &b->beside[i];
	if (more->max == 0) {
		buf_init(more, LLM_TEXT_MAX);
		(void)!buf_add(more, json_string_value(old),
		    json_string_length(old));
	}
	if (llm_kept_room(r, json_string_length(value)))
		(void)!buf_add(more, json_string_value(value),
		    json_string_length(value));
}

/* A member of a detail, or a piece of one. */
static void
add_member(struct llm_reading *r, struct llm_block *b, const char *key,
    json_t *value)
{
	const json_t *old = json_object_get(b->doc, key);
	const char *text = json_is_string(value) ? text_member(key) : NULL;
	size_t len = json_string_length(value);

	if (text != NULL && (b->member == NULL || b->member == text)) {
		(void)llm_block_keep(r, b, text, json_string_value(value), len);
		if (old != NULL)
			return; /* it is put together at last */
	} else if (text != NULL && json_is_string(old)) {
		add_beside(r, b, text, old, value);
		return;
	}
	/* Nothing said is nothing taken back. */
	if (old == NULL
	    || !(json_is_null(value) || (json_is_string(value) && len == 0)))
		(void)llm_kept_put(r, b->doc, key, value);
}

void
llm_detail_add(struct llm_reading *r, size_t list, const json_t *detail,
    size_t place)
{
	struct llm_block *b = detail_of(r, list, detail, place);
	const char *key;
	json_t *value;

	if (!json_is_object(detail))
		return;
	if (b == NULL) {
		if (r->ndetails == LLM_DETAILS_MAX)
			return;
		b = r->details[r->ndetails++] = arena_alloc(r->mem, sizeof(*b));
		*b = (struct llm_block){ .list = list,
			.index = json_member_int(detail, "index", -1) };
		b->doc = json_object();
		buf_init(&b->pieces, LLM_TEXT_MAX);
	}
	json_object_foreach((json_t *)(uintptr_t)detail, key, value)
		add_member(r, b, key, value);
}

bool
llm_details_any(const struct llm_reading *r, size_t list)
{
	size_t i;

	for (i = 0; i < r->ndetails; i++)
		if (r->details[i]->list == list)
			return true;
	return false;
}

void
llm_detail_fini(struct llm_block *b)
{
	size_t i;

	for (i = 0; b->beside != NULL && i < NELEM(TEXTS); i++)
		buf_fini(&b->beside[i]);
	llm_block_fini(b);
}

/* The texts of ${b} that came in pieces, put together. */
static void
settle_beside(struct llm_block *b)
{
	size_t i;

	for (i = 0; b->beside != NULL && i < NELEM(TEXTS); i++) {
		struct buf *more = &b->beside[i];

		if (more->len == 0)
			continue;
		(void)json_join_halves(more, 0, true);
		json_object_set_new(b->doc, TEXTS[i],
		    json_stringn(buf_str(more), more->len));
	}
}

json_t *
llm_details_build(struct llm_reading *r, size_t of)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->ndetails; i++) {
		struct llm_block *b = r->details[i];

		if (b->list != of)
			continue;
		settle_beside(b);
		if (b->member != NULL) {
			const char *s = llm_block_settled(r, b);

			json_object_set_new(b->doc, b->member,
			    json_stringn(s, b->pieces.len));
		}
		json_array_append(list, b->doc);
	}
	return list;
}
