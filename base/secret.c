#include "base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

void
secret_set(struct secret *s, const char *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	(void)sodium_mlock(copy, len + 1); /* where the limits allow it */
	secret_clear(s);
	s->bytes = copy;
	s->len = len;
}

void
secret_clear(struct secret *s)
{
	if (s->bytes != NULL) {
		sodium_munlock(s->bytes, s->len + 1); /* zeroes too */
		free(s->bytes);
	}
	*s = (struct secret){ 0 };
}

void
secret_wipe(struct secret *s)
{
	if (s->bytes != NULL)
		sodium_memzero(s->bytes, s->len);
	*s = (struct secret){ 0 };
}

bool
secret_is_set(const struct secret *s)
{
	return s->bytes != NULL && s->len > 0;
}

/* Compares digests, so that neither content nor length shows in the time. */
static bool
equals(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned char x[32], y[32];

	crypto_generichash(x, sizeof(x), (const unsigned char *)a, alen, NULL,
	    0);
	crypto_generichash(y, sizeof(y), (const unsigned char *)b, blen, NULL,
	    0);
	return sodium_memcmp(x, y, sizeof(x)) == 0;
}

bool
secret_equals(const struct secret *s, const char *text)
{
	return secret_is_set(s) && text != NULL
	    && equals(s->bytes, s->len, text, strlen(text));
}

bool
secret_list_has(const struct secret *s, const char *text)
{
	const char *at, *end;
	bool found = false;

	if (!secret_is_set(s) || text == NULL || text[0] == '\0')
		return false;
	for (at = s->bytes;; at = end + 1) {
		size_t n;

		end = strchrnul(at, ',');
		n = (size_t)(end - at);
		while (n > 0 && *at == ' ') {
			at++;
			n--;
		}
		while (n > 0 && at[n - 1] == ' ')
			n--;
		if (n > 0)
			found |= equals(at, n, text, strlen(text));
		if (*end == '\0')
			return found;
	}
}

void
secret_protect_process(void)
{
	struct rlimit none = { 0, 0 };

	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}
