/*
 * open: settings become a sealing ring and a store; the one place that knows
 * which settings these are made of.
 */
#ifndef PROGRAM_OPEN_H
#define PROGRAM_OPEN_H

#include "base/base.h"
#include "nouns/settings.h"

struct seal_ring;
struct store;

enum open_rc {
	OPEN_OK,
	OPEN_NO_KEY,  /* encryption_key or master_password: ${why} */
	OPEN_NO_STORE /* redis.url: ${why} */
};

/*
 * The ring of the keys of ${s}, and the store whose values it seals.  Redis is
 * not asked: it may be down.  Both are the caller's, also when one failed:
 * store_close, then seal_ring_free.
 */
enum open_rc open_store(const struct settings *s, struct seal_ring **ring,
    struct store **store, const char **why) WARN_UNUSED;

#endif
