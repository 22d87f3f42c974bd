#include "base/json.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_quick.h"
#include "base/json_repair.h"
#include "base/text.h"

#define NOT_COUNTED ((size_t)-1) /* true, false, null */

json_t *
json_share(json_t *doc)
{
	if (doc != NULL
	    && __atomic_load_n(&doc->refcount, __ATOMIC_RELAXED) != NOT_COUNTED)
		__atomic_add_fetch(&doc->refcount, 1, __ATOMIC_RELAXED);
	return doc;
}

void
json_unshare(json_t *doc)
{
	if (doc != NULL
	    && __atomic_load_n(&doc->refcount, __ATOMIC_RELAXED) != NOT_COUNTED
	    && __atomic_sub_fetch(&doc->refcount, 1, __ATOMIC_ACQ_REL) == 0)
		json_delete(doc);
}

static void
release(void *doc)
{
	json_unshare(doc);
}

json_t *
json_keep(struct arena *mem, json_t *doc)
{
	if (doc != NULL)
		arena_defer(mem, release, doc);
	return doc;
}

/*
 * Brackets and commas outside strings: jansson would go 2,048 deep, and makes
 * 240 bytes of each "{},".  NULL, or what is wrong, and where.
 */
static const char *
too_much(const char *s, size_t len, size_t *at)
{
	int depth = 0, values = 0;
	bool in_string = false;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = s[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX) {
				*at = i;
				return "nested too deeply";
			}
			values++;
		} else if (c == '}' || c == ']') {
			depth--;
		} else if (c == ',') {
			values++;
		}
		if (values > JSON_VALUES_MAX) {
			*at = i;
			return "too many values";
		}
	}
	return NULL;
}

/* As json_read.  ${helpless}: no repair makes a document of it. */
static json_t *
read_strict(struct arena *mem, const char *bytes, size_t len, const char **why,
    size_t *at, bool *helpless)
{
	json_error_t error;
	json_t *doc = json_quick(bytes, len);
	size_t place = 0;
	const char *refused;

	if (doc != NULL)
		return json_keep(mem, doc);
	refused = too_much(bytes, len, &place);
	*helpless = refused != NULL;
	if (refused != NULL) {
		if (why != NULL)
			*why = refused;
		if (at != NULL)
			*at = place;
		return NULL;
	}
	doc = json_loadb(bytes, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
	    &error);
	if (doc == NULL) {
		/* All up to its end is fine, and repairs add no end. */
		*helpless = json_error_code(&error)
		    == json_error_premature_end_of_input;
		if (why != NULL)
			/* It quotes, and may cut a character in two. */
			*why = text_clean(mem, error.text, strlen(error.text));
		if (at != NULL)
			*at = error.position < 0 ? 0 : (size_t)error.position;
		return NULL;
	}
	return json_keep(mem, doc);
}

json_t *
json_read(struct arena *mem, const char *bytes, size_t len, const char **why,
    size_t *at)
{
	bool helpless;

	return read_strict(mem, bytes, len, why, at, &helpless);
}

/* What read_strict did not read. */
static json_t *
read_repaired(struct arena *mem, const char *bytes, size_t len,
    bool keep_halves)
{
	struct buf repaired = BUF_INIT(SIZE_MAX / 4);
	json_t *doc = NULL;

	if (json_repair(&repaired, bytes, len, keep_halves) == 0)
		doc = json_loadb(buf_str(&repaired), repaired.len,
		    JSON_DECODE_ANY, NULL);
	buf_fini(&repaired);
	return json_keep(mem, doc);
}

json_t *
json_read_lenient(struct arena *mem, const char *bytes, size_t len)
{
	bool helpless = false;
	json_t *doc = read_strict(mem, bytes, len, NULL, NULL, &helpless);

	return doc != NULL || helpless ? doc
				       : read_repaired(mem, bytes, len, false);
}

json_t *
json_read_piece(struct arena *mem, const char *bytes, size_t len, bool *halves)
{
	bool helpless = false;
	json_t *doc = read_strict(mem, bytes, len, NULL, NULL, &helpless);

	if (doc != NULL || helpless)
		return doc;
	doc = read_repaired(mem, bytes, len, true);
	*halves |= doc != NULL;
	return doc;
}

static int
add_bytes(const char *bytes, size_t len, void *out)
{
	return buf_add(out, bytes, len);
}

char *
json_text(struct arena *mem, const json_t *doc)
{
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	char *out = NULL;

	if (doc != NULL && json_add(&b, doc) == 0)
		out = arena_memdup(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

int
json_add_str(struct buf *out, const char *s, size_t len)
{
	static const char HEX[] = "0123456789abcdef";
	size_t i = text_plain(s, len), from = 0;

	if (buf_add_char(out, '"') == -1)
		return -1;
	for (; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char esc[6] = { '\\', 'u', '0', '0', 0, 0 };
		size_t n = 6;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		if (buf_add(out, s + from, i - from) == -1)
			return -1;
		from = i + 1;
		if (c == '"' || c == '\\' || c == '\n' || c == '\t'
		    || c == '\r') {
			esc[1] = c == '\n' ? 'n'
			    : c == '\t'    ? 't'
			    : c == '\r'    ? 'r'
					   : (char)c;
			n = 2;
		} else {
			esc[4] = HEX[c >> 4];
			esc[5] = HEX[c & 15];
		}
		if (buf_add(out, esc, n) == -1)
			return -1;
		i += text_plain(s + from, len - from);
	}
	if (buf_add(out, s + from, len - from) == -1)
		return -1;
	return buf_add_char(out, '"');
}

static int
add_members(struct buf *out, const json_t *object)
{
	char before = '{';
	void *it;
	const char *key;

	for (it = json_object_iter((json_t *)(uintptr_t)object); it != NULL;
	     it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
		key = json_object_iter_key(it);
		if (buf_add_char(out, before) == -1
		    || json_add_str(out, key, strlen(key)) == -1
		    || buf_add_char(out, ':') == -1
		    || json_add(out, json_object_iter_value(it)) == -1)
			return -1;
		before = ',';
	}
	return before == '{' ? buf_add_str(out, "{}") : buf_add_char(out, '}');
}

static int
add_elements(struct buf *out, const json_t *array)
{
	size_t i, n = json_array_size(array);

	if (buf_add_char(out, '[') == -1)
		return -1;
	for (i = 0; i < n; i++)
		if ((i > 0 && buf_add_char(out, ',') == -1)
		    || json_add(out, json_array_get(array, i)) == -1)
			return -1;
	return buf_add_char(out, ']');
}

/* As few digits as read back to the same double: 19.99, not
 * 19.989999999999998. */
static int
add_real(struct buf *out, const json_t *doc)
{
	double value = json_real_value(doc), back;
	char text[32]; /* a sign, 17 digits, a point, an exponent */
	size_t digits;

	for (digits = DBL_DIG; digits < DBL_DECIMAL_DIG; digits++) {
		snprintf(text, sizeof(text), "%.*g", (int)digits, value);
		back = strtod(text, NULL);
		if (memcmp(&back, &value, sizeof(value)) == 0)
			break;
	}
	return json_dump_callback(doc, add_bytes, out,
	    JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
}

int
json_add(struct buf *out, const json_t *doc)
{
	switch (doc == NULL ? JSON_NULL : json_typeof(doc)) {
	case JSON_OBJECT:
		return add_members(out, doc);
	case JSON_ARRAY:
		return add_elements(out, doc);
	case JSON_STRING:
		return json_add_str(out, json_string_value(doc),
		    json_string_length(doc));
	case JSON_REAL:
		return add_real(out, doc);
	default:
		return json_dump_callback(doc, add_bytes, out,
		    JSON_COMPACT | JSON_ENCODE_ANY);
	}
}

const char *
json_member_str(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t
json_member_int(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(object, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool
json_member_bool(const json_t *object, const char *key, bool otherwise)
{
	const json_t *v = json_object_get(object, key);

	return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

size_t
json_name_at(const char *key, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (names[i][0] == key[0] && strcmp(names[i], key) == 0)
			return i;
	return n;
}

void
json_members(const json_t *object, const char *const *names, size_t n,
    const json_t **out)
{
	json_t *o = (json_t *)(uintptr_t)object;
	void *it;
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = NULL;
	for (it = json_object_iter(o); it != NULL;
	     it = json_object_iter_next(o, it)) {
		i = json_name_at(json_object_iter_key(it), names, n);
		if (i < n)
			out[i] = json_object_iter_value(it);
	}
}
