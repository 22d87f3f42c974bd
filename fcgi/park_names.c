/*
 * The owners of what is parked, counted, and the topics that it waits on.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/park_priv.h"

#define BUCKETS_MIN 16
#define BUCKETS_MAX 65536

_Static_assert(crypto_shorthash_KEYBYTES
	== sizeof(((struct park_names *)0)->key),
    "the key of a hash");

void
park_names_init(struct park_names *t, int64_t expected)
{
	size_t n = BUCKETS_MIN;

	while ((int64_t)n < expected && n < BUCKETS_MAX)
		n *= 2;
	t->at = calloc(n, sizeof(*t->at));
	if (t->at == NULL)
		abort();
	t->mask = n - 1;
	crypto_shorthash_keygen(t->key);
}

void
park_names_fini(struct park_names *t)
{
	struct park_name *name;
	size_t i;

	for (i = 0; t->at != NULL && i <= t->mask; i++)
		while (t->at[i] != NULL) {
			name = t->at[i];
			t->at[i] = name->next;
			free(name);
		}
	free(t->at);
}

static uint64_t
hash_of(const struct park_names *t, const char *text, size_t len)
{
	unsigned char bytes[crypto_shorthash_BYTES];
	uint64_t hash;

	crypto_shorthash(bytes, (const unsigned char *)text, len, t->key);
	memcpy(&hash, bytes, sizeof(hash));
	return hash;
}

static struct park_name *
find(const struct park_names *t, const char *text, uint64_t hash)
{
	struct park_name *name = t->at[hash & t->mask];

	while (name != NULL
	    && (name->hash != hash || strcmp(name->text, text) != 0))
		name = name->next;
	return name;
}

struct park_name *
park_names_find(const struct park_names *t, const char *text)
{
	return find(t, text, hash_of(t, text, strlen(text)));
}

struct park_name *
park_names_take(struct park_names *t, const char *text)
{
	size_t len = strlen(text);
	uint64_t hash = hash_of(t, text, len);
	struct park_name *name = find(t, text, hash);

	if (name == NULL) {
		name = malloc(sizeof(*name) + len + 1);
		if (name == NULL)
			abort();
		*name = (struct park_name){ .hash = hash,
			.next = t->at[hash & t->mask] };
		memcpy(name->text, text, len + 1);
		t->at[hash & t->mask] = name;
	}
	name->count++;
	return name;
}

void
park_names_drop(struct park_names *t, struct park_name *name)
{
	struct park_name **at;

	if (name == NULL || --name->count > 0)
		return;
	at = &t->at[name->hash & t->mask];
	while (*at != name)
		at = &(*at)->next;
	*at = name->next;
	free(name);
}
