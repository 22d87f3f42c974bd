/*
 * doctor_prefix: processes and data of this installation under another
 * redis.prefix.  They would not see each other: messages wait for ever.
 */
#include "base/arena.h"
#include "base/json.h"
#include "cli/doctor.h"
#include "redis/prefix.h"

static const char *
shown(struct doctor *d, const char *prefix)
{
	return prefix[0] == '\0'
	    ? "no prefix"
	    : arena_printf(d->cli->mem, "the prefix \"%s\"",
		cli_clean(d->cli, prefix, true));
}

static void
find_other(struct doctor *d, const json_t *one)
{
	const char *other = json_member_str(one, "prefix");
	int64_t workers = json_member_int(one, "workers", 0);
	int64_t edges = json_member_int(one, "edges", 0);
	const char *here = shown(d, d->s->redis_prefix);

	if (other == NULL)
		return;
	if (workers + edges > 0)
		doctor_find(d, DOCTOR_ERROR, "redis",
		    "give redis.prefix (REDIS_PREFIX) the same value for all "
		    "processes and for this command, then restart them",
		    "%lld turn workers and %lld edges use %s, this "
		    "configuration has %s: they do not see each other",
		    (long long)workers, (long long)edges, shown(d, other),
		    here);
	else
		doctor_find(d, DOCTOR_WARN, "redis",
		    arena_printf(d->cli->mem,
			"to go on with it: set redis.prefix to \"%s\"; to "
			"bring it here: stop all workers, then dragoman "
			"prefix move \"%s\"",
			cli_clean(d->cli, other, true),
			cli_clean(d->cli, other, true)),
		    "data of this installation also lies under %s, which "
		    "nobody uses; this configuration has %s",
		    shown(d, other), here);
}

void
doctor_prefix(struct doctor *d)
{
	json_t *list, *one;
	size_t i;

	if (d->store == NULL
	    || prefix_find(d->store, d->cli->mem, &list) != STORE_OK)
		return; /* PUBSUB may be closed to us; Redis is looked at above
			 */
	json_array_foreach(list, i, one)
		find_other(d, one);
}
