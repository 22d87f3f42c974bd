/*
 * seal: authenticated encryption of what goes to Redis.
 *
 * XChaCha20-Poly1305 with a random nonce.  A sealed value is
 *   1 byte version (1) | 4 bytes key id | 24 bytes nonce | ciphertext, tag
 * and is bound (as additional data) to an owner (the chat name), a noun
 * ("inbox", "history", ...) and an item (message id, step): moving it to
 * another Redis key keeps it readable, moving it to another chat does not.
 *
 * The key id is the first 4 bytes of BLAKE2b(key); a ring holds up to
 * SEAL_KEYS_MAX keys, the first seals and all open.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include "base/base.h"

#define SEAL_KEYS_MAX 8
#define SEAL_OVERHEAD (1 + 4 + 24 + 16)
#define SEAL_ID_MAX 9 /* key id as hex */

struct buf;
struct secret;
struct seal_ring;

enum seal_rc {
	SEAL_OK,
	SEAL_BAD,         /* cut, changed, or bound to something else */
	SEAL_UNKNOWN_KEY, /* sealed by a key this ring does not have */
};

/*
 * A ring from ENCRYPTION_KEY (comma-separated base64, standard or URL-safe,
 * padded or not, of 32 bytes each) or, when that is not set, Argon2id of
 * ${password} and ${salt}.  NULL with a reason in ${why} (a static string).
 */
struct seal_ring *seal_ring_new(const struct secret *keys,
    const struct secret *password, const char *salt,
    const char **why) WARN_UNUSED;
void seal_ring_free(struct seal_ring *r);

/*
 * Exchange the keys of ${r}, which other threads may be using, with those of
 * ${other}, which none may.
 */
void seal_ring_swap(struct seal_ring *r, struct seal_ring *other);

/* The same keys in the same order. */
bool seal_ring_same(const struct seal_ring *r, const struct seal_ring *other);

/* The id of key ${i} as hex; false past the last. */
bool seal_ring_id(const struct seal_ring *r, size_t i, char id[SEAL_ID_MAX]);

/* Append sealed bytes to ${out}; -1 only when ${out} is full. */
int seal_close(const struct seal_ring *r, const char *owner, const char *noun,
    const char *item, const void *plain, size_t len,
    struct buf *out) WARN_UNUSED;

/* Append the plain bytes to ${out}. */
enum seal_rc seal_open(const struct seal_ring *r, const char *owner,
    const char *noun, const char *item, const void *sealed, size_t len,
    struct buf *out) WARN_UNUSED;

/* True if ${sealed} was sealed by the ring's first key (else: reseal it). */
bool seal_is_current(const struct seal_ring *r, const void *sealed, size_t len);

/*
 * A hash of 16 bytes as 32 hex digits: BLAKE2b of ${bytes}, separated by
 * ${noun}.  For message ids in clear records.  Not keyed, so that it stays
 * the same while keys rotate; never of something that could be guessed and
 * must stay secret: use seal_mac for that.
 */
#define SEAL_DIGEST_MAX 33
void seal_digest(const char *noun, const void *bytes, size_t len,
    char out[SEAL_DIGEST_MAX]);

/*
 * The same, keyed by the ring's first key: for digests of message texts.
 * Compare with each key of the ring (seal_mac_matches) while keys rotate.
 */
void seal_mac(const struct seal_ring *r, const char *noun, const void *bytes,
    size_t len, char out[SEAL_DIGEST_MAX]);
bool seal_mac_matches(const struct seal_ring *r, const char *noun,
    const void *bytes, size_t len, const char *mac);

#endif
