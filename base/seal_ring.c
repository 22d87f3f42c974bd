/*
 * seal_ring: the keys of a process, and their exchange while it runs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/seal_priv.h"
#include "base/secret.h"
#include "base/text.h"

static void
finish_key(struct seal_key *k)
{
	static const unsigned char USE[] = "dragoman digest key";

	crypto_generichash(k->id, sizeof(k->id), k->bytes, sizeof(k->bytes),
	    NULL, 0);
	crypto_generichash(k->mac, sizeof(k->mac), USE, sizeof(USE), k->bytes,
	    sizeof(k->bytes));
}

/* Standard or URL-safe, with or without padding. */
static int
read_key(const char *text, size_t len, unsigned char out[SEAL_KEY_BYTES])
{
	static const int VARIANTS[] = {
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING,
	};
	size_t i, n;

	while (len > 0 && text[len - 1] == '=')
		len--;
	for (i = 0; i < NELEM(VARIANTS); i++)
		if (sodium_base642bin(out, SEAL_KEY_BYTES, text, len, NULL, &n,
			NULL, VARIANTS[i])
			== 0
		    && n == SEAL_KEY_BYTES)
			return 0;
	return -1;
}

static const char *
read_keys(struct seal_keys *r, const char *list)
{
	const char *at = list, *end;

	for (;; at = end + 1) {
		size_t len;

		at += strspn(at, " \t\r\n");
		end = strchrnul(at, ',');
		len = (size_t)(end - at);
		while (len > 0 && strchr(" \t\r\n", at[len - 1]) != NULL)
			len--;
		if (len > 0) {
			if (r->n == SEAL_KEYS_MAX)
				return "ENCRYPTION_KEY: more than 8 keys";
			if (read_key(at, len, r->keys[r->n].bytes) == -1)
				return "ENCRYPTION_KEY: expected base64 of 32 "
				       "bytes (several: comma separated)";
			finish_key(&r->keys[r->n++]);
		}
		if (*end == '\0')
			break;
	}
	return r->n > 0 ? NULL : "ENCRYPTION_KEY is empty";
}

static const char *
derive_key(struct seal_keys *r, const struct secret *password, const char *salt)
{
	unsigned char hashed[crypto_pwhash_SALTBYTES];

	crypto_generichash(hashed, sizeof(hashed), (const unsigned char *)salt,
	    strlen(salt), NULL, 0);
	if (crypto_pwhash(r->keys[0].bytes, SEAL_KEY_BYTES, password->bytes,
		password->len, hashed, crypto_pwhash_OPSLIMIT_MODERATE,
		crypto_pwhash_MEMLIMIT_INTERACTIVE,
		crypto_pwhash_ALG_ARGON2ID13)
	    == -1)
		return "MASTER_PASSWORD: not enough memory to derive the key";
	finish_key(&r->keys[0]);
	r->n = 1;
	return NULL;
}

static struct seal_ring *
ring_around(struct seal_keys *keys)
{
	struct seal_ring *r = calloc(1, sizeof(*r));
	pthread_rwlockattr_t attr;

	if (r == NULL || (r->guard = calloc(1, sizeof(*r->guard))) == NULL)
		abort();
	r->guard->keys = keys;
	/* Readers never end under load: the writer goes first. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr,
	    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&r->guard->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return r;
}

struct seal_ring *
seal_ring_new(const struct secret *keys, const struct secret *password,
    const char *salt, const char **why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct seal_keys *k;

	(void)pthread_once(&once, seal_watch_forks);
	if (!secret_is_set(keys) && !secret_is_set(password)) {
		*why = "neither ENCRYPTION_KEY nor MASTER_PASSWORD is set";
		return NULL;
	}
	k = sodium_malloc(sizeof(*k)); /* locked, guarded, wiped on free */
	if (k == NULL) {
		*why = "no memory that can be locked";
		return NULL;
	}
	k->n = 0;
	*why = secret_is_set(keys) ? read_keys(k, keys->bytes)
				   : derive_key(k, password, salt);
	if (*why != NULL) {
		sodium_free(k);
		return NULL;
	}
	sodium_mprotect_readonly(k);
	return ring_around(k);
}

void
seal_ring_free(struct seal_ring *r)
{
	if (r == NULL)
		return;
	sodium_free(r->guard->keys);
	pthread_rwlock_destroy(&r->guard->lock);
	free(r->guard);
	free(r);
}

void
seal_ring_swap(struct seal_ring *r, struct seal_ring *other)
{
	struct seal_keys *mine;

	pthread_rwlock_wrlock(&r->guard->lock);
	mine = r->guard->keys;
	r->guard->keys = other->guard->keys;
	pthread_rwlock_unlock(&r->guard->lock);
	other->guard->keys = mine;
}

bool
seal_ring_same(const struct seal_ring *r, const struct seal_ring *other)
{
	char a[SEAL_ID_MAX], b[SEAL_ID_MAX];
	size_t i = 0;
	bool has;

	do {
		has = seal_ring_id(r, i, a);
		if (has != seal_ring_id(other, i, b)
		    || (has && strcmp(a, b) != 0))
			return false;
		i++;
	} while (has);
	return true;
}

bool
seal_ring_id(const struct seal_ring *r, size_t i, char id[SEAL_ID_MAX])
{
	const struct seal_keys *keys = seal_hold(r);
	bool there = i < keys->n;

	if (there)
		text_hex(keys->keys[i].id, SEAL_ID_BYTES, id);
	seal_let_go(r);
	return there;
}
