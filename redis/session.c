#include "redis/session.h"

#include <stdlib.h>
#include <string.h>

#include "redis/store_priv.h"

enum store_rc
session_read(struct store *st, const struct chat_name *const *chats, size_t n,
    struct session *out)
{
	struct batch b;
	redisReply **r;
	enum store_rc rc = STORE_DOWN;

	memset(out, 0, n * sizeof(*out));
	if (n == 0)
		return STORE_OK;
	r = calloc(n, sizeof(redisReply *));
	if (r == NULL)
		abort(); /* out of memory ends the worker */
	batch_init(&b, st);
	for (size_t i = 0; i < n; i++) {
		batch_command(&b, "HGET", 2);
		batch_chat_key(&b, chats[i], "chat");
		batch_str(&b, "state");
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	rc = STORE_OK;
	for (size_t i = 0; i < n; i++)
		if (r[i]->type == REDIS_REPLY_STRING)
			out[i].exists = session_state_parse(r[i]->str,
					    &out[i].state)
			    == 0;
		else if (!reply_is_wrong_type(r[i])
		    && reply_is_error(st, r[i], "session"))
			rc = STORE_DOWN;
out:
	replies_free(r, n);
	free(r);
	batch_fini(&b);
	return rc;
}
