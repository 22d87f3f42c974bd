/*
 * memcp_source: the tools of a meMCP server.
 */
#include <stdlib.h>

#include "base/text.h"
#include "tools/memcp.h"
#include "tools/source.h"

struct own {
	struct settings *settings; /* its secret and time-outs */
	struct memcp memcp;
};

static json_t *
list(struct source *s, const volatile int *cancel, struct source_answer *answer)
{
	const struct own *own = s->own;
	json_t *tools = memcp_list(&own->memcp, cancel, answer->why);

	text_format(answer->reason, sizeof(answer->reason), "%s", answer->why);
	answer->away = tools == NULL;
	return tools;
}

static void
call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result)
{
	const struct own *own = s->own;

	memcp_call(&own->memcp, ctx->token, tool->name, arguments, ctx->cancel,
	    mem, result);
}

static void
close_own(struct source *s)
{
	struct own *own = s->own;

	settings_unref(own->settings);
	free(own);
}

static const struct source_kind MEMCP = {
	.name = "memcp",
	.label = 1,
	.list = list,
	.call = call,
	.close = close_own,
};

struct source *
memcp_source(struct settings *s)
{
	struct own *own = calloc(1, sizeof(*own));

	if (own == NULL)
		abort();
	own->settings = settings_ref(s);
	own->memcp = (struct memcp){ .url = s->chat_memcp_url,
		.proxy_secret = &s->proxy_secret,
		.timeout_ms = (int)s->mcp_timeout_ms };
	return source_new(&MEMCP, MEMCP.name, s->chat_memcp_url, own);
}
