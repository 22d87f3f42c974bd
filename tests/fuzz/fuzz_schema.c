/*
 * A tool's schema from anyone: the offer is an object schema within its
 * bounds, in the dialect that all model APIs take; fit once more it is the
 * same; and the names of its properties have a way back.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "llm/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_names(const json_t *node)
{
	static const char FIT[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const json_t *all = json_object_get(node, "properties");
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)all, key, v)
		must(key[0] != '\0' && strlen(key) <= 64
		    && strspn(key, FIT) == strlen(key));
	json_array_foreach(json_object_get(node, "required"), i, v)
		must(json_object_get(all, json_string_value(v)) != NULL);
}

static void
check(const json_t *node)
{
	static const char *const TYPES[] = { "string", "number", "integer",
		"boolean", "object", "array" };
	const json_t *choice = json_object_get(node, "anyOf");
	const char *type = json_member_str(node, "type"), *key;
	json_t *v;
	size_t i;

	must(json_is_object(node));
	if (choice != NULL) {
		must(
		    json_object_size(node) == 1 && json_array_size(choice) > 1);
		json_array_foreach(choice, i, v)
			check(v);
		return;
	}
	for (i = 0; type != NULL && i < NELEM(TYPES); i++)
		if (strcmp(type, TYPES[i]) == 0)
			break;
	must(type != NULL && i < NELEM(TYPES));
	must((json_object_get(node, "items") != NULL)
	    == (strcmp(type, "array") == 0));
	if (json_object_get(node, "items") != NULL)
		check(json_object_get(node, "items"));
	check_names(node);
	json_object_foreach(json_object_get(node, "properties"), key, v)
		check(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	struct schema_offer offer, again;
	const char *why = NULL;
	const json_t *doc = json_read(mem, (const char *)bytes, len, NULL,
	    NULL);

	if (doc != NULL && schema_fit(doc, mem, &offer, &why) == 0) {
		must(strcmp(json_member_str(offer.schema, "type"), "object")
		    == 0);
		must(json_is_object(
		    json_object_get(offer.schema, "properties")));
		must(strlen(offer.text) <= SCHEMA_TEXT_MAX);
		must(json_equal(offer.schema,
		    json_read(mem, offer.text, strlen(offer.text), NULL,
			NULL)));
		check(offer.schema);
		must(schema_fit(offer.schema, mem, &again, &why) == 0);
		must(!again.changed && again.names == NULL);
		must(schema_restore_arguments(offer.names, doc, mem) != NULL);
	}
	arena_free(mem);
	return 0;
}
