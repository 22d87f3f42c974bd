#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/http.h"
#include "nouns/tool_result.h"
#include "tests/unit/mcp_rig.h"

struct mcp_rig rig;

void
rig_begin(const struct rule *rules)
{
	static const char *const headers[] = { "Authorization: Bearer k",
		"X-Key: key-0123456789abcdef", NULL };

	assert_int_equal(http_start(NULL), 0);
	rules_start(rules);
	rig.mem = arena_new();
	rig.options = (struct mcp_client_options){ .name = "server",
		.url = rules_url(),
		.headers = headers,
		.timeout_ms = RIG_DEADLINE_MS };
	rig.client = mcp_client_new(&rig.options);
}

void
rig_end(void)
{
	mcp_client_free(rig.client);
	arena_free(rig.mem);
	rules_stop();
	http_stop();
}

enum mcp_rc
rig_list(size_t *n)
{
	json_t *tools;
	int64_t ttl_ms;
	enum mcp_rc rc = mcp_client_tools(rig.client, NULL, &tools, &ttl_ms,
	    rig.why);

	if (n != NULL)
		*n = json_array_size(tools);
	assert_int_equal(rc == MCP_OK, rig.why[0] == '\0');
	json_decref(tools);
	return rc;
}

enum mcp_rc
rig_call(const struct mcp_call_options *o, const char **text)
{
	json_t *result;
	struct tool_result r;
	enum mcp_rc rc = mcp_client_call(rig.client, "t", NULL, NULL, o,
	    rig.mem, &result, rig.why);

	mcp_result_read(rig.mem, result, &r);
	if (text != NULL)
		*text = result == NULL ? NULL : tool_result_text(rig.mem, &r);
	assert_int_equal(rc == MCP_OK, rig.why[0] == '\0');
	return rc;
}
