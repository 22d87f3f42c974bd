/*
 * files: the files of mcp.resources_dir as resources.
 *
 * What is listed was there at the last look; what is read is read from the
 * folder itself.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "content/folder.h"
#include "content/mime.h"
#include "content/tree_news.h"
#include "content/uri.h"
#include "nouns/settings.h"

#define QUICK_BYTES (256 * KIB) /* read and encoded in under a millisecond */

/* ---- the folder ---------------------------------------------------------- */

static const char *
root(const struct settings *s)
{
	return s->mcp_resources_dir;
}

static void *
scan(const char *path, const void *old, struct content_watch *w)
{
	return tree_scan(path, old, w);
}

static void *
ref(void *seen)
{
	return tree_ref(seen);
}

static void
unref(void *seen)
{
	tree_unref(seen);
}

static bool
tell(const struct content_ears *ears, const void *old, const void *new)
{
	return tree_news_tell(ears, old, new);
}

static void
log_news(const char *path, const void *old, const void *new)
{
	tree_news_log(path, old, new);
}

static const struct folder_kind FILES = { .root = root,
	.scan = scan,
	.ref = ref,
	.unref = unref,
	.tell = tell,
	.log = log_news };

static void *
files_open(const struct settings *s, const struct content_ears *ears)
{
	return folder_new(&FILES, s, ears);
}

static void
files_close(void *own)
{
	folder_free(own);
}

static void
files_reload(void *own, const struct settings *s)
{
	folder_reload(own, s);
}

static bool
files_is_watched(void *own)
{
	return folder_is_watched(own);
}

static void
files_look(void *own, struct content_watch *w)
{
	folder_look(own, w);
}

/* ---- lists --------------------------------------------------------------- */

static void
files_list(void *own, enum content_list list, content_add *add, void *arg)
{
	struct tree *t = folder_seen(own);
	size_t i;

	if (t == NULL)
		return;
	if (list == CONTENT_LIST_RESOURCES)
		for (i = 0; i < t->n; i++)
			if (!add(arg, t->files[i].uri, t->files[i].text,
				t->files[i].len))
				break;
	if (list == CONTENT_LIST_TEMPLATES)
		for (i = 0; i < t->nfolders; i++)
			if (!add(arg, t->folders[i].template,
				t->folders[i].text, t->folders[i].len))
				break;
	tree_unref(t);
}

/* ---- reading ------------------------------------------------------------- */

static enum content_rc
refuse(struct content_answer *out, enum content_rc rc, const char *why)
{
	out->why = why;
	return rc;
}

static enum content_rc
take(int fd, const struct beneath_stamp *stamp, const char *path,
    const struct content_ctx *ctx, struct content_answer *out)
{
	const struct mime *m = mime_find(path);
	struct content_part *part;
	char *bytes;
	int64_t n;

	if (stamp->size > (int64_t)TREE_FILE_MAX)
		return refuse(out, CONTENT_REFUSED,
		    "this file is larger than 8 MiB");
	if (stamp->size > (int64_t)QUICK_BYTES && !ctx->may_wait)
		return CONTENT_SLOW;
	/* It may grow while it is read: one byte more shows that. */
	bytes = arena_alloc(ctx->mem, (size_t)stamp->size + 2);
	n = beneath_read(fd, bytes, (size_t)stamp->size + 1);
	if (n == -1)
		return refuse(out, CONTENT_FAILED, "the file cannot be read");
	if (n > stamp->size)
		return refuse(out, CONTENT_FAILED,
		    "the file is being written; read it again");
	part = arena_alloc(ctx->mem, sizeof(*part));
	part->bytes = bytes;
	part->len = (size_t)n;
	part->is_text = (m == NULL || !m->is_binary)
	    && mime_is_text(bytes, part->len);
	part->mime = m != NULL ? m->type
	    : part->is_text    ? MIME_TEXT
			       : MIME_BYTES;
	out->parts = part;
	out->n = 1;
	return CONTENT_OK;
}

static enum content_rc
files_read(void *own, const struct content_ctx *ctx, const char *uri,
    struct content_answer *out)
{
	const char *path = content_uri_path(ctx->mem, uri);
	const char *at = folder_root(own, ctx->mem);
	struct beneath_stamp stamp;
	enum content_rc rc;
	int folder, fd;

	if (path == NULL || at[0] == '\0')
		return CONTENT_NONE;
	folder = beneath_folder(at);
	fd = folder == -1 ? -1 : beneath_open(folder, path, &stamp);
	if (fd == -1 && (errno == EMFILE || errno == ENFILE || errno == EIO))
		rc = refuse(out, CONTENT_FAILED, "the file cannot be opened");
	else if (fd == -1)
		rc = CONTENT_NONE;
	else
		rc = take(fd, &stamp, path, ctx, out);
	if (fd != -1)
		close(fd);
	if (folder != -1)
		close(folder);
	return rc;
}

/* ---- completion ---------------------------------------------------------- */

/* The name of ${file} if it lies in ${folder} itself; else NULL. */
static const char *
name_in(const struct tree_file *file, const char *folder)
{
	size_t len = strlen(folder);
	const char *name = file->path;

	if (len > 0) {
		if (strncmp(name, folder, len) != 0 || name[len] != '/')
			return NULL;
		name += len + 1;
	}
	return strchr(name, '/') == NULL ? name : NULL;
}

static void
complete_name(const struct tree *t, const char *folder,
    const struct content_ctx *ctx, const char *value,
    struct content_answer *out)
{
	const char **values = arena_alloc(ctx->mem,
	    CONTENT_VALUES_MAX * sizeof(*values));
	size_t i, len = strlen(value);
	const char *name;

	for (i = 0; i < t->n; i++) {
		name = name_in(&t->files[i], folder);
		if (name == NULL || strncasecmp(name, value, len) != 0)
			continue;
		if (out->nvalues < CONTENT_VALUES_MAX)
			values[out->nvalues++] = arena_strdup(ctx->mem, name);
		out->total++;
	}
	out->values = values;
}

static enum content_rc
files_complete(void *own, const struct content_ctx *ctx,
    const struct content_ref *ref, struct content_answer *out)
{
	struct tree *t = ref->is_prompt ? NULL : folder_seen(own);
	enum content_rc rc = CONTENT_NONE;
	size_t i;

	for (i = 0; t != NULL && i < t->nfolders && rc == CONTENT_NONE; i++) {
		if (strcmp(t->folders[i].template, ref->of) != 0)
			continue;
		rc = CONTENT_OK;
		if (strcmp(ref->argument, "name") == 0)
			complete_name(t, t->folders[i].path, ctx, ref->value,
			    out);
	}
	tree_unref(t);
	return rc;
}

const struct content_source CONTENT_RESOURCES_DIR = {
	.name = "resources_dir",
	.open = files_open,
	.close = files_close,
	.reload = files_reload,
	.is_watched = files_is_watched,
	.look = files_look,
	.list = files_list,
	.read = files_read,
	.complete = files_complete,
};
