/*
 * The park thread: it alone touches a parked request, and ends it.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <limits.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/accept.h"
#include "fcgi/park_priv.h"
#include "nouns/metric.h"

#define EVENTS_MAX 128

/* ---- begin and end ---- */

static void
topic_join(struct parked *p)
{
	struct park_name *t;

	if (p->topic_name == NULL)
		return;
	t = park_names_take(&p->park->topics, p->topic_name);
	p->topic = t;
	p->topic_next = t->waits;
	p->topic_link = &t->waits;
	if (t->waits != NULL)
		t->waits->topic_link = &p->topic_next;
	t->waits = p;
}

static void
topic_leave(struct parked *p)
{
	if (p->topic == NULL)
		return;
	*p->topic_link = p->topic_next;
	if (p->topic_next != NULL)
		p->topic_next->topic_link = p->topic_link;
	park_names_drop(&p->park->topics, p->topic);
}

static void
destroy(struct parked *p)
{
	struct park *pk = p->park;

	p->end.status = p->status;
	p->end.sent = p->sent;
	p->end.gone = p->gone;
	log_set_id(p->id);
	end_write(&p->end);
	p->kind->on_end(p->state);
	log_set_id(NULL);
	accept_close(p->fd);
	park_heap_remove(&pk->heap, p);
	topic_leave(p);
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	park_queue_leave(pk, p);
	buf_fini(&p->out);
	free(p);
}

/* After a kind's function: send, and end what has ended.  True: ${p} is no
 * more. */
static bool
settle(struct parked *p)
{
	if (!p->gone)
		park_out_flush(p);
	if (p->gone || (p->stage == STAGE_ENDED && p->out.len == 0)) {
		destroy(p);
		return true;
	}
	park_timer_set(p);
	return false;
}

static void
tell_drain(struct parked *p)
{
	if (p->kind->on_drain == NULL || p->stage >= STAGE_OVER)
		return;
	log_set_id(p->id);
	p->kind->on_drain(p, p->state);
	log_set_id(NULL);
}

static void
begin(struct park *pk, struct parked *p)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP,
		.data.ptr = p };
	int64_t until = p->deadline_ms;

	p->next = pk->all;
	p->link = &pk->all;
	if (pk->all != NULL)
		pk->all->link = &p->next;
	pk->all = p;
	if (pk->drain_ms != 0 && until > pk->drain_ms)
		until = pk->drain_ms;
	topic_join(p);
	park_timer_begin(p, until);
	metric_set(METRIC_PARKED, 0, atomic_load(&pk->count));
	if (park_queue_settle(pk, p) == -1
	    || epoll_ctl(pk->epoll, EPOLL_CTL_ADD, p->fd, &ev) == -1) {
		p->gone = true;
	} else if (p->kind->on_begin != NULL) {
		log_set_id(p->id);
		p->kind->on_begin(p, p->state);
		log_set_id(NULL);
	}
	if (pk->drain_ms != 0 && !p->gone)
		tell_drain(p);
	(void)settle(p);
}

/* ---- what wakes it ---- */

/* Hand it one piece; true: it is no more. */
static bool
deliver(struct parked *p, const struct piece *c)
{
	if (p->stage == STAGE_ENDED)
		return false;
	log_set_id(p->id);
	p->kind->on_piece(p, p->state, c->kind, c->bytes, c->len);
	log_set_id(NULL);
	return settle(p);
}

static void
wake_slot(struct park *pk, struct slot *s)
{
	struct pieces list;
	struct piece *c;
	bool missed;
	struct parked *p = park_queue_pieces(pk, s, &list, &missed);

	for (c = list.first; c != NULL && p != NULL; c = c->next)
		if (deliver(p, c))
			p = NULL;
	if (p != NULL && missed)
		park_timer_look(p, 0);
	park_pieces_free(&list);
}

static void
wake_topic(struct park *pk, const struct piece *c)
{
	const struct park_name *topic = park_names_find(&pk->topics, c->topic);
	struct parked *p, *next;

	for (p = topic == NULL ? NULL : topic->waits; p != NULL; p = next) {
		next = p->topic_next; /* the topic may end with the last one */
		(void)deliver(p, c);
	}
}

static void
found(struct park *pk, struct look *l)
{
	struct parked *p;
	struct slot *s;

	pthread_mutex_lock(&pk->mu);
	s = park_slot(pk, l->number);
	p = s == NULL ? NULL : s->parked;
	pthread_mutex_unlock(&pk->mu);
	if (p == NULL)
		return;
	log_set_id(p->id);
	park_timer_found(p, l);
	log_set_id(NULL);
	(void)settle(p);
}

static void
look_soon(struct park *pk, int64_t ms, bool topics_only)
{
	struct parked *p;

	for (p = pk->all; p != NULL; p = p->next)
		if (p->topic != NULL || !topics_only)
			park_timer_look(p, ms);
}

static void
drain(struct park *pk, int64_t until_ms)
{
	struct parked *p, *next;

	pk->drain_ms = until_ms;
	for (p = pk->all; p != NULL; p = next) {
		next = p->next; /* it may be no more */
		if (p->deadline_ms > until_ms)
			p->deadline_ms = until_ms;
		tell_drain(p);
		(void)settle(p);
	}
}

/* False: the process ends. */
static bool
take_arrivals(struct park *pk)
{
	struct arrivals in;

	park_queue_take(pk, &in);
	while (in.ready != NULL) {
		struct slot *s = in.ready;

		in.ready = s->next_ready;
		wake_slot(pk, s);
	}
	while (in.parked != NULL) {
		struct parked *p = in.parked;

		in.parked = p->next;
		begin(pk, p);
	}
	for (const struct piece *c = in.topics.first; c != NULL; c = c->next)
		wake_topic(pk, c);
	park_pieces_free(&in.topics);
	while (in.found.first != NULL) {
		struct look *l = in.found.first;

		in.found.first = l->next;
		found(pk, l);
		park_look_free(l);
	}
	if (pk->hears && !in.hears)
		look_soon(pk, PARK_LOOK_DEAF_MS, false);
	pk->hears = in.hears;
	if (in.look_all || in.missed_topic)
		look_soon(pk, 0, !in.look_all);
	if (in.drain_ms != pk->drain_ms)
		drain(pk, in.drain_ms);
	return !in.stopping;
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
	(void)settle(p);
}

/* ---- time ---- */

static void
run_due(struct park *pk)
{
	int64_t now = clock_boot_ms();
	struct parked *p;

	while ((p = park_heap_first(&pk->heap)) != NULL && p->due_ms <= now) {
		log_set_id(p->id);
		park_timer_run(p);
		log_set_id(NULL);
		(void)settle(p);
	}
	park_look_send(pk);
}

static int
wait_ms(const struct park *pk)
{
	const struct parked *p = park_heap_first(&pk->heap);
	int64_t ms;

	if (p == NULL)
		return -1;
	ms = p->due_ms - clock_boot_ms();
	return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

void *
park_run(void *arg)
{
	struct park *pk = arg;
	struct epoll_event ev = { .events = EPOLLIN }, evs[EVENTS_MAX];
	bool arrivals, go_on = true;
	int n, i;

	(void)epoll_ctl(pk->epoll, EPOLL_CTL_ADD, pk->event, &ev);
	while (go_on) {
		arrivals = false;
		n = epoll_wait(pk->epoll, evs, EVENTS_MAX, wait_ms(pk));
		for (i = 0; i < n; i++) {
			if (evs[i].data.ptr == NULL)
				arrivals = true;
			else
				on_socket(evs[i].data.ptr, evs[i].events);
		}
		/* After the sockets: what arrives may end what an event
		 * names. */
		if (arrivals)
			go_on = take_arrivals(pk);
		run_due(pk);
	}
	while (pk->all != NULL)
		destroy(pk->all);
	return NULL;
}
