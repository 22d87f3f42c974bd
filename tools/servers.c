/*
 * servers: the sources that the configuration names: meMCP, mcp.servers, and
 * servers_config.json.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "tools/tools_priv.h"

/* Is there room for ${n} sources?  If not, ${errors} says so. */
static bool
have_room(int n, struct buf *errors)
{
	if (n <= SOURCES_MAX)
		return true;
	(void)!buf_printf(errors,
	    "%d sources of tools: %d are possible; remove some of "
	    "mcp.servers\n",
	    n, SOURCES_MAX);
	return false;
}

int
servers_read(struct settings *s, struct source **out, struct buf *errors)
{
	const bool memcp = s->chat_memcp_url[0] != '\0';
	struct arena *mem = arena_new();
	struct settings_server *list;
	int n = settings_servers(s, mem, &list, errors), total = -1, i;

	if (n == -1 || !have_room(n + memcp, errors))
		goto out;
	total = 0;
	if (memcp)
		out[total++] = memcp_source(s);
	for (i = 0; i < n; i++)
		out[total++] = mcp_source(s, &list[i]);
out:
	arena_free(mem);
	return total;
}
