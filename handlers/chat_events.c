/*
 * chat_events: from published pieces to the events of one stream.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/sse.h"
#include "base/text.h"
#include "handlers/chat_priv.h"

/* FNV-1a: no secret and no enemy, only "is this what I have sent?" */
#define HASH_START UINT64_C(14695981039346656037)
#define HASH_PRIME UINT64_C(1099511628211)

static uint64_t
hash_add(uint64_t hash, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)s[i]) * HASH_PRIME;
	return hash;
}

static void
begin_text(struct chat_events *ev)
{
	ev->chars = ev->bytes = 0;
	ev->hash = HASH_START;
	ev->gap = false;
}

void
chat_events_init(struct chat_events *ev)
{
	*ev = (struct chat_events){ .attempt = 1 };
	begin_text(ev);
}

static int
add(struct chat_events *ev, const char *type, const char *data, size_t len,
    struct buf *out)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, ++ev->id);
	return sse_add(out, id, type, data, len);
}

/* Takes over ${data}: its bytes, or that it was too long. */
static int
add_buf(struct chat_events *ev, const char *type, struct buf *data, int rc,
    struct buf *out)
{
	if (rc == 0)
		rc = add(ev, type, buf_str(data), data->len, out);
	buf_fini(data);
	return rc;
}

/* Append ,"name":"value" */
static int
member(struct buf *b, const char *name, const char *value)
{
	if (buf_printf(b, ",\"%s\":", name) == -1)
		return -1;
	return json_add_str(b, value, strlen(value));
}

int
chat_events_begin(struct chat_events *ev, const char *message_id,
    const char *url, struct buf *out)
{
	struct buf data = BUF_INIT(CHAT_ANSWER_MAX);
	int rc = buf_add_str(&data, "{\"status\":\"accepted\"");

	if (rc == 0 && message_id != NULL)
		rc = member(&data, "message_id", message_id);
	if (rc == 0 && url != NULL)
		rc = member(&data, "url", url);
	if (rc == 0)
		rc = buf_add_char(&data, '}');
	return add_buf(ev, "status", &data, rc, out);
}

int
chat_events_status(struct chat_events *ev, const char *status, struct buf *out)
{
	char data[64];
	int len = snprintf(data, sizeof(data), "{\"status\":\"%s\"}", status);

	return add(ev, "status", data, (size_t)len, out);
}

int
chat_events_error(struct chat_events *ev, const char *detail,
    const char *message_id, const char *url, struct buf *out)
{
	struct buf data = BUF_INIT(CHAT_ANSWER_MAX);
	int rc = buf_add_str(&data, "{\"detail\":");

	if (rc == 0)
		rc = json_add_str(&data, detail, strlen(detail));
	if (rc == 0 && url != NULL) {
		rc = member(&data, "message_id", message_id);
		if (rc == 0)
			rc = member(&data, "url", url);
	}
	if (rc == 0)
		rc = buf_add_char(&data, '}');
	return add_buf(ev, "error", &data, rc, out);
}

/* The text begins anew; say so if the client has some of it. */
static int
restart(struct chat_events *ev, struct buf *out)
{
	char data[64];
	int len;

	begin_text(ev);
	len = snprintf(data, sizeof(data), "{\"attempt\":%" PRId64 "}",
	    ++ev->attempt);
	return add(ev, "restart", data, (size_t)len, out);
}

static int
delta(struct chat_events *ev, const char *text, size_t len, struct buf *out)
{
	struct buf data = BUF_INIT(CHAT_ANSWER_MAX);
	int rc = buf_printf(&data,
	    "{\"attempt\":%" PRId64 ",\"offset\":%zu,\"text\":", ev->attempt,
	    ev->chars);

	if (rc == 0)
		rc = json_add_str(&data, text, len);
	if (rc == 0)
		rc = buf_add_char(&data, '}');
	ev->hash = hash_add(ev->hash, text, len);
	ev->bytes += len;
	ev->chars += text_count(text, len);
	ev->told = true;
	return add_buf(ev, "delta", &data, rc, out);
}

static int
their_delta(struct chat_events *ev, const json_t *doc, struct buf *out)
{
	int64_t attempt = json_member_int(doc, "attempt", 0),
		offset = json_member_int(doc, "offset", -1);
	const char *text = json_member_str(doc, "text");
	int rc = 0;

	if (text == NULL || attempt < ev->their_attempt)
		return 0; /* of a worker that was given up */
	if (ev->their_attempt != 0 && attempt > ev->their_attempt)
		rc = restart(ev, out); /* whose own piece was lost */
	ev->their_attempt = attempt;
	if (rc == -1)
		return -1;
	if (ev->gap || offset != (int64_t)ev->chars) {
		ev->gap = true; /* the reply will make it whole */
		return 0;
	}
	return delta(ev, text, strlen(text), out);
}

int
chat_events_piece(struct chat_events *ev, struct arena *mem, const char *kind,
    const char *text, size_t len, struct buf *out)
{
	const json_t *doc;

	if (strcmp(kind, "status") == 0 || strcmp(kind, "tool") == 0
	    || strcmp(kind, "error") == 0)
		return add(ev, kind, text, len, out);
	doc = json_read(mem, text, len, NULL, NULL);
	if (doc == NULL)
		return 0;
	if (strcmp(kind, "delta") == 0)
		return their_delta(ev, doc, out);
	if (strcmp(kind, "restart") == 0) {
		int64_t attempt = json_member_int(doc, "attempt", 0);

		if (attempt > ev->their_attempt)
			ev->their_attempt = attempt;
		return restart(ev, out);
	}
	return 0; /* a newer worker's; the reply says it all */
}

int
chat_events_reply(struct chat_events *ev, const struct reply *r,
    struct buf *out)
{
	struct buf data = BUF_INIT(CHAT_ANSWER_MAX);
	size_t len = strlen(r->text);
	bool fits = !ev->gap && ev->bytes <= len
	    && hash_add(HASH_START, r->text, ev->bytes) == ev->hash;

	if (!fits) {
		if (restart(ev, out) == -1
		    || delta(ev, r->text, len, out) == -1)
			return -1;
	} else if (ev->bytes < len || !ev->told) {
		if (delta(ev, r->text + ev->bytes, len - ev->bytes, out) == -1)
			return -1;
	}
	return add_buf(ev, "reply", &data, chat_answer_add(&data, r), out);
}
