#include "base/json.h"
#include "tools/builtin.h"

void
echo_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *text = json_member_str(arguments, "text");

	(void)ctx;
	if (text == NULL)
		tool_result_say(mem, result, TOOL_FAILED,
		    "echo needs \"text\", a string");
	else
		tool_result_say(mem, result, TOOL_DONE, text);
}
