#include "content/watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"

/* What changes names or contents.  A file that is being written is looked at
 * when its writer closes it. */
#define CHANGES                                                               \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE \
	    | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
#define HINTS_BYTES (16 * KIB) /* read at once; what they say is not */

struct content_watch {
	void (*look)(void *arg, struct content_watch *w);
	void *arg;
	pthread_t thread;
	int bell;  /* eventfd: something is to be done at once */
	int hints; /* inotify, the thread's; -1: none to be had */
	_Atomic bool stopping, anew;
	bool told; /* that a folder could not be watched */
};

/* ---- hints --------------------------------------------------------------- */

static void
say_no_hints(struct content_watch *w, const char *folder, int error)
{
	if (w->told)
		return;
	w->told = true;
	log_event(LOG_WARN, "content_unwatched", F_STR("folder", folder),
	    F_INT("errno", error),
	    F_STR("remedy",
		error == ENOSPC || error == EMFILE
		    ? "raise fs.inotify.max_user_watches and "
		      "fs.inotify.max_user_instances; until then changes are "
		      "seen every 30 s"
		    : "changes are seen every 30 s"));
}

static void
begin_hints(struct content_watch *w)
{
	if (w->hints != -1)
		close(w->hints);
	w->hints = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->told = false;
	if (w->hints == -1)
		say_no_hints(w, "", errno);
}

void
content_watch_folder(struct content_watch *w, const char *path)
{
	if (w->hints != -1
	    && inotify_add_watch(w->hints, path,
		   CHANGES | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)
		== -1
	    && errno != ENOENT && errno != ENOTDIR) /* gone meanwhile */
		say_no_hints(w, path, errno);
}

static void
drain(int fd)
{
	char bytes[HINTS_BYTES];

	while (fd != -1 && read(fd, bytes, sizeof(bytes)) > 0)
		continue;
}

/* ---- the thread ---------------------------------------------------------- */

/* Has the bell rung, or a hint come, within ${wait_ms}? */
static bool
wait_for(struct content_watch *w, int64_t wait_ms, bool *rang)
{
	struct pollfd fds[] = { { .fd = w->bell, .events = POLLIN },
		{ .fd = w->hints, .events = POLLIN } };
	bool hinted;

	if (poll(fds, NELEM(fds), (int)wait_ms) == -1)
		return false;
	*rang = fds[0].revents != 0;
	hinted = fds[1].revents != 0;
	if (*rang)
		drain(w->bell);
	if (hinted)
		drain(w->hints);
	return *rang || hinted;
}

/* Until something may have changed. */
static void
wait(struct content_watch *w)
{
	int64_t until;
	bool rang = false;

	if (!wait_for(w, CONTENT_LOOK_MS, &rang) || rang)
		return;
	until = clock_boot_ms() + CONTENT_BUSY_MS;
	while (clock_boot_ms() < until && wait_for(w, CONTENT_QUIET_MS, &rang)
	    && !rang)
		continue;
}

static void *
run(void *arg)
{
	struct content_watch *w = arg;

	while (!atomic_load(&w->stopping)) {
		if (atomic_exchange(&w->anew, false))
			begin_hints(w);
		w->look(w->arg, w);
		if (!atomic_load(&w->stopping) && !atomic_load(&w->anew))
			wait(w);
	}
	return NULL;
}

static void
ring(struct content_watch *w)
{
	const uint64_t one = 1;

	(void)!write(w->bell, &one, sizeof(one));
}

static void
watch_free(struct content_watch *w)
{
	if (w->bell != -1)
		close(w->bell);
	if (w->hints != -1)
		close(w->hints);
	free(w);
}

struct content_watch *
content_watch_start(void (*look)(void *arg, struct content_watch *w), void *arg)
{
	struct content_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	w->look = look;
	w->arg = arg;
	w->hints = -1;
	atomic_store(&w->anew, true);
	w->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->bell != -1 && thread_start(&w->thread, "content", run, w) == 0)
		return w;
	log_event(LOG_ERROR, "thread_failed",
	    F_STR("remedy", LOG_REMEDY_LIMITS));
	watch_free(w);
	return NULL;
}

void
content_watch_poke(struct content_watch *w)
{
	atomic_store(&w->anew, true);
	ring(w);
}

void
content_watch_stop(struct content_watch *w)
{
	if (w == NULL)
		return;
	atomic_store(&w->stopping, true);
	ring(w);
	pthread_join(w->thread, NULL);
	watch_free(w);
}
