/*
 * mcp_places: how many streams of this edge are open, in all, of each key and
 * of each address.  A client that opens them without end takes no one else's.
 */
#include <stdlib.h>

#include "handlers/mcp_stream.h"

struct mcp_places {
	pthread_mutex_t mu;
	int64_t all;
	json_t *keys,
	    *addresses; /* name -> how many; hashed with a random seed */
};

struct mcp_places *
mcp_places_new(void)
{
	struct mcp_places *pl = calloc(1, sizeof(*pl));

	if (pl == NULL)
		abort();
	pthread_mutex_init(&pl->mu, NULL);
	pl->keys = json_object();
	pl->addresses = json_object();
	return pl;
}

void
mcp_places_free(struct mcp_places *pl)
{
	if (pl == NULL)
		return;
	json_decref(pl->keys);
	json_decref(pl->addresses);
	pthread_mutex_destroy(&pl->mu);
	free(pl);
}

static int64_t
count_of(const json_t *names, const char *name)
{
	return json_integer_value(json_object_get(names, name));
}

static void
add(json_t *names, const char *name, int64_t n)
{
	n += count_of(names, name);
	if (n > 0)
		(void)json_object_set_new_nocheck(names, name, json_integer(n));
	else
		(void)json_object_del(names, name);
}

enum mcp_place
mcp_places_take(struct mcp_places *pl, const struct settings *s,
    const char *key, const char *from)
{
	enum mcp_place rc = PLACE_TAKEN;

	pthread_mutex_lock(&pl->mu);
	if (pl->all >= s->mcp_streams) {
		rc = PLACE_FULL;
	} else if (count_of(pl->keys, key) >= s->mcp_streams_per_key) {
		rc = PLACE_KEY;
	} else if (from[0] != '\0'
	    && count_of(pl->addresses, from) >= s->mcp_streams_per_address) {
		rc = PLACE_ADDRESS;
	} else {
		pl->all++;
		add(pl->keys, key, 1);
		if (from[0] != '\0')
			add(pl->addresses, from, 1);
	}
	pthread_mutex_unlock(&pl->mu);
	return rc;
}

void
mcp_places_leave(struct mcp_places *pl, const char *key, const char *from)
{
	pthread_mutex_lock(&pl->mu);
	pl->all--;
	add(pl->keys, key, -1);
	if (from[0] != '\0')
		add(pl->addresses, from, -1);
	pthread_mutex_unlock(&pl->mu);
}
