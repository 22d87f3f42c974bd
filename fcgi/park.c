#include "fcgi/park.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "fcgi/park_priv.h"

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
		log_event(LOG_ERROR, "park_failed",
		    F_STR("why", strerrordesc_np(errno)),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
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
park_wake(struct park *pk, int64_t number, const char *kind, const char *sealed,
    size_t len)
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
	struct parked *p = calloc(1, sizeof(*p) + end_texts_size(req));
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
	p->deadline_ms = now + deadline_ms;
	p->look_ms = now + PARK_LOOK_MS;
	p->alive_ms = now + KEEP_ALIVE_MS;
	buf_init(&p->out, PARK_OUT_MAX);
	memcpy(p->id, req->id, sizeof(p->id));
	end_keep(&p->end, p->texts, req);

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

int
park_start(struct park *pk)
{
	if (thread_start(&pk->thread, "park", park_run, pk) == -1)
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
