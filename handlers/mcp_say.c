/*
 * mcp_say: what came of a POST, said on its session's stream, wherever that is.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "handlers/mcp_priv.h"
#include "redis/mcps.h"

/* What initialize agreed: the id of such a session does not say it. */
static void
agree(const struct mcp_post *p)
{
	struct mcp_session agreed;
	char text[MCPS_AGREED_MAX];
	const char *client = json_text(p->mem,
	    json_object_get(json_object_get(p->doc, "params"), "clientInfo"));

	if (p->session[0] == '\0'
	    || !mcp_session_id_read(p->server.ring, p->session, p->server.key,
		p->server.now_s, p->server.session_max_s, &agreed))
		return;
	(void)snprintf(text, sizeof(text), "%s %u",
	    MCP_REVISION[agreed.revision].name, agreed.client);
	if (client == NULL)
		client = "null";
	(void)!mcps_agree(p->edge->store, p->sid, text, client,
	    strlen(client) < KIB ? strlen(client) : 0);
}

void
mcp_messages_say(struct mcp_post *p)
{
	agree(p);
	if (p->out.len > 0
	    && mcps_say(p->edge->store, p->sid, buf_str(&p->out), p->out.len)
		!= STORE_OK)
		log_event(LOG_WARN, "mcp_answer_lost",
		    F_STR("why", "the session has no stream"));
}
