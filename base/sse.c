#include "base/sse.h"

#include <string.h>

#include "base/text.h"

#define LINE_MAX_BYTES (1 * MIB) /* of a field that is not data */
#define NAME_MAX_BYTES 256 /* of an id or a type; a longer one is not there */

void
sse_reader_init(struct sse_reader *r, size_t event_max)
{
	*r = (struct sse_reader){ .retry_ms = -1 };
	buf_init(&r->line,
	    event_max > LINE_MAX_BYTES ? event_max : LINE_MAX_BYTES);
	buf_init(&r->data, event_max);
	buf_init(&r->type, NAME_MAX_BYTES);
	buf_init(&r->id, NAME_MAX_BYTES);
}

void
sse_reader_fini(struct sse_reader *r)
{
	buf_fini(&r->line);
	buf_fini(&r->data);
	buf_fini(&r->type);
	buf_fini(&r->id);
}

static int
dispatch(struct sse_reader *r,
    int (*on_event)(void *ctx, const struct sse_event *ev), void *ctx)
{
	struct sse_event ev;
	int rc = 0;

	if (r->has_data) {
		ev = (struct sse_event){ .type = r->type.len > 0
			    ? buf_str(&r->type)
			    : "message",
			.data = buf_str(&r->data),
			.len = r->data.len,
			.id = buf_str(&r->id) };
		rc = on_event(ctx, &ev);
	}
	buf_reset(&r->data);
	buf_reset(&r->type);
	r->has_data = false;
	return rc;
}

static bool
is_field(const char *line, size_t name_len, const char *name)
{
	return name_len == strlen(name) && memcmp(line, name, name_len) == 0;
}

static int
take_name(struct buf *name, const char *value, size_t len)
{
	if (len > name->max || memchr(value, '\0', len) != NULL)
		return 0;
	buf_reset(name);
	return buf_add(name, value, len);
}

static int
take_data(struct sse_reader *r, const char *value, size_t len)
{
	if (r->has_data && buf_add_char(&r->data, '\n') == -1)
		return -1;
	r->has_data = true;
	return buf_add(&r->data, value, len);
}

/* True if no JSON document has ${value} after what the data holds already. */
static bool
is_next_document(const struct sse_reader *r, const char *value, size_t len)
{
	return r->json && r->has_data && r->data.len > 0
	    && r->data.data[r->data.len - 1] == '}' && len > 0
	    && (value[0] == '{' || value[0] == '[');
}

/*
 * What some servers write in place of data, with r->json: bare lines of JSON,
 * and a field named error (ggml-org/llama.cpp#16104).  True if this line is one; then ${rc} is
 * that of its event.
 */
static bool
take_stray(struct sse_reader *r, const char *line, size_t len,
    int (*on_event)(void *ctx, const struct sse_event *ev), void *ctx, int *rc)
{
	static const char ERROR[] = "error:";
	bool is_error = len > sizeof(ERROR) - 1
	    && memcmp(line, ERROR, sizeof(ERROR) - 1) == 0;

	if (!r->json || (line[0] != '{' && !is_error))
		return false;
	*rc = dispatch(r, on_event, ctx);
	if (*rc != 0)
		return true;
	if (is_error) {
		line += sizeof(ERROR) - 1;
		len -= sizeof(ERROR) - 1;
	}
	*rc = (is_error ? take_name(&r->type, "error", 5) : 0) == -1
		|| take_data(r, line, len) == -1
	    ? -1
	    : dispatch(r, on_event, ctx);
	return true;
}

/* The length of the JSON object or array that ${s} begins with; ${len}: it
 * does not end in it. */
static size_t
document_len(const char *s, size_t len)
{
	bool in_string = false;
	int depth = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (in_string) {
			if (s[i] == '\\')
				i++;
			else
				in_string = s[i] != '"';
		} else if (s[i] == '"') {
			in_string = true;
		} else if (s[i] == '{' || s[i] == '[') {
			depth++;
		} else if ((s[i] == '}' || s[i] == ']') && --depth <= 0) {
			return i + 1;
		}
	}
	return len;
}

/* A document and the name of a field behind it, in the line at all? */
static bool
may_be_glued(const char *line, size_t len)
{
	const char *s = line, *end = line + len;

	while ((s = memchr(s, '}', (size_t)(end - s))) != NULL) {
		s++;
		if ((end - s >= 5 && memcmp(s, "data:", 5) == 0)
		    || (end - s >= 6 && memcmp(s, "event:", 6) == 0))
			return true;
	}
	return false;
}

/* How much of ${value} is data: all, unless a field follows a document
 * without an end of line. */
static size_t
until_glued(const struct sse_reader *r, const char *value, size_t len)
{
	size_t n;

	if (!r->glued || r->has_data || len == 0 || value[0] != '{')
		return len;
	n = document_len(value, len);
	return (len - n >= 5 && memcmp(value + n, "data:", 5) == 0)
		|| (len - n >= 6 && memcmp(value + n, "event:", 6) == 0)
	    ? n
	    : len;
}

/* ${value} behind the names of the field, which some write twice. */
static const char *
skip_names(const struct sse_reader *r, const char *value, const char *end)
{
	static const char NAME[] = "data:";
	const size_t n = sizeof(NAME) - 1;

	while (r->json && (size_t)(end - value) >= n
	    && memcmp(value, NAME, n) == 0) {
		value += n;
		if (value < end && *value == ' ')
			value++;
	}
	return value;
}

/* Data; ${left} bytes at the line's end are another line. */
static int
take_values(struct sse_reader *r, const char *value, const char *end,
    int (*on_event)(void *ctx, const struct sse_event *ev), void *ctx,
    size_t *left)
{
	size_t len, n;
	int rc = 0;

	value = skip_names(r, value, end);
	len = (size_t)(end - value);
	if (is_next_document(r, value, len))
		rc = dispatch(r, on_event, ctx);
	n = until_glued(r, value, len);
	if (rc == 0)
		rc = take_data(r, value, n);
	*left = len - n;
	return rc == 0 && n < len ? dispatch(r, on_event, ctx) : rc;
}

static int
take_field(struct sse_reader *r, const char *line, size_t len,
    int (*on_event)(void *ctx, const struct sse_event *ev), void *ctx,
    size_t *left)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len = colon == NULL ? len : (size_t)(colon - line);
	const char *value = colon == NULL ? line + len : colon + 1;
	size_t value_len;
	int64_t ms;
	int rc;

	*left = 0;
	if (take_stray(r, line, len, on_event, ctx, &rc))
		return rc;
	if (value < line + len && *value == ' ')
		value++;
	value_len = (size_t)(line + len - value);
	if (is_field(line, name_len, "data"))
		return take_values(r, value, line + len, on_event, ctx, left);
	if (is_field(line, name_len, "event"))
		return take_name(&r->type, value, value_len);
	if (is_field(line, name_len, "id"))
		return take_name(&r->id, value, value_len);
	if (is_field(line, name_len, "retry") && text_int(value, &ms) == 0
	    && ms >= 0)
		r->retry_ms = ms;
	return 0;
}

/* The line in r->line is whole. */
static int
take_line(struct sse_reader *r,
    int (*on_event)(void *ctx, const struct sse_event *ev), void *ctx)
{
	const char *line = buf_str(&r->line);
	size_t len = r->line.len, left;
	int rc = 0;

	if (!r->begun) {
		r->begun = true;
		if (len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
			line += 3;
			len -= 3;
		}
	}
	/* Once for the line: it may hold very many. */
	r->glued = r->json && may_be_glued(line, len);
	if (len == 0)
		rc = dispatch(r, on_event, ctx);
	for (; rc == 0 && len > 0 && line[0] != ':'; len = left) {
		rc = take_field(r, line, len, on_event, ctx, &left);
		line += len - left;
	}
	buf_reset(&r->line);
	return rc;
}

/* Where ${c} stands at ${from} or after; ${len}: nowhere. */
static size_t
find(const char *bytes, size_t from, size_t len, char c)
{
	const char *at = memchr(bytes + from, c, len - from);

	return at == NULL ? len : (size_t)(at - bytes);
}

int
sse_reader_feed(struct sse_reader *r, const char *bytes, size_t len,
    int (*on_event)(void *ctx, const struct sse_event *ev), void *ctx)
{
	size_t i = 0, end, cr = find(bytes, 0, len, '\r'),
	       lf = find(bytes, 0, len, '\n');
	int rc;

	while (i < len) {
		if (r->after_cr) {
			r->after_cr = false;
			if (bytes[i] == '\n') {
				i++;
				continue;
			}
		}
		/* Each byte is looked at once for either. */
		if (cr < i)
			cr = find(bytes, i, len, '\r');
		if (lf < i)
			lf = find(bytes, i, len, '\n');
		end = cr < lf ? cr : lf;
		if (buf_add(&r->line, bytes + i, end - i) == -1)
			return -1;
		if (end == len)
			return 0;
		r->after_cr = bytes[end] == '\r';
		i = end + 1;
		rc = take_line(r, on_event, ctx);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
sse_reader_end(struct sse_reader *r,
    int (*on_event)(void *ctx, const struct sse_event *ev), void *ctx)
{
	int rc = r->line.len > 0 ? take_line(r, on_event, ctx) : 0;

	return rc != 0 ? rc : dispatch(r, on_event, ctx);
}

int
sse_add(struct buf *out, const char *id, const char *type, const char *data,
    size_t len)
{
	const char *end;

	if (id != NULL && buf_printf(out, "id: %s\n", id) == -1)
		return -1;
	if (type != NULL && buf_printf(out, "event: %s\n", type) == -1)
		return -1;
	for (;;) {
		end = memchr(data, '\n', len);
		if (buf_add_str(out, "data: ") == -1
		    || buf_add(out, data,
			   end == NULL ? len : (size_t)(end - data))
			== -1
		    || buf_add_char(out, '\n') == -1)
			return -1;
		if (end == NULL)
			break;
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	return buf_add_char(out, '\n');
}
