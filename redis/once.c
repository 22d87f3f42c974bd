#include "redis/once.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "redis/process.h"
#include "redis/tenant_priv.h"

#define NOUN "once"
#define ASKED_LEN (SEAL_DIGEST_MAX - 1)

/* What lua/once.lua answers. */
enum { STATE, DOC };
enum { BEGUN, RUNS, ENDED, LOST, BROKEN };

void
once_token(char out[ONCE_TOKEN_MAX])
{
	unsigned char random[(ONCE_TOKEN_MAX - 1) / 2];

	randombytes_buf(random, sizeof(random));
	text_hex(random, sizeof(random), out);
}

/* The record: what was asked for, and behind it what came of it. */
static void
batch_doc(struct batch *b, struct store *st, const struct once *o,
    const char *result, size_t len)
{
	struct chat_name owner = { .partition = 0 }; /* its text alone counts */
	struct buf doc = BUF_INIT(ONCE_RESULT_MAX + ASKED_LEN + 1);

	tenant_owner(o->tenant, owner.text);
	if (buf_add_str(&doc, o->asked) == -1
	    || (result != NULL
		&& (buf_add_char(&doc, '\n') == -1
		    || buf_add(&doc, result, len) == -1)))
		b->bad = true; /* callers' bounds are ours */
	batch_sealed(b, st, "", &owner, NOUN, o->id, buf_str(&doc), doc.len);
	buf_wipe(&doc);
}

/* What the record says of the one who asks now. */
static enum once_rc
read_doc(struct store *st, const struct once *o, const redisReply *doc,
    int64_t state, struct arena *mem, const char **result, size_t *len)
{
	char owner[TENANT_OWNER_MAX];
	const char *plain;
	size_t n;

	tenant_owner(o->tenant, owner);
	if (doc == NULL
	    || record_open(st, owner, NOUN, o->id, doc->str, doc->len, mem,
		   &plain, &n)
		!= STORE_OK)
		return ONCE_DOWN;
	if (n < ASKED_LEN || strlen(o->asked) != ASKED_LEN
	    || memcmp(plain, o->asked, ASKED_LEN) != 0)
		return ONCE_OTHER;
	if (state != ENDED)
		return state == RUNS ? ONCE_RUNS : ONCE_LOST;
	if (n == ASKED_LEN)
		return ONCE_LARGE;
	*result = plain + ASKED_LEN + 1;
	*len = n - ASKED_LEN - 1;
	return ONCE_DONE;
}

enum once_rc
once_begin(struct store *st, const struct once *o, struct arena *mem,
    const char **result, size_t *len)
{
	struct batch b;
	redisReply *r = NULL;
	enum once_rc rc = ONCE_DOWN;
	int64_t state;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_ONCE, 1, 5);
	tenant_key(&b, o->tenant, "once", o->id, NULL);
	batch_doc(&b, st, o, NULL, 0);
	batch_str(&b, o->token);
	batch_int(&b, o->run_ms);
	batch_int(&b, o->keep_ms);
	batch_str(&b, o->address == NULL ? "" : o->address);
	if (store_run(st, &b, &r) == -1 || reply_is_error(st, r, "once")
	    || reply_at(r, STATE) == NULL)
		goto out;
	state = reply_int(r, STATE);
	if (state == BEGUN)
		rc = ONCE_BEGUN;
	else if (state != BROKEN)
		rc = read_doc(st, o, reply_string(r, DOC), state, mem, result,
		    len);
	else
		log_event(LOG_ERROR, "once_damaged", F_STR("record", o->id),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
out:
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

/* "PROCESS.NUMBER PROCESS.NUMBER ": who is not there any more hears nothing. */
static void
wake(struct store *st, const struct once *o, const char *waiting)
{
	struct chat_name owner = { .partition = 0 };
	char address[64];
	size_t n;

	tenant_owner(o->tenant, owner.text);
	for (; *waiting != '\0'; waiting += n + (waiting[n] == ' ')) {
		n = strcspn(waiting, " ");
		if (n == 0 || n >= sizeof(address))
			continue;
		memcpy(address, waiting, n);
		address[n] = '\0';
		(void)!process_publish(st, &owner, o->id, address, ONCE_KIND,
		    "{}", 2);
	}
}

static void
end(struct store *st, const struct once *o, bool kept, const char *result,
    size_t len)
{
	struct batch b;
	redisReply *r = NULL;
	const char *waiting;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_ONCE_END, 1, 3);
	tenant_key(&b, o->tenant, "once", o->id, NULL);
	batch_str(&b, o->token);
	if (kept)
		batch_doc(&b, st, o, result, len);
	else
		batch_str(&b, "");
	batch_int(&b, o->keep_ms);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "once_end")
	    && reply_int(r, 0) == STORE_OK) {
		waiting = reply_str(r, 1);
		wake(st, o, waiting == NULL ? "" : waiting);
	}
	freeReplyObject(r);
	batch_fini(&b);
}

void
once_end(struct store *st, const struct once *o, const char *result, size_t len)
{
	end(st, o, true, len > ONCE_RESULT_MAX ? NULL : result, len);
}

void
once_forget(struct store *st, const struct once *o)
{
	end(st, o, false, NULL, 0);
}

int
once_look(struct store *st, const char *tenant, const char *const *ids,
    size_t n, bool *runs)
{
	redisReply **r = calloc(n + 1, sizeof(redisReply *));
	struct batch b;
	size_t i;
	int rc = -1;

	if (r == NULL)
		abort(); /* out of memory ends the worker */
	batch_init(&b, st);
	for (i = 0; i < n; i++) {
		batch_command(&b, "HEXISTS", 2);
		tenant_key(&b, tenant, "once", ids[i], NULL);
		batch_str(&b, "token");
	}
	if (n == 0 || store_run(st, &b, r) == 0) {
		for (i = 0; i < n; i++)
			runs[i] = r[i] != NULL
			    && r[i]->type == REDIS_REPLY_INTEGER
			    && r[i]->integer == 1;
		replies_free(r, n);
		rc = 0;
	}
	free(r);
	batch_fini(&b);
	return rc;
}
