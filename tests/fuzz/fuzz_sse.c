/*
 * fuzz_sse: a stream of events.  However the bytes are cut into pieces, the
 * same events come out; and what is written is read again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sse.h"

#define EVENT_MAX (4 * KIB)
#define SEEN_MAX (16 * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int
keep(void *ctx, const struct sse_event *ev)
{
	struct buf *seen = ctx;

	if (ev->type == NULL || ev->id == NULL || ev->len > EVENT_MAX
	    || ev->data[ev->len] != '\0')
		abort();
	(void)!buf_printf(seen, "%s|%zu|%s|", ev->type, ev->len, ev->id);
	(void)!buf_add(seen, ev->data, ev->len);
	return 0;
}

static int
read_all(const uint8_t *bytes, size_t len, size_t step, struct buf *seen)
{
	struct sse_reader r;
	size_t at, n;
	int rc = 0;

	sse_reader_init(&r, EVENT_MAX);
	for (at = 0; at < len && rc == 0; at += n) {
		n = len - at < step ? len - at : step;
		rc = sse_reader_feed(&r, (const char *)bytes + at, n, keep,
		    seen);
	}
	sse_reader_fini(&r);
	return rc;
}

/* One event, written and read. */
static void
write_and_read(const uint8_t *bytes, size_t len)
{
	struct buf out = BUF_INIT(SEEN_MAX), seen = BUF_INIT(SEEN_MAX);

	if (len > EVENT_MAX / 2 || memchr(bytes, '\r', len) != NULL
	    || memchr(bytes, '\0', len) != NULL)
		return;
	if (sse_add(&out, "7", "kind", (const char *)bytes, len) == -1
	    || read_all((const uint8_t *)buf_str(&out), out.len, out.len, &seen)
		== -1)
		abort();
	if (seen.len < len
	    || memcmp(buf_str(&seen) + seen.len - len, bytes, len) != 0
	    || strncmp(buf_str(&seen), "kind|", 5) != 0)
		abort();
	buf_fini(&out);
	buf_fini(&seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf whole = BUF_INIT(SEEN_MAX), single = BUF_INIT(SEEN_MAX);

	if (len == 0)
		return 0;
	if (read_all(bytes, len, len, &whole)
		!= read_all(bytes, len, 1, &single)
	    || whole.len != single.len
	    || memcmp(buf_str(&whole), buf_str(&single), whole.len) != 0)
		abort();
	buf_fini(&whole);
	buf_fini(&single);
	write_and_read(bytes, len);
	return 0;
}
