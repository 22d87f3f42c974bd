#include "redis/session.h"

#include "redis/store_priv.h"

enum store_rc
session_read(struct store *st, const struct chat_name *chat,
    struct session *out)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*out = (struct session){ 0 };
	batch_init(&b, st);
	batch_command(&b, "HGET", 2);
	batch_chat_key(&b, chat, "chat");
	batch_str(&b, "state");
	if (store_run(st, &b, &r) == -1)
		goto out;
	if (r->type == REDIS_REPLY_STRING)
		out->exists = session_state_parse(r->str, &out->state) == 0;
	if (reply_is_wrong_type(r) || !reply_is_error(st, r, "session"))
		rc = STORE_OK;
out:
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}
