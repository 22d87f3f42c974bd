/*
 * doctor_redis: does Redis answer, is it what we need, is it filled with our
 * key, and what did others write to it?
 */
#include "cli/doctor.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/started.h"
#include "program/open.h"
#include "redis/damage.h"
#include "redis/store.h"

#define PING_SLOW_MS 20 /* a turn is six round trips */
#define PINGS 3
#define DAMAGE_SHOWN 20 /* one script can damage thousands */

/* The command that reaches our Redis, without a login. */
static const char *
redis_cli(struct doctor *d)
{
	const char *path = strstr(d->s->redis_url, ":///");

	if (strncmp(d->s->redis_url, "unix:///", 8) != 0 || path == NULL
	    || strpbrk(path, "%@' ") != NULL)
		return "redis-cli";
	path += strlen("://");
	return arena_printf(d->cli->mem, "redis-cli -s %.*s",
	    (int)strcspn(path, "?"), path);
}

static void
find_checks(struct doctor *d)
{
	struct store_finding list[STORE_FINDINGS_MAX];
	int i, n = store_check(d->store, list);

	for (i = 0; i < n; i++)
		doctor_find(d, list[i].breaks ? DOCTOR_ERROR : DOCTOR_WARN,
		    "redis",
		    list[i].config == NULL
			? list[i].remedy
			: arena_printf(d->cli->mem,
			    "%s CONFIG SET %s, and the same line in its "
			    "configuration file",
			    redis_cli(d), list[i].config),
		    "%s", list[i].what);
	if (n == 0)
		doctor_find(d, DOCTOR_OK, "redis", NULL,
		    "version, persistence, memory and clock are right");
}

static bool
open_redis(struct doctor *d)
{
	const char *why = "";

	switch (open_store(d->s, &d->cli->ring, &d->cli->store, &why)) {
	case OPEN_OK:
		return true;
	case OPEN_NO_KEY:
		doctor_find(d, DOCTOR_ERROR, "keys", "correct encryption_key",
		    "%s", why);
		return false;
	case OPEN_NO_STORE:
		doctor_find(d, DOCTOR_ERROR, "redis",
		    "correct redis.url (REDIS_URL)", "redis.url: %s", why);
		return false;
	}
	return false;
}

static bool
reach(struct doctor *d)
{
	int ms = 0, best, i;

	if (store_ping(d->cli->store, &ms) != STORE_OK) {
		doctor_find(d, DOCTOR_ERROR, "redis",
		    arena_printf(d->cli->mem,
			"%s; or correct redis.url (REDIS_URL)",
			started_how(d->cli->mem, HOW_START_REDIS)),
		    "does not answer at redis.url");
		return false;
	}
	/* One may be late because this machine is busy. */
	for (best = ms, i = 1; i < PINGS && best > PING_SLOW_MS; i++)
		if (store_ping(d->cli->store, &ms) == STORE_OK && ms < best)
			best = ms;
	if (best > PING_SLOW_MS)
		doctor_find(d, DOCTOR_WARN, "redis",
		    arena_printf(d->cli->mem,
			"put it nearer, or look at its load (%s --latency)",
			redis_cli(d)),
		    "answers in %d ms: a turn needs six round trips", best);
	else
		doctor_find(d, DOCTOR_OK, "redis", NULL, "answers in %d ms",
		    best);
	return true;
}

void
doctor_redis(struct doctor *d)
{
	if (d->s == NULL || !open_redis(d) || !reach(d))
		return;
	d->store = d->cli->store;
	find_checks(d);
	switch (store_canary(d->store)) {
	case STORE_OK:
		doctor_find(d, DOCTOR_OK, "keys", NULL,
		    "the encryption key matches this Redis");
		break;
	case STORE_UNKNOWN_KEY:
		doctor_find(d, DOCTOR_ERROR, "keys",
		    "set the encryption_key that this Redis was filled with, "
		    "or use another Redis",
		    "this Redis was encrypted with another key");
		break;
	default:
		doctor_find(d, DOCTOR_ERROR, "keys",
		    "look at Redis's log: can it write?",
		    "the canary of our key cannot be read or written");
		break;
	}
}

static void
find_damage(struct doctor *d, const json_t *one)
{
	const char *key = json_member_str(one, "key");
	const char *what = json_member_str(one, "what");

	if (key == NULL || what == NULL)
		return;
	key = cli_clean(d->cli, key, true);
	if (strcmp(what, "mended") == 0)
		doctor_find(d, DOCTOR_WARN, "redis",
		    "find out who else writes to this Redis; its message is "
		    "in dragoman turns dead",
		    "%s was damaged and was mended", key);
	else if (strcmp(what, "set aside") == 0)
		doctor_find(d, DOCTOR_WARN, "redis",
		    arena_printf(d->cli->mem,
			"find out who else writes to this Redis, then: "
			"%s DEL '%s'",
			redis_cli(d), key),
		    "%s: a key of another type was in the way of a chat, and "
		    "was renamed",
		    key);
	else
		doctor_find(d, DOCTOR_ERROR, "redis",
		    arena_printf(d->cli->mem,
			"find out who else writes to this Redis, then: "
			"%s DEL '%s'; the workers make it anew",
			redis_cli(d), key),
		    "%s is damaged: it %s", key, what);
}

/* Keys that others wrote to. */
void
doctor_damage(struct doctor *d)
{
	json_t *list, *one;
	size_t i, n;

	if (d->store == NULL
	    || damage_find(d->store, d->cli->mem, &list) != STORE_OK)
		return; /* that Redis fails is found elsewhere */
	n = json_array_size(list);
	json_array_foreach(list, i, one)
		if (i < DAMAGE_SHOWN)
			find_damage(d, one);
	if (n > DAMAGE_SHOWN)
		doctor_find(d, DOCTOR_WARN, "redis", "fix these first",
		    "%zu more damaged keys are not shown", n - DAMAGE_SHOWN);
}
