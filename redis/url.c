/*
 * url: the address of Redis as the one place to which links lead.
 */
#include <string.h>

#include "nouns/redis_url.h"
#include "redis/store_priv.h"

static const struct link_place *
find_one(struct store *st, int slot)
{
	(void)slot;
	return &st->url.place;
}

const struct link_finder LINK_ONE_ADDRESS = { "one address", find_one };

int
store_url_parse(const char *text, struct store_url *url, const char **why)
{
	struct redis_url at;

	*url = (struct store_url){ 0 };
	if (redis_url_parse(text, &at, why) == -1)
		return -1;
	*url = (struct store_url){ .place = { .transport = at.path != NULL
					   ? &LINK_UNIX
					   : &LINK_TCP,
				       .path = at.path,
				       .host = at.host,
				       .port = at.port },
		.user = at.user,
		.password = at.password,
		.db = at.db };
	return 0;
}

void
store_url_free(struct store_url *url)
{
	struct redis_url at = { .path = url->place.path,
		.host = url->place.host,
		.user = url->user,
		.password = url->password };

	redis_url_free(&at);
	*url = (struct store_url){ 0 };
}
