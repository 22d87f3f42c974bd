#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "config.h"
#include "tools/builtin.h"

/* What a chat may know: that this works, and which version.  Who has a key is
 * told what there is for it. */
void
health_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	json_t *doc = json_keep(mem,
	    json_pack("{s:s, s:s}", "status", "healthy", "version",
		PACKAGE_VERSION));
	size_t tools = 0, sources = 0;

	(void)arguments;
	if (ctx->count != NULL) {
		ctx->count(ctx->counted, &tools, &sources);
		json_object_set_new(doc, "tools",
		    json_integer((json_int_t)tools));
		json_object_set_new(doc, "sources",
		    json_integer((json_int_t)sources));
	}
	tool_result_say(mem, result, TOOL_DONE, json_text(mem, doc));
}
