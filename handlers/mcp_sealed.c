/*
 * mcp_sealed: a document that a client carries and gives back: it can neither
 * read nor make one.
 */
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "base/seal.h"
#include "handlers/mcp_priv.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

const char *
mcp_sealed_write(const struct mcp_post *p, const char *owner, const char *noun,
    size_t max, json_t *doc)
{
	struct buf sealed = BUF_INIT(max);
	const char *plain = json_text(p->mem, json_keep(p->mem, doc));
	char *out = NULL;
	size_t len;

	if (plain != NULL
	    && seal_close(p->edge->mcp->ring, owner, noun, "", plain,
		   strlen(plain), &sealed)
		== 0) {
		len = sodium_base64_encoded_len(sealed.len, VARIANT);
		out = arena_alloc(p->mem, len);
		sodium_bin2base64(out, len, (unsigned char *)sealed.data,
		    sealed.len, VARIANT);
	}
	buf_fini(&sealed);
	return out;
}

const json_t *
mcp_sealed_read(const struct mcp_post *p, const char *owner, const char *noun,
    size_t max, const char *text)
{
	size_t len = strlen(text), n;
	struct buf plain = BUF_INIT(max);
	const json_t *doc = NULL;
	unsigned char *bytes;

	if (len > 2 * max)
		return NULL;
	bytes = arena_alloc(p->mem, len + 1);
	if (sodium_base642bin(bytes, len, text, len, NULL, &n, NULL, VARIANT)
		== 0
	    && seal_open(p->edge->mcp->ring, owner, noun, "", bytes, n, &plain)
		== SEAL_OK)
		doc = json_read(p->mem, buf_str(&plain), plain.len, NULL, NULL);
	buf_fini(&plain);
	return doc;
}
