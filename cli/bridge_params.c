/*
 * bridge_params: arguments that headers repeat (x-mcp-header).
 *
 * A client over standard input need not know of headers, so the bridge writes
 * them: from the lists that pass, or from one that it asks for when a call was
 * refused for want of them.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/bridge.h"

#define TOOLS_MAX 2000 /* that have headers */

static bool
found(void *ctx, const char *name, const json_t *value)
{
	(void)name;
	(void)value;
	*(bool *)ctx = true;
	return false;
}

static bool
has_headers(const json_t *schema)
{
	bool any = false;

	(void)!params_each(schema, NULL, found, &any);
	return any && params_refuse(schema) == NULL;
}

void
bridge_learn(struct bridge *b, const json_t *tools)
{
	const json_t *tool, *schema;
	const char *name;
	size_t i;

	json_array_foreach(tools, i, tool) {
		name = json_member_str(tool, "name");
		schema = json_object_get(tool, "inputSchema");
		if (name == NULL || !has_headers(schema))
			continue;
		pthread_mutex_lock(&b->mu);
		if (json_object_size(b->schemas) < TOOLS_MAX
		    || json_object_get(b->schemas, name) != NULL)
			(void)!json_object_set_new(b->schemas, name,
			    json_deep_copy(schema));
		pthread_mutex_unlock(&b->mu);
	}
}

size_t
bridge_params(struct bridge *b, struct arena *mem, const json_t *params,
    const char *lines[PARAMS_MAX])
{
	const char *name = json_member_str(params, "name");
	size_t n;

	if (name == NULL)
		return 0;
	pthread_mutex_lock(&b->mu);
	n = params_headers(mem, json_object_get(b->schemas, name),
	    json_object_get(params, "arguments"), lines);
	pthread_mutex_unlock(&b->mu);
	return n;
}
