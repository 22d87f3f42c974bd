/*
 * watch: a thread that notices changes in folders.
 *
 * Hints come from inotify: after one, it waits until all is quiet for a moment
 * (a file is written in pieces), and looks.  The truth is the look, which also
 * comes every CONTENT_LOOK_MS: hints can be lost, and network folders give
 * none.
 */
#ifndef CONTENT_WATCH_H
#define CONTENT_WATCH_H

#include "base/base.h"

#define CONTENT_LOOK_MS 30000
#define CONTENT_QUIET_MS 50 /* no hint for so long: look */
#define CONTENT_BUSY_MS 300 /* or so long after the first one */

struct content_watch;

/*
 * ${look}(${arg}) is called at once, and whenever something may have changed;
 * it names the folders to be watched.  NULL: no thread to be had (logged).
 */
struct content_watch *content_watch_start(
    void (*look)(void *arg, struct content_watch *w), void *arg);
void content_watch_stop(struct content_watch *w); /* NULL is fine */
/* Look now: what is to be watched has changed. */
void content_watch_poke(struct content_watch *w);

/* Of look: ${path} is a folder; its links are not followed.  Once more does no
 * harm. */
void content_watch_folder(struct content_watch *w, const char *path);

#endif
