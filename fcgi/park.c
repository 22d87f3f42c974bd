#include "fcgi/park.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "fcgi/edge.h"
#include "fcgi/record.h"
#include "fcgi/request_priv.h"
#include "fcgi/router.h"
#include "nouns/metric.h"

#define TICK_MS 100	      /* how late a deadline may be noticed */
#define KEEP_ALIVE_MS 15000   /* a comment on a silent stream */
#define EVENTS_MAX 128
#define GENERATIONS 1000000   /* a number is GENERATION * this + index */
#define LOOK_SLOW_MS 100      /* a look that slow: Redis is in trouble */
#define LOOKS_A_TICK 64

enum slot_state { SLOT_FREE, SLOT_RESERVED, SLOT_PARKED };

struct piece {
	struct piece *next;
	int64_t number;
	enum { CMD_WAKE, CMD_PARK, CMD_RELEASE, CMD_LOOK, CMD_DRAIN } what;
	struct parked *parked; /* CMD_PARK */
	int64_t ms;	       /* CMD_DRAIN */
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
	bool head_only, streaming, ended, gone, writing, quiet;
	int status;
	size_t sent;
	int64_t deadline_ms, look_ms, alive_ms;
	int64_t started_us;
	struct buf out;
	struct parked *next, **link; /* of all parked */
	enum method method;
	char id[REQUEST_ID_MAX];
	char remote[64];
	char path[];
};

struct park {
	int64_t max;
	int epoll, event;
	pthread_t thread;
	bool started, stopping;
	pthread_mutex_t mu;
	struct piece *first, **last;   /* commands */
	int64_t *free_slots, nfree;    /* under mu */
	struct slot *slots;
	struct parked *all;
	_Atomic int64_t count;	       /* parked, or about to be */
	int64_t looks_from_ms;
	int64_t drain_ms; /* boot clock; 0: not draining */
};

struct park *
park_new(int64_t max)
{
	struct park *pk = calloc(1, sizeof(*pk));
	int64_t i;

	if (max > GENERATIONS)
		max = GENERATIONS;
	if (pk == NULL)
		abort();
	pk->max = max;
	pk->slots = calloc((size_t)max, sizeof(*pk->slots));
	pk->free_slots = calloc((size_t)max, sizeof(*pk->free_slots));
	if (pk->slots == NULL || pk->free_slots == NULL)
		abort();
	for (i = 0; i < max; i++) /* the low ones first: their pages are warm */
		pk->free_slots[i] = max - 1 - i;
	pk->nfree = max;
	pk->last = &pk->first;
	pthread_mutex_init(&pk->mu, NULL);
	pk->epoll = epoll_create1(EPOLL_CLOEXEC);
	pk->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pk->epoll == -1 || pk->event == -1) {
		log_event(LOG_ERROR, "park_failed", F_STR("why",
		    strerrordesc_np(errno)));
		park_free(pk);
		return NULL;
	}
	return pk;
}

/* Commands */

static struct piece *
piece_new(int what, int64_t number, const char *bytes, size_t len)
{
	struct piece *c = malloc(sizeof(*c) + len + 1);

	if (c == NULL)
		abort();
	memset(c, 0, sizeof(*c));
	c->what = what;
	c->number = number;
	c->len = len;
	if (len > 0)
		memcpy(c->bytes, bytes, len);
	c->bytes[len] = '\0';
	return c;
}

static void
send_command(struct park *pk, struct piece *c)
{
	uint64_t one = 1;
	bool was_empty;

	pthread_mutex_lock(&pk->mu);
	was_empty = pk->first == NULL;
	*pk->last = c;
	pk->last = &c->next;
	pthread_mutex_unlock(&pk->mu);
	if (was_empty)
		(void)!write(pk->event, &one, sizeof(one));
}

int64_t
park_reserve(struct park *pk)
{
	int64_t index, number = -1;

	pthread_mutex_lock(&pk->mu);
	if (pk->nfree > 0) {
		index = pk->free_slots[--pk->nfree];
		pk->slots[index].state = SLOT_RESERVED;
		pk->slots[index].generation++;
		pk->slots[index].last = &pk->slots[index].first;
		number = pk->slots[index].generation * GENERATIONS + index;
	}
	pthread_mutex_unlock(&pk->mu);
	if (number != -1)
		atomic_fetch_add(&pk->count, 1);
	return number;
}

void
park_release(struct park *pk, int64_t number)
{
	send_command(pk, piece_new(CMD_RELEASE, number, "", 0));
}

void
park_wake(struct park *pk, int64_t number, const char *kind,
    const char *sealed, size_t len)
{
	struct piece *c = piece_new(CMD_WAKE, number, sealed, len);

	strncpy(c->kind, kind, sizeof(c->kind) - 1);
	send_command(pk, c);
}

void
park_look_all(struct park *pk)
{
	send_command(pk, piece_new(CMD_LOOK, -1, "", 0));
}

void
park_drain(struct park *pk, int64_t ms)
{
	struct piece *c = piece_new(CMD_DRAIN, -1, "", 0);

	c->ms = ms;
	send_command(pk, c);
}

int64_t
park_count(struct park *pk)
{
	return atomic_load(&pk->count);
}

int
park_request(struct park *pk, int64_t number, struct request *req,
    const struct park_ops *ops, void *state, int64_t deadline_ms)
{
	FCGX_Request *f = req->fcgx;
	size_t path_len = strlen(req->path);
	struct parked *p = calloc(1, sizeof(*p) + path_len + 1);
	struct piece *c;
	int64_t now = clock_boot_ms();

	if (p == NULL)
		abort();
	p->park = pk;
	p->edge = req->edge;
	p->ops = ops;
	p->state = state;
	p->number = number;
	p->fd = f->ipcFd;
	p->request_id = f->requestId;
	p->head_only = req->method == M_HEAD;
	p->quiet = req->route != NULL && (req->route->flags & ROUTE_QUIET);
	p->deadline_ms = now + deadline_ms;
	p->look_ms = now + PARK_LOOK_MS;
	p->alive_ms = now + KEEP_ALIVE_MS;
	p->started_us = req->started_us;
	p->method = req->method;
	buf_init(&p->out, PARK_OUT_MAX);
	memcpy(p->id, req->id, sizeof(p->id));
	memcpy(p->remote, req->remote, sizeof(p->remote));
	memcpy(p->path, req->path, path_len + 1);

	/* libfcgi forgets the connection; it is ours from here on. */
	FCGX_Free(f, 0);
	f->ipcFd = -1;
	(void)fcntl(p->fd, F_SETFL, fcntl(p->fd, F_GETFL) | O_NONBLOCK);
	req->parked = true;
	c = piece_new(CMD_PARK, number, "", 0);
	c->parked = p;
	send_command(pk, c);
	return 0;
}

/* From here on: the park thread only. */

static struct slot *
slot_of(struct park *pk, int64_t number)
{
	struct slot *s;
	bool is_it;

	if (number < 0 || number % GENERATIONS >= pk->max)
		return NULL;
	s = &pk->slots[number % GENERATIONS];
	/* A late number's slot may be reserved anew at this moment. */
	pthread_mutex_lock(&pk->mu);
	is_it = s->state != SLOT_FREE
	    && s->generation == number / GENERATIONS;
	pthread_mutex_unlock(&pk->mu);
	return is_it ? s : NULL;
}

static void
slot_free(struct park *pk, struct slot *s)
{
	while (s->first != NULL) {
		struct piece *c = s->first;

		s->first = c->next;
		free(c);
	}
	s->parked = NULL;
	pthread_mutex_lock(&pk->mu);
	s->state = SLOT_FREE;
	pk->free_slots[pk->nfree++] = s - pk->slots;
	pthread_mutex_unlock(&pk->mu);
	atomic_fetch_sub(&pk->count, 1);
}

/* What nginx sent and nobody reads (the end of an empty body): closing with
 * it unread would reset the connection. */
static void
discard_input(int fd)
{
	char bytes[512];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void
destroy(struct parked *p)
{
	struct park *pk = p->park;
	struct slot *s = slot_of(pk, p->number);
	struct request_record r = { .method = method_name(p->method),
		.path = p->path,
		.remote = p->remote,
		.status = p->status == 0 ? 499 : p->status,
		.sent = p->sent,
		.started_us = p->started_us,
		.quiet = p->quiet,
		.gone = p->gone };

	log_set_id(p->id);
	request_log(&r);
	p->ops->on_end(p->state);
	log_set_id(NULL);
	discard_input(p->fd);
	close(p->fd);
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	buf_fini(&p->out);
	free(p);
	if (s != NULL)
		slot_free(pk, s);
	metric_set(METRIC_PARKED, 0, atomic_load(&pk->count));
}

static void
want_events(struct parked *p, bool writing)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP
		    | (writing ? EPOLLOUT : 0),
		.data.ptr = p };

	if (p->writing == writing)
		return;
	p->writing = writing;
	(void)epoll_ctl(p->park->epoll, EPOLL_CTL_MOD, p->fd, &ev);
}

/* Send what can be sent. */
static void
flush(struct parked *p)
{
	while (p->out.len > 0) {
		ssize_t n = send(p->fd, p->out.data, p->out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			buf_drop(&p->out, (size_t)n);
		} else if (n == -1 && errno == EINTR) {
			continue;
		} else if (n == -1 && errno == EAGAIN) {
			break;
		} else {
			p->gone = true;
			return;
		}
	}
	want_events(p, p->out.len > 0);
}

static void
add(struct parked *p, const char *bytes, size_t len)
{
	if (p->gone || p->ended)
		return;
	if (record_stdout(&p->out, p->request_id, bytes, len) == -1) {
		p->gone = true; /* too slow a reader */
		return;
	}
	p->sent += len;
	p->alive_ms = clock_boot_ms() + KEEP_ALIVE_MS;
}

/* ${len} of the body; -1: a stream. */
static void
add_head(struct parked *p, int status, const char *type, const char *headers,
    int64_t len)
{
	struct buf b = BUF_INIT(64 * KIB);
	char length[48] = "";

	p->status = status;
	if (len >= 0)
		snprintf(length, sizeof(length),
		    "Content-Length: %" PRId64 "\r\n", len);
	if (buf_printf(&b,
		"Status: %d %s\r\nContent-Type: %s\r\nX-Request-Id: %s\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"Cache-Control: no-store\r\n%s%s\r\n",
		status, status_reason(status), type, p->id, length, headers)
	    == 0)
		add(p, buf_str(&b), b.len);
	buf_fini(&b);
	p->sent = 0;
}

void
park_reply(struct parked *p, int status, const char *type,
    const char *headers, const char *body, size_t len)
{
	if (p->ended)
		return;
	add_head(p, status, type, headers, (int64_t)len);
	if (!p->head_only)
		add(p, body, len);
	park_end(p);
}

void
park_head(struct parked *p, int status, const char *type, const char *headers)
{
	if (p->ended || p->streaming)
		return;
	p->streaming = true;
	add_head(p, status, type, headers, -1);
}

void
park_write(struct parked *p, const char *bytes, size_t len)
{
	add(p, bytes, len);
}

void
park_end(struct parked *p)
{
	if (p->ended || p->gone)
		return;
	if (record_end(&p->out, p->request_id) == -1)
		p->gone = true;
	p->ended = true;
}

void
park_set_deadline(struct parked *p, int64_t ms)
{
	p->deadline_ms = clock_boot_ms() + ms;
}

struct edge *
park_edge(struct parked *p)
{
	return p->edge;
}

const char *
park_request_id(struct parked *p)
{
	return p->id;
}

int64_t
park_number(struct parked *p)
{
	return p->number;
}

/* After an op: send, and end what has ended.  True: ${p} is no more. */
static bool
settle(struct parked *p)
{
	if (!p->gone)
		flush(p);
	if (p->gone || (p->ended && p->out.len == 0)) {
		destroy(p);
		return true;
	}
	return false;
}

/* Hand it one piece; true: it is no more. */
static bool
deliver(struct parked *p, const struct piece *c)
{
	if (p->ended)
		return false;
	log_set_id(p->id);
	p->ops->on_piece(p, p->state, c->kind, c->bytes, c->len);
	log_set_id(NULL);
	return settle(p);
}

static void
do_park(struct park *pk, struct piece *c)
{
	struct parked *p = c->parked;
	struct slot *s = slot_of(pk, c->number);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP,
		.data.ptr = p };

	p->next = pk->all;
	p->link = &pk->all;
	if (pk->all != NULL)
		pk->all->link = &p->next;
	pk->all = p;
	metric_set(METRIC_PARKED, 0, atomic_load(&pk->count));
	if (s == NULL || epoll_ctl(pk->epoll, EPOLL_CTL_ADD, p->fd, &ev) == -1) {
		log_event(LOG_ERROR, "park_failed", F_STR("why",
		    strerrordesc_np(errno)));
		destroy(p);
		return;
	}
	s->state = SLOT_PARKED;
	s->parked = p;
	if (pk->drain_ms > 0 && p->deadline_ms > pk->drain_ms)
		p->deadline_ms = pk->drain_ms;
	while (s->first != NULL) {
		struct piece *early = s->first;
		bool over;

		s->first = early->next;
		over = deliver(p, early);
		free(early);
		if (over)
			return;
	}
	s->last = &s->first;
}

static void
do_drain(struct park *pk, int64_t ms)
{
	struct parked *p;

	pk->drain_ms = clock_boot_ms() + ms;
	for (p = pk->all; p != NULL; p = p->next)
		if (p->deadline_ms > pk->drain_ms)
			p->deadline_ms = pk->drain_ms;
}

/* False: ${c} is kept. */
static bool
do_command(struct park *pk, struct piece *c)
{
	struct slot *s = slot_of(pk, c->number);
	struct parked *p;

	switch (c->what) {
	case CMD_PARK:
		do_park(pk, c);
		return true;
	case CMD_RELEASE:
		if (s != NULL && s->state == SLOT_RESERVED)
			slot_free(pk, s);
		return true;
	case CMD_LOOK:
		for (p = pk->all; p != NULL; p = p->next)
			p->look_ms = 0;
		pk->looks_from_ms = 0;
		return true;
	case CMD_DRAIN:
		do_drain(pk, c->ms);
		return true;
	case CMD_WAKE:
		if (s == NULL)
			return true;
		if (s->state == SLOT_RESERVED) {
			c->next = NULL;
			*s->last = c;
			s->last = &c->next;
			return false;
		}
		deliver(s->parked, c);
		return true;
	}
	return true;
}

static void
do_commands(struct park *pk)
{
	struct piece *c, *next;
	uint64_t n;

	(void)!read(pk->event, &n, sizeof(n));
	pthread_mutex_lock(&pk->mu);
	c = pk->first;
	pk->first = NULL;
	pk->last = &pk->first;
	pthread_mutex_unlock(&pk->mu);
	for (; c != NULL; c = next) {
		next = c->next;
		if (do_command(pk, c))
			free(c);
	}
}

static void
on_socket(struct parked *p, uint32_t events)
{
	char bytes[512];
	ssize_t n = 1;

	if (events & EPOLLIN)
		while ((n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT))
		    > 0)
			;
	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) || n == 0)
		p->gone = true;
	settle(p);
}

/* Deadlines, looks and keep-alives. */
static void
tick(struct park *pk)
{
	int64_t now = clock_boot_ms(), begun;
	struct parked *p, *next;
	int looks = 0;

	for (p = pk->all; p != NULL; p = next) {
		next = p->next;
		if (p->ended)
			continue; /* only its bytes are still on the way */
		if (now >= p->deadline_ms) {
			p->deadline_ms = INT64_MAX;
			log_set_id(p->id);
			p->ops->on_deadline(p, p->state);
			log_set_id(NULL);
			if (settle(p))
				continue;
		}
		if (p->streaming && now >= p->alive_ms)
			add(p, ":\n\n", 3);
		if (now >= p->look_ms && now >= pk->looks_from_ms
		    && looks < LOOKS_A_TICK) {
			looks++;
			p->look_ms = now + PARK_LOOK_MS;
			begun = clock_boot_ms();
			log_set_id(p->id);
			p->ops->on_look(p, p->state);
			log_set_id(NULL);
			if (clock_boot_ms() - begun > LOOK_SLOW_MS)
				pk->looks_from_ms
				    = clock_boot_ms() + PARK_LOOK_MS;
		}
		settle(p);
	}
}

static void *
run(void *arg)
{
	struct park *pk = arg;
	struct epoll_event ev = { .events = EPOLLIN }, evs[EVENTS_MAX];
	int64_t ticked_ms = 0;
	int n, i, wait;

	(void)epoll_ctl(pk->epoll, EPOLL_CTL_ADD, pk->event, &ev);
	for (;;) {
		bool commands = false;

		wait = pk->all == NULL ? -1 : TICK_MS;
		n = epoll_wait(pk->epoll, evs, EVENTS_MAX, wait);
		for (i = 0; i < n; i++) {
			if (evs[i].data.ptr == NULL)
				commands = true;
			else
				on_socket(evs[i].data.ptr, evs[i].events);
		}
		/* After the sockets: a command may end what an event names. */
		if (commands)
			do_commands(pk);
		pthread_mutex_lock(&pk->mu);
		if (pk->stopping) {
			pthread_mutex_unlock(&pk->mu);
			break;
		}
		pthread_mutex_unlock(&pk->mu);
		if (clock_boot_ms() - ticked_ms >= TICK_MS) {
			ticked_ms = clock_boot_ms();
			tick(pk);
		}
	}
	while (pk->all != NULL)
		destroy(pk->all);
	return NULL;
}

int
park_start(struct park *pk)
{
	if (thread_start(&pk->thread, "park", run, pk) == -1)
		return -1;
	pk->started = true;
	return 0;
}

void
park_free(struct park *pk)
{
	uint64_t one = 1;
	int64_t i;

	if (pk == NULL)
		return;
	if (pk->started) {
		pthread_mutex_lock(&pk->mu);
		pk->stopping = true;
		pthread_mutex_unlock(&pk->mu);
		(void)!write(pk->event, &one, sizeof(one));
		pthread_join(pk->thread, NULL);
	}
	while (pk->first != NULL) {
		struct piece *c = pk->first;

		pk->first = c->next;
		free(c);
	}
	for (i = 0; i < pk->max; i++)
		while (pk->slots[i].first != NULL) {
			struct piece *c = pk->slots[i].first;

			pk->slots[i].first = c->next;
			free(c);
		}
	if (pk->epoll != -1)
		close(pk->epoll);
	if (pk->event != -1)
		close(pk->event);
	pthread_mutex_destroy(&pk->mu);
	free(pk->slots);
	free(pk->free_slots);
	free(pk);
}
