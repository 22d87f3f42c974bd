#include "chat/stream.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "redis/due.h"
#include "redis/process.h"

static void
publish(struct stream *st, const char *kind, json_t *doc)
{
	const struct job *job = st->job;
	char *text;

	if (doc == NULL)
		return;
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	if (text == NULL)
		return;
	/* A lost piece is made good by the reply. */
	(void)!process_publish(st->store, &job->chat, job->id,
	    job->given->message.address, kind, text, strlen(text));
	free(text);
}

void
stream_begin(struct stream *st, struct store *store, const struct job *job)
{
	*st = (struct stream){ .store = store,
		.job = job,
		.on = job->given->message.stream
		    && job->given->message.address != NULL
		    && job->given->message.address[0] != '\0',
		.attempt = job->attempt * STREAM_RESTARTS_MAX,
		.text = BUF_INIT(STREAM_TEXT_MAX) };
	if (st->on && job->attempt > 1)
		publish(st, "restart",
		    json_pack("{s:i}", "attempt", st->attempt));
}

void
stream_status(struct stream *st, const char *status)
{
	if (st->on)
		publish(st, "status", json_pack("{s:s}", "status", status));
}

void
stream_model(struct stream *st, const char *name)
{
	if (st->on)
		publish(st, "status",
		    json_pack("{s:s, s:s}", "status", "asking", "model", name));
}

void
stream_tool(struct stream *st, const char *name, const char *state)
{
	if (st->on)
		publish(st, "tool",
		    json_pack("{s:s, s:s}", "name", name, "state", state));
}

void
stream_flush(struct stream *st)
{
	if (!st->on || st->text.len == 0)
		return;
	publish(st, "delta",
	    json_pack("{s:i, s:I, s:s%}", "attempt", st->attempt, "offset",
		(json_int_t)st->offset, "text", st->text.data, st->text.len));
	st->offset += text_count(st->text.data, st->text.len);
	st->shown = true;
	st->last_us = clock_boot_us();
	buf_reset(&st->text);
}

void
stream_text(struct stream *st, const char *piece, size_t len)
{
	if (!st->on)
		return;
	if (buf_add(&st->text, piece, len) == -1)
		return; /* longer than any reply; the reply says it all */
	if (clock_boot_us() - st->last_us >= 1000000 / STREAM_PER_SECOND)
		stream_flush(st);
}

void
stream_restart(struct stream *st)
{
	if (!st->on)
		return;
	buf_reset(&st->text);
	if (!st->shown)
		return;
	st->attempt++;
	st->offset = 0;
	publish(st, "restart", json_pack("{s:i}", "attempt", st->attempt));
	st->shown = false;
}

void
stream_end(struct stream *st)
{
	buf_fini(&st->text);
}
