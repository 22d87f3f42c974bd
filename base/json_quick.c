#include "base/json_quick.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#define DIGITS_MAX 18 /* of a number that fits 64 bits for certain */

struct quick {
	const char *at, *end;
	int depth;
	size_t values;
	struct buf text; /* of a string that has escapes */
};

static json_t *read_value(struct quick *q);

static void
skip_space(struct quick *q)
{
	while (q->at < q->end
	    && (*q->at == ' ' || *q->at == '\n' || *q->at == '\r'
		|| *q->at == '\t'))
		q->at++;
}

/* The next byte that is not white space is ${c}, and taken. */
static bool
take(struct quick *q, char c)
{
	skip_space(q);
	if (q->at == q->end || *q->at != c)
		return false;
	q->at++;
	return true;
}

/* \uXXXX at ${s}, of a character that stands alone; 0: it is not. */
static unsigned
hex4(const char *s, const char *end)
{
	static const char DIGITS[] = "0123456789abcdefABCDEF";
	unsigned c = 0;
	int i;

	if (end - s < 4)
		return 0;
	for (i = 0; i < 4; i++) {
		const char *digit = memchr(DIGITS, s[i], sizeof(DIGITS) - 1);
		unsigned n;

		if (digit == NULL)
			return 0;
		n = (unsigned)(digit - DIGITS);
		c = c << 4 | (n > 15 ? n - 6 : n);
	}
	return c >= 0xd800 && c < 0xe000 ? 0 : c;
}

static int
add_character(struct buf *out, unsigned c)
{
	char bytes[3];

	if (c < 0x80)
		return buf_add_char(out, (char)c);
	if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
		return buf_add(out, bytes, 2);
	}
	bytes[0] = (char)(0xe0 | c >> 12);
	bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
	bytes[2] = (char)(0x80 | (c & 0x3f));
	return buf_add(out, bytes, 3);
}

/* What the inside of a string means. */
static bool
unescape(const char *s, const char *end, struct buf *out)
{
	static const char CODES[] = "\"\\/bfnrt", MEANT[] = "\"\\/\b\f\n\r\t";
	const char *code, *from = s;
	unsigned c;

	buf_reset(out);
	while ((s = memchr(s, '\\', (size_t)(end - s))) != NULL) {
		if (buf_add(out, from, (size_t)(s - from)) == -1)
			return false;
		code = memchr(CODES, s[1], sizeof(CODES) - 1);
		if (code != NULL)
			c = (unsigned char)MEANT[code - CODES];
		else
			c = s[1] == 'u' ? hex4(s + 2, end) : 0;
		if (c == 0 || add_character(out, c) == -1)
			return false;
		s += code != NULL ? 2 : 6;
		from = s;
	}
	return buf_add(out, from, (size_t)(end - from)) == 0;
}

/* The text of a string whose first quote was taken; good until the next. */
static bool
take_text(struct quick *q, const char **text, size_t *len)
{
	const char *begin = q->at, *s = begin;
	bool escaped = false, ascii = true;

	s += text_plain(s, (size_t)(q->end - s));
	for (; s < q->end && *s != '"'; s++) {
		if ((unsigned char)*s < 0x20)
			return false;
		if ((unsigned char)*s >= 0x80)
			ascii = false;
		if (*s == '\\' && s + 1 < q->end) {
			escaped = true;
			s++;
			s += text_plain(s + 1, (size_t)(q->end - s - 1));
		}
	}
	if (s >= q->end)
		return false;
	q->at = s + 1;
	*text = begin;
	*len = (size_t)(s - begin);
	if (!ascii && !text_is_utf8(begin, *len))
		return false;
	if (escaped) {
		if (!unescape(begin, s, &q->text))
			return false;
		*text = buf_str(&q->text);
		*len = q->text.len;
	}
	return true;
}

static json_t *
read_string(struct quick *q)
{
	const char *text;
	size_t len;

	return take_text(q, &text, &len) ? json_stringn_nocheck(text, len)
					 : NULL;
}

static json_t *
read_integer(struct quick *q)
{
	const char *s = q->at, *digits;
	json_int_t n = 0;

	if (*s == '-')
		s++;
	for (digits = s; s < q->end && *s >= '0' && *s <= '9'; s++) {
		if (s - digits == DIGITS_MAX)
			return NULL;
		n = n * 10 + (*s - '0');
	}
	if (s == digits || (*digits == '0' && s > digits + 1))
		return NULL;
	if (s < q->end && (*s == '.' || *s == 'e' || *s == 'E'))
		return NULL;
	if (*q->at == '-')
		n = -n;
	q->at = s;
	return json_integer(n);
}

static json_t *
read_word(struct quick *q, const char *word, json_t *value)
{
	size_t len = strlen(word);

	if ((size_t)(q->end - q->at) < len || memcmp(q->at, word, len) != 0)
		return NULL;
	q->at += len;
	return value;
}

static bool
read_member(struct quick *q, json_t *object)
{
	char kept[64]; /* a key that had escapes; longer ones are rare */
	const char *key;
	size_t len, size = json_object_size(object);
	json_t *value;

	if (!take(q, '"') || !take_text(q, &key, &len))
		return false;
	if (key == buf_str(&q->text)) { /* where the value's may come */
		if (len > sizeof(kept))
			return false;
		key = memcpy(kept, key, len);
	}
	if (!take(q, ':'))
		return false;
	value = read_value(q);
	return value != NULL
	    && json_object_setn_new_nocheck(object, key, len, value) == 0
	    && json_object_size(object) > size; /* no key twice */
}

static bool
read_element(struct quick *q, json_t *array)
{
	json_t *value = read_value(q);

	return value != NULL && json_array_append_new(array, value) == 0;
}

static json_t *
read_all(struct quick *q, json_t *into, char close,
    bool (*read_one)(struct quick *q, json_t *into))
{
	bool more = into != NULL && q->depth < JSON_DEPTH_MAX;
	bool fine = more;

	q->at++;
	q->depth++;
	q->values++; /* it takes more than a number or a word */
	if (fine && take(q, close))
		more = false;
	while (fine && more) {
		fine = read_one(q, into);
		more = fine && take(q, ',');
		if (fine && !more)
			fine = take(q, close);
	}
	q->depth--;
	if (fine)
		return into;
	json_decref(into);
	return NULL;
}

static json_t *
read_value(struct quick *q)
{
	skip_space(q);
	if (q->at == q->end || ++q->values > JSON_VALUES_MAX)
		return NULL;
	switch (*q->at) {
	case '{':
		return read_all(q, json_object(), '}', read_member);
	case '[':
		return read_all(q, json_array(), ']', read_element);
	case '"':
		q->at++;
		return read_string(q);
	case 't':
		return read_word(q, "true", json_true());
	case 'f':
		return read_word(q, "false", json_false());
	case 'n':
		return read_word(q, "null", json_null());
	default:
		return read_integer(q);
	}
}

json_t *
json_quick(const char *bytes, size_t len)
{
	struct quick q = { .at = bytes,
		.end = bytes + len,
		.text = BUF_INIT(SIZE_MAX / 4) };
	json_t *doc = read_value(&q);

	skip_space(&q);
	if (q.at != q.end) {
		json_decref(doc);
		doc = NULL;
	}
	buf_fini(&q.text);
	return doc;
}
