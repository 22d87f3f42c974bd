#include "base/seal.h"

#include <pthread.h>
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
#define NONCES 32      /* drawn at once: a turn seals about a dozen items */

struct seal_key {
	unsigned char bytes[KEY_BYTES];
	unsigned char mac[KEY_BYTES]; /* of seal_mac, derived */
	unsigned char id[ID_BYTES];
};

struct seal_keys {
	size_t n;
	struct seal_key keys[SEAL_KEYS_MAX];
};

/* The lock is for seal_ring_swap alone: all else reads. */
struct seal_guard {
	pthread_rwlock_t lock;
	struct seal_keys *keys; /* locked memory */
};

struct seal_ring {
	struct seal_guard *guard; /* so that a const ring can be locked */
};

static const struct seal_keys *
hold(const struct seal_ring *r)
{
	pthread_rwlock_rdlock(&r->guard->lock);
	return r->guard->keys;
}

static void
let_go(const struct seal_ring *r)
{
	pthread_rwlock_unlock(&r->guard->lock);
}

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

static void
watch_forks(void)
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
		if (sodium_base642bin(out, KEY_BYTES, text, len, NULL, &n, NULL,
			VARIANTS[i])
			== 0
		    && n == KEY_BYTES)
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

	(void)pthread_once(&once, watch_forks);
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
	const struct seal_keys *keys = hold(r);
	bool there = i < keys->n;

	if (there)
		text_hex(keys->keys[i].id, ID_BYTES, id);
	let_go(r);
	return there;
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

	take_nonce(head + 1 + ID_BYTES);
	at = out->len + HEAD_BYTES;
	/* The plain bytes stand in the buffer first and are sealed there. */
	if (out->len + HEAD_BYTES + len + TAG_BYTES > out->max
	    || buf_add(out, head, sizeof(head)) == -1
	    || buf_add(out, plain, len) == -1
	    || buf_add(out, head, TAG_BYTES) == -1) {
		out->full = true;
		return -1;
	}
	k = hold(r)->keys;
	memcpy(head + 1, k->id, ID_BYTES);
	memcpy(out->data + at - HEAD_BYTES, head, sizeof(head));
	crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)out->data
		+ at,
	    NULL, (unsigned char *)out->data + at, len, bound, nbound, NULL,
	    head + 1 + ID_BYTES, k->bytes);
	let_go(r);
	return 0;
}

/* The key that sealed ${s}; NULL: not one of ours. */
static const struct seal_key *
key_of(const struct seal_keys *keys, const unsigned char *s)
{
	size_t i;

	for (i = 0; i < keys->n; i++)
		if (memcmp(keys->keys[i].id, s + 1, ID_BYTES) == 0)
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
	k = key_of(hold(r), s);
	if (k != NULL)
		failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (unsigned char *)out->data + before, NULL, NULL,
		    (unsigned char *)out->data + before, n, bound, nbound,
		    s + 1 + ID_BYTES, k->bytes);
	let_go(r);
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
	current = memcmp(hold(r)->keys[0].id, s + 1, ID_BYTES) == 0;
	let_go(r);
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
	hash(noun, bytes, len, hold(r)->keys[0].mac, KEY_BYTES, out);
	let_go(r);
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
	keys = hold(r);
	for (i = 0; i < keys->n && !matches; i++) {
		hash(noun, bytes, len, keys->keys[i].mac, KEY_BYTES, ours);
		matches = sodium_memcmp(ours, mac, SEAL_DIGEST_MAX - 1) == 0;
	}
	let_go(r);
	return matches;
}
