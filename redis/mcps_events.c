/*
 * mcps_events: messages of a session's stream, and the events of its calls,
 * each a Redis stream of sealed texts whose ids are their numbers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "redis/mcps_priv.h"

#define NOUN "event"
#define EVENT "e"                  /* fields of an entry */
#define LAST "last"                /* "1": the call's answer */
#define SAID_ITEM MCPS_SAID_STREAM /* numbers are given in the script */

void
mcps_event_item(char out[RECORD_ITEM_MAX], const char *stream, int64_t n)
{
	(void)snprintf(out, RECORD_ITEM_MAX, "%s/%" PRId64, stream, n);
}

/* ---- of the session ------------------------------------------------------ */

enum store_rc
mcps_say(struct store *st, const char *id, const char *text, size_t len)
{
	const struct chat_name owner = mcps_owner(id);
	struct batch b;
	enum store_rc rc;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_MCPS_SAY, 2, 3);
	mcps_key(&b, id, NULL);
	mcps_key(&b, id, MCPS_SAID_STREAM);
	batch_sealed(&b, st, "", &owner, NOUN, SAID_ITEM, text, len);
	batch_int(&b, MCPS_SAID_MAX);
	batch_int(&b, MCPS_SAID_KEEP_MS);
	rc = store_run_code(st, &b, "mcps_say");
	batch_fini(&b);
	return rc;
}

int
mcps_open_said(struct store *st, const char *id, const char *piece, size_t len,
    struct arena *mem, struct mcps_event *out, int64_t *before)
{
	const struct chat_name owner = mcps_owner(id);
	char *end;
	size_t front;

	*out = (struct mcps_event){ .number = strtoll(piece, &end, 10) };
	if (end == piece || *end != ' ')
		return -1;
	*before = strtoll(end + 1, &end, 10);
	front = (size_t)(end - piece) + 1;
	if (*end != ' ' || front > len)
		return -1;
	return record_open(st, owner.text, NOUN, SAID_ITEM, piece + front,
		   len - front, mem, &out->text, &out->len)
		== STORE_OK
	    ? 0
	    : -1;
}

/* ---- entries ------------------------------------------------------------- */

static const redisReply *
field_of(const redisReply *entry, const char *name)
{
	const redisReply *fields = reply_at(entry, 1);
	size_t i;

	if (fields == NULL || fields->type != REDIS_REPLY_ARRAY)
		return NULL;
	for (i = 0; i + 1 < fields->elements; i += 2)
		if (strcmp(fields->element[i]->str, name) == 0)
			return fields->element[i + 1];
	return NULL;
}

/* The entries of ${r} into ${out}, those that open.  ${stream}: of a call; NULL:
 * of a session, whose texts are sealed without their number. */
static size_t
read_entries(struct store *st, const char *id, const char *stream,
    const redisReply *r, struct arena *mem, struct mcps_event **out)
{
	const struct chat_name owner = mcps_owner(id);
	char item[RECORD_ITEM_MAX] = SAID_ITEM;
	size_t i, n = 0;

	*out = arena_alloc(mem, (r->elements + 1) * sizeof(**out));
	for (i = 0; i < r->elements; i++) {
		const char *name = reply_str(r->element[i], 0);
		const redisReply *text = field_of(r->element[i], EVENT);
		struct mcps_event *e = &(*out)[n];

		if (name == NULL || text == NULL)
			continue;
		*e = (struct mcps_event){ .number = strtoll(name, NULL, 10),
			.last = field_of(r->element[i], LAST) != NULL };
		if (stream != NULL)
			mcps_event_item(item, stream, e->number);
		n += record_open(st, owner.text, NOUN, item, text->str,
			 text->len, mem, &e->text, &e->len)
		    == STORE_OK;
	}
	return n;
}

/* ---- all that a stream looks at ------------------------------------------ */

#define LOOK_COMMANDS 5

static void
batch_look(struct batch *b, const struct mcps_look *l)
{
	/* An emptied Redis gets it back; an ended one must not. */
	batch_command(b, "HSETNX", 3);
	mcps_key(b, l->id, NULL);
	batch_str(b, "stream");
	batch_str(b, l->address);
	batch_command(b, "HGETALL", 1);
	mcps_key(b, l->id, NULL);
	batch_command(b, "PEXPIRE", 3);
	mcps_key(b, l->id, NULL);
	batch_int(b, MCPS_KEEP_MS);
	batch_str(b, "NX");
	batch_command(b, "PEXPIRE", 3);
	mcps_key(b, l->id, NULL);
	batch_int(b, MCPS_KEEP_MS);
	batch_str(b, "GT");
	batch_command(b, "XRANGE", 3);
	mcps_key(b, l->id, MCPS_SAID_STREAM);
	batch_str(b, "-");
	batch_str(b, "+");
}

static void
add_subscription(struct store *st, struct mcps_look *l, const char *field,
    const redisReply *sealed, struct arena *mem)
{
	const struct chat_name owner = mcps_owner(l->id);
	struct mcps_subscription *s = &l->subscriptions[l->nsubscriptions];
	const char *text;
	char *uri;

	if (l->nsubscriptions == MCPS_SUBSCRIPTIONS_MAX
	    || sealed->type != REDIS_REPLY_STRING
	    || record_open(st, owner.text, "mcps", field, sealed->str,
		   sealed->len, mem, &text, NULL)
		!= STORE_OK)
		return;
	s->id = arena_strdup(mem, field + strlen("sub:"));
	s->since = strtoll(text, &uri, 10); /* "VERSION URI" */
	s->uri = *uri == ' ' ? uri + 1 : uri;
	l->nsubscriptions++;
}

static void
read_look(struct store *st, redisReply *const *r, struct mcps_look *l,
    struct arena *mem)
{
	const redisReply *all = r[1];
	const char *stream = record_text(all, "stream");
	size_t i;

	l->subscriptions = arena_alloc(mem,
	    MCPS_SUBSCRIPTIONS_MAX * sizeof(*l->subscriptions));
	if (all->type != REDIS_REPLY_ARRAY)
		return; /* others wrote there: as if it were empty */
	l->ended = record_text(all, "ended") != NULL;
	l->replaced = stream != NULL && strcmp(stream, l->address) != 0;
	for (i = 0; i + 1 < all->elements; i += 2)
		if (strncmp(all->element[i]->str, "sub:", 4) == 0)
			add_subscription(st, l, all->element[i]->str,
			    all->element[i + 1], mem);
	if (r[LOOK_COMMANDS - 1]->type == REDIS_REPLY_ARRAY)
		l->nsaid = read_entries(st, l->id, NULL, r[LOOK_COMMANDS - 1],
		    mem, &l->said);
}

enum store_rc
mcps_look(struct store *st, struct mcps_look *looks, size_t n,
    struct arena *mem)
{
	redisReply **r;
	struct batch b;
	enum store_rc rc = STORE_DOWN;
	size_t i;

	if (n == 0)
		return STORE_OK;
	r = calloc(n * LOOK_COMMANDS, sizeof(redisReply *));
	if (r == NULL)
		abort(); /* out of memory ends the worker */
	batch_init(&b, st);
	for (i = 0; i < n; i++)
		batch_look(&b, &looks[i]);
	if (store_run(st, &b, r) == 0) {
		rc = STORE_OK;
		for (i = 0; i < n; i++)
			read_look(st, &r[i * LOOK_COMMANDS], &looks[i], mem);
		replies_free(r, n * LOOK_COMMANDS);
	}
	free(r);
	batch_fini(&b);
	return rc;
}

/* ---- of a call ----------------------------------------------------------- */

static void
batch_keep(struct batch *b, const char *id, const char *stream, int64_t keep_ms)
{
	batch_command(b, "PEXPIRE", 2);
	mcps_key(b, id, stream);
	batch_int(b, keep_ms);
}

/* Its mark is the entry 0-1: events are N-1.  One that came first is as good. */
enum store_rc
mcps_call_begin(struct store *st, const char *id, const char *stream,
    int64_t keep_ms)
{
	struct batch b;
	redisReply *r[2] = { NULL };
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "XADD", 4);
	mcps_key(&b, id, stream);
	batch_str(&b, "0-1");
	batch_str(&b, "begin");
	batch_str(&b, "1");
	batch_keep(&b, id, stream, keep_ms);
	if (store_run(st, &b, r) == 0) {
		rc = r[0]->type != REDIS_REPLY_ERROR
			|| reply_begins(r[0], "ERR The ID")
		    ? STORE_OK
		    : STORE_DOWN;
		replies_free(r, 2);
	}
	batch_fini(&b);
	return rc;
}

enum store_rc
mcps_call_add(struct store *st, const char *id, const char *stream,
    const struct mcps_event *e, int keep, int64_t keep_ms)
{
	const struct chat_name owner = mcps_owner(id);
	char item[RECORD_ITEM_MAX], name[32];
	struct batch b;

	mcps_event_item(item, stream, e->number);
	(void)snprintf(name, sizeof(name), "%" PRId64 "-1", e->number);
	batch_init(&b, st);
	batch_command(&b, "XADD", e->last ? 8 : 6);
	mcps_key(&b, id, stream);
	batch_str(&b, "MAXLEN");
	batch_int(&b, keep + 1);
	batch_str(&b, name);
	batch_str(&b, EVENT);
	batch_sealed(&b, st, "", &owner, NOUN, item, e->text, e->len);
	if (e->last) {
		batch_str(&b, LAST);
		batch_str(&b, "1");
	}
	batch_keep(&b, id, stream, keep_ms);
	return mcps_run(st, &b, "mcps_event");
}

enum store_rc
mcps_call_read(struct store *st, const char *id, const char *stream,
    int64_t after, struct arena *mem, struct mcps_event **out, size_t *n)
{
	char from[32];
	struct batch b;
	redisReply *r[2] = { NULL };
	enum store_rc rc = STORE_DOWN;

	*n = 0;
	(void)snprintf(from, sizeof(from), "%" PRId64 "-1",
	    after < INT64_MAX ? after + 1 : after);
	batch_init(&b, st);
	batch_command(&b, "EXISTS", 1);
	mcps_key(&b, id, stream);
	batch_command(&b, "XRANGE", 3);
	mcps_key(&b, id, stream);
	batch_str(&b, from);
	batch_str(&b, "+");
	if (store_run(st, &b, r) == 0) {
		rc = STORE_NONE;
		if (r[0]->type == REDIS_REPLY_INTEGER && r[0]->integer == 1
		    && r[1]->type == REDIS_REPLY_ARRAY) {
			rc = STORE_OK;
			*n = read_entries(st, id, stream, r[1], mem, out);
		}
		replies_free(r, 2);
	}
	batch_fini(&b);
	return rc;
}
