/*
 * A schema and arguments from anyone: {"schema": ..., "arguments": ...}.  Each
 * check ends, says one sentence about the arguments or nothing, and says the
 * same again; what is made of texts is no other than before but for them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "mcp/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(struct arena *mem, const json_t *schema, const json_t *arguments)
{
	const struct mcp_schema *s = mcp_schema_new(mem, schema);
	const char *why = mcp_schema_refuse(s, arguments, mem), *again;
	json_t *read, *twice;
	size_t n, more;

	if (why != NULL) {
		must(strncmp(why, "arguments", strlen("arguments")) == 0);
		must(strlen(why) < 2000 && text_is_utf8(why, strlen(why)));
	}
	again = mcp_schema_refuse(s, arguments, mem);
	must((why == NULL) == (again == NULL));
	must(why == NULL || strcmp(why, again) == 0);

	read = mcp_schema_coerce(s, arguments, mem, &n);
	must(json_typeof(read) == json_typeof(arguments));
	must(n > 0 || json_equal(read, arguments));
	twice = mcp_schema_coerce(s, read, mem, &more);
	must(n > 0 || json_equal(twice, read));
	(void)mcp_schema_refuse(s, read, mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	const json_t *doc = json_read(mem, (const char *)bytes, len, NULL,
	    NULL);
	const json_t *schema = json_object_get(doc, "schema");
	const json_t *arguments = json_object_get(doc, "arguments");

	if (schema != NULL && json_is_object(arguments))
		check(mem, schema, arguments);
	arena_free(mem);
	return 0;
}
