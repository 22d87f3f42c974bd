/*
 * mcp_stream_found: what a look found, against what the client was told.
 */
#include <stdlib.h>
#include <string.h>

#include "handlers/mcp_stream.h"

static void
compare_lists(struct mcp_stream *s, const json_t *lists, struct buf *out)
{
	size_t i;

	for (i = 0; i < VERSION_LISTS; i++) {
		int64_t now = json_integer_value(json_array_get(lists, i));

		if (now != s->seen.lists[i] && s->wants[i])
			(void)!mcp_stream_changed(out, s, (enum version_list)i);
		s->seen.lists[i] = now;
	}
}

static struct mcp_watched *
watched_at(struct mcp_stream *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->nwatched; i++)
		if (strcmp(s->watched[i].id, id) == 0)
			return &s->watched[i];
	return NULL;
}

/* A subscription that was made since the last look. */
static struct mcp_watched *
watch(struct mcp_stream *s, const char *id, const char *uri, int64_t seen)
{
	struct mcp_watched *w = realloc(s->watched,
	    (s->nwatched + 1) * sizeof(*w));

	if (w == NULL)
		abort();
	s->watched = w;
	w += s->nwatched++;
	(void)snprintf(w->id, sizeof(w->id), "%s", id);
	w->uri = strdup(uri);
	if (w->uri == NULL)
		abort();
	w->seen = seen;
	return w;
}

/* Of a session, those that are subscribed no more are watched no more. */
static void
forget_others(struct mcp_stream *s, const json_t *found)
{
	const json_t *one;
	size_t i = 0, j;
	bool there;

	while (i < s->nwatched) {
		there = false;
		json_array_foreach(found, j, one)
			there |= strcmp(s->watched[i].id,
				     json_string_value(json_array_get(one, 0)))
			    == 0;
		if (there) {
			i++;
			continue;
		}
		free(s->watched[i].uri);
		s->watched[i] = s->watched[--s->nwatched];
	}
}

/* [id, version] and, of subscriptions, uri and since. */
static void
compare_resources(struct mcp_stream *s, const json_t *found, struct buf *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach(found, i, one) {
		const char *id = json_string_value(json_array_get(one, 0));
		const char *uri = json_string_value(json_array_get(one, 2));
		int64_t now = json_integer_value(json_array_get(one, 1));
		struct mcp_watched *w = watched_at(s, id);

		if (w == NULL && uri != NULL)
			w = watch(s, id, uri,
			    json_integer_value(json_array_get(one, 3)));
		if (w == NULL || now == w->seen)
			continue;
		w->seen = now;
		if (now != 0) /* else it was forgotten: it has not changed */
			(void)!mcp_stream_updated(out, s, w->uri);
	}
	if (s->session[0] != '\0')
		forget_others(s, found);
}

/* What was said, and did not come here. */
static void
catch_up(struct mcp_stream *s, const json_t *said, struct buf *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach(said, i, one) {
		const char *text = json_string_value(json_array_get(one, 1));
		struct mcps_event e = {
			.number = json_integer_value(json_array_get(one, 0)),
			.text = text,
			.len = text == NULL ? 0 : strlen(text),
		};

		if (text == NULL || e.number <= s->said)
			continue;
		s->said = e.number;
		(void)!mcp_stream_said(out, s, &e);
	}
}

void
mcp_stream_compare(struct mcp_stream *s, const json_t *found, struct buf *out)
{
	compare_lists(s, json_object_get(found, "lists"), out);
	compare_resources(s, json_object_get(found, "resources"), out);
	mcp_stream_compare_tasks(s, json_object_get(found, "tasks"), out);
	catch_up(s, json_object_get(found, "said"), out);
}
