/*
 * folder: a folder that a setting names, and what was seen in it last.
 *
 * A thread looks (watch.h); where there is none, or it is late, who asks does.
 */
#ifndef CONTENT_FOLDER_H
#define CONTENT_FOLDER_H

#include "content/source.h"

/* What is seen in it: counted, never changed. */
struct folder_kind {
	/* The setting; "": none. */
	const char *(*root)(const struct settings *s);
	/* Look through ${root} ("": nothing is there).  ${old} (may be NULL) is
	 * what was seen there before; ${w} (may be NULL) watches its folders.
	 * Never NULL. */
	void *(
	    *scan)(const char *root, const void *old, struct content_watch *w);
	void *(*ref)(void *seen);
	void (*unref)(void *seen); /* NULL is fine */
	/* Tell ${ears} what is new since ${old}; NULL: nobody was told of
	 * anything.  False: they could not hear. */
	bool (*tell)(const struct content_ears *ears, const void *old,
	    const void *new);
	/* Log what is wrong and was not so in ${old} (may be NULL). */
	void (*log)(const char *root, const void *old, const void *new);
};

struct folder;

struct folder *folder_new(const struct folder_kind *kind,
    const struct settings *s, const struct content_ears *ears);
void folder_free(struct folder *f);
void folder_reload(struct folder *f, const struct settings *s);
bool folder_is_watched(struct folder *f);
void folder_look(struct folder *f, struct content_watch *w);

/* What was seen last, one reference; NULL: no folder is named. */
void *folder_seen(struct folder *f);
/* Its path, in ${mem}; "": none. */
char *folder_root(struct folder *f, struct arena *mem);

#endif
