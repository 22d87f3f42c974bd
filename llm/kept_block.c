/*
 * kept_block: what comes in pieces and is kept, within its limit.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_repair.h"
#include "llm/llm_priv.h"

bool
llm_kept_room(struct llm_reading *r, size_t len)
{
	r->kept_bytes += len;
	if (r->kept_bytes <= LLM_EXTRA_MAX)
		return true;
	(void)llm_reading_fail(r, "its blocks passed their limit");
	return false;
}

/* Of memory, "{}" takes a hundred times what it is written in. */
#define VALUE_COST 64

static size_t
values_in(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t n = 1, i;

	json_array_foreach(value, i, member)
		n += values_in(member);
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
		n += values_in(member);
	return n;
}

size_t
llm_kept_size(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY)
	    + VALUE_COST * values_in(value);
}

bool
llm_kept_put(struct llm_reading *r, json_t *object, const char *key,
    const json_t *value)
{
	const json_t *old = json_object_get(object, key);

	if (old != NULL) /* counted when it came */
		r->kept_bytes -= llm_kept_size(old) + strlen(key);
	if (!llm_kept_room(r, llm_kept_size(value) + strlen(key)))
		return false;
	json_object_set_new(object, key, json_deep_copy(value));
	return true;
}

void
llm_block_fini(struct llm_block *b)
{
	buf_fini(&b->pieces);
	json_decref(b->doc);
	*b = (struct llm_block){ 0 };
}

bool
llm_block_keep(struct llm_reading *r, struct llm_block *b, const char *member,
    const char *piece, size_t len)
{
	size_t from = b->pieces.len;

	if (b->member == NULL)
		b->member = member;
	if (!llm_kept_room(r, len) || b->pieces.full
	    || buf_add(&b->pieces, piece, len) == -1)
		return !r->failed;
	r->content++;
	if (r->halves)
		(void)json_join_halves(&b->pieces, from, false);
	return true;
}

const char *
llm_block_settled(const struct llm_reading *r, struct llm_block *b)
{
	if (r->halves)
		(void)json_join_halves(&b->pieces, b->pieces.len, true);
	return buf_str(&b->pieces);
}
