/*
 * settings_keys: the keys that Redis's contents are encrypted with.
 */
#include <stdio.h>
#include <string.h>

#include "base/seal.h"
#include "nouns/settings_priv.h"

#define PASSWORD_MIN 12     /* below it, guessing is a matter of hours */
#define PASSWORD_DISTINCT 6 /* different bytes in it */
#define SALT_DEFAULT "mcp-slackbot-default-salt"

static bool
password_is_weak(const struct secret *password)
{
	static const char *const known[] = { "password", "changeme", "secret",
		"12345", "qwerty", "letmein", "admin", "default" };
	bool seen[256] = { false };
	size_t i, distinct = 0;

	if (password->len < PASSWORD_MIN)
		return true;
	for (i = 0; i < password->len; i++)
		if (!seen[(unsigned char)password->bytes[i]]) {
			seen[(unsigned char)password->bytes[i]] = true;
			distinct++;
		}
	if (distinct < PASSWORD_DISTINCT)
		return true;
	for (i = 0; i < NELEM(known); i++) {
		const char *at = strcasestr(password->bytes, known[i]);

		/* "Password123!": a known word and a few more bytes. */
		if (at != NULL && password->len < strlen(known[i]) + 8)
			return true;
	}
	return false;
}

/* Which of the list, how long it is, and how to make one: not its text. */
static void
wrong_key(struct findings *f, const struct settings *s, const char *why)
{
	const char *at = s->encryption_key.bytes, *end, *ignored;
	struct seal_ring *ring;
	struct secret one = { 0 };
	static const char NAME[] = "ENCRYPTION_KEY: ";
	char which[32] = "it";
	size_t len, n;

	for (n = 1;; n++, at = end + 1) {
		at += strspn(at, " ");
		end = strchrnul(at, ',');
		len = (size_t)(end - at);
		secret_set(&one, at, len);
		ring = seal_ring_new(&one, NULL, "", &ignored);
		seal_ring_free(ring);
		if (ring == NULL || *end == '\0')
			break;
	}
	secret_clear(&one);
	if (n > 1 || *end != '\0')
		snprintf(which, sizeof(which), "number %zu", n);
	if (strncmp(why, NAME, strlen(NAME)) == 0)
		why += strlen(NAME); /* the origin says it */
	settings_error(f, s, "encryption_key",
	    "%s; %s has %zu character%s, a key has 43 or 44%s. `openssl rand "
	    "-base64 32` prints a new one, `dragoman init` puts one into a "
	    "file",
	    why, which, len, len == 1 ? "" : "s",
	    len == 64 && strspn(at, "0123456789abcdefABCDEF") >= len
		? " (64 hexadecimal digits are no base64)"
		: "");
}

void
settings_keys(struct findings *f, const struct settings *s)
{
	struct seal_ring *ring;
	const char *why = "";

	if (secret_is_set(&s->encryption_key)) {
		ring = seal_ring_new(&s->encryption_key, NULL, "", &why);
		if (ring == NULL)
			wrong_key(f, s, why);
		seal_ring_free(ring);
		return;
	}
	if (!secret_is_set(&s->master_password)) {
		/* One that could not be read is not "not set". */
		if (!settings_are_certain(s, "encryption_key master_password"))
			return;
		settings_error(f, s, "encryption_key",
		    "is not set. `dragoman init` makes one in a file; or set "
		    "ENCRYPTION_KEY to what `openssl rand -base64 32` prints, "
		    "or MASTER_PASSWORD");
		return;
	}
	if (password_is_weak(&s->master_password))
		settings_warn(f, s, "master_password",
		    "is weak: use %d characters or more that nobody can "
		    "guess, or better an encryption_key",
		    PASSWORD_MIN);
	if (strcmp(s->encryption_salt, SALT_DEFAULT) == 0
	    && settings_are_certain(s, "encryption_salt"))
		settings_warn(f, s, "encryption_salt",
		    "is the default one, which is no secret: set your own "
		    "before the first message");
}
