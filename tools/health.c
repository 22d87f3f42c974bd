#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "config.h"
#include "tools/builtin.h"

/* What a chat may know: that this works, and which version. */
void
health_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	(void)arguments;
	tool_result_say(mem, result, TOOL_DONE,
	    json_text(mem,
		json_keep(mem,
		    json_pack("{s:s, s:s}", "status", "healthy", "version",
			PACKAGE_VERSION))));
}
