/*
 * tree: the files below a folder, as they were at one moment.
 *
 * Counted, never changed; a change is another tree.
 */
#ifndef CONTENT_TREE_H
#define CONTENT_TREE_H

#include "base/seal.h"
#include "content/beneath.h"

struct arena;
struct content_watch;

/* Bounds of what is listed.  A list of so many is longer than any client reads,
 * and a look at all of them takes a tenth of a second. */
#define TREE_FILES_MAX 10000
#define TREE_FOLDERS_MAX 1000
#define TREE_NAMES_MAX 20000 /* of one folder, whatever they are */
#define TREE_LEFT_OUT_SHOWN 32

/* Of one file, as a result: what a result of a tool may have, too. */
#define TREE_FILE_MAX (8 * MIB)

struct tree_file {
	const char *path; /* below the folder: "a/b.txt" */
	const char *uri;
	const char *mime;
	struct beneath_stamp stamp;
	const char *text; /* as it is listed: JSON */
	size_t len;
};

struct tree_folder {
	const char *path;     /* "": the folder itself */
	const char *template; /* of its files' URIs */
	const char *text;     /* as it is listed: JSON */
	size_t len;
};

/* A file that is not listed. */
struct tree_left_out {
	const char *path, *why;
};

struct tree {
	_Atomic int refs;
	struct arena *mem;
	struct tree_file *files; /* by path */
	size_t n;
	struct tree_folder *folders; /* those with files, by path */
	size_t nfolders;
	struct tree_left_out left_out[TREE_LEFT_OUT_SHOWN];
	size_t nleft_out;             /* also those not in left_out */
	int error;                    /* errno: the folder cannot be read; 0 */
	char digest[SEAL_DIGEST_MAX]; /* of what is listed, sizes and times
					 aside */
};

/*
 * Look through ${root}; "": nothing is there.  ${old} (may be NULL) is what was there before: what
 * has not changed is not looked at again.  ${w} (may be NULL) watches its
 * folders.  Never NULL.
 */
struct tree *tree_scan(const char *root, const struct tree *old,
    struct content_watch *w);
struct tree *tree_ref(struct tree *t);
void tree_unref(struct tree *t); /* NULL is fine */

/* NULL: there is none. */
const struct tree_file *tree_find(const struct tree *t, const char *path);

#endif
