/*
 * park_priv: what the files of park share.
 *
 * park.c is what others see; park_thread.c holds the connections, park_timer.c
 * says when it looks at which, park_out.c writes; park_queue.c has what other
 * threads hand to it, park_look.c the thread that looks at records;
 * park_heap.c and park_names.c are plain containers.
 *
 * Under the lock: the slots, the owners, and struct park's queues.  All of
 * struct parked belongs to the park thread, and so do the heap and the topics.
 */
#ifndef FCGI_PARK_PRIV_H
#define FCGI_PARK_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/clock.h"
#include "fcgi/end.h"
#include "fcgi/park.h"

#define GENERATIONS 1000000 /* a number is GENERATION * this + index */

/* ---- park_names.c: texts that are counted, or waited on ---- */

struct park_name {
	struct park_name *next;
	uint64_t hash;
	int64_t count;
	struct parked *waits; /* of a topic */
	char text[];
};

struct park_names {
	struct park_name **at;
	size_t mask;
	unsigned char key[16]; /* strangers choose names: no floods */
};

/* ${expected} names at once: more are slower, not wrong. */
void park_names_init(struct park_names *t, int64_t expected);
void park_names_fini(struct park_names *t);
struct park_name *park_names_find(const struct park_names *t, const char *text);
/* Counted once more; made when it is new. */
struct park_name *park_names_take(struct park_names *t, const char *text);
/* Once less; gone when nobody counts it.  NULL does nothing. */
void park_names_drop(struct park_names *t, struct park_name *name);

/* ---- park_heap.c: who is due first ---- */

struct park_due {
	int64_t ms; /* here, too: the heap is walked without touching others */
	struct parked *p;
};

struct park_heap {
	struct park_due *at;
	size_t n, cap;
};

/* ${p} is due at ${ms}, whether it was there or not. */
void park_heap_put(struct park_heap *h, struct parked *p, int64_t ms);
void park_heap_remove(struct park_heap *h, struct parked *p);
struct parked *park_heap_first(const struct park_heap *h); /* or NULL */
void park_heap_fini(struct park_heap *h);

/* ---- what other threads hand over ---- */

struct piece {
	struct piece *next;
	char kind[16];
	const char *topic; /* behind the bytes; NULL: it is for a number */
	size_t len;
	char bytes[];
};

struct pieces {
	struct piece *first, **last;
	size_t n, bytes;
};

enum slot_state { SLOT_FREE, SLOT_RESERVED, SLOT_PARKED };

struct slot {
	enum slot_state state;
	bool ready;  /* in the list of those with pieces */
	bool missed; /* a piece was one too many */
	int64_t generation;
	struct park_name *owner;
	struct parked *parked;
	struct pieces pieces; /* also those that came before it was parked */
	struct slot *next_ready;
};

/* A look on its way to its thread and back. */
struct look {
	struct park_look it; /* first: the kind sees this */
	struct look *next;
	const struct park_kind *kind;
	struct edge *edge;
	int64_t number;
	bool known; /* something was found out */
	char texts[];
};

struct looks {
	struct look *first, **last;
};

/* What the park thread takes at once (park_queue.c). */
struct arrivals {
	struct parked *parked;
	struct slot *ready; /* it has pieces, or missed one */
	struct pieces topics;
	struct looks found;
	bool missed_topic, look_all;
	/* These stay as they are. */
	bool hears, stopping;
	int64_t drain_ms; /* boot clock; 0: not draining */
};

enum stage {
	STAGE_WAITS,
	STAGE_LAST_LOOK, /* its deadline came: one more look is under way */
	STAGE_OVER,      /* on_deadline was called */
	STAGE_ENDED,     /* only its bytes are still on the way */
};

struct parked {
	struct park *park;
	struct edge *edge;
	const struct park_kind *kind;
	void *state;
	int64_t number;
	int fd;
	int request_id;
	enum stage stage;
	bool head_only, streaming, gone, writing;
	bool looking, look_again; /* a look is under way; another is due */
	int status;
	size_t sent;
	int64_t deadline_ms, look_ms, quiet_ms, alive_ms;
	int64_t due_ms; /* as in the heap: not after any of these */
	size_t heap_at; /* 1 and up; 0: not in it */
	struct buf out;
	struct parked *next, **link; /* of all parked */
	struct park_name *topic;     /* NULL: none */
	struct parked *topic_next, **topic_link;
	const char *owner, *item, *topic_name, *headers; /* in texts */
	char id[REQUEST_ID_MAX];
	struct end end; /* its strings are in texts */
	char texts[];
};

struct park {
	int64_t max, owner_max;
	int epoll, event;
	pthread_t thread;
	bool started;
	_Atomic int64_t count; /* parked, or about to be */

	pthread_mutex_t mu; /* of the next ones */
	int64_t *free_slots, nfree;
	struct slot *slots;
	struct park_names owners;
	size_t queue_bytes;
	struct arrivals in;
	bool announced; /* the park thread is on its way to it */

	/* The park thread's. */
	struct parked *all;
	struct park_heap heap;
	struct park_names topics;
	struct looks asking, asking_last;
	bool hears; /* as it last saw them */
	int64_t drain_ms;

	/* The look thread's and its askers': park_look.c */
	pthread_t look_thread;
	bool look_started, look_stopping;
	pthread_mutex_t look_mu;
	pthread_cond_t look_wake;
	struct looks look_asked, look_last;
};

/* ---- park_queue.c ---- */

/* ${number}'s slot while it is reserved or parked, else NULL.  Under mu. */
struct slot *park_slot(struct park *pk, int64_t number);
/* Nobody waits there any more.  Under mu. */
void park_slot_free(struct park *pk, struct slot *s);
void park_queue_init(struct park *pk);
void park_queue_parked(struct park *pk, struct parked *p);
/* ${p} takes its slot, and the pieces that wait there; -1: it has none. */
int park_queue_settle(struct park *pk, struct parked *p) WARN_UNUSED;
void park_queue_leave(struct park *pk, const struct parked *p);
void park_queue_found(struct park *pk, struct look *const *all, size_t n);
void park_queue_stop(struct park *pk);
void park_queue_drain(struct park *pk, int64_t until_ms);
/* Everything that has arrived, into ${out}; the next is announced anew. */
void park_queue_take(struct park *pk, struct arrivals *out);
/* What came for the one parked in ${s} (NULL: none is), the caller's.
 * ${missed}: more came than there was room for. */
struct parked *park_queue_pieces(struct park *pk, struct slot *s,
    struct pieces *out, bool *missed);
void park_pieces_free(struct pieces *list);
void park_queue_fini(struct park *pk);

/* ---- park_look.c ---- */

int park_look_start(struct park *pk) WARN_UNUSED;
void park_look_stop(struct park *pk);
/* By the park thread: to be sent with others. */
void park_look_ask(struct park *pk, const struct parked *p, bool last);
void park_look_send(struct park *pk);
void park_look_free(struct look *l);

/*
 * Looks and keep-alives are due on whole seconds: then many are due at once,
 * looks fill a batch, and an idle process wakes up once a second.
 */
#define PARK_GRAIN_MS 1000

static inline int64_t
park_in_ms(int64_t ms)
{
	return (clock_boot_ms() + ms) / PARK_GRAIN_MS * PARK_GRAIN_MS;
}

/* It has said something, or its time begins. */
static inline void
park_said(struct parked *p)
{
	p->quiet_ms = park_in_ms(PARK_QUIET_MS);
	p->alive_ms = park_in_ms(PARK_ALIVE_MS);
}

/* ---- park_out.c ---- */

/* Send what can be sent. */
void park_out_flush(struct parked *p);
void park_out_add(struct parked *p, const char *bytes, size_t len);

/* ---- park_timer.c ---- */

/* ${p} has begun to wait. */
void park_timer_begin(struct parked *p, int64_t deadline_ms);
/* It may be due sooner than it was. */
void park_timer_set(struct parked *p);
/* Its next look is in ${ms}. */
void park_timer_look(struct parked *p, int64_t ms);
/* What is due of it now: do it. */
void park_timer_run(struct parked *p);
/* How a look ended. */
void park_timer_found(struct parked *p, struct look *l);

/* ---- park_thread.c ---- */

void *park_run(void *park);

#endif
