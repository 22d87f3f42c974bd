/*
 * schema_ref: what a $ref within a schema means: "#", "#/JSON/POINTER" or
 * "#ANCHOR".  Nothing is ever fetched.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/schema_priv.h"

#define INDEX_DIGITS 6 /* of an item in a schema */

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0'
					 : tolower((unsigned char)c) - 'a' + 10;
}

/* A part of a pointer, ${len} bytes, without its escapes: %2F, ~0, ~1. */
static const char *
part(struct arena *mem, const char *text, size_t len)
{
	char *out = arena_alloc(mem, len + 1);
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%' && i + 2 < len
		    && isxdigit((unsigned char)text[i + 1])
		    && isxdigit((unsigned char)text[i + 2])) {
			c = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
			i += 2;
		}
		if (n > 0 && out[n - 1] == '~' && (c == '0' || c == '1'))
			out[n - 1] = c == '0' ? '\x01' : '/';
		else
			out[n++] = c;
	}
	/* A "~" that was written as ~0 begins no escape. */
	for (i = 0; i < n; i++)
		if (out[i] == '\x01')
			out[i] = '~';
	return out;
}

static const json_t *
step(const json_t *in, const char *name)
{
	size_t len = strlen(name);

	if (json_is_object(in))
		return json_object_get(in, name);
	if (!json_is_array(in) || len == 0 || len > INDEX_DIGITS
	    || strspn(name, "0123456789") != len)
		return NULL;
	return json_array_get(in, (size_t)strtoul(name, NULL, 10));
}

static const json_t *
by_pointer(const json_t *root, const char *at, struct arena *mem)
{
	const json_t *found = root;
	size_t len;

	while (found != NULL && *at == '/') {
		at++;
		len = strcspn(at, "/");
		found = step(found, part(mem, at, len));
		at += len;
	}
	return found;
}

/* Depth: the document was read with JSON_DEPTH_MAX. */
static const json_t *
by_anchor(const json_t *in, const char *name)
{
	const char *own = json_member_str(in, "$anchor"), *key;
	const json_t *found = NULL;
	json_t *member;
	size_t i;

	if (own != NULL && strcmp(own, name) == 0)
		return in;
	json_object_foreach((json_t *)(uintptr_t)in, key, member) {
		if (strcmp(key, "enum") == 0 || strcmp(key, "const") == 0)
			continue;
		found = by_anchor(member, name);
		if (found != NULL)
			return found;
	}
	json_array_foreach(in, i, member) {
		found = by_anchor(member, name);
		if (found != NULL)
			return found;
	}
	return NULL;
}

const json_t *
mcp_schema_ref_find(const json_t *root, const char *ref, struct arena *mem)
{
	if (ref[0] != '#')
		return NULL;
	if (ref[1] == '\0' || ref[1] == '/')
		return by_pointer(root, ref + 1, mem);
	return by_anchor(root, part(mem, ref + 1, strlen(ref + 1)));
}
