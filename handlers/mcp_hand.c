/*
 * mcp_hand: a POST that takes long is parked, and handed to a thread of class
 * call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "fcgi/class.h"
#include "handlers/mcp_later.h"

#define RETRY_FULL_S 5
#define ANSWER_MS 10000 /* after its calls have ended, at the latest */

static const char ALONE[]
    = "too many clients without the Tasks extension wait for tasks here; this "
      "one goes on, and nobody hears of its end";
static const char GOES_ON[]
    = "this server is stopping, or the task takes too long; it goes on, and "
      "nobody hears of its end";
static const char FULL[] = "too many calls are waiting; please try again";

static void
on_progress(void *arg, double value, double total, const char *text)
{
	struct mcp_later *l = arg;
	struct buf json = BUF_INIT(MCP_EVENTS_MAX);
	int rc;

	pthread_mutex_lock(&l->mu);
	rc = mcp_later_progress(l, value, total, text, &json);
	pthread_mutex_unlock(&l->mu);
	if (rc == 0)
		mcp_keep_tell(l, &json);
	buf_fini(&json);
}

static void
on_say(void *arg, enum tool_level level, const char *text)
{
	struct mcp_later *l = arg;
	struct buf json = BUF_INIT(MCP_EVENTS_MAX);

	if (level >= l->post.log.from
	    && mcp_log_write(&json, &l->post.log, level, text) == 0)
		mcp_keep_tell(l, &json);
	buf_fini(&json);
}

/* ---- the work ------------------------------------------------------------ */

static void
finish(struct mcp_later *l)
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

/* True: it waits for a task, and is not ours any more. */
static bool
serve_on(struct mcp_later *l)
{
	struct mcp_post *p = &l->post;

	while (!l->cancel) {
		mcp_asking_take(l);
		if (p->awaits != NULL && mcp_keep_is_alone(l)
		    && !mcp_keep_wait(l)) {
			mcp_post_fail(p, 503, ALONE);
			return false;
		}
		if (p->awaits != NULL && !mcp_task_is_over(p)) {
			if (p->says) { /* nothing is parked to be woken */
				mcp_post_fail(p, 503, GOES_ON);
				return false;
			}
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
		if (mcp_keep_is_alone(l))
			continue;
		if (await_task(l))
			return true;
		if (has_left(l) && !mcp_keep_is_alone(l))
			break;
	}
	mcp_task_abandon(p);
	return false;
}

static void
serve(void *arg)
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
		finish(l);
	}
	log_set_id(NULL);
	if (lane != NULL)
		next = mcp_lane_leave(m, lane);
	free(lane);
	if (next != NULL)
		next->work(next->arg);
}

/* ---- handing it over ----------------------------------------------------- */

static struct mcp_later *
later_new(const struct request *req, struct mcp_post *p, int64_t number)
{
	struct mcp_later *l = mcp_later_new(req, p, number);

	l->job = (struct pool_job){ .work = serve, .arg = l };
	/* Of several, nobody could tell whose it is to be sent with. */
	if ((l->accepts.stream || p->says) && !json_is_array(l->post.doc)) {
		l->post.can_ask = !p->says;
		l->post.progress = on_progress;
		l->post.say = on_say;
	}
	return l;
}

/* Give it to a thread; false: too many wait. */
static bool
take(struct mcp_later *l)
{
	struct mcp_post *p = &l->post;
	struct mcp_edge *m = p->edge->mcp;
	struct pool_job *next;

	if (p->lane != NULL)
		switch (mcp_lane_enter(m, p->lane, &l->job,
		    p->settings->server_threads)) {
		case MCP_LANE_RUNS:
			break;
		case MCP_LANE_WAITS:
			return true;
		default:
			return false;
		}
	if (class_call(p->edge->classes, &l->job) == 0)
		return true;
	/* Nor is there a thread for one that came behind it meanwhile. */
	next = p->lane == NULL ? NULL : mcp_lane_leave(m, p->lane);
	if (next != NULL && class_call(p->edge->classes, next) == -1)
		next->work(next->arg);
	return false;
}

static void
start(struct mcp_later *l)
{
	if (take(l))
		return;
	mcp_once_forget(&l->post); /* on the handler's thread, if it is begun */
	mcp_post_fail(&l->post, 503, FULL);
	l->post.retry_s = RETRY_FULL_S;
	finish(l);
}

/* Wait for another call that is the same; false: there is none any more. */
static bool
wait_once(struct mcp_later *l)
{
	if (!mcp_once_wait(&l->post, l->number))
		return false;
	atomic_fetch_add(&l->refs, 1); /* from here on it may be another's */
	atomic_store(&l->waits, true);
	if (atomic_load(&l->ended) && atomic_exchange(&l->waits, false))
		mcp_later_unref(l);
	else if (atomic_load(&l->other_ended)
	    && atomic_exchange(&l->waits, false))
		start(l);
	mcp_later_unref(l);
	return true;
}

static int
refuse(struct request *req, struct mcp_post *p, int status, const char *why)
{
	mcp_once_forget(p);
	mcp_post_fail(p, status, why);
	p->retry_s = RETRY_FULL_S;
	return mcp_answer(req, p);
}

int
mcp_hand_over(struct request *req, struct mcp_post *p)
{
	struct park *park = req->edge->park;
	const char *owner = req->caller.key[0] == '\0' ? "mcp"
						       : req->caller.key;
	int64_t number = park_reserve(park, owner);
	size_t calls = json_is_array(p->doc) ? json_array_size(p->doc) : 1;
	struct mcp_later *l;
	bool waits;
	struct park_wait wait = { .kind = &MCP_PARK,
		.deadline_ms = (int64_t)calls * req->settings->mcp_timeout_ms
		    + ANSWER_MS };

	if (number == PARK_FULL)
		return refuse(req, p, 503, FULL);
	if (number == PARK_CROWDED)
		return refuse(req, p, 429,
		    "too many calls of this key are waiting here");
	l = later_new(req, p, number);
	l->started_ms = l->told_ms = clock_boot_ms();
	l->start = start;
	waits = l->post.once.waits;
	wait.state = l;
	if (waits) { /* for the other call, and then for its own */
		wait.item = l->post.once.id;
		wait.deadline_ms += l->post.once.run_ms;
		l->stream[0] = '\0'; /* it cannot be resumed, too */
	} else {
		wait.item = mcp_keep_item(l);
	}
	park_request(park, number, req, &wait);
	if (!waits || !wait_once(l))
		start(l);
	return 0;
}

void
mcp_hand_to_say(struct request *req, struct mcp_post *p)
{
	struct mcp_later *l = later_new(req, p, -1);

	if (!l->post.once.waits) {
		start(l);
		return;
	}
	/* Nothing is parked that could be woken when the other one ends. */
	mcp_post_fail(&l->post, 503,
	    "the same call is being made; repeat it when that has ended");
	finish(l);
}
