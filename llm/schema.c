#include "llm/schema.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "llm/schema_priv.h"

/* Each try inlines less, then says less. */
static const struct {
	size_t refs, words;
} TRIES[] = { { SCHEMA_REFS_MAX, 4096 }, { 6, 4096 }, { 3, 2048 }, { 2, 512 },
	{ 1, 256 }, { 0, 128 } };

static int
levels(const json_t *doc)
{
	int most = 0, n;
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)doc, key, v) {
		n = levels(v);
		most = n > most ? n : most;
	}
	json_array_foreach(doc, i, v) {
		n = levels(v);
		most = n > most ? n : most;
	}
	return most + 1;
}

/* Some hand out what their own library wraps a schema in:
 * twentyhq/twenty#15348. */
static const json_t *
unwrap(const json_t *schema)
{
	const json_t *inner = json_object_get(schema, "jsonSchema");

	return json_object_size(schema) == 1 && json_is_object(inner) ? inner
								      : schema;
}

/* ${doc} as text, NULL if it is too long. */
static const char *
text_of(struct arena *mem, const json_t *doc)
{
	struct buf b = BUF_INIT(SCHEMA_TEXT_MAX);
	const char *out = NULL;

	if (json_add(&b, doc) == 0)
		out = arena_memdup(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

int
schema_fit(const json_t *schema, struct arena *mem, struct schema_offer *out,
    const char **why)
{
	const json_t *given = schema;
	json_t *node = NULL, *names = NULL;
	size_t i;

	*out = (struct schema_offer){ 0 };
	schema = unwrap(schema);
	for (i = 0; i < NELEM(TRIES); i++) {
		struct schema_pass p = { .mem = arena_new(),
			.root = schema,
			.refs = { schema },
			.nrefs = 1,
			.refs_max = TRIES[i].refs,
			.words_max = TRIES[i].words };

		node = schema_top(&p, schema);
		names = p.full ? NULL : schema_rename(node);
		arena_free(p.mem);
		if (!p.full && levels(node) <= SCHEMA_LEVELS_MAX) {
			out->text = text_of(mem, node);
			if (out->text != NULL)
				break;
		}
		json_decref(names);
		json_decref(node);
	}
	if (i == NELEM(TRIES)) {
		*why = "its inputSchema is too large";
		return -1;
	}
	out->names = json_keep(mem, names);
	out->schema = json_keep(mem, node);
	out->changed = !json_equal(node, given);
	return 0;
}
