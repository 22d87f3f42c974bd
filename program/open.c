#include "program/open.h"

#include "base/seal.h"
#include "redis/store.h"

enum open_rc
open_store(const struct settings *s, struct seal_ring **ring,
    struct store **store, const char **why)
{
	struct store_options o = { .url = s->redis_url,
		.prefix = s->redis_prefix,
		.timeout_ms = (int)s->redis_timeout_ms,
		.echo = s->sql_echo,
		.replicas = s->redis_durability, /* 0 or 1 */
		.wait_ms = (int)s->redis_wait_ms };

	*store = NULL;
	*why = "";
	*ring = seal_ring_new(&s->encryption_key, &s->master_password,
	    s->encryption_salt, why);
	if (*ring == NULL)
		return OPEN_NO_KEY;
	o.ring = *ring;
	*store = store_open(&o, why);
	return *store == NULL ? OPEN_NO_STORE : OPEN_OK;
}
