/*
 * client_why: how an exchange ended, in words.
 *
 * They are logged, shown by /ready to everybody, and told to the model; and
 * they may be the server's own, which quotes the key that it refuses.
 */
#include "mcp/client_priv.h"

#include <stdarg.h>
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

const char *
mcp_client_hide(const struct mcp_client *c, struct arena *mem, const char *text)
{
	const char *path = strstr(c->url, "://");
	size_t i;

	for (i = 0; i < c->nheaders; i++)
		text = hide_secret(mem, text, credential(c->headers[i]));
	path = path == NULL ? NULL : strpbrk(path + 3, "/?");
	if (path != NULL && strlen(path) >= PATH_LEAST)
		text = hide_secret(mem, text, path);
	return text;
}

/* Is there anything to hide? */
static bool
has_secrets(const struct mcp_client *c)
{
	const char *path = strstr(c->url, "://");
	size_t i;

	for (i = 0; i < c->nheaders; i++)
		if (credential(c->headers[i]) != NULL)
			return true;
	path = path == NULL ? NULL : strpbrk(path + 3, "/?");
	return path != NULL && strlen(path) >= PATH_LEAST;
}

static json_t *hide_value(const struct mcp_client *c, struct arena *mem,
    json_t *value);

/* A new reference. */
static json_t *
hide_object(const struct mcp_client *c, struct arena *mem, json_t *object)
{
	json_t *out = json_object(), *value;
	const char *key;

	json_object_foreach(object, key, value)
		(void)json_object_set_new(out, mcp_client_hide(c, mem, key),
		    hide_value(c, mem, value));
	return out;
}

static json_t *
hide_array(const struct mcp_client *c, struct arena *mem, json_t *array)
{
	json_t *out = json_array(), *value;
	size_t i;

	json_array_foreach(array, i, value)
		(void)json_array_append_new(out, hide_value(c, mem, value));
	return out;
}

static json_t *
hide_value(const struct mcp_client *c, struct arena *mem, json_t *value)
{
	const char *text, *hidden;
	char number[32];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return hide_object(c, mem, value);
	case JSON_ARRAY:
		return hide_array(c, mem, value);
	case JSON_STRING:
		text = json_string_value(value);
		break;
	case JSON_INTEGER:
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
		text = number;
		break;
	default:
		return json_incref(value);
	}
	hidden = mcp_client_hide(c, mem, text);
	return hidden == text ? json_incref(value) : json_string(hidden);
}

json_t *
mcp_client_hide_json(const struct mcp_client *c, struct arena *mem, json_t *doc)
{
	return doc == NULL || !has_secrets(c)
	    ? doc
	    : json_keep(mem, hide_value(c, mem, doc));
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
