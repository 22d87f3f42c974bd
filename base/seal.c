#include "base/seal.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

#define VERSION 1
#define KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ID_BYTES 4
#define HEAD_BYTES (1 + ID_BYTES + NONCE_BYTES)
#define BOUND_MAX 1024 /* owner, noun and item with their lengths */

struct seal_key {
	unsigned char bytes[KEY_BYTES];
	unsigned char mac[KEY_BYTES]; /* of seal_mac, derived */
	unsigned char id[ID_BYTES];
};

struct seal_ring {
	size_t n;
	struct seal_key keys[SEAL_KEYS_MAX];
};

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
read_key(const char *text, size_t len, unsigned char out[KEY_BYTES])
{
	static const int VARIANTS[] = {
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING,
	};
	size_t i, n;

	while (len > 0 && text[len - 1] == '=')
		len--;
	for (i = 0; i < NELEM(VARIANTS); i++)
		if (sodium_base642bin(out, KEY_BYTES, text, len, NULL, &n,
			NULL, VARIANTS[i])
			== 0
		    && n == KEY_BYTES)
			return 0;
	return -1;
}

static const char *
read_keys(struct seal_ring *r, const char *list)
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
derive_key(struct seal_ring *r, const struct secret *password,
    const char *salt)
{
	unsigned char hashed[crypto_pwhash_SALTBYTES];

	crypto_generichash(hashed, sizeof(hashed),
	    (const unsigned char *)salt, strlen(salt), NULL, 0);
	if (crypto_pwhash(r->keys[0].bytes, KEY_BYTES, password->bytes,
		password->len, hashed, crypto_pwhash_OPSLIMIT_MODERATE,
		crypto_pwhash_MEMLIMIT_INTERACTIVE,
		crypto_pwhash_ALG_ARGON2ID13)
	    == -1)
		return "MASTER_PASSWORD: not enough memory to derive the key";
	finish_key(&r->keys[0]);
	r->n = 1;
	return NULL;
}

struct seal_ring *
seal_ring_new(const struct secret *keys, const struct secret *password,
    const char *salt, const char **why)
{
	struct seal_ring *r;

	if (!secret_is_set(keys) && !secret_is_set(password)) {
		*why = "neither ENCRYPTION_KEY nor MASTER_PASSWORD is set";
		return NULL;
	}
	r = sodium_malloc(sizeof(*r)); /* locked, guarded, wiped on free */
	if (r == NULL) {
		*why = "no memory that can be locked";
		return NULL;
	}
	r->n = 0;
	*why = secret_is_set(keys) ? read_keys(r, keys->bytes)
				   : derive_key(r, password, salt);
	if (*why != NULL) {
		sodium_free(r);
		return NULL;
	}
	sodium_mprotect_readonly(r);
	return r;
}

void
seal_ring_free(struct seal_ring *r)
{
	if (r != NULL)
		sodium_free(r);
}

bool
seal_ring_id(const struct seal_ring *r, size_t i, char id[SEAL_ID_MAX])
{
	if (i >= r->n)
		return false;
	text_hex(r->keys[i].id, ID_BYTES, id);
	return true;
}

/* What the value is bound to: each part with its length in front. */
static size_t
bound_to(const char *owner, const char *noun, const char *item,
    unsigned char out[BOUND_MAX])
{
	const char *parts[] = { owner, noun, item };
	size_t n = 0, i, len;

	out[n++] = VERSION;
	for (i = 0; i < NELEM(parts); i++) {
		len = strlen(parts[i]);
		if (n + 2 + len > BOUND_MAX)
			abort(); /* names are bounded: our own bug */
		out[n++] = (unsigned char)(len >> 8);
		out[n++] = (unsigned char)len;
		memcpy(out + n, parts[i], len);
		n += len;
	}
	return n;
}

int
seal_close(const struct seal_ring *r, const char *owner, const char *noun,
    const char *item, const void *plain, size_t len, struct buf *out)
{
	const struct seal_key *k = &r->keys[0];
	unsigned char bound[BOUND_MAX], head[HEAD_BYTES];
	size_t nbound = bound_to(owner, noun, item, bound), at;

	head[0] = VERSION;
	memcpy(head + 1, k->id, ID_BYTES);
	randombytes_buf(head + 1 + ID_BYTES, NONCE_BYTES);
	at = out->len + HEAD_BYTES;
	/* The plain bytes stand in the buffer first and are sealed there. */
	if (out->len + HEAD_BYTES + len + TAG_BYTES > out->max
	    || buf_add(out, head, sizeof(head)) == -1
	    || buf_add(out, plain, len) == -1
	    || buf_add(out, head, TAG_BYTES) == -1) {
		out->full = true;
		return -1;
	}
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    (unsigned char *)out->data + at, NULL,
	    (unsigned char *)out->data + at, len, bound, nbound, NULL,
	    head + 1 + ID_BYTES, k->bytes);
	return 0;
}

enum seal_rc
seal_open(const struct seal_ring *r, const char *owner, const char *noun,
    const char *item, const void *sealed, size_t len, struct buf *out)
{
	const unsigned char *s = sealed;
	unsigned char bound[BOUND_MAX];
	size_t nbound, i, before = out->len, n;

	if (len < SEAL_OVERHEAD || s[0] != VERSION)
		return SEAL_BAD;
	for (i = 0; i < r->n; i++)
		if (memcmp(r->keys[i].id, s + 1, ID_BYTES) == 0)
			break;
	if (i == r->n)
		return SEAL_UNKNOWN_KEY;
	nbound = bound_to(owner, noun, item, bound);
	n = len - HEAD_BYTES;
	if (buf_add(out, s + HEAD_BYTES, n) == -1)
		return SEAL_BAD;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		(unsigned char *)out->data + before, NULL, NULL,
		(unsigned char *)out->data + before, n, bound, nbound,
		s + 1 + ID_BYTES, r->keys[i].bytes)
	    == -1) {
		out->len = before;
		out->data[before] = '\0';
		return SEAL_BAD;
	}
	out->len = before + n - TAG_BYTES;
	out->data[out->len] = '\0';
	return SEAL_OK;
}

bool
seal_is_current(const struct seal_ring *r, const void *sealed, size_t len)
{
	const unsigned char *s = sealed;

	return len >= SEAL_OVERHEAD && s[0] == VERSION
	    && memcmp(r->keys[0].id, s + 1, ID_BYTES) == 0;
}

static void
hash(const char *noun, const void *bytes, size_t len,
    const unsigned char *key, size_t key_len, char out[SEAL_DIGEST_MAX])
{
	crypto_generichash_state st;
	unsigned char digest[16];

	crypto_generichash_init(&st, key, key_len, sizeof(digest));
	crypto_generichash_update(&st, (const unsigned char *)noun,
	    strlen(noun) + 1);
	crypto_generichash_update(&st, bytes, len);
	crypto_generichash_final(&st, digest, sizeof(digest));
	text_hex(digest, sizeof(digest), out);
}

void
seal_digest(const char *noun, const void *bytes, size_t len,
    char out[SEAL_DIGEST_MAX])
{
	hash(noun, bytes, len, NULL, 0, out);
}

void
seal_mac(const struct seal_ring *r, const char *noun, const void *bytes,
    size_t len, char out[SEAL_DIGEST_MAX])
{
	hash(noun, bytes, len, r->keys[0].mac, KEY_BYTES, out);
}

bool
seal_mac_matches(const struct seal_ring *r, const char *noun,
    const void *bytes, size_t len, const char *mac)
{
	char ours[SEAL_DIGEST_MAX];
	size_t i;

	if (strlen(mac) != SEAL_DIGEST_MAX - 1)
		return false;
	for (i = 0; i < r->n; i++) {
		hash(noun, bytes, len, r->keys[i].mac, KEY_BYTES, ours);
		if (sodium_memcmp(ours, mac, SEAL_DIGEST_MAX - 1) == 0)
			return true;
	}
	return false;
}
