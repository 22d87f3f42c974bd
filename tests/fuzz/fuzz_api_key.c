/*
 * Keys as strangers show them, ranges and globs as operators write them: what
 * is taken is formed right and survives being written and read again.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/glob.h"
#include "base/secret.h"
#include "nouns/api_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
a_key(const char *text)
{
	struct secret none = { 0 };
	struct api_key_given given;
	size_t tenant;

	if (api_key_read(&given, text, &none) == -1)
		return;
	tenant = strlen(given.tenant);
	if (given.kind != API_KEY_STORED || tenant == 0
	    || strlen(text)
		!= strlen(API_KEY_PREFIX) + tenant + 1 + API_KEY_SECRET_LEN
	    || strpbrk(given.tenant, "{}:_ ") != NULL
	    || strlen(given.id) != API_KEY_ID_MAX - 1)
		abort();
}

static void
a_range(const char *text)
{
	struct net net, again;
	char written[NET_TEXT_MAX];
	const char *why;

	if (net_parse(&net, text, &why) == -1)
		return;
	net_text(&net, written);
	if (net_parse(&again, written, &why) == -1 || again.bits != net.bits
	    || memcmp(again.bytes, net.bytes, NET_BYTES) != 0
	    || !net_has(&net, net.bytes))
		abort();
}

/* ${text} is a pattern, a blank and a name. */
static void
a_glob(struct arena *mem, const char *text)
{
	size_t len = strcspn(text, " ");
	const char *pattern = arena_memdup(mem, text, len), *why;

	(void)glob_matches(pattern, text + len);
	if (glob_is_valid(pattern, &why) && strpbrk(pattern, "*?") == NULL
	    && (glob_matches(pattern, text) != (text[len] == '\0')
		|| !glob_matches(pattern, pattern)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	const char *text = arena_memdup(mem, bytes, len);
	struct api_key key = { 0 };

	if (sodium_init() == -1)
		abort();
	a_key(text);
	a_range(text);
	a_glob(mem, text);
	if (api_key_parse(mem, text, len, &key) == 0
	    && api_key_write(mem, &key) == NULL)
		abort();
	arena_free(mem);
	return 0;
}
