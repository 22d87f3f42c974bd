/*
 * sse: Server-Sent Events, read byte by byte and written.
 *
 * Reading: lines end in \n, \r\n or \r; several data lines join with \n;
 * comments and unknown fields are skipped; an event without its blank line at
 * the end of the stream is dropped, unless sse_reader_end takes it; a leading
 * byte order mark is skipped; an id or a type over 256 bytes is skipped.
 */
#ifndef BASE_SSE_H
#define BASE_SSE_H

#include "base/base.h"
#include "base/buf.h"

struct sse_event {
	const char *type; /* "message" unless the event names one */
	const char *data; /* NUL-terminated; "" when there is none */
	size_t len;
	const char *id; /* last id seen, "" if none */
};

struct sse_reader {
	struct buf line;
	struct buf data;
	struct buf type;
	struct buf id;
	int64_t retry_ms; /* -1 until the stream says one */
	bool has_data;
	bool after_cr;
	bool begun;
	bool glued; /* several fields may stand in the line */
	/*
	 * Set by the caller: the data of each event is one JSON document, from
	 * servers that do not keep to the form.  A data line after a whole
	 * object, beginning with { or [, is the next event (no JSON goes on
	 * so); so is a field in the same line behind it (}data: {), and a name
	 * that stands twice (data: data: {) is one; a line that begins with {
	 * is an event; so is "error: {...}", whose type is then "error".
	 */
	bool json;
};

/* ${event_max} bounds the data of one event. */
void sse_reader_init(struct sse_reader *r, size_t event_max);
void sse_reader_fini(struct sse_reader *r);

/*
 * Take ${len} bytes; ${on_event} is called for each event that is complete
 * and may stop the reading by returning non-zero, which is returned.
 * 0: all taken.  -1: an event passed its limit.
 */
int sse_reader_feed(struct sse_reader *r, const char *bytes, size_t len,
    int (*on_event)(void *ctx, const struct sse_event *ev),
    void *ctx) WARN_UNUSED;

/* No more comes: the last line and the last event, though their ends are
 * missing.  Answers as sse_reader_feed. */
int sse_reader_end(struct sse_reader *r,
    int (*on_event)(void *ctx, const struct sse_event *ev),
    void *ctx) WARN_UNUSED;

/* Append one event; ${id} and ${type} may be NULL. */
int sse_add(struct buf *out, const char *id, const char *type, const char *data,
    size_t len) WARN_UNUSED;

#endif
