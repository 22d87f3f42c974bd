/*
 * tree: made by a walk through the folders, depth first, in the order of their
 * names, so that a bound leaves out the same files each time.
 */
#include "content/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "content/mime.h"
#include "content/tree_text.h"
#include "content/watch.h"

#define SNIFF_BYTES (4 * KIB) /* of a file whose name says no type */

struct walk {
	const char *root;
	int folder; /* the root's descriptor */
	const struct tree *old;
	struct content_watch *watch;
	struct tree *t;
	size_t cap, folders; /* entered, with files or without */
	bool full;
};

static void
leave_out(struct walk *w, const char *path, const char *why)
{
	struct tree *t = w->t;

	if (t->nleft_out < TREE_LEFT_OUT_SHOWN)
		t->left_out[t->nleft_out] = (struct tree_left_out){
			.path = arena_strdup(t->mem, path),
			.why = why
		};
	t->nleft_out++;
}

/* ---- files --------------------------------------------------------------- */

static const char *
sniff(int fd)
{
	char bytes[SNIFF_BYTES];
	int64_t n = beneath_read(fd, bytes, sizeof(bytes));

	if (n == -1)
		return MIME_BYTES;
	return (size_t)n < sizeof(bytes)
	    ? (mime_is_text(bytes, (size_t)n) ? MIME_TEXT : MIME_BYTES)
	    : (mime_begins_text(bytes, (size_t)n) ? MIME_TEXT : MIME_BYTES);
}

static bool
is_same(const struct beneath_stamp *a, const struct beneath_stamp *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns
	    && a->inode == b->inode;
}

static const char *
mime_of(const struct walk *w, int fd, const char *path,
    const struct beneath_stamp *stamp)
{
	const struct mime *m = mime_find(path);
	const struct tree_file *before;

	if (m != NULL)
		return m->type;
	before = w->old == NULL ? NULL : tree_find(w->old, path);
	/* Both are literals. */
	if (before != NULL && is_same(&before->stamp, stamp))
		return before->mime;
	return sniff(fd);
}

static struct tree_file *
add_file(struct walk *w)
{
	struct tree *t = w->t;
	struct tree_file *more;

	if (t->n == w->cap) {
		w->cap = w->cap == 0 ? 64 : 2 * w->cap;
		more = arena_alloc(t->mem, w->cap * sizeof(*more));
		if (t->n > 0)
			memcpy(more, t->files, t->n * sizeof(*more));
		t->files = more;
	}
	return &t->files[t->n++];
}

/* True: it is listed. */
static bool
take_file(struct walk *w, const char *path)
{
	struct beneath_stamp stamp;
	struct tree_file *f;
	int fd = beneath_open(w->folder, path, &stamp);

	if (fd == -1) {
		leave_out(w, path,
		    errno == EACCES
			? "this process may not read it"
			: "it is no file, or a link that leads out of the "
			  "folder");
		return false;
	}
	if (w->t->n == TREE_FILES_MAX) {
		if (!w->full)
			leave_out(w, path, "there are over 10000 files");
		w->full = true;
	} else if (stamp.size > (int64_t)TREE_FILE_MAX) {
		leave_out(w, path, "it is larger than 8 MiB");
	} else {
		f = add_file(w);
		*f = (struct tree_file){ .path = arena_strdup(w->t->mem, path),
			.mime = mime_of(w, fd, path, &stamp),
			.stamp = stamp };
		tree_text_file(w->t->mem, f);
		close(fd);
		return true;
	}
	close(fd);
	return false;
}

/* ---- folders ------------------------------------------------------------- */

static void enter(struct walk *w, int fd, const char *path, size_t depth);

/* Is ${name} of ${fd} a folder itself, not a link to one? */
static int
open_folder(int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1
	    || !S_ISDIR(st.st_mode))
		return -1;
	return openat(fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static const char *
refuse_name(const char *path)
{
	size_t len = strlen(path), i;

	if (!text_is_utf8(path, len))
		return "its name is not UTF-8";
	for (i = 0; i < len; i++)
		if (text_control(path + i, len - i, NULL) > 0)
			return "its name has a control character";
	return beneath_is_path(path)
	    ? NULL
	    : "it lies too deep, or its path is too long";
}

/* True: it is a file that is listed. */
static bool
take(struct walk *w, int fd, const char *folder, const char *name, size_t depth,
    struct arena *mem)
{
	const char *path = folder[0] == '\0'
	    ? name
	    : arena_printf(mem, "%s/%s", folder, name);
	const char *why = refuse_name(path);
	int child;

	if (why != NULL) {
		leave_out(w, text_clean(mem, path, strlen(path)), why);
		return false;
	}
	child = open_folder(fd, name);
	if (child == -1)
		return take_file(w, path);
	enter(w, child, path, depth + 1);
	close(child);
	return false;
}

static void
add_folder(struct walk *w, const char *path)
{
	struct tree *t = w->t;
	struct tree_folder *f = &t->folders[t->nfolders++];

	f->path = arena_strdup(t->mem, path);
	tree_text_folder(t->mem, f);
}

static void
enter(struct walk *w, int fd, const char *path, size_t depth)
{
	struct arena *mem;
	char **names;
	size_t n, i;
	bool cut, has_files = false;

	if (depth >= BENEATH_DEPTH_MAX || w->folders == TREE_FOLDERS_MAX) {
		leave_out(w, path,
		    "there are too many folders, or it lies too "
		    "deep");
		return;
	}
	w->folders++;
	/* Before its names are read: what comes meanwhile is a change. */
	if (w->watch != NULL) {
		mem = arena_new();
		content_watch_folder(w->watch,
		    arena_printf(mem, "%s/%s", w->root, path));
		arena_free(mem);
	}
	mem = arena_new();
	if (beneath_names(fd, mem, TREE_NAMES_MAX, &names, &n, &cut) == -1) {
		leave_out(w, path, "this process may not read the folder");
		n = 0;
	} else if (cut) {
		leave_out(w, path, "it has over 20000 entries");
	}
	for (i = 0; i < n && !w->full; i++)
		has_files |= take(w, fd, path, names[i], depth, mem);
	if (has_files)
		add_folder(w, path);
	arena_free(mem);
}

/* ---- the whole ----------------------------------------------------------- */

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->path,
	    ((const struct tree_file *)b)->path);
}

static int
folders_by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_folder *)a)->path,
	    ((const struct tree_folder *)b)->path);
}

struct tree *
tree_scan(const char *root, const struct tree *old, struct content_watch *w)
{
	struct tree *t = calloc(1, sizeof(*t));
	struct walk walk = { .root = root, .old = old, .watch = w, .t = t };

	if (t == NULL)
		abort();
	atomic_store(&t->refs, 1);
	t->mem = arena_new();
	t->folders = arena_alloc(t->mem,
	    TREE_FOLDERS_MAX * sizeof(*t->folders));
	walk.folder = root[0] == '\0' ? -1 : beneath_folder(root);
	if (walk.folder == -1) {
		t->error = root[0] == '\0' ? 0 : errno;
	} else {
		enter(&walk, walk.folder, "", 0);
		close(walk.folder);
	}
	if (t->n > 0)
		qsort(t->files, t->n, sizeof(*t->files), by_path);
	qsort(t->folders, t->nfolders, sizeof(*t->folders), folders_by_path);
	tree_text_digest(t);
	return t;
}

struct tree *
tree_ref(struct tree *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

void
tree_unref(struct tree *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	arena_free(t->mem);
	free(t);
}

const struct tree_file *
tree_find(const struct tree *t, const char *path)
{
	const struct tree_file key = { .path = path };

	return t->n == 0
	    ? NULL
	    : bsearch(&key, t->files, t->n, sizeof(*t->files), by_path);
}
