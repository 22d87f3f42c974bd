/*
 * park: requests that wait without a thread.
 *
 * A parked request's connection is taken out of libfcgi; one thread per
 * process (the park thread) holds all of them in an epoll set, with their times
 * in a heap, and writes FastCGI records itself.  A client that left is dropped
 * at once, and so is one that reads too slowly (PARK_OUT_MAX).
 *
 * What wakes a parked request is published to its process (redis/process.h):
 * to its number, or to a topic, which reaches all that wait on it.  A wake-up
 * may be lost: while the subscription is broken, or when more come than the
 * queues hold.  So each kind of waiting has its truth in a record, at which it
 * is made to look: every PARK_LOOK_MS, every PARK_LOOK_DEAF_MS while the
 * subscription is broken, at once when it stands again, after a queue was full,
 * and once more at the deadline.  Nothing is lost, it is only late.
 *
 * To add a kind of waiting:
 *  1. Find its truth: the record in Redis that says how it ended.  Whoever
 *     writes it publishes afterwards, never before: to the address that came
 *     with what it works on, or to a topic.  A topic is published to a process;
 *     nothing says yet in which ones somebody waits on it, so that its first
 *     user needs a record of that, too.
 *  2. Choose its owner (who pays for the place: a chat, a session, a tenant's
 *     key) and its item (what it waits for; a stream of whatever comes has
 *     none).  They are opaque here: owners are counted, both are handed to
 *     look.
 *  3. Write a struct park_kind in a file of its own, handlers/NOUN_park.c.  Its
 *     functions, but for look, run in the park thread: they compute and write,
 *     and never wait for Redis, a server or a lock.  look runs in a thread that
 *     may; it gets many at once and asks for them in one batch.
 *  4. In the handler: park_reserve() before anything is stored, as the end may
 *     be published before the handler returns; then park_request() or
 *     park_release().  A number is "PROCESS.NUMBER" for others, where PROCESS
 *     is edge->process_id.
 *  5. What takes long (a call of a tool, a plugin) is parked first and then
 *     worked on: park_request(), then class_call() (class.h), which gives the
 *     work to the threads of its class.  It owns its argument and what it needs
 *     of the request, copied before that was parked; it answers by park_wake()
 *     with a kind of piece of its own, and asks park_waits() now and then
 *     whether anybody still does.  class_call() says no: the handler wakes the number
 *     itself, with what makes on_piece answer 503.  Such work dies with its
 *     process, as its connection does; what must not is a job (redis/due.h).
 *  6. What is parked has no route any more, and so no refuse of it: a kind
 *     writes its refusals itself, from the table that its handler has
 *     (chat_park.c: chat_refusal()).
 *  7. A unit test beside tests/unit/test_park.c for what is published, lost and
 *     late; a line in docs/DESIGN.md, "Work has a thread, waiting has none".
 */
#ifndef FCGI_PARK_H
#define FCGI_PARK_H

#include "fcgi/request.h"

struct park; /* of the process */
struct parked;

#define PARK_LOOK_MS 60000     /* while wake-ups come */
#define PARK_LOOK_DEAF_MS 5000 /* while the subscription is broken */
#define PARK_QUIET_MS 5000     /* a stream that has said nothing: on_quiet */
#define PARK_ALIVE_MS 15000    /* ... and for so long: its kind's alive */
/* Unsent bytes of a slow reader: who is to get more then is dropped.  One answer
 * or event may be longer. */
#define PARK_OUT_MAX (1 * MIB)
/* Wake-ups of one request that the park thread has not come to yet: a worker
 * sends 20 a second, so these are many seconds.  One always fits. */
#define PARK_PIECES_MAX 256
#define PARK_PIECES_BYTES (1 * MIB)
#define PARK_QUEUE_BYTES (64 * MIB) /* of all together */

/* One look at the truth of what waits. */
struct park_look {
	const char *owner, *item;
	bool last;  /* its deadline: nobody looks again */
	int found;  /* the kind's own word for what there is */
	char *text; /* with it, malloc'd; park frees it.  NULL: none */
	size_t len;
};

struct park_kind {
	/* It is parked: a stream may write its head.  NULL: nothing to do. */
	void (*on_begin)(struct parked *p, void *state);
	/* Something came for it.  ${kind}, of the piece, says what the bytes
	 * are: published ones are sealed, to be opened as process.h says; those
	 * of a park_wake() in this process are as they were handed over. */
	void (*on_piece)(struct parked *p, void *state, const char *kind,
	    const char *sealed, size_t len);
	/*
	 * Fill found, text and len of ${n} looks, of this kind all, in a thread
	 * that may wait.  -1: the store does not answer; then all are told
	 * nothing, and none is asked for a second.  NULL: there is no truth.
	 * One thread looks for all kinds: a slow look makes others late.
	 */
	int (*look)(struct edge *e, struct park_look *const *looks, size_t n);
	/* What a look found.  Not called where it found nothing out. */
	void (*on_found)(struct parked *p, void *state,
	    const struct park_look *look);
	/* A stream has said nothing for PARK_QUIET_MS; NULL: nor need it. */
	void (*on_quiet)(struct parked *p, void *state);
	const char *alive; /* what a silent stream says; NULL: nothing */
	/* The process will end: who can go on elsewhere ends now, and the
	 * others at their deadline.  NULL: it waits until then. */
	void (*on_drain)(struct parked *p, void *state);
	/*
	 * Its time is up, or the process ends: answer now.  ${last} is what the
	 * last look found, after on_found was called; NULL: nothing.
	 */
	void (*on_deadline)(struct parked *p, void *state,
	    const struct park_look *last);
	/* It ended in any way; free ${state}.  Called exactly once. */
	void (*on_end)(void *state);
};

/* What a request waits for. */
struct park_wait {
	const struct park_kind *kind;
	void *state;         /* the park thread's from now on */
	const char *item;    /* copied; NULL: none */
	const char *topic;   /* copied; NULL: only its number wakes it.  The
				handler has asked process_is_topic() */
	int64_t deadline_ms; /* from now */
};

/* At most ${max} wait in all, and ${owner_max} of one owner. */
struct park *park_new(int64_t max, int64_t owner_max) WARN_UNUSED;
int park_start(struct park *pk) WARN_UNUSED; /* its threads */
/* End its threads and what still waits; park_count answers until park_free. */
void park_stop(struct park *pk);
void park_free(struct park *pk);

/*
 * A number to be woken by, for ${owner}.  Then park_request or park_release.
 * PARK_FULL: as many wait here as may (503); PARK_CROWDED: as many of this
 * owner (429).
 */
#define PARK_FULL (-1)
#define PARK_CROWDED (-2)
int64_t park_reserve(struct park *pk, const char *owner) WARN_UNUSED;
void park_release(struct park *pk, int64_t number);

/*
 * Hand the request over.  Afterwards the handler returns 0 and touches
 * neither ${req} nor the state.  Its headers (response_header), its caller and
 * its end record stay with what is parked.  With a topic, the first look comes
 * at once: what was published before it waited on it was missed.
 */
void park_request(struct park *pk, int64_t number, struct request *req,
    const struct park_wait *wait);

/* From the functions of a kind only, but for look.  park_reply answers whole
 * and ends; park_head begins a stream, of whatever method.  ${headers}: lines
 * "Name: value\r\n" or "", beside those of the request. */
void park_reply(struct parked *p, int status, const char *type,
    const char *headers, const char *body, size_t len);
void park_head(struct parked *p, int status, const char *type,
    const char *headers);
void park_write(struct parked *p, const char *bytes, size_t len);
void park_end(struct parked *p);
void park_look_in(struct parked *p, int64_t ms); /* sooner than is due */
/* It may wait for ${ms} from now, as what it waits for became longer; never
 * longer than a process that drains gives it. */
void park_deadline_in(struct parked *p, int64_t ms);
struct edge *park_edge(struct parked *p);

/* From look only: what was found, with a copy of ${text} (NULL: none). */
void park_found(struct park_look *look, int found, const char *text,
    size_t len);

/* From any thread.  Each wakes what waits, or has it look when a queue is
 * full (METRIC_WAKES_DROPPED). */
void park_wake(struct park *pk, int64_t number, const char *kind,
    const char *sealed, size_t len);
void park_wake_topic(struct park *pk, const char *topic, const char *kind,
    const char *sealed, size_t len);
/* The subscription stands (all look at once), or is broken. */
void park_hears(struct park *pk, bool hears);
bool park_waits(struct park *pk, int64_t number);

/* What main.c hands to process_listen, with the park as its context. */
struct process_ear;
extern const struct process_ear PARK_EAR;

/* Draining: on_drain at once; each is given until ${ms} from now, then
 * on_deadline. */
void park_drain(struct park *pk, int64_t ms);

/* Parked or about to be: in all, and of ${owner}. */
int64_t park_count(struct park *pk);
int64_t park_count_of(struct park *pk, const char *owner);

#endif
