#include "nouns/api_key.h"

#include <sodium.h>
#include <string.h>

#include "base/glob.h"
#include "base/secret.h"

/* No sign among them: a double click takes a key as one word. */
static const char DIGITS[]
    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
#define TENANT_CHARS "abcdefghijklmnopqrstuvwxyz0123456789"

_Static_assert(sizeof(API_KEY_PREFIX) - 1 + API_KEY_TENANT_MAX
	    + API_KEY_SECRET_LEN + 1
	<= API_KEY_TEXT_MAX,
    "the longest key has room");

static const struct {
	const char *name;
	bool changes; /* calls tools that are not read-only */
} ROLE[ROLES] = {
	[ROLE_READ] = { "read", false },
	[ROLE_WRITE] = { "write", true },
	[ROLE_ADMIN] = { "admin", true },
};

const char *
api_key_role_name(enum api_key_role role)
{
	return role < ROLES ? ROLE[role].name : "none";
}

int
api_key_role_parse(const char *text)
{
	int i;

	for (i = 0; i < ROLES; i++)
		if (strcmp(ROLE[i].name, text) == 0)
			return i;
	return -1;
}

static bool
in_list(const struct config_list *globs, const char *name)
{
	size_t i;

	for (i = 0; i < globs->n; i++)
		if (glob_matches(globs->items[i], name))
			return true;
	return false;
}

bool
api_key_may(const struct api_key *key, const char *tool, bool read_only)
{
	if (key->role >= ROLES || (!read_only && !ROLE[key->role].changes))
		return false;
	return key->tools.n == 0 || in_list(&key->tools, tool);
}

bool
api_key_reads(const struct config_list *read_only, const char *tool)
{
	return in_list(read_only, tool);
}

bool
api_key_is_for(const struct api_key *key, const char *address)
{
	unsigned char bytes[NET_BYTES];
	size_t i;

	if (key->nallow == 0)
		return true;
	if (net_address(bytes, address) == -1)
		return false;
	for (i = 0; i < key->nallow; i++)
		if (net_has(&key->allow[i], bytes))
			return true;
	return false;
}

/* ---- what a client shows ---- */

/* "dm_TENANT_SECRET", of ${len} bytes.  -1: not formed so. */
static int
read_form(struct api_key_given *out, const char *text, size_t len)
{
	size_t front = strlen(API_KEY_PREFIX), n;
	const char *tenant = text + front;

	if (len <= front + 1 + API_KEY_SECRET_LEN || len >= API_KEY_TEXT_MAX
	    || memcmp(text, API_KEY_PREFIX, front) != 0)
		return -1;
	n = len - front - 1 - API_KEY_SECRET_LEN;
	if (n >= API_KEY_TENANT_MAX || strspn(tenant, TENANT_CHARS) != n
	    || tenant[n] != '_'
	    || strspn(tenant + n + 1, DIGITS) != API_KEY_SECRET_LEN)
		return -1;
	memcpy(out->tenant, tenant, n);
	out->tenant[n] = '\0';
	return 0;
}

void
api_key_nobody(struct api_key_given *out)
{
	*out = (struct api_key_given){ .kind = API_KEY_NOBODY,
		.tenant = API_KEY_TENANT };
}

int
api_key_read(struct api_key_given *out, const char *text,
    const struct secret *configured)
{
	size_t len = strnlen(text, API_KEY_GIVEN_MAX);
	bool known;

	api_key_nobody(out);
	if (len == 0 || len == API_KEY_GIVEN_MAX)
		return -1;
	known = secret_list_has(configured, text);
	if (known) {
		out->kind = API_KEY_CONFIGURED;
		out->text = text;
		return 0;
	}
	if (read_form(out, text, len) == -1)
		return -1;
	out->kind = API_KEY_STORED;
	seal_digest("api_key", text, len, out->id);
	return 0;
}

void
api_key_make(const char *tenant, char text[API_KEY_TEXT_MAX],
    char id[API_KEY_ID_MAX])
{
	size_t front = strlen(API_KEY_PREFIX), len = strlen(tenant), i;
	char *at = text + front + len;

	memcpy(text, API_KEY_PREFIX, front);
	memcpy(text + front, tenant, len);
	*at++ = '_';
	for (i = 0; i < API_KEY_SECRET_LEN; i++)
		*at++ = DIGITS[randombytes_uniform(sizeof(DIGITS) - 1)];
	*at = '\0';
	seal_digest("api_key", text, (size_t)(at - text), id);
}
