/*
 * Ids of sessions: nobody makes one without the key; and what is read of one
 * that we made is what was put into it.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/seal.h"
#include "base/secret.h"
#include "mcp/revision.h"
#include "mcp/session_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define NOW 1800000000

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static struct seal_ring *
ring(void)
{
	static struct seal_ring *r;
	static const char KEY[]
	    = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	struct secret key = { 0 }, none = { 0 };
	const char *why;

	if (r == NULL) {
		must(sodium_init() != -1);
		secret_set(&key, KEY, strlen(KEY));
		r = seal_ring_new(&key, &none, "", &why);
		secret_clear(&key);
	}
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	char *text = arena_memdup(mem, bytes, len);
	char id[MCP_SESSION_ID_MAX];
	struct mcp_session s;

	must(!mcp_session_id_read(ring(), text, "k", NOW, 1000, &s));
	mcp_session_id_make(ring(), text, (int)(len % MCP_REVISIONS),
	    (unsigned)(len % 32), NOW, id);
	if (len % MCP_REVISIONS <= MCP_NEWEST_LEGACY)
		must(mcp_session_id_read(ring(), id, text, NOW, 1000, &s)
		    && s.client == len % 32);
	if (len > 0) {
		id[bytes[0] % (MCP_SESSION_ID_MAX - 1)] ^= 1;
		must(!mcp_session_id_read(ring(), id, text, NOW, 1000, &s));
	}
	arena_free(mem);
	return 0;
}
