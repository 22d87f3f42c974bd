/*
 * seal_priv: a ring of keys as seal.c (what is sealed) and seal_ring.c (how
 * keys come and go) see it.
 */
#ifndef BASE_SEAL_PRIV_H
#define BASE_SEAL_PRIV_H

#include <pthread.h>
#include <sodium.h>

#include "base/seal.h"

#define SEAL_KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define SEAL_ID_BYTES 4

struct seal_key {
	unsigned char bytes[SEAL_KEY_BYTES];
	unsigned char mac[SEAL_KEY_BYTES]; /* of seal_mac, derived */
	unsigned char id[SEAL_ID_BYTES];
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

static inline const struct seal_keys *
seal_hold(const struct seal_ring *r)
{
	pthread_rwlock_rdlock(&r->guard->lock);
	return r->guard->keys;
}

static inline void
seal_let_go(const struct seal_ring *r)
{
	pthread_rwlock_unlock(&r->guard->lock);
}

/* seal.c: once, before anything is sealed: a child draws its own nonces. */
void seal_watch_forks(void);

#endif
