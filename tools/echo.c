#include "base/json.h"
#include "tools/builtin.h"

void
echo_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *text = json_member_str(arguments, "text");

	(void)ctx;
	if (text == NULL) {
		result->end = TOOL_FAILED;
		result->text = "echo needs \"text\", a string";
		return;
	}
	result->end = TOOL_DONE;
	result->text = arena_strdup(mem, text);
}
