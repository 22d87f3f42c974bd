#include "base/seal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/seal_priv.h"
#include "base/text.h"

#define VERSION 1
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_BYTES (1 + SEAL_ID_BYTES + NONCE_BYTES)
#define BOUND_MAX 1024 /* owner, noun and item with their lengths */
#define NONCES 32      /* drawn at once: a turn seals about a dozen items */

/* Drawn from the kernel for several items, a system call each otherwise. */
static _Thread_local struct {
	size_t left;
	unsigned char bytes[NONCES][NONCE_BYTES];
} nonces;

/* A nonce must never be used twice: a child draws its own. */
static void
forget_nonces(void)
{
	nonces.left = 0;
}

void
seal_watch_forks(void)
{
	if (pthread_atfork(NULL, NULL, forget_nonces) != 0)
		abort();
}

static void
take_nonce(unsigned char out[NONCE_BYTES])
{
	if (nonces.left == 0) {
		randombytes_buf(nonces.bytes, sizeof(nonces.bytes));
		nonces.left = NONCES;
	}
	memcpy(out, nonces.bytes[--nonces.left], NONCE_BYTES);
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
	unsigned char bound[BOUND_MAX], head[HEAD_BYTES] = { VERSION };
	size_t nbound = bound_to(owner, noun, item, bound), at;
	const struct seal_key *k;

	take_nonce(head + 1 + SEAL_ID_BYTES);
	at = out->len + HEAD_BYTES;
	/* The plain bytes stand in the buffer first and are sealed there. */
	if (out->len + HEAD_BYTES + len + TAG_BYTES > out->max
	    || buf_add(out, head, sizeof(head)) == -1
	    || buf_add(out, plain, len) == -1
	    || buf_add(out, head, TAG_BYTES) == -1) {
		out->full = true;
		return -1;
	}
	k = seal_hold(r)->keys;
	memcpy(head + 1, k->id, SEAL_ID_BYTES);
	memcpy(out->data + at - HEAD_BYTES, head, sizeof(head));
	crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)out->data
		+ at,
	    NULL, (unsigned char *)out->data + at, len, bound, nbound, NULL,
	    head + 1 + SEAL_ID_BYTES, k->bytes);
	seal_let_go(r);
	return 0;
}

/* The key that sealed ${s}; NULL: not one of ours. */
static const struct seal_key *
key_of(const struct seal_keys *keys, const unsigned char *s)
{
	size_t i;

	for (i = 0; i < keys->n; i++)
		if (memcmp(keys->keys[i].id, s + 1, SEAL_ID_BYTES) == 0)
			return &keys->keys[i];
	return NULL;
}

enum seal_rc
seal_open(const struct seal_ring *r, const char *owner, const char *noun,
    const char *item, const void *sealed, size_t len, struct buf *out)
{
	const unsigned char *s = sealed;
	unsigned char bound[BOUND_MAX];
	const struct seal_key *k;
	size_t nbound, before = out->len, n;
	int failed = -1;

	if (len < SEAL_OVERHEAD || s[0] != VERSION)
		return SEAL_BAD;
	n = len - HEAD_BYTES;
	if (buf_add(out, s + HEAD_BYTES, n) == -1)
		return SEAL_BAD;
	nbound = bound_to(owner, noun, item, bound);
	k = key_of(seal_hold(r), s);
	if (k != NULL)
		failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (unsigned char *)out->data + before, NULL, NULL,
		    (unsigned char *)out->data + before, n, bound, nbound,
		    s + 1 + SEAL_ID_BYTES, k->bytes);
	seal_let_go(r);
	out->len = failed ? before : before + n - TAG_BYTES;
	out->data[out->len] = '\0';
	return k == NULL ? SEAL_UNKNOWN_KEY : failed ? SEAL_BAD : SEAL_OK;
}

bool
seal_is_current(const struct seal_ring *r, const void *sealed, size_t len)
{
	const unsigned char *s = sealed;
	bool current;

	if (len < SEAL_OVERHEAD || s[0] != VERSION)
		return false;
	current = memcmp(seal_hold(r)->keys[0].id, s + 1, SEAL_ID_BYTES) == 0;
	seal_let_go(r);
	return current;
}

static void
hash(const char *noun, const void *bytes, size_t len, const unsigned char *key,
    size_t key_len, char out[SEAL_DIGEST_MAX])
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
	hash(noun, bytes, len, seal_hold(r)->keys[0].mac, SEAL_KEY_BYTES, out);
	seal_let_go(r);
}

bool
seal_mac_matches(const struct seal_ring *r, const char *noun, const void *bytes,
    size_t len, const char *mac)
{
	const struct seal_keys *keys;
	char ours[SEAL_DIGEST_MAX];
	bool matches = false;
	size_t i;

	if (strlen(mac) != SEAL_DIGEST_MAX - 1)
		return false;
	keys = seal_hold(r);
	for (i = 0; i < keys->n && !matches; i++) {
		hash(noun, bytes, len, keys->keys[i].mac, SEAL_KEY_BYTES, ours);
		matches = sodium_memcmp(ours, mac, SEAL_DIGEST_MAX - 1) == 0;
	}
	seal_let_go(r);
	return matches;
}
