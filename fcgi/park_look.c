/*
 * The thread that looks at records for what is parked: it alone waits for
 * Redis.  Many looks are one batch; the last ones of a deadline go first.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/pool.h"
#include "fcgi/park_priv.h"

#define LOOK_BATCH 128
/* Between two batches: after a reconnect Redis has others to serve, too. */
#define LOOK_REST_MS 5
/* A store that did not answer is not asked for thousands, a time-out each. */
#define LOOK_AWAY_MS 1000

void
park_look_free(struct look *l)
{
	free(l->it.text);
	free(l);
}

void
park_found(struct park_look *look, int found, const char *text, size_t len)
{
	look->found = found;
	if (text == NULL)
		return;
	look->text = malloc(len + 1);
	if (look->text == NULL)
		abort();
	memcpy(look->text, text, len);
	look->text[len] = '\0';
	look->len = len;
}

static void
free_all(struct looks *list)
{
	struct look *l;

	while (list->first != NULL) {
		l = list->first;
		list->first = l->next;
		park_look_free(l);
	}
}

static void
append(struct looks *list, struct look *l)
{
	l->next = NULL;
	*list->last = l;
	list->last = &l->next;
}

static struct look *
take(struct looks *list)
{
	struct look *l = list->first;

	list->first = l->next;
	if (list->first == NULL)
		list->last = &list->first;
	return l;
}

void
park_look_ask(struct park *pk, const struct parked *p, bool last)
{
	size_t nowner = strlen(p->owner) + 1;
	size_t nitem = p->item == NULL ? 0 : strlen(p->item) + 1;
	struct look *l = malloc(sizeof(*l) + nowner + nitem);

	if (l == NULL)
		abort();
	*l = (struct look){ .it.last = last,
		.kind = p->kind,
		.edge = p->edge,
		.number = p->number };
	l->it.owner = memcpy(l->texts, p->owner, nowner);
	if (p->item != NULL)
		l->it.item = memcpy(l->texts + nowner, p->item, nitem);
	append(last ? &pk->asking_last : &pk->asking, l);
}

static void
move(struct looks *to, struct looks *from)
{
	if (from->first == NULL)
		return;
	*to->last = from->first;
	to->last = from->last;
	*from = (struct looks){ .last = &from->first };
}

void
park_look_send(struct park *pk)
{
	if (pk->asking.first == NULL && pk->asking_last.first == NULL)
		return;
	pthread_mutex_lock(&pk->look_mu);
	move(&pk->look_asked, &pk->asking);
	move(&pk->look_last, &pk->asking_last);
	pthread_cond_signal(&pk->look_wake);
	pthread_mutex_unlock(&pk->look_mu);
}

/* Wait for some of one kind; 0: the thread ends. */
static size_t
wait_for_some(struct park *pk, struct look *batch[LOOK_BATCH], bool *more)
{
	struct looks *list;
	size_t n = 0;

	pthread_mutex_lock(&pk->look_mu);
	while (!pk->look_stopping && pk->look_asked.first == NULL
	    && pk->look_last.first == NULL)
		pthread_cond_wait(&pk->look_wake, &pk->look_mu);
	list = pk->look_last.first != NULL ? &pk->look_last : &pk->look_asked;
	while (!pk->look_stopping && n < LOOK_BATCH && list->first != NULL
	    && (n == 0 || list->first->kind == batch[0]->kind))
		batch[n++] = take(list);
	*more = pk->look_asked.first != NULL;
	pthread_mutex_unlock(&pk->look_mu);
	return n;
}

static void
look(struct look *const *batch, size_t n, int64_t *away_until_ms)
{
	struct park_look *its[LOOK_BATCH];
	size_t i;

	if (clock_boot_ms() < *away_until_ms)
		return;
	for (i = 0; i < n; i++)
		its[i] = &batch[i]->it;
	if (batch[0]->kind->look(batch[0]->edge, its, n) == -1) {
		*away_until_ms = clock_boot_ms() + LOOK_AWAY_MS;
		return;
	}
	for (i = 0; i < n; i++)
		batch[i]->known = true;
}

static void *
run(void *arg)
{
	const struct timespec rest = { .tv_nsec = LOOK_REST_MS * 1000000L };
	struct park *pk = arg;
	struct look *batch[LOOK_BATCH] = { NULL };
	int64_t away_until_ms = 0;
	size_t n;
	bool more;

	while ((n = wait_for_some(pk, batch, &more)) > 0) {
		look(batch, n, &away_until_ms);
		park_queue_found(pk, batch, n);
		if (more)
			nanosleep(&rest, NULL);
	}
	return NULL;
}

int
park_look_start(struct park *pk)
{
	pthread_mutex_init(&pk->look_mu, NULL);
	cond_init(&pk->look_wake);
	pk->look_asked.last = &pk->look_asked.first;
	pk->look_last.last = &pk->look_last.first;
	pk->asking.last = &pk->asking.first;
	pk->asking_last.last = &pk->asking_last.first;
	if (thread_start(&pk->look_thread, "look", run, pk) == -1) {
		pthread_cond_destroy(&pk->look_wake);
		pthread_mutex_destroy(&pk->look_mu);
		return -1;
	}
	pk->look_started = true;
	return 0;
}

void
park_look_stop(struct park *pk)
{
	if (!pk->look_started)
		return;
	pthread_mutex_lock(&pk->look_mu);
	pk->look_stopping = true;
	pthread_cond_signal(&pk->look_wake);
	pthread_mutex_unlock(&pk->look_mu);
	pthread_join(pk->look_thread, NULL);
	pk->look_started = false;
	free_all(&pk->look_asked);
	free_all(&pk->look_last);
	free_all(&pk->asking);
	free_all(&pk->asking_last);
	free_all(&pk->in.found); /* the park thread has ended */
	pthread_cond_destroy(&pk->look_wake);
	pthread_mutex_destroy(&pk->look_mu);
}
