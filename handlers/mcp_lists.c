#include "handlers/mcp_lists.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pool.h"
#include "base/seal.h"
#include "redis/versions.h"
#include "tools/listing.h"

#define WAIT_MS 60000
#define AGAIN_MS 5000 /* Redis did not answer */

struct mcp_lists {
	struct store *st;
	struct toolbox *tools;
	pthread_t thread;
	_Atomic bool stopping;
};

/* True: it is told, or cannot be. */
static bool
tell(struct mcp_lists *l, const struct listing *list)
{
	char digest[SEAL_DIGEST_MAX];

	if (!list->whole) /* it will be another one soon */
		return true;
	seal_digest("tools", list->text, list->len, digest);
	return versions_raise(l->st, VERSION_TOOLS, digest) != STORE_DOWN;
}

static void *
run(void *arg)
{
	struct mcp_lists *l = arg;
	struct listing *told = NULL, *list;

	while (!atomic_load(&l->stopping)) {
		list = listing_after(l->tools, told,
		    told == NULL ? AGAIN_MS : WAIT_MS);
		if (list != told && tell(l, list)) {
			listing_unref(told);
			told = list;
		} else {
			listing_unref(list);
		}
	}
	listing_unref(told);
	return NULL;
}

struct mcp_lists *
mcp_lists_start(struct store *st, struct toolbox *tools)
{
	struct mcp_lists *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort(); /* out of memory ends the worker */
	l->st = st;
	l->tools = tools;
	if (thread_start(&l->thread, "lists", run, l) == 0)
		return l;
	log_event(LOG_ERROR, "thread_failed",
	    F_STR("remedy", LOG_REMEDY_LIMITS));
	free(l);
	return NULL;
}

void
mcp_lists_stop(struct mcp_lists *l)
{
	if (l == NULL)
		return;
	atomic_store(&l->stopping, true);
	toolbox_rouse(l->tools);
	pthread_join(l->thread, NULL);
	free(l);
}
