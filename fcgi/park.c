#include "fcgi/park.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <assert.h>
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
#include "redis/process.h"

struct park *
park_new(int64_t max, int64_t owner_max)
{
	struct park *pk = calloc(1, sizeof(*pk));

	if (max > GENERATIONS)
		max = GENERATIONS;
	if (pk == NULL)
		abort();
	pk->max = max;
	pk->owner_max = owner_max;
	pk->slots = calloc((size_t)max, sizeof(*pk->slots));
	pk->free_slots = calloc((size_t)max, sizeof(*pk->free_slots));
	if (pk->slots == NULL || pk->free_slots == NULL)
		abort();
	park_names_init(&pk->owners, max);
	park_names_init(&pk->topics, max);
	park_queue_init(pk);
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

int
park_start(struct park *pk)
{
	if (park_look_start(pk) == -1
	    || thread_start(&pk->thread, "park", park_run, pk) == -1)
		return -1;
	pk->started = true;
	return 0;
}

void
park_stop(struct park *pk)
{
	if (pk == NULL)
		return;
	if (pk->started) {
		park_queue_stop(pk);
		pthread_join(pk->thread, NULL);
		pk->started = false;
	}
	park_look_stop(pk);
}

void
park_free(struct park *pk)
{
	if (pk == NULL)
		return;
	park_stop(pk);
	park_queue_fini(pk);
	if (pk->epoll != -1)
		close(pk->epoll);
	if (pk->event != -1)
		close(pk->event);
	park_heap_fini(&pk->heap);
	park_names_fini(&pk->owners);
	park_names_fini(&pk->topics);
	free(pk->slots);
	free(pk->free_slots);
	free(pk);
}

int64_t
park_count(struct park *pk)
{
	return atomic_load(&pk->count);
}

void
park_drain(struct park *pk, int64_t ms)
{
	park_queue_drain(pk, clock_boot_ms() + ms);
}

/* ${text} at ${to}; returns where the next one goes. */
static char *
keep(char *to, const char **kept, const char *text)
{
	size_t len;

	if (text == NULL)
		return to;
	len = strlen(text) + 1;
	*kept = memcpy(to, text, len);
	return to + len;
}

static size_t
size_of(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static struct parked *
parked_new(const struct request *req, const struct park_wait *wait)
{
	size_t nend = end_texts_size(req);
	struct parked *p = calloc(1,
	    sizeof(*p) + nend + size_of(wait->item) + size_of(wait->topic)
		+ size_of(req->headers));
	char *at;

	if (p == NULL)
		abort();
	end_keep(&p->end, p->texts, req);
	at = keep(p->texts + nend, &p->item, wait->item);
	at = keep(at, &p->topic_name, wait->topic);
	(void)keep(at, &p->headers, req->headers);
	memcpy(p->id, req->id, sizeof(p->id));
	buf_init(&p->out, PARK_OUT_MAX);
	return p;
}

void
park_request(struct park *pk, int64_t number, struct request *req,
    const struct park_wait *wait)
{
	FCGX_Request *f = req->fcgx;
	struct parked *p = parked_new(req, wait);

	/* Nothing could be published to another word. */
	assert(wait->topic == NULL || process_is_topic(wait->topic));
	p->park = pk;
	p->edge = req->edge;
	p->kind = wait->kind;
	p->state = wait->state;
	p->number = number;
	p->fd = f->ipcFd;
	p->request_id = f->requestId;
	p->head_only = req->method == M_HEAD;
	p->deadline_ms = clock_boot_ms() + wait->deadline_ms;

	/* libfcgi forgets the connection; it is ours from here on. */
	FCGX_Free(f, 0);
	f->ipcFd = -1;
	(void)fcntl(p->fd, F_SETFL, fcntl(p->fd, F_GETFL) | O_NONBLOCK);
	req->parked = true;
	park_queue_parked(pk, p);
}

/* ---- the subscription ---- */

static void
ear_piece(void *ctx, int64_t number, const char *kind, const char *sealed,
    size_t len)
{
	park_wake(ctx, number, kind, sealed, len);
}

static void
ear_topic(void *ctx, const char *topic, const char *kind, const char *sealed,
    size_t len)
{
	park_wake_topic(ctx, topic, kind, sealed, len);
}

static void
ear_hears(void *ctx, bool hears)
{
	park_hears(ctx, hears);
}

const struct process_ear PARK_EAR = { ear_piece, ear_topic, ear_hears };
