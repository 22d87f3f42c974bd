#include "redis/store_priv.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"

#define NUMBER_MAX 15 /* digits: common.lua has it too */

/* The next word of a header into ${out}; what is behind it, NULL: too long. */
static const char *
word(const char *s, const char *end, char *out, size_t max)
{
	const char *stop = s;

	while (stop < end && *stop != ' ')
		stop++;
	if (stop == s || (size_t)(stop - s) >= max)
		return NULL;
	memcpy(out, s, (size_t)(stop - s));
	out[stop - s] = '\0';
	return stop < end ? stop + 1 : stop;
}

int
record_header_read(const char *entry, size_t len, struct record_header *out)
{
	size_t scan = len < RECORD_HEADER_MAX ? len : RECORD_HEADER_MAX;
	const char *end = memchr(entry, '\n', scan);
	const char *s = entry;
	char seq[24], time[24];

	if (end == NULL)
		return -1;
	s = word(s, end, out->id, sizeof(out->id));
	if (s != NULL)
		s = word(s, end, seq, sizeof(seq));
	if (s != NULL)
		s = word(s, end, time, sizeof(time));
	if (s != NULL)
		s = word(s, end, out->kind, sizeof(out->kind));
	if (s != NULL)
		s = word(s, end, out->address, sizeof(out->address));
	if (s != NULL)
		s = word(s, end, out->mac, sizeof(out->mac));
	if (s == NULL)
		return -1;
	if (strlen(seq) > NUMBER_MAX || strlen(time) > NUMBER_MAX)
		return -1;
	out->seq = strtoll(seq, NULL, 10);
	out->time_ms = strtoll(time, NULL, 10);
	out->len = (size_t)(end - entry) + 1;
	return 0;
}

enum store_rc
record_open(struct store *st, const char *chat, const char *noun,
    const char *item, const void *sealed, size_t len, struct arena *mem,
    const char **plain, size_t *plain_len)
{
	struct buf out = BUF_INIT(len + 1);
	enum store_rc rc = STORE_OK;
	size_t ignored;

	if (plain_len == NULL)
		plain_len = &ignored;
	*plain = NULL;
	*plain_len = 0;
	switch (seal_open(st->ring, chat, noun, item, sealed, len, &out)) {
	case SEAL_OK:
		*plain = arena_memdup(mem, buf_str(&out), out.len);
		*plain_len = out.len;
		break;
	case SEAL_UNKNOWN_KEY:
		log_event(LOG_ERROR, "sealing_key_unknown", F_STR("chat", chat),
		    F_STR("noun", noun),
		    F_STR("remedy",
			"add the key that encrypted it to "
			"encryption_key, as the last one"));
		rc = STORE_UNKNOWN_KEY;
		break;
	default:
		log_event(LOG_ERROR, "sealed_damaged", F_STR("chat", chat),
		    F_STR("noun", noun), F_STR("item", item),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		rc = STORE_NONE;
		break;
	}
	buf_wipe(&out);
	return rc;
}

void
record_journal_item(char out[RECORD_ITEM_MAX], const char *id, const char *step)
{
	(void)snprintf(out, RECORD_ITEM_MAX, "%s/%s", id, step);
}

char *
record_token_write(const struct session_token *t)
{
	json_t *doc = json_pack("{s:s, s:s*, s:I}", "parent", t->parent,
	    "derived", t->derived, "until", (json_int_t)t->derived_until_ms);
	char *text = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT);

	json_decref(doc);
	return text;
}

static void
token_read(struct arena *mem, const char *text, size_t len,
    struct session_token *out)
{
	json_t *doc = json_read(mem, text, len, NULL, NULL);
	json_int_t until = 0;

	if (doc == NULL
	    || json_unpack(doc, "{s:s, s?s, s?I}", "parent", &out->parent,
		   "derived", &out->derived, "until", &until)
		== -1)
		*out = (struct session_token){ 0 };
	else
		out->derived_until_ms = until;
}

/* Where the value of ${name} stands in NAME value ...; beyond all: nowhere. */
static size_t
index_of(const redisReply *r, const char *name)
{
	size_t i = 0;

	while (i + 1 < (r == NULL ? 0 : r->elements)) {
		const char *at = reply_str(r, i);

		if (at != NULL && strcmp(at, name) == 0)
			return i + 1;
		i += 2;
	}
	return SIZE_MAX;
}

const redisReply *
record_at(const redisReply *r, const char *name)
{
	return reply_at(r, index_of(r, name));
}

const char *
record_text(const redisReply *r, const char *name)
{
	return reply_str(r, index_of(r, name));
}

int64_t
record_int(const redisReply *r, const char *name)
{
	return reply_int(r, index_of(r, name));
}

enum store_rc
record_session(struct store *st, const struct chat_name *chat,
    const redisReply *r, struct arena *mem, struct session *out)
{
	const redisReply *state = reply_string(r, index_of(r, "state"));
	const redisReply *cred = reply_string(r, index_of(r, "cred"));
	const redisReply *tools = reply_string(r, index_of(r, "tools"));
	const char *plain;
	size_t len;
	enum store_rc rc = STORE_OK;

	out->exists = state != NULL
	    && session_state_parse(state->str, &out->state) == 0;
	out->tokens_in = record_int(r, "tin");
	out->tokens_out = record_int(r, "tout");
	out->turns = record_int(r, "turns");
	/* What is damaged is as if it were not there: the person pastes the
	 * token again.  An unknown key is the operator's to mend. */
	if (cred != NULL) {
		rc = record_open(st, chat->text, "session", "cred", cred->str,
		    cred->len, mem, &plain, &len);
		if (rc == STORE_UNKNOWN_KEY)
			return rc;
		if (rc == STORE_OK)
			token_read(mem, plain, len, &out->token);
	}
	if (tools != NULL) {
		rc = record_open(st, chat->text, "session", "tools", tools->str,
		    tools->len, mem, &plain, &len);
		if (rc == STORE_UNKNOWN_KEY)
			return rc;
		if (rc == STORE_OK)
			out->last_tools = plain;
	}
	return STORE_OK;
}
