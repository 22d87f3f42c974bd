/*
 * mcp_stream_look: in the look thread, where streams stand: of many at once, in
 * three round trips.
 */
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_stream.h"

/* {"k": key, "a": address, "s": session, "m": own address, "r": [ids],
 * "n": [names of tasks]}; a key that is not kept in Redis has no "k". */
char *
mcp_stream_item(const struct request *req, const struct mcp_post *p,
    const struct mcp_stream *s)
{
	const struct api_key_given *given = req->shown;
	json_t *ids = json_array(), *tasks = json_array();
	size_t i;

	for (i = 0; i < s->ntasks; i++)
		json_array_append_new(tasks, json_string(s->tasks[i].name));
	for (i = 0; i < s->nwatched; i++)
		json_array_append_new(ids, json_string(s->watched[i].id));
	return json_text(p->mem,
	    json_keep(p->mem,
		json_pack("{s:s*, s:s*, s:s, s:s*, s:s, s:o, s:o}", "k",
		    given->kind == API_KEY_STORED ? given->id : NULL, "t",
		    given->kind == API_KEY_STORED ? given->tenant : NULL, "a",
		    req->remote, "s", s->session[0] == '\0' ? NULL : s->session,
		    "m", s->address, "r", ids, "n", tasks)));
}

/* Of all looks of a batch. */
struct looking {
	struct edge *e;
	struct arena *mem;
	size_t n;
	json_t **items;
	struct access *keys;     /* of those that have one */
	struct mcps_look **mcps; /* NULL: it has no session */
	const char **ids;        /* of all resources */
	int64_t *of;             /* and their versions */
	size_t nids;
	struct versions versions;
};

static const char *
member(const struct looking *l, size_t i, const char *name)
{
	return json_member_str(l->items[i], name);
}

static void
look_at_keys(struct looking *l)
{
	struct access_ask *asks = arena_alloc(l->mem, l->n * sizeof(*asks));
	struct access *got = arena_alloc(l->mem, l->n * sizeof(*got));
	struct api_key_given *given = arena_alloc(l->mem,
	    l->n * sizeof(*given));
	size_t i, n = 0, from;

	for (i = 0; i < l->n; i++) {
		const char *id = member(l, i, "k");

		l->keys[i] = (struct access){ .verdict = ACCESS_OK };
		if (id == NULL)
			continue;
		given[n] = (struct api_key_given){ .kind = API_KEY_STORED };
		(void)snprintf(given[n].id, sizeof(given[n].id), "%s", id);
		(void)snprintf(given[n].tenant, sizeof(given[n].tenant), "%s",
		    member(l, i, "t"));
		asks[n] = (struct access_ask){ .key = &given[n],
			.address = member(l, i, "a") };
		n++;
	}
	for (from = 0; from < n; from += ACCESS_ASKS_MAX)
		access_take(l->e->store, asks + from,
		    n - from < ACCESS_ASKS_MAX ? n - from : ACCESS_ASKS_MAX,
		    l->mem, got + from);
	for (i = n = 0; i < l->n; i++)
		if (member(l, i, "k") != NULL)
			l->keys[i] = got[n++];
}

static int
look_at_sessions(struct looking *l)
{
	struct mcps_look *looks = arena_alloc(l->mem, l->n * sizeof(*looks));
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		l->mcps[i] = NULL;
		if (member(l, i, "s") == NULL)
			continue;
		looks[n] = (struct mcps_look){ .id = member(l, i, "s"),
			.address = member(l, i, "m") };
		l->mcps[i] = &looks[n++];
	}
	return mcps_look(l->e->store, looks, n, l->mem) == STORE_OK ? 0 : -1;
}

static size_t
resources_of(const struct looking *l, size_t i)
{
	return json_array_size(json_object_get(l->items[i], "r"))
	    + (l->mcps[i] == NULL ? 0 : l->mcps[i]->nsubscriptions);
}

static const char *
resource_of(const struct looking *l, size_t i, size_t j)
{
	const json_t *named = json_object_get(l->items[i], "r");
	size_t n = json_array_size(named);

	return j < n ? json_string_value(json_array_get(named, j))
		     : l->mcps[i]->subscriptions[j - n].id;
}

static int
look_at_versions(struct looking *l)
{
	size_t i, j, n = 0;

	for (i = 0; i < l->n; i++)
		n += resources_of(l, i);
	l->ids = arena_alloc(l->mem, (n + 1) * sizeof(*l->ids));
	l->of = arena_alloc(l->mem, (n + 1) * sizeof(*l->of));
	for (i = 0; i < l->n; i++)
		for (j = 0; j < resources_of(l, i); j++)
			l->ids[l->nids++] = resource_of(l, i, j);
	return versions_read(l->e->store, &l->versions, l->ids, l->nids, l->of)
		== STORE_OK
	    ? 0
	    : -1;
}

/* ---- what was found ------------------------------------------------------ */

static enum mcp_stream_found
verdict_of(const struct looking *l, size_t i)
{
	switch (l->keys[i].verdict) {
	case ACCESS_OK:
	case ACCESS_DOWN: /* nobody knows: it goes on */
		break;
	default:
		return FOUND_KEY_OVER;
	}
	if (l->mcps[i] == NULL)
		return FOUND_ON;
	return l->mcps[i]->ended   ? FOUND_SESSION_OVER
	    : l->mcps[i]->replaced ? FOUND_REPLACED
				   : FOUND_ON;
}

/* [[id, version], ...], of subscriptions [id, version, uri, since]. */
static json_t *
resources(const struct looking *l, size_t i, size_t *at)
{
	size_t named = json_array_size(json_object_get(l->items[i], "r")), j;
	json_t *out = json_array(), *one;

	for (j = 0; j < resources_of(l, i); j++, (*at)++) {
		one = json_pack("[s, I]", l->ids[*at], (json_int_t)l->of[*at]);
		if (j >= named) {
			const struct mcps_subscription *s
			    = &l->mcps[i]->subscriptions[j - named];

			json_array_append_new(one, json_string(s->uri));
			json_array_append_new(one, json_integer(s->since));
		}
		json_array_append_new(out, one);
	}
	return out;
}

static json_t *
said(const struct mcps_look *m)
{
	json_t *out = json_array();
	size_t j;

	for (j = 0; m != NULL && j < m->nsaid; j++)
		json_array_append_new(out,
		    json_pack("[I, s]", (json_int_t)m->said[j].number,
			m->said[j].text));
	return out;
}

static void
tell(struct looking *l, size_t i, size_t *at, struct park_look *look)
{
	const int64_t *v = l->versions.lists;
	json_t *tasks = json_array(), *doc;
	const char *text;

	if (mcp_stream_look_tasks(l->e->store,
		json_object_get(l->items[i], "n"), l->mem, tasks)
	    == -1)
		json_array_clear(tasks);
	doc = json_pack("{s:I, s:[I, I, I, I], s:o, s:o, s:o}", "ends",
	    (json_int_t)l->keys[i].key.expires_ms, "lists",
	    (json_int_t)v[VERSION_TOOLS], (json_int_t)v[VERSION_PROMPTS],
	    (json_int_t)v[VERSION_RESOURCES], (json_int_t)v[VERSION_TEMPLATES],
	    "resources", resources(l, i, at), "said", said(l->mcps[i]), "tasks",
	    tasks);
	text = json_text(l->mem, json_keep(l->mem, doc));

	park_found(look, verdict_of(l, i), text,
	    text == NULL ? 0 : strlen(text));
}

_Static_assert(VERSION_TOOLS == 0 && VERSION_PROMPTS == 1
	&& VERSION_RESOURCES == 2 && VERSION_TEMPLATES == 3
	&& VERSION_LISTS == 4,
    "the order of lists in what was found");

int
mcp_stream_look(struct edge *e, struct park_look *const *looks, size_t n)
{
	struct arena *mem = arena_new();
	struct looking l = { .e = e,
		.mem = mem,
		.n = n,
		.items = arena_alloc(mem, n * sizeof(json_t *)),
		.keys = arena_alloc(mem, n * sizeof(struct access)),
		.mcps = arena_alloc(mem, n * sizeof(struct mcps_look *)) };
	size_t i, at = 0;
	int rc = -1;

	for (i = 0; i < n; i++)
		l.items[i] = json_read(mem, looks[i]->item,
		    strlen(looks[i]->item), NULL, NULL);
	look_at_keys(&l);
	if (look_at_sessions(&l) == 0 && look_at_versions(&l) == 0) {
		for (i = 0; i < n; i++)
			tell(&l, i, &at, looks[i]);
		rc = 0;
	}
	arena_free(mem);
	return rc;
}
