#include "content/folder.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "content/watch.h"

/* After so long without a look, no thread does it. */
#define LATE_MS (2 * CONTENT_LOOK_MS)

struct folder {
	const struct folder_kind *kind;
	const struct content_ears *ears;
	pthread_mutex_t looking; /* one at a time; of told */
	void *told;              /* what the ears know; NULL: nothing yet */
	pthread_mutex_t mu;      /* of what follows */
	char *root;              /* "": none */
	bool moved;              /* what was seen is another root's */
	void *seen;              /* NULL: nobody has looked yet */
	int64_t looked_ms;       /* boot clock */
};

static char *
copy(const char *s)
{
	char *out = strdup(s);

	if (out == NULL)
		abort();
	return out;
}

struct folder *
folder_new(const struct folder_kind *kind, const struct settings *s,
    const struct content_ears *ears)
{
	struct folder *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->kind = kind;
	f->ears = ears;
	f->root = copy(kind->root(s));
	pthread_mutex_init(&f->looking, NULL);
	pthread_mutex_init(&f->mu, NULL);
	return f;
}

void
folder_free(struct folder *f)
{
	f->kind->unref(f->seen);
	f->kind->unref(f->told);
	pthread_mutex_destroy(&f->looking);
	pthread_mutex_destroy(&f->mu);
	free(f->root);
	free(f);
}

void
folder_reload(struct folder *f, const struct settings *s)
{
	char *root = copy(f->kind->root(s));

	pthread_mutex_lock(&f->mu);
	if (strcmp(root, f->root) != 0) {
		free(f->root);
		f->root = root;
		f->moved = true;
		root = NULL;
	}
	pthread_mutex_unlock(&f->mu);
	free(root);
}

bool
folder_is_watched(struct folder *f)
{
	bool is;

	pthread_mutex_lock(&f->mu);
	is = f->root[0] != '\0' || f->seen != NULL;
	pthread_mutex_unlock(&f->mu);
	return is;
}

static void
look(struct folder *f, struct content_watch *w)
{
	const struct folder_kind *kind = f->kind;
	void *old, *new;
	bool moved;
	char *root;

	pthread_mutex_lock(&f->mu);
	root = copy(f->root);
	old = f->seen == NULL ? NULL : kind->ref(f->seen);
	moved = f->moved;
	pthread_mutex_unlock(&f->mu);
	new = kind->scan(root, moved ? NULL : old, w);
	pthread_mutex_lock(&f->mu);
	kind->unref(f->seen);
	f->seen = kind->ref(new);
	f->looked_ms = clock_boot_ms();
	f->moved = strcmp(root, f->root) != 0; /* meanwhile */
	pthread_mutex_unlock(&f->mu);
	kind->log(root, moved ? NULL : old, new);
	if (kind->tell(f->ears, f->told, new)) {
		kind->unref(f->told);
		f->told = kind->ref(new);
	}
	kind->unref(old);
	kind->unref(new);
	free(root);
}

static bool
is_late(struct folder *f)
{
	bool is;

	pthread_mutex_lock(&f->mu);
	is = f->root[0] != '\0'
	    && (f->seen == NULL || f->moved
		|| clock_boot_ms() - f->looked_ms > LATE_MS);
	pthread_mutex_unlock(&f->mu);
	return is;
}

void
folder_look(struct folder *f, struct content_watch *w)
{
	pthread_mutex_lock(&f->looking);
	if (folder_is_watched(f))
		look(f, w);
	pthread_mutex_unlock(&f->looking);
}

void *
folder_seen(struct folder *f)
{
	void *seen = NULL;

	if (is_late(f)) {
		pthread_mutex_lock(&f->looking);
		if (is_late(f)) /* nobody else has just done it */
			look(f, NULL);
		pthread_mutex_unlock(&f->looking);
	}
	pthread_mutex_lock(&f->mu);
	if (f->root[0] != '\0' && f->seen != NULL)
		seen = f->kind->ref(f->seen);
	pthread_mutex_unlock(&f->mu);
	return seen;
}

char *
folder_root(struct folder *f, struct arena *mem)
{
	char *root;

	pthread_mutex_lock(&f->mu);
	root = arena_strdup(mem, f->root);
	pthread_mutex_unlock(&f->mu);
	return root;
}
