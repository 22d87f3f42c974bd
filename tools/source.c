#include "tools/source.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/pool.h"
#include "base/text.h"

/* a good-bye may take 2 s, and a thread */
#define BYES_WAIT_MS 3000
#define NOT_ASKED "not asked yet"

/* host:port without scheme, user, path and query. */
static void
host_of(const char *url, char *out, size_t max)
{
	const char *host = strstr(url, "://"), *at;
	size_t len;

	host = host == NULL ? url : host + 3;
	len = strcspn(host, "/?#");
	at = memchr(host, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	snprintf(out, max, "%.*s", (int)len, host);
}

struct source *
source_new(const struct source_kind *kind, const char *name, const char *url,
    void *own)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	atomic_store(&s->refs, 1);
	s->kind = kind;
	s->own = own;
	snprintf(s->name, sizeof(s->name), "%s", name);
	host_of(url, s->host, sizeof(s->host));
	text_format(s->why, sizeof(s->why), NOT_ASKED);
	text_format(s->reason, sizeof(s->reason), NOT_ASKED);
	return s;
}

struct source *
source_ref(struct source *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

/* True: the last reference is gone.  What it knew of tools goes at once, as
 * freeing much takes time that a good-bye has not. */
static bool
let_go(struct source *s)
{
	if (atomic_fetch_sub(&s->refs, 1) != 1)
		return false;
	json_unshare(s->list);
	offer_unref(s->offer);
	return true;
}

static void
say_bye(void *arg)
{
	struct source *s = arg;

	if (s->kind->close != NULL)
		s->kind->close(s);
	free(s);
}

void
source_unref(struct source *s)
{
	if (s != NULL && let_go(s))
		say_bye(s);
}

void
sources_unref(struct source *const *sources, size_t n)
{
	struct pool *byes = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!let_go(sources[i]))
			continue;
		if (byes == NULL)
			byes = pool_new("goodbyes", SOURCES_MAX);
		if (pool_run(byes, say_bye, sources[i]) == -1)
			say_bye(sources[i]);
	}
	/* Else one is still at it: it ends by itself. */
	if (byes != NULL && pool_drain(byes, BYES_WAIT_MS) == 0)
		pool_free(byes);
}
