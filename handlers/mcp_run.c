/*
 * mcp_run: a POST that takes long, on a thread of class call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "handlers/mcp_later.h"

#define ALONE_LOOK_MS 500 /* at a task whose end wakes nobody */

void
mcp_run_end(struct mcp_later *l)
{
	struct park *park = l->post.edge->park;
	int64_t number = l->number;

	if (l->post.says) {
		mcp_messages_say(&l->post);
		mcp_later_unref(l);
		return;
	}
	mcp_keep_answer(l);
	pthread_mutex_lock(&l->mu);
	l->done = true;
	pthread_mutex_unlock(&l->mu);
	park_wake(park, number, MCP_PIECE_DONE, "", 0);
	mcp_later_unref(l);
}

/* Its thread goes, and it is served on when its task is over.  False: at once,
 * as that is over already, or nobody reads. */
static bool
await_task(struct mcp_later *l)
{
	struct park *park = l->post.edge->park;
	int64_t number = l->number;
	bool awaits;

	pthread_mutex_lock(&l->mu);
	awaits = !l->left && !l->woken;
	l->woken = false;
	l->awaits = awaits;
	(void)snprintf(l->task, sizeof(l->task), "%s", l->post.awaits);
	pthread_mutex_unlock(&l->mu);
	if (awaits) /* from here on it may be another's */
		park_wake(park, number, MCP_PIECE_AWAITS, "", 0);
	return awaits;
}

static bool
has_left(struct mcp_later *l)
{
	bool left;

	pthread_mutex_lock(&l->mu);
	left = l->left;
	pthread_mutex_unlock(&l->mu);
	return left;
}

/*
 * Nobody is parked, and the answer is wanted all the same: on a session's stream
 * elsewhere, or by who resumes this one.  The thread waits itself.
 */
static bool
is_alone(struct mcp_later *l)
{
	bool alone;

	pthread_mutex_lock(&l->mu);
	alone = l->post.says || (l->left && l->promised);
	pthread_mutex_unlock(&l->mu);
	return alone && !atomic_load(&l->post.edge->draining);
}

static void
wait_alone(struct mcp_later *l)
{
	int64_t until = clock_boot_ms() + l->settings->mcp_task_max_ms;

	while (is_alone(l) && clock_boot_ms() < until
	    && !mcp_task_is_over(&l->post))
		usleep(ALONE_LOOK_MS * 1000);
}

/* True: it waits for a task, and is not ours any more. */
static bool
serve_on(struct mcp_later *l)
{
	struct mcp_post *p = &l->post;

	while (!l->cancel) {
		mcp_asking_take(l);
		if (p->awaits != NULL && is_alone(l))
			wait_alone(l);
		if (p->awaits != NULL && !mcp_task_is_over(p)) {
			if (await_task(l))
				return true;
			if (has_left(l))
				break;
			continue;
		}
		if (mcp_post_serve(p))
			return false;
		if (p->questions != NULL) {
			if (mcp_asking_wait(l))
				return true;
			continue;
		}
		if (p->awaits == NULL) {
			mcp_post_fail(p, 500, "Internal Server Error");
			return false;
		}
		if (is_alone(l))
			continue;
		if (await_task(l))
			return true;
		if (has_left(l) && !is_alone(l))
			break;
	}
	mcp_task_abandon(p);
	return false;
}

void
mcp_run(void *arg)
{
	struct mcp_later *l = arg;
	struct mcp_edge *m = l->post.edge->mcp;
	/* What is freed with ${l} is the park thread's, once it is done. */
	char *lane = l->post.lane == NULL ? NULL : strdup(l->post.lane);
	struct pool_job *next = NULL;

	l->post.lane
	    = NULL; /* it is left once, however often it is served on */
	log_set_id(l->id);
	if (!serve_on(l)) {
		/* A task that was left may run: it is not begun again. */
		if (l->post.awaits == NULL)
			mcp_once_forget(&l->post);
		mcp_run_end(l);
	}
	log_set_id(NULL);
	if (lane != NULL)
		next = mcp_lane_leave(m, lane);
	free(lane);
	if (next != NULL)
		next->work(next->arg);
}
