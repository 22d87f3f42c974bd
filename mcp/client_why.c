/*
 * client_why: how an exchange ended, in words.
 *
 * They are logged, shown by /ready to everybody, and told to the model; and
 * they may be the server's own, which quotes the key that it refuses.
 */
#include "mcp/client_priv.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hide.h"
#include "base/json.h"
#include "base/text.h"

/* Fewer bytes of a header's value are words that everybody uses. */
#define SECRET_LEAST 8
#define LEFT_OUT "\xe2\x80\xa6"

/* How many bytes at ${s} stand in ${value}. */
static size_t
run_in(const char *s, const char *value)
{
	size_t most = 0, n;

	for (; *value != '\0'; value++) {
		for (n = 0; s[n] != '\0' && s[n] == value[n]; n++)
			;
		if (n > most)
			most = n;
	}
	return most;
}

static bool
is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80; /* of a character */
}

static void
hide_headers(const struct mcp_client *c, char *why)
{
	const char *value;
	size_t i, k, n;

	for (i = 0; why[i] != '\0'; i++)
		for (k = 0; k < c->nheaders && !is_inside(why[i]); k++) {
			value = strchr(c->headers[k], ':');
			n = value == NULL
			    ? 0
			    : run_in(why + i,
				value + 1 + strspn(value + 1, " \t"));
			if (n < SECRET_LEAST)
				continue;
			while (is_inside(why[i + n]))
				n++;
			memmove(why + i + sizeof(LEFT_OUT) - 1, why + i + n,
			    strlen(why + i + n) + 1);
			memcpy(why + i, LEFT_OUT, sizeof(LEFT_OUT) - 1);
			i += sizeof(LEFT_OUT) - 2;
			break;
		}
}

/* The credential of the header ${line}; NULL: its name is none of one. */
static const char *
credential(const char *line)
{
	static const char *const NAMES[] = { "auth", "key", "token", "secret",
		"cookie", "password", "credential" };
	const char *end = strchr(line, ':'), *value, *at, *blank;
	size_t i;

	for (i = 0; end != NULL && i < NELEM(NAMES); i++) {
		at = strcasestr(line, NAMES[i]);
		if (at == NULL || at >= end)
			continue;
		value = end + 1 + strspn(end + 1, " \t");
		blank = strchr(value, ' '); /* "Bearer KEY" */
		return blank == NULL ? value : blank + strspn(blank, " ");
	}
	return NULL;
}

/* Some addresses have their key in the path. */
#define PATH_LEAST 16

/* What of ${c} is to be hidden. */
struct secrets {
	const char **all;
	size_t n;
};

static struct secrets
secrets_of(const struct mcp_client *c, struct arena *mem)
{
	struct secrets s = { .all = arena_alloc(mem,
				 (c->nheaders + 1) * sizeof(*s.all)) };
	const char *path = strstr(c->url, "://"), *value;
	size_t i;

	for (i = 0; i < c->nheaders; i++) {
		value = credential(c->headers[i]);
		if (value != NULL)
			s.all[s.n++] = value;
	}
	path = path == NULL ? NULL : strpbrk(path + 3, "/?");
	if (path != NULL && strlen(path) >= PATH_LEAST)
		s.all[s.n++] = path;
	return s;
}

static const char *
hide(const struct secrets *s, struct arena *mem, const char *text)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		text = hide_secret(mem, text, s->all[i]);
	return text;
}

const char *
mcp_client_hide(const struct mcp_client *c, struct arena *mem, const char *text)
{
	struct secrets s = secrets_of(c, mem);

	return hide(&s, mem, text);
}

/* What stands in ${value}, a string or a number; NULL: nothing to look at. */
static const char *
text_of(const json_t *value, char number[32])
{
	if (json_is_string(value))
		return json_string_value(value);
	if (!json_is_integer(value))
		return NULL;
	(void)snprintf(number, 32, "%" JSON_INTEGER_FORMAT,
	    json_integer_value(value));
	return number;
}

/* Is there a secret in ${value}? */
static bool
shows(const struct secrets *s, struct arena *mem, const json_t *value)
{
	char number[32];
	const char *text = text_of(value, number), *key;
	json_t *member;
	size_t i;

	if (text != NULL)
		return hide(s, mem, text) != text;
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		if (hide(s, mem, key) != key || shows(s, mem, member))
			return true;
	}
	json_array_foreach(value, i, member) {
		if (shows(s, mem, member))
			return true;
	}
	return false;
}

/* A new reference. */
static json_t *
hidden(const struct secrets *s, struct arena *mem, json_t *value)
{
	char number[32];
	const char *text = text_of(value, number), *key;
	json_t *out, *member;
	size_t i;

	if (!shows(s, mem, value))
		return json_incref(value);
	if (text != NULL)
		return json_string(hide(s, mem, text));
	out = json_is_object(value) ? json_object() : json_array();
	json_object_foreach(value, key, member)
		(void)json_object_set_new(out, hide(s, mem, key),
		    hidden(s, mem, member));
	json_array_foreach(value, i, member)
		(void)json_array_append_new(out, hidden(s, mem, member));
	return out;
}

json_t *
mcp_client_hide_json(const struct mcp_client *c, struct arena *mem, json_t *doc)
{
	struct secrets s = secrets_of(c, mem);

	return doc == NULL || s.n == 0 ? doc
				       : json_keep(mem, hidden(&s, mem, doc));
}

enum mcp_rc
exchange_end(struct exchange *x, enum mcp_rc rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vformat(x->why, MCP_WHY_MAX, fmt, ap);
	va_end(ap);
	hide_headers(x->c, x->why);
	return rc;
}
