/*
 * stream: the pieces of a running turn, published to who waits for it.
 *
 * Only when the message asked for pieces.  Text is gathered and published at
 * most STREAM_PER_SECOND times a second.  Pieces may be lost; the reply is
 * what counts.
 */
#ifndef CHAT_STREAM_H
#define CHAT_STREAM_H

#include "base/base.h"
#include "base/buf.h"

#define STREAM_PER_SECOND 20
#define STREAM_TEXT_MAX (1 * MIB)
/* New beginnings within one holder's attempt: numbers of the next holder are
 * above all of the one before. */
#define STREAM_RESTARTS_MAX 1000

struct job;
struct store;

struct stream {
	struct store *store;
	const struct job *job;
	bool on;
	int attempt;     /* grows with each new beginning of the text */
	size_t offset;   /* code points of this attempt published */
	bool shown;      /* some text of this attempt was published */
	struct buf text; /* gathered, not yet published */
	int64_t last_us;
};

void stream_begin(struct stream *st, struct store *store,
    const struct job *job);
void stream_status(struct stream *st, const char *status);
/* A model is asked now: HOST/MODEL. */
void stream_model(struct stream *st, const char *name);
void stream_tool(struct stream *st, const char *name, const char *state);
void stream_text(struct stream *st, const char *piece, size_t len);
void stream_flush(struct stream *st);
/* The text begins anew; says so if any was shown. */
void stream_restart(struct stream *st);
void stream_end(struct stream *st);

#endif
