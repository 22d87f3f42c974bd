/*
 * park_priv: what park.c (request threads, handlers) and park_thread.c (the
 * thread that holds the connections) share.
 *
 * Other threads touch only the commands, the free numbers and what is under
 * the lock or atomic; all else belongs to the park thread.
 */
#ifndef FCGI_PARK_PRIV_H
#define FCGI_PARK_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "fcgi/end.h"
#include "fcgi/park.h"

#define KEEP_ALIVE_MS 15000 /* a comment on a silent stream */
#define GENERATIONS 1000000 /* a number is GENERATION * this + index */

enum slot_state { SLOT_FREE, SLOT_RESERVED, SLOT_PARKED };

struct piece {
	struct piece *next;
	int64_t number;
	enum { CMD_WAKE, CMD_PARK, CMD_RELEASE, CMD_LOOK, CMD_DRAIN } what;
	struct parked *parked; /* CMD_PARK */
	int64_t ms;            /* CMD_DRAIN */
	char kind[16];
	size_t len;
	char bytes[];
};

/* Owned by the park thread, but for what park_reserve hands out. */
struct slot {
	enum slot_state state;
	int64_t generation;
	struct parked *parked;
	struct piece *first, **last; /* came before it was parked */
};

struct parked {
	struct park *park;
	struct edge *edge;
	const struct park_ops *ops;
	void *state;
	int64_t number;
	int fd;
	int request_id;
	bool head_only, streaming, ended, gone, writing;
	int status;
	size_t sent;
	int64_t deadline_ms, look_ms, alive_ms;
	struct buf out;
	struct parked *next, **link; /* of all parked */
	char id[REQUEST_ID_MAX];
	struct end end; /* its strings are in texts */
	char texts[];
};

struct park {
	int64_t max;
	int epoll, event;
	pthread_t thread;
	bool started, stopping;
	pthread_mutex_t mu;
	struct piece *first, **last; /* commands */
	int64_t *free_slots, nfree;  /* under mu */
	struct slot *slots;
	struct parked *all;
	_Atomic int64_t count; /* parked, or about to be */
	int64_t looks_from_ms;
	int64_t drain_ms; /* boot clock; 0: not draining */
};

/* The thread; ${park} is a struct park. */
void *park_run(void *park);

#endif
