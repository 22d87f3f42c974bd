/*
 * store_check: what Redis must be for our promises, looked at.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "redis/store_priv.h"

#define CLOCK_SKEW_MS 2000 /* leases are Redis's own time; logs are not */
#define VERSION_MIN 7      /* the scripts are written for it */

bool
store_info(const char *info, const char *name, char *out, size_t max)
{
	size_t len = strlen(name);

	for (const char *s = info; s != NULL; s = strchr(s, '\n')) {
		if (*s == '\n')
			s++;
		if (strncmp(s, name, len) == 0 && s[len] == ':') {
			(void)snprintf(out, max, "%.*s",
			    (int)strcspn(s + len + 1, "\r\n"), s + len + 1);
			return true;
		}
	}
	if (max > 0)
		out[0] = '\0';
	return false;
}

bool
store_memory_is_full(const char *info)
{
	char text[32];
	double max, used;

	if (!store_info(info, "maxmemory", text, sizeof(text)))
		return false;
	max = strtod(text, NULL);
	(void)store_info(info, "used_memory", text, sizeof(text));
	used = strtod(text, NULL);
	return max > 0 && used > STORE_MEMORY_FULL * max;
}

/* What is found of Redis, and what to do about it. */
enum check {
	CHECK_VERSION,
	CHECK_AOF,
	CHECK_AOF_FAILS,
	CHECK_EVICTION,
	CHECK_MEMORY,
	CHECK_PRIMARY,
	CHECK_REPLICA,
	CHECK_MIN_REPLICAS,
	CHECK_CLOCK,
	CHECKS_N,
};
static const struct store_finding FINDINGS[] = {
	[CHECK_VERSION] = { .breaks = true,
	    .what = "Redis is older than version 7, which the scripts need",
	    .remedy = "install Redis 7 or a newer one" },
	[CHECK_AOF] = { .what = "appendonly is off: a crash of Redis loses "
				"messages",
	    .config = "appendonly yes" },
	[CHECK_AOF_FAILS] = { .breaks = true,
	    .what = "Redis cannot write its append-only file: it takes no "
		    "messages",
	    .remedy = "look at Redis's log, and at the space on its disk" },
	[CHECK_EVICTION] = { .breaks = true,
	    .what = "maxmemory-policy is not noeviction: Redis may throw "
		    "chats away",
	    .config = "maxmemory-policy noeviction" },
	[CHECK_MEMORY] = { .what = "Redis uses more than 80 % of maxmemory: "
				   "new messages are refused",
	    .remedy = "raise maxmemory of Redis" },
	[CHECK_PRIMARY] = { .breaks = true,
	    .what = "this Redis is a replica, which takes no messages",
	    .remedy = "set redis.url (REDIS_URL) to the primary" },
	[CHECK_REPLICA] = { .breaks = true,
	    .what = "redis.durability is replica, but no replica is "
		    "connected: every message is refused",
	    .remedy = "start the replica and look at its log, or set "
		      "redis.durability (REDIS_DURABILITY) to aof" },
	[CHECK_MIN_REPLICAS] = { .what = "redis.durability is replica, but "
					 "min-replicas-to-write is not set: "
					 "Redis stores what no replica gets",
	    .config = "min-replicas-to-write 1" },
	[CHECK_CLOCK] = { .what = "the clocks of Redis and of this host "
				  "differ by more than 2 s",
	    .remedy = "run an NTP client on both" },
};
static_assert(NELEM(FINDINGS) == CHECKS_N && CHECKS_N == STORE_FINDINGS_MAX,
    "a finding for each check");

static bool
is_older(const char *info)
{
	char v[64];

	(void)store_info(info, "redis_version", v, sizeof(v));
	return strtol(v, NULL, 10) < VERSION_MIN;
}

/* Is ${name} in ${info} there and ${value}? */
static bool
is_value(const char *info, const char *name, const char *value)
{
	char v[64];

	return store_info(info, name, v, sizeof(v)) && strcmp(v, value) == 0;
}

static bool
is_other(const char *info, const char *name, const char *value)
{
	char v[64];

	return store_info(info, name, v, sizeof(v)) && v[0] != '\0'
	    && strcmp(v, value) != 0;
}

static void
check_info(struct store *st, const char *info, bool found[CHECKS_N])
{
	char v[64];

	found[CHECK_VERSION] = is_older(info);
	found[CHECK_AOF] = !is_value(info, "aof_enabled", "1");
	found[CHECK_AOF_FAILS] = is_other(info, "aof_last_write_status", "ok");
	found[CHECK_EVICTION] = is_other(info, "maxmemory_policy",
	    "noeviction");
	found[CHECK_MEMORY] = store_memory_is_full(info);
	found[CHECK_PRIMARY] = is_value(info, "role", "slave");
	if (st->replicas == 0)
		return;
	(void)store_info(info, "connected_slaves", v, sizeof(v));
	found[CHECK_REPLICA] = strtol(v, NULL, 10) < st->replicas;
	found[CHECK_MIN_REPLICAS] = !store_info(info, "min_slaves_good_slaves",
	    v, sizeof(v));
}

int
store_check(struct store *st, struct store_finding out[STORE_FINDINGS_MAX])
{
	bool found[CHECKS_N] = { false };
	struct batch b;
	redisReply *r[2];
	int n = -1;

	batch_init(&b, st);
	batch_command(&b, "INFO", 0);
	batch_command(&b, "TIME", 0);
	if (store_run(st, &b, r) == 0 && !reply_is_error(st, r[0], "info")
	    && r[0]->type == REDIS_REPLY_STRING
	    && !reply_is_error(st, r[1], "time")) {
		int64_t skew = reply_int(r[1], 0) * 1000
		    + reply_int(r[1], 1) / 1000 - clock_wall_ms();

		check_info(st, r[0]->str, found);
		found[CHECK_CLOCK] = skew > CLOCK_SKEW_MS
		    || skew < -CLOCK_SKEW_MS;
		n = 0;
		for (size_t i = 0; i < CHECKS_N; i++)
			if (found[i])
				out[n++] = FINDINGS[i];
	}
	replies_free(r, 2);
	batch_fini(&b);
	return n;
}
