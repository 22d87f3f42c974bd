/*
 * mcp_later: a POST that takes long, shared by the thread that serves it and
 * the park thread, which answers it.
 */
#ifndef HANDLERS_MCP_LATER_H
#define HANDLERS_MCP_LATER_H

#include "fcgi/park.h"
#include "handlers/mcp_tasks.h"

#define MCP_REFUSED_MAX 400
#define MCP_EVENTS_MAX (256 * KIB) /* of progress: the last one says most */

struct mcp_later {
	_Atomic int refs; /* the serving thread's, the parked request's */
	struct pool_job job;
	int64_t number; /* of what is parked */
	char id[REQUEST_ID_MAX];
	struct settings *settings;
	struct arena *mem; /* the serving thread's, until it is done */
	struct mcp_post post;
	char *const
	    *params; /* its Mcp-Param headers, "NAME=value"; NULL ends */
	volatile int cancel;
	void (*start)(struct mcp_later *l); /* give it to a thread */
	/* It waits for another call (mcp_once.c): whoever takes this away
	 * starts or releases it.  Its wake-up came; its request ended. */
	_Atomic bool waits, other_ended, ended;

	/* Its stream, if it can be resumed (mcp_keep.c); "" if not. */
	char stream[MCPS_STREAM_MAX];
	size_t kept; /* bytes of its events, the serving thread's */

	pthread_mutex_t mu; /* of what follows */
	bool done;          /* the post has its answer; it is the park's */
	/* Questions are open on its stream, and no thread serves it, unless it
	 * still tells them: the serving reference is of whoever takes asks
	 * back to false. */
	struct {
		bool asks, tells;
		bool whole; /* all answers are there */
		const json_t *open;
		json_t *answers;
		char refused[MCP_REFUSED_MAX]; /* why there are none; or "" */
	} asking;
	bool left; /* its request has ended: nobody reads */
	/* No thread serves it: it is served on when its task is over.  The serving
	 * thread's reference is then of whoever takes it back to false. */
	bool awaits;
	bool woken; /* the task was over before it began to wait */
	char task[CHAT_NAME_MAX]; /* its name, for progress; "" none */
	struct buf events;        /* that are to be sent, and were not */
	double progress;          /* the last value that was told */
	int64_t number_of;        /* the last event that has a number */
	/* Its client has a stream that it may resume: what is sent is kept
	 * before.  Nothing more is promised once the answer is on its way. */
	bool promised, answering;

	/* Of the park thread alone. */
	struct mcp_accepts accepts;
	bool begun;         /* the stream's head is written */
	int64_t started_ms; /* boot clock */
	int64_t told_ms;    /* the last event */
	int64_t asked_ms;   /* when it was last asked how its task is */
};

/*
 * ${p} of ${req}, parked as ${number} (-1: it is not), for another thread: all
 * that the request owns is copied, and the document shared; ${p} keeps no
 * answer.
 */
struct mcp_later *mcp_later_new(const struct request *req, struct mcp_post *p,
    int64_t number) WARN_UNUSED;
void mcp_later_unref(struct mcp_later *l);

/* Write notifications/progress into ${json}, if ${value} is above what was told;
 * its lock is held.  -1: it is not, or cannot be written. */
int mcp_later_progress(struct mcp_later *l, double value, double total,
    const char *text, struct buf *json) WARN_UNUSED;

/*
 * mcp_keep.c: a call whose stream can be resumed.
 *
 * Its client may resume it from the first event on that has an id.  Until then
 * nothing is kept.
 */
void mcp_keep_init(struct mcp_later *l);
/* In the look thread, ${item} is mcp_keep_item: its stream is known to all
 * edges from now on.  False: it cannot be resumed. */
const char *mcp_keep_item(struct mcp_later *l);
bool mcp_keep_is_item(const char *item); /* else a call's, of mcp_once.c */
bool mcp_keep_begin(struct edge *e, const char *item);
/* In the park thread: may its client be told an id now? */
bool mcp_keep_promise(struct mcp_later *l);
/* On the serving thread: tell its client ${json} before the answer: on its
 * stream, kept first if that can be resumed, or on its session's. */
void mcp_keep_tell(struct mcp_later *l, const struct buf *json);
/* The same of its answer, before the park thread gets it. */
void mcp_keep_answer(struct mcp_later *l);
/*
 * Nobody is parked, and the answer is wanted all the same: on a session's stream
 * elsewhere, by who resumes this one, or by who makes the call again.  Where it
 * awaits a task, its thread waits itself.  False: a quarter of the threads does so
 * already.
 */
bool mcp_keep_is_alone(struct mcp_later *l);
bool mcp_keep_wait(struct mcp_later *l) WARN_UNUSED;
/* "id: STREAM.NUMBER\n" */
int mcp_keep_id(struct buf *out, const struct mcp_later *l,
    int64_t number) WARN_UNUSED;

/* What wakes it in this process, besides progress: it has its answer; it has
 * begun to wait for a task. */
#define MCP_PIECE_DONE "done"
#define MCP_PIECE_AWAITS "awaits"
#define MCP_PIECE_ASKS "asks"

/* mcp_asking.c: write the questions of ${l}->post and wait.  True: it is not
 * ours any more.  False: serve it on, it was answered already, or cannot be. */
bool mcp_asking_wait(struct mcp_later *l);
/* Have the post take the answers that came. */
void mcp_asking_take(struct mcp_later *l);
/* From the park thread: an answer came; an answer may be there.  False: there is
 * no thread to serve it on, ask again. */
bool mcp_asking_heard(struct mcp_later *l, struct edge *e, const char *sealed,
    size_t len);
bool mcp_asking_again(struct mcp_later *l, struct edge *e);
/* Its client has left.  True: it is to be served on, which says so; its serving
 * reference is the caller's. */
bool mcp_asking_end(struct mcp_later *l);

/* mcp_park.c */
extern const struct park_kind MCP_PARK;

#endif
