/*
 * mcp_listen: subscriptions/listen of 2026-07-28: a stream of what changes, of
 * the kinds that its filter names and that are served here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_stream.h"

/* The filter's names, and what must be served for each. */
static const struct {
	const char *name;
	enum mcp_method_id served;
} LISTS[] = {
	[VERSION_TOOLS] = { "toolsListChanged", MCP_TOOLS_LIST },
	[VERSION_PROMPTS] = { "promptsListChanged", MCP_PROMPTS_LIST },
	[VERSION_RESOURCES] = { "resourcesListChanged", MCP_RESOURCES_LIST },
};

/* -1: it is no array of addresses, or too long. */
static int
read_resources(struct mcp_stream *s, const json_t *uris, const bool *offers)
{
	const json_t *uri;
	size_t i;

	if (uris == NULL || json_is_null(uris))
		return 0;
	if (!json_is_array(uris) || json_array_size(uris) > MCP_STREAM_URIS)
		return -1;
	s->watched = calloc(json_array_size(uris) + 1, sizeof(*s->watched));
	if (s->watched == NULL)
		abort();
	json_array_foreach(uris, i, uri) {
		struct mcp_watched *w = &s->watched[s->nwatched];
		const char *text = json_string_value(uri);

		if (text == NULL || strlen(text) >= MCPS_URI_MAX)
			return -1;
		if (!offers[MCP_RESOURCES_READ])
			continue; /* the acknowledgement leaves it out */
		version_id(text, w->id);
		w->uri = strdup(text);
		if (w->uri == NULL)
			abort();
		s->nwatched++;
	}
	return 0;
}

static int
read_filter(struct mcp_stream *s, struct mcp_work *w, struct mcp_fault *fault)
{
	const json_t *filter = json_object_get(w->call.params, "notifications");
	const bool *offers = w->call.server->offers;
	const json_t *wish;
	size_t i;

	if (!json_is_object(filter))
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.notifications, an object, is missing");
	if (json_object_get(filter, "taskIds") != NULL
	    && !(w->call.client & MCP_CAN_TASKS)) {
		mcp_fault_capability(&w->call, MCP_CAN_TASKS, fault);
		return MCP_FAILED;
	}
	for (i = 0; i < NELEM(LISTS); i++) {
		wish = json_object_get(filter, LISTS[i].name);
		if (wish != NULL && !json_is_boolean(wish))
			return mcp_fail(fault, RPC_BAD_PARAMS,
			    arena_printf(w->mem,
				"params.notifications.%s is true or false",
				LISTS[i].name));
		s->wants[i] = json_is_true(wish) && offers[LISTS[i].served];
	}
	s->wants[VERSION_TEMPLATES] = s->wants[VERSION_RESOURCES];
	if (read_resources(s, json_object_get(filter, "resourceSubscriptions"),
		offers)
	    == -1)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.notifications.resourceSubscriptions is an array "
		    "of at most 64 URIs, each shorter than 2048 bytes");
	if (mcp_stream_read_tasks(s, w->post->caller.key,
		json_object_get(filter, "taskIds"))
	    == -1)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.notifications.taskIds is an array of at most 100 "
		    "ids");
	return MCP_DONE;
}

int
mcp_listen(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	struct mcp_stream *s;
	const char *id = json_text(w->mem, w->call.id);

	(void)out;
	if (p->says)
		return mcp_fail(fault, RPC_INVALID_REQUEST,
		    "subscriptions/listen is a stream of its own: POST it to "
		    "/mcp");
	if (p->may_wait
	    || id == NULL) { /* plain CGI: it ends with its answer */
		*fault = (struct mcp_fault){ .code = RPC_INTERNAL,
			.status = 503,
			.message = "streams need FastCGI" };
		return MCP_FAILED;
	}
	if (!mcp_accepts(p->head.accept).stream) {
		*fault = (struct mcp_fault){ .code = RPC_INVALID_REQUEST,
			.status = 406,
			.message = "Accept must allow text/event-stream" };
		return MCP_FAILED;
	}
	s = mcp_stream_new(STREAM_LISTEN);
	if (read_filter(s, w, fault) == MCP_FAILED) {
		mcp_stream_free(s);
		return MCP_FAILED;
	}
	s->id = strdup(id);
	if (s->id == NULL)
		abort();
	p->stream = s;
	return MCP_DONE;
}
