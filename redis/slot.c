/*
 * slot: in which hash slot of Redis Cluster a key lies.  What stands between the
 * first brace and the next closing one says it; without that the whole key.
 */
#include "base/crc16.h"
#include "redis/store_priv.h"

int
slot_of(const char *key, size_t len)
{
	const char *open = memchr(key, '{', len), *close = NULL;

	if (open != NULL)
		close = memchr(open, '}', len - (size_t)(open - key));
	if (close != NULL && close > open + 1) {
		key = open + 1;
		len = (size_t)(close - key);
	}
	return (int)(crc16(key, len) % SLOTS);
}
