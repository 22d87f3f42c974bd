#include "base/hide.h"

#include <string.h>

#include "base/arena.h"

#define LEFT_OUT "\xe2\x80\xa6"

_Static_assert(sizeof(LEFT_OUT) - 1 <= HIDE_LEAST, "the text does not grow");

const char *
hide_secret(struct arena *mem, const char *text, const char *secret)
{
	size_t len = secret == NULL ? 0 : strlen(secret), n = 0;
	const char *at = len < HIDE_LEAST ? NULL : strstr(text, secret);
	char *out;

	if (at == NULL)
		return text;
	out = arena_alloc(mem, strlen(text) + 1);
	for (; at != NULL; at = strstr(text, secret)) {
		memcpy(out + n, text, (size_t)(at - text));
		n += (size_t)(at - text);
		memcpy(out + n, LEFT_OUT, sizeof(LEFT_OUT) - 1);
		n += sizeof(LEFT_OUT) - 1;
		text = at + len;
	}
	memcpy(out + n, text, strlen(text) + 1);
	return out;
}
