/*
 * What other threads hand to the park thread: bounded, and nothing is lost by
 * that, for who missed a wake-up is made to look.
 */
#include <sys/eventfd.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/park_priv.h"
#include "nouns/metric.h"

struct slot *
park_slot(struct park *pk, int64_t number)
{
	struct slot *s;

	if (number < 0 || number % GENERATIONS >= pk->max)
		return NULL;
	s = &pk->slots[number % GENERATIONS];
	return s->state != SLOT_FREE && s->generation == number / GENERATIONS
	    ? s
	    : NULL;
}

static void
pieces_init(struct pieces *list)
{
	*list = (struct pieces){ .last = &list->first };
}

/* ${to} is overwritten. */
static void
pieces_move(struct pieces *to, struct pieces *from)
{
	*to = *from;
	if (to->first == NULL)
		to->last = &to->first;
	pieces_init(from);
}

void
park_pieces_free(struct pieces *list)
{
	struct piece *c;

	while (list->first != NULL) {
		c = list->first;
		list->first = c->next;
		free(c);
	}
	pieces_init(list);
}

static size_t
size_of(const struct piece *c)
{
	return sizeof(*c) + c->len;
}

/* Leaves mu, with something for the park thread, which takes everything: it is
 * called once, and without the lock, which is the first thing that it takes. */
static void
unlock_and_call(struct park *pk)
{
	uint64_t one = 1;
	bool call = !pk->announced;

	pk->announced = true;
	pthread_mutex_unlock(&pk->mu);
	if (call)
		(void)!write(pk->event, &one, sizeof(one));
}

static void
make_ready(struct park *pk, struct slot *s)
{
	if (!s->ready) {
		s->ready = true;
		s->next_ready = pk->in.ready;
		pk->in.ready = s;
	}
}

void
park_queue_init(struct park *pk)
{
	int64_t i;

	pthread_mutex_init(&pk->mu, NULL);
	pieces_init(&pk->in.topics);
	pk->in.found.last = &pk->in.found.first;
	for (i = 0; i < pk->max; i++) { /* the low ones first: warm pages */
		pk->free_slots[i] = pk->max - 1 - i;
		pieces_init(&pk->slots[i].pieces);
	}
	pk->nfree = pk->max;
}

int64_t
park_reserve(struct park *pk, const char *owner)
{
	const struct park_name *known;
	struct slot *s;
	int64_t index, number = PARK_FULL;

	pthread_mutex_lock(&pk->mu);
	known = park_names_find(&pk->owners, owner);
	if (pk->nfree == 0) {
		number = PARK_FULL;
	} else if (known != NULL && known->count >= pk->owner_max) {
		number = PARK_CROWDED;
	} else {
		index = pk->free_slots[--pk->nfree];
		s = &pk->slots[index];
		s->state = SLOT_RESERVED;
		s->generation++;
		s->missed = false;
		s->owner = park_names_take(&pk->owners, owner);
		number = s->generation * GENERATIONS + index;
		atomic_fetch_add(&pk->count, 1);
	}
	pthread_mutex_unlock(&pk->mu);
	return number;
}

void
park_slot_free(struct park *pk, struct slot *s)
{
	pk->queue_bytes -= s->pieces.bytes;
	park_pieces_free(&s->pieces);
	park_names_drop(&pk->owners, s->owner);
	s->owner = NULL;
	s->parked = NULL;
	s->state = SLOT_FREE;
	pk->free_slots[pk->nfree++] = s - pk->slots;
	metric_set(METRIC_PARKED, 0, atomic_fetch_sub(&pk->count, 1) - 1);
}

void
park_release(struct park *pk, int64_t number)
{
	struct slot *s;

	pthread_mutex_lock(&pk->mu);
	s = park_slot(pk, number);
	if (s != NULL && s->state == SLOT_RESERVED)
		park_slot_free(pk, s);
	pthread_mutex_unlock(&pk->mu);
}

bool
park_waits(struct park *pk, int64_t number)
{
	bool waits;

	pthread_mutex_lock(&pk->mu);
	waits = park_slot(pk, number) != NULL;
	pthread_mutex_unlock(&pk->mu);
	return waits;
}

int64_t
park_count_of(struct park *pk, const char *owner)
{
	const struct park_name *name;
	int64_t n;

	pthread_mutex_lock(&pk->mu);
	name = park_names_find(&pk->owners, owner);
	n = name == NULL ? 0 : name->count;
	pthread_mutex_unlock(&pk->mu);
	return n;
}

/* ---- wake-ups ---- */

static struct piece *
piece_new(const char *topic, const char *kind, const char *bytes, size_t len)
{
	size_t topic_len = topic == NULL ? 0 : strlen(topic);
	struct piece *c = malloc(sizeof(*c) + len + 1 + topic_len + 1);

	if (c == NULL)
		abort();
	memset(c, 0, sizeof(*c));
	strncpy(c->kind, kind, sizeof(c->kind) - 1);
	c->len = len;
	if (len > 0)
		memcpy(c->bytes, bytes, len);
	c->bytes[len] = '\0';
	if (topic != NULL)
		c->topic = memcpy(c->bytes + len + 1, topic, topic_len + 1);
	return c;
}

/* Append ${c} to ${list}, or free it: there is no room. */
static bool
add(struct park *pk, struct pieces *list, size_t n_max, size_t bytes_max,
    struct piece *c)
{
	size_t size = size_of(c);

	if (list->n > 0
	    && (list->n >= n_max || list->bytes + size > bytes_max
		|| pk->queue_bytes + size > PARK_QUEUE_BYTES)) {
		free(c);
		metric_add(METRIC_WAKES_DROPPED, 0, 1);
		return false;
	}
	*list->last = c;
	list->last = &c->next;
	list->n++;
	list->bytes += size;
	pk->queue_bytes += size;
	return true;
}

void
park_wake(struct park *pk, int64_t number, const char *kind, const char *sealed,
    size_t len)
{
	struct piece *c = piece_new(NULL, kind, sealed, len);
	struct slot *s;

	pthread_mutex_lock(&pk->mu);
	s = park_slot(pk, number);
	if (s == NULL)
		free(c); /* late: it ended */
	else if (!add(pk, &s->pieces, PARK_PIECES_MAX, PARK_PIECES_BYTES, c))
		s->missed = true;
	if (s == NULL || s->state != SLOT_PARKED) {
		pthread_mutex_unlock(&pk->mu);
		return;
	}
	make_ready(pk, s);
	unlock_and_call(pk);
}

void
park_wake_topic(struct park *pk, const char *topic, const char *kind,
    const char *sealed, size_t len)
{
	struct piece *c = piece_new(topic, kind, sealed, len);

	pthread_mutex_lock(&pk->mu);
	if (!add(pk, &pk->in.topics, SIZE_MAX, PARK_QUEUE_BYTES, c))
		pk->in.missed_topic = true;
	unlock_and_call(pk);
}

void
park_hears(struct park *pk, bool hears)
{
	pthread_mutex_lock(&pk->mu);
	pk->in.hears = hears;
	pk->in.look_all |= hears;
	unlock_and_call(pk);
}

/* ---- the rest ---- */

void
park_queue_parked(struct park *pk, struct parked *p)
{
	pthread_mutex_lock(&pk->mu);
	p->owner = pk->slots[p->number % GENERATIONS].owner->text;
	p->next = pk->in.parked;
	pk->in.parked = p;
	unlock_and_call(pk);
}

void
park_queue_found(struct park *pk, struct look *const *all, size_t n)
{
	size_t i;

	pthread_mutex_lock(&pk->mu);
	for (i = 0; i < n; i++) {
		all[i]->next = NULL;
		*pk->in.found.last = all[i];
		pk->in.found.last = &all[i]->next;
	}
	unlock_and_call(pk);
}

void
park_queue_stop(struct park *pk)
{
	pthread_mutex_lock(&pk->mu);
	pk->in.stopping = true;
	unlock_and_call(pk);
}

void
park_queue_drain(struct park *pk, int64_t until_ms)
{
	pthread_mutex_lock(&pk->mu);
	pk->in.drain_ms = until_ms;
	unlock_and_call(pk);
}

void
park_queue_take(struct park *pk, struct arrivals *out)
{
	uint64_t n;

	(void)!read(pk->event, &n, sizeof(n));
	pthread_mutex_lock(&pk->mu);
	pk->announced = false;
	pk->queue_bytes -= pk->in.topics.bytes;
	*out = pk->in;
	pieces_move(&out->topics, &pk->in.topics);
	pk->in.parked = NULL;
	pk->in.ready = NULL;
	pk->in.found = (struct looks){ .last = &pk->in.found.first };
	pk->in.missed_topic = pk->in.look_all = false;
	pthread_mutex_unlock(&pk->mu);
}

struct parked *
park_queue_pieces(struct park *pk, struct slot *s, struct pieces *out,
    bool *missed)
{
	struct parked *p = NULL;

	pieces_init(out);
	*missed = false;
	pthread_mutex_lock(&pk->mu);
	s->ready = false;
	/* Its slot may have been left, and be reserved anew. */
	if (s->state == SLOT_PARKED) {
		p = s->parked;
		*missed = s->missed;
		s->missed = false;
		pk->queue_bytes -= s->pieces.bytes;
		pieces_move(out, &s->pieces);
	}
	pthread_mutex_unlock(&pk->mu);
	return p;
}

int
park_queue_settle(struct park *pk, struct parked *p)
{
	struct slot *s;

	pthread_mutex_lock(&pk->mu);
	s = park_slot(pk, p->number);
	if (s == NULL) {
		pthread_mutex_unlock(&pk->mu);
		return -1;
	}
	s->state = SLOT_PARKED;
	s->parked = p;
	if (s->pieces.n > 0) {
		make_ready(pk, s);
		unlock_and_call(pk);
	} else {
		pthread_mutex_unlock(&pk->mu);
	}
	return 0;
}

void
park_queue_leave(struct park *pk, const struct parked *p)
{
	struct slot *s;

	pthread_mutex_lock(&pk->mu);
	s = park_slot(pk, p->number);
	if (s != NULL)
		park_slot_free(pk, s);
	pthread_mutex_unlock(&pk->mu);
}

void
park_queue_fini(struct park *pk)
{
	int64_t i;

	park_pieces_free(&pk->in.topics);
	for (i = 0; i < pk->max; i++)
		park_pieces_free(&pk->slots[i].pieces);
	pthread_mutex_destroy(&pk->mu);
}
