#include "content/content.h"

#include <stdlib.h>

#include "content/watch.h"

struct content {
	void *own[CONTENT_SOURCES_MAX]; /* of each row of CONTENT_SOURCES */
	bool watched;
	struct content_watch
	    *watch; /* NULL: nothing may change, or plain CGI */
	struct content_ears ears;
};

static bool
hear_list(void *arg, enum content_list list, const char *digest)
{
	(void)arg;
	(void)list;
	(void)digest;
	return true;
}

static bool
hear_one(void *arg, const char *uri, const char *digest)
{
	(void)arg;
	(void)uri;
	(void)digest;
	return true;
}

static const struct content_ears NOBODY = { .listed = hear_list,
	.updated = hear_one };

static void
look(void *arg, struct content_watch *w)
{
	struct content *c = arg;
	size_t i;

	for (i = 0; CONTENT_SOURCES[i] != NULL; i++)
		if (CONTENT_SOURCES[i]->look != NULL)
			CONTENT_SOURCES[i]->look(c->own[i], w);
}

/* A thread, once there is something to watch: mostly there is not. */
static void
watch(struct content *c)
{
	bool wanted = false;
	size_t i;

	for (i = 0; CONTENT_SOURCES[i] != NULL; i++)
		wanted |= CONTENT_SOURCES[i]->is_watched != NULL
		    && CONTENT_SOURCES[i]->is_watched(c->own[i]);
	if (c->watch != NULL)
		content_watch_poke(c->watch);
	else if (c->watched && wanted)
		c->watch = content_watch_start(look, c);
}

struct content *
content_start(const struct settings *s, const struct content_ears *ears,
    bool watched)
{
	struct content *c = calloc(1, sizeof(*c));
	size_t i;

	if (c == NULL)
		abort();
	c->ears = ears == NULL ? NOBODY : *ears;
	c->watched = watched;
	for (i = 0; CONTENT_SOURCES[i] != NULL; i++) {
		if (i == CONTENT_SOURCES_MAX)
			abort(); /* the table's fault */
		if (CONTENT_SOURCES[i]->open != NULL)
			c->own[i] = CONTENT_SOURCES[i]->open(s, &c->ears);
	}
	watch(c);
	return c;
}

void
content_stop(struct content *c)
{
	size_t i;

	if (c == NULL)
		return;
	content_watch_stop(c->watch);
	for (i = 0; CONTENT_SOURCES[i] != NULL; i++)
		if (CONTENT_SOURCES[i]->close != NULL)
			CONTENT_SOURCES[i]->close(c->own[i]);
	free(c);
}

void
content_reload(struct content *c, const struct settings *s)
{
	size_t i;

	for (i = 0; CONTENT_SOURCES[i] != NULL; i++)
		if (CONTENT_SOURCES[i]->reload != NULL)
			CONTENT_SOURCES[i]->reload(c->own[i], s);
	watch(c);
}

/* ---- all sources as one -------------------------------------------------- */

struct each {
	content_add *add;
	void *arg;
	bool enough;
};

static bool
add_one(void *arg, const char *key, const char *text, size_t len)
{
	struct each *e = arg;

	e->enough = !e->add(e->arg, key, text, len);
	return !e->enough;
}

void
content_each(struct content *c, enum content_list list, content_add *add,
    void *arg)
{
	struct each e = { .add = add, .arg = arg };
	size_t i;

	for (i = 0; CONTENT_SOURCES[i] != NULL && !e.enough; i++)
		if (CONTENT_SOURCES[i]->list != NULL)
			CONTENT_SOURCES[i]->list(c->own[i], list, add_one, &e);
}

enum content_rc
content_read(struct content *c, const struct content_ctx *ctx, const char *uri,
    struct content_answer *out)
{
	enum content_rc rc = CONTENT_NONE;
	size_t i;

	*out = (struct content_answer){ 0 };
	for (i = 0; CONTENT_SOURCES[i] != NULL && rc == CONTENT_NONE; i++)
		if (CONTENT_SOURCES[i]->read != NULL)
			rc = CONTENT_SOURCES[i]->read(c->own[i], ctx, uri, out);
	return rc;
}

enum content_rc
content_get(struct content *c, const struct content_ctx *ctx, const char *name,
    const json_t *arguments, struct content_answer *out)
{
	enum content_rc rc = CONTENT_NONE;
	size_t i;

	*out = (struct content_answer){ 0 };
	for (i = 0; CONTENT_SOURCES[i] != NULL && rc == CONTENT_NONE; i++)
		if (CONTENT_SOURCES[i]->get != NULL)
			rc = CONTENT_SOURCES[i]->get(c->own[i], ctx, name,
			    arguments, out);
	return rc;
}

enum content_rc
content_complete(struct content *c, const struct content_ctx *ctx,
    const struct content_ref *ref, struct content_answer *out)
{
	enum content_rc rc = CONTENT_NONE;
	size_t i;

	*out = (struct content_answer){ 0 };
	for (i = 0; CONTENT_SOURCES[i] != NULL && rc == CONTENT_NONE; i++)
		if (CONTENT_SOURCES[i]->complete != NULL)
			rc = CONTENT_SOURCES[i]->complete(c->own[i], ctx, ref,
			    out);
	return rc;
}
