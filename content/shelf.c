#include "content/shelf.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "content/watch.h"

#define END ".md"

/* ---- one file ------------------------------------------------------------ */

/* Its name without END; NULL: it is another kind of file. */
static char *
name_of(struct arena *mem, const char *file)
{
	size_t len = strlen(file), end = strlen(END);

	return len > end && strcmp(file + len - end, END) == 0
	    ? arena_memdup(mem, file, len - end)
	    : NULL;
}

static const struct shelf_file *
file_of(const struct shelf *s, const char *file)
{
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++)
		if (strcmp(s->files[i].file, file) == 0)
			return &s->files[i];
	return NULL;
}

static void
read_prompt(struct shelf *s, struct shelf_file *f, int fd, const char *name)
{
	struct arena *mem = arena_new();
	char *bytes = arena_alloc(mem, PROMPT_FILE_MAX + 2);
	int64_t n = beneath_read(fd, bytes, PROMPT_FILE_MAX + 1);
	const char *why = "it cannot be read";

	if (n != -1)
		f->prompt = prompt_read(name, f->file, bytes, (size_t)n, mem,
		    &why);
	if (f->prompt == NULL)
		f->why = arena_strdup(s->mem, why);
	arena_free(mem);
}

static void
take(struct shelf *s, const struct shelf *old, int folder, const char *file,
    const char *name)
{
	const struct shelf_file *before = file_of(old, file);
	struct shelf_file *f = &s->files[s->n++];
	int fd = beneath_open(folder, file, &f->stamp);

	f->file = arena_strdup(s->mem, file);
	if (fd == -1) {
		f->why = errno == EACCES
		    ? "this process may not read it"
		    : "it is no file, or a link that leads out of the folder";
		return;
	}
	if (before != NULL && before->stamp.size == f->stamp.size
	    && before->stamp.mtime_ns == f->stamp.mtime_ns
	    && before->stamp.inode == f->stamp.inode) {
		if (before->prompt != NULL)
			f->prompt = prompt_ref(before->prompt);
		else
			f->why = arena_strdup(s->mem, before->why);
	} else {
		read_prompt(s, f, fd, name);
	}
	close(fd);
}

/* ---- all of them --------------------------------------------------------- */

static void
read_folder(struct shelf *s, const struct shelf *old, int folder)
{
	struct arena *mem = arena_new();
	char **names, *name;
	size_t n, i;

	if (beneath_names(folder, mem, SHELF_NAMES_MAX, &names, &n, &s->cut)
	    == -1) {
		s->error = errno;
		n = 0;
	}
	for (i = 0; i < n; i++) {
		name = text_is_utf8(names[i], strlen(names[i]))
		    ? name_of(mem, names[i])
		    : NULL;
		if (name == NULL)
			continue;
		if (s->n == SHELF_MAX) {
			s->cut = true;
			break;
		}
		take(s, old, folder, names[i], name);
	}
	arena_free(mem);
}

static void
digest(struct shelf *s)
{
	struct buf all = BUF_INIT(SHELF_MAX * PROMPT_FILE_MAX);
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->files[i].prompt != NULL)
			(void)!buf_add(&all, s->files[i].prompt->text,
			    s->files[i].prompt->len);
	seal_digest("prompts", buf_str(&all), all.len, s->digest);
	buf_fini(&all);
}

struct shelf *
shelf_scan(const char *root, const struct shelf *old, struct content_watch *w)
{
	struct shelf *s = calloc(1, sizeof(*s));
	int folder = -1;

	if (s == NULL)
		abort();
	atomic_store(&s->refs, 1);
	s->mem = arena_new();
	s->files = arena_alloc(s->mem, SHELF_MAX * sizeof(*s->files));
	if (root[0] != '\0') {
		if (w != NULL) /* its root may be a link: with a slash */
			content_watch_folder(w,
			    arena_printf(s->mem, "%s/", root));
		folder = beneath_folder(root);
		s->error = folder == -1 ? errno : 0;
	}
	if (folder != -1) {
		read_folder(s, old, folder);
		close(folder);
	}
	digest(s);
	return s;
}

struct shelf *
shelf_ref(struct shelf *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
shelf_unref(struct shelf *s)
{
	size_t i;

	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (i = 0; i < s->n; i++)
		prompt_unref(s->files[i].prompt);
	arena_free(s->mem);
	free(s);
}

const struct prompt *
shelf_find(const struct shelf *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->files[i].prompt != NULL
		    && strcmp(s->files[i].prompt->name, name) == 0)
			return s->files[i].prompt;
	return NULL;
}

/* ---- what is no prompt --------------------------------------------------- */

static bool
was_said(const struct shelf *old, const struct shelf_file *f)
{
	const struct shelf_file *before = file_of(old, f->file);

	return before != NULL && before->why != NULL
	    && strcmp(before->why, f->why) == 0;
}

void
shelf_log(const char *root, const struct shelf *old, const struct shelf *new)
{
	size_t i;

	if (new->error != 0 && (old == NULL || old->error != new->error))
		log_event(LOG_ERROR, "content_failed", F_STR("folder", root),
		    F_STR("setting", "mcp.prompts_dir"),
		    F_INT("errno", new->error),
		    F_STR("remedy",
			"let the edge's user read the folder, or name another "
			"one in mcp.prompts_dir"));
	if (new->cut && (old == NULL || !old->cut))
		log_event(LOG_WARN, "content_skipped", F_STR("file", "*"),
		    F_STR("folder", root),
		    F_STR("why", "there are over 1000 prompts"));
	for (i = 0; i < new->n; i++)
		if (new->files[i].why != NULL && !was_said(old, &new->files[i]))
			log_event(LOG_WARN, "content_skipped",
			    F_STR("file", new->files[i].file),
			    F_STR("folder", root),
			    F_STR("why", new->files[i].why));
}
