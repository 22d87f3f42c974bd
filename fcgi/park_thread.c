/*
 * The park thread: it alone touches a parked request, sends its bytes, and
 * ends it.
 */
#include "fcgi/accept.h"
#include "fcgi/park_priv.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/record.h"
#include "fcgi/response.h"
#include "nouns/metric.h"

#define TICK_MS 100 /* how late a deadline may be noticed */
#define EVENTS_MAX 128
#define LOOK_SLOW_MS 100 /* a look that slow: Redis is in trouble */
#define LOOKS_A_TICK 64
#define SEND_MS 60000 /* for the last bytes, to one who hardly reads */

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
	is_it = s->state != SLOT_FREE && s->generation == number / GENERATIONS;
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
	metric_set(METRIC_PARKED, 0, atomic_fetch_sub(&pk->count, 1) - 1);
}

static void
destroy(struct parked *p)
{
	struct park *pk = p->park;
	struct slot *s = slot_of(pk, p->number);

	p->end.status = p->status;
	p->end.sent = p->sent;
	p->end.gone = p->gone;
	log_set_id(p->id);
	end_write(&p->end);
	p->ops->on_end(p->state);
	log_set_id(NULL);
	accept_close(p->fd);
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

static void
add_head(struct parked *p, int status, const char *type, const char *headers,
    int64_t len)
{
	struct response_head h = { status, type, p->id, len, headers, "" };
	size_t n = response_head(&h, NULL, 0);
	char *head = malloc(n + 1);

	if (head == NULL)
		abort();
	p->status = status;
	add(p, head, response_head(&h, head, n + 1));
	free(head);
	p->sent = 0;
}

void
park_reply(struct parked *p, int status, const char *type, const char *headers,
    const char *body, size_t len)
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
	add_head(p, status, type, headers, RESPONSE_STREAM);
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
	p->deadline_ms = clock_boot_ms() + SEND_MS;
}

struct edge *
park_edge(struct parked *p)
{
	return p->edge;
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
	if (s == NULL
	    || epoll_ctl(pk->epoll, EPOLL_CTL_ADD, p->fd, &ev) == -1) {
		log_event(LOG_ERROR, "park_failed",
		    F_STR("why", strerrordesc_np(errno)),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
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
		while (
		    (n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
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
		if (p->ended) { /* only its bytes are still on the way */
			if (now >= p->deadline_ms) {
				p->gone = true;
				destroy(p);
			}
			continue;
		}
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
			/* Not before all others had their turn. */
			p->look_ms = now + PARK_LOOK_MS
			    + park_count(pk) / LOOKS_A_TICK * TICK_MS;
			begun = clock_boot_ms();
			log_set_id(p->id);
			p->ops->on_look(p, p->state);
			log_set_id(NULL);
			if (clock_boot_ms() - begun > LOOK_SLOW_MS)
				pk->looks_from_ms = clock_boot_ms()
				    + PARK_LOOK_MS;
		}
		settle(p);
	}
}

void *
park_run(void *arg)
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
