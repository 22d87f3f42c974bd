/*
 * mcp_stream_write: what is said on a stream.  On that of a listen, all carries
 * the id of its request, of the same type.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_stream.h"

#define TEXT_MAX (64 * KIB)
#define SUBSCRIPTION "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":"

static const char *const CHANGED[VERSION_LISTS] = {
	[VERSION_TOOLS] = "notifications/tools/list_changed",
	[VERSION_PROMPTS] = "notifications/prompts/list_changed",
	[VERSION_RESOURCES] = "notifications/resources/list_changed",
	[VERSION_TEMPLATES] = "notifications/resources/list_changed",
};

static int
add_method(struct buf *json, const char *method)
{
	return buf_printf(json, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"",
	    method);
}

/* "_meta" of a listen; nothing of others. */
static int
add_meta(struct buf *json, const struct mcp_stream *s)
{
	return buf_add_str(json, SUBSCRIPTION) == -1
		|| buf_add_str(json, s->id) == -1
	    ? -1
	    : buf_add_char(json, '}');
}

static int
add_event(struct buf *out, struct buf *json, int rc)
{
	if (rc == 0)
		rc = mcp_event(out, json);
	buf_fini(json);
	return rc;
}

/* The ids of those that are taken. */
static int
add_tasks(struct buf *json, const struct mcp_stream *s, const char *comma)
{
	size_t i;

	for (i = 0; i < s->ntasks; i++)
		if (buf_printf(json, "%s%s\"%s\"", i > 0 ? "," : comma,
			i == 0 ? "\"taskIds\":[" : "",
			strchr(s->tasks[i].name, '/') + 1)
		    == -1)
			return -1;
	return s->ntasks > 0 ? buf_add_char(json, ']') : 0;
}

static int
add_filter(struct buf *json, const struct mcp_stream *s)
{
	static const char *const NAMES[VERSION_LISTS] = {
		[VERSION_TOOLS] = "toolsListChanged",
		[VERSION_PROMPTS] = "promptsListChanged",
		[VERSION_RESOURCES] = "resourcesListChanged",
	};
	const char *comma = "";
	size_t i;

	for (i = 0; i < VERSION_LISTS; i++) {
		if (!s->wants[i] || NAMES[i] == NULL)
			continue;
		if (buf_printf(json, "%s\"%s\":true", comma, NAMES[i]) == -1)
			return -1;
		comma = ",";
	}
	for (i = 0; i < s->nwatched; i++) {
		if (buf_add_str(json, i > 0 ? "," : comma) == -1
		    || (i == 0
			&& buf_add_str(json, "\"resourceSubscriptions\":[")
			    == -1)
		    || json_add_str(json, s->watched[i].uri,
			   strlen(s->watched[i].uri))
			== -1)
			return -1;
	}
	if (s->nwatched > 0 && buf_add_char(json, ']') == -1)
		return -1;
	return add_tasks(json, s, s->nwatched > 0 ? "," : comma);
}

int
mcp_stream_ack(struct buf *out, const struct mcp_stream *s)
{
	struct buf json = BUF_INIT(MIB);
	int rc = add_method(&json, "notifications/subscriptions/acknowledged")
		    == -1
		|| buf_add_str(&json, ",\"params\":{\"notifications\":{") == -1
		|| add_filter(&json, s) == -1 || buf_add_str(&json, "},") == -1
		|| add_meta(&json, s) == -1
	    ? -1
	    : buf_add_str(&json, "}}");

	return add_event(out, &json, rc);
}

int
mcp_stream_changed(struct buf *out, const struct mcp_stream *s,
    enum version_list list)
{
	struct buf json = BUF_INIT(TEXT_MAX);
	int rc = add_method(&json, CHANGED[list]);

	if (rc == 0 && s->id != NULL)
		rc = buf_add_str(&json, ",\"params\":{") == -1
			|| add_meta(&json, s) == -1
		    ? -1
		    : buf_add_char(&json, '}');
	if (rc == 0)
		rc = buf_add_char(&json, '}');
	return add_event(out, &json, rc);
}

int
mcp_stream_updated(struct buf *out, const struct mcp_stream *s, const char *uri)
{
	struct buf json = BUF_INIT(TEXT_MAX);
	int rc = add_method(&json, "notifications/resources/updated") == -1
		|| buf_add_str(&json, ",\"params\":{\"uri\":") == -1
		|| json_add_str(&json, uri, strlen(uri)) == -1
		|| (s->id != NULL
		    && (buf_add_char(&json, ',') == -1
			|| add_meta(&json, s) == -1))
	    ? -1
	    : buf_add_str(&json, "}}");

	return add_event(out, &json, rc);
}

int
mcp_stream_task(struct buf *out, const struct mcp_stream *s, const char *task)
{
	struct buf json = BUF_INIT(MCP_ANSWER_MAX);
	int rc = add_method(&json, "notifications/tasks") == -1
		|| buf_add_str(&json, ",\"params\":") == -1
		|| buf_add_str(&json, task) == -1
		|| buf_add_char(&json, ',') == -1 || add_meta(&json, s) == -1
	    ? -1
	    : buf_add_str(&json, "}}");

	return add_event(out, &json, rc);
}

int
mcp_stream_complete(struct buf *out, const struct mcp_stream *s)
{
	struct buf json = BUF_INIT(TEXT_MAX);
	int rc = buf_add_str(&json, "{\"jsonrpc\":\"2.0\",\"id\":") == -1
		|| buf_add_str(&json, s->id) == -1
		|| buf_add_str(&json,
		       ",\"result\":{\"resultType\":\"complete\",")
		    == -1
		|| add_meta(&json, s) == -1
	    ? -1
	    : buf_add_str(&json, "}}");

	return add_event(out, &json, rc);
}

/* Answers of 2024-11-05 are never resumed: their session is the stream. */
int
mcp_stream_said(struct buf *out, const struct mcp_stream *s,
    const struct mcps_event *e)
{
	struct buf json = BUF_INIT(MCP_ANSWER_MAX);
	int rc = 0;

	if (s->what == STREAM_GET)
		rc = buf_printf(out, "id: " MCP_SAID ".%" PRId64 "\n",
		    e->number);
	if (rc == 0)
		rc = buf_add(&json, e->text, e->len);
	return add_event(out, &json, rc);
}
