/*
 * servers: the sources that the configuration names: meMCP, mcp.servers, and
 * servers_config.json.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "tools/tools_priv.h"

int
servers_read(struct settings *s, struct source **out, struct buf *errors)
{
	struct arena *mem = arena_new();
	struct settings_server *list;
	int n = settings_servers(s, mem, &list, errors), total = 0, i;

	if (n != -1 && s->chat_memcp_url[0] != '\0')
		out[total++] = memcp_source(s);
	for (i = 0; i < n; i++)
		out[total++] = mcp_source(s, &list[i]);
	arena_free(mem);
	return n == -1 ? -1 : total;
}
