/*
 * shelf: the prompts of a folder, as they were at one moment.
 *
 * Counted, never changed; a change is another shelf, which shares those prompts
 * that stayed.
 */
#ifndef CONTENT_SHELF_H
#define CONTENT_SHELF_H

#include "base/seal.h"
#include "content/beneath.h"
#include "content/prompt.h"

struct content_watch;

#define SHELF_MAX 1000        /* prompts: a person chooses from the list */
#define SHELF_NAMES_MAX 10000 /* of the folder, whatever they are */

/* A file NAME.md of the folder. */
struct shelf_file {
	const char *file;
	struct beneath_stamp stamp;
	struct prompt *prompt; /* NULL: why there is none */
	const char *why;
};

struct shelf {
	_Atomic int refs;
	struct arena *mem;
	struct shelf_file *files; /* by name */
	size_t n;
	int error;                    /* errno: the folder cannot be read; 0 */
	bool cut;                     /* there are more than SHELF_MAX */
	char digest[SEAL_DIGEST_MAX]; /* of what is listed */
};

/* Look through ${root} ("": nothing is there); ${old} and ${w} as in
 * tree_scan.  Never NULL. */
struct shelf *shelf_scan(const char *root, const struct shelf *old,
    struct content_watch *w);
struct shelf *shelf_ref(struct shelf *s);
void shelf_unref(struct shelf *s); /* NULL is fine */

/* NULL: there is none of that name. */
const struct prompt *shelf_find(const struct shelf *s, const char *name);

/* Log which files are no prompts; what was said of ${old} (may be NULL) is not
 * said again. */
void shelf_log(const char *root, const struct shelf *old,
    const struct shelf *new);

#endif
