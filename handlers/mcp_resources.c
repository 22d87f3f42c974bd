/*
 * mcp_resources: what clients may read.
 */
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_content.h"

#define READ_MS 5000 /* how long what was read is good */
/* Base64, so much at once: whole groups of three bytes. */
#define GROUP ((size_t)3072)

int
mcp_resources_list(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	return mcp_content_list(w, out, fault, CONTENT_LIST_RESOURCES,
	    "resources");
}

int
mcp_resources_templates(struct mcp_work *w, struct buf *out,
    struct mcp_fault *fault)
{
	return mcp_content_list(w, out, fault, CONTENT_LIST_TEMPLATES,
	    "resourceTemplates");
}

/* ---- reading ------------------------------------------------------------- */

static int
add_base64(struct buf *out, const unsigned char *bytes, size_t len)
{
	char text[sodium_base64_ENCODED_LEN(GROUP,
	    sodium_base64_VARIANT_ORIGINAL)];
	size_t n;

	if (buf_reserve(out, len / 3 * 4 + 8) == -1
	    || buf_add_char(out, '"') == -1)
		return -1;
	for (; len > 0; bytes += n, len -= n) {
		n = len < GROUP ? len : GROUP;
		sodium_bin2base64(text, sizeof(text), bytes, n,
		    sodium_base64_VARIANT_ORIGINAL);
		if (buf_add_str(out, text) == -1)
			return -1;
	}
	return buf_add_char(out, '"');
}

static int
add_string(struct buf *out, const char *name, const char *text)
{
	return mcp_member(out, name) == -1
	    ? -1
	    : json_add_str(out, text, strlen(text));
}

static int
add_part(struct buf *out, const char *uri, const struct content_part *p)
{
	if (buf_add_char(out, '{') == -1
	    || add_string(out, "uri", p->uri == NULL ? uri : p->uri) == -1
	    || (p->mime != NULL && add_string(out, "mimeType", p->mime) == -1)
	    || (p->meta != NULL
		&& (mcp_member(out, "_meta") == -1
		    || json_add(out, p->meta) == -1))
	    || mcp_member(out, p->is_text ? "text" : "blob") == -1
	    || (p->is_text ? json_add_str(out, p->bytes, p->len)
			   : add_base64(out, p->bytes, p->len))
		== -1)
		return -1;
	return buf_add_char(out, '}');
}

static int
write_parts(struct buf *out, const struct mcp_call *call, const char *uri,
    const struct content_answer *answer)
{
	const struct mcp_cache cache = { .ttl_ms = READ_MS };
	size_t i;

	if (mcp_result_begin(out, call) == -1
	    || mcp_member(out, "contents") == -1
	    || buf_add_char(out, '[') == -1)
		return MCP_FAILED;
	for (i = 0; i < answer->n; i++)
		if ((i > 0 && buf_add_char(out, ',') == -1)
		    || add_part(out, uri, &answer->parts[i]) == -1)
			return MCP_FAILED;
	if (buf_add_char(out, ']') == -1)
		return MCP_FAILED;
	return mcp_result_end(out, call, &cache);
}

static int
unknown(const struct mcp_work *w, const char *uri, struct mcp_fault *fault)
{
	(void)mcp_fail(fault, w->call.revision->write->no_resource,
	    "Resource not found");
	fault->data = json_keep(w->mem, json_pack("{s:s}", "uri", uri));
	return MCP_FAILED;
}

int
mcp_resources_read(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	const char *uri = json_member_str(w->call.params, "uri");
	struct content_answer answer;
	struct content_ctx ctx;
	enum content_rc rc;

	if (uri == NULL)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.uri, a string, is missing");
	if (!mcp_ask_read(w, fault))
		return MCP_FAILED;
	mcp_content_ctx(w, &ctx);
	rc = content_read(w->post->edge->mcp->content, &ctx, uri, &answer);
	if (rc == CONTENT_OK)
		return write_parts(out, &w->call, uri, &answer);
	if (rc == CONTENT_NONE)
		return unknown(w, uri, fault);
	if (rc == CONTENT_ASKS)
		return mcp_ask_write(w, answer.questions, answer.state, out,
		    fault);
	return mcp_content_end(w, rc, &answer, "", fault);
}
