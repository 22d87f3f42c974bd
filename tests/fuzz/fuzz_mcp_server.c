/*
 * What a client posts to /mcp: lines "Name: value" of headers, an empty line,
 * and a body.  Whoever climbs the ladder has what its rungs promise, and each
 * answer is JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/seal.h"
#include "base/secret.h"
#include "mcp/server.h"
#include "mcp/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define LINES_MAX 32
#define OUT_MAX (4 * MIB)

struct lines {
	char *at[LINES_MAX];
	size_t n;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static const char *
header(const void *ctx, const char *name)
{
	const struct lines *l = ctx;
	size_t len = strlen(name), i;

	for (i = 0; i < l->n; i++)
		if (strncasecmp(l->at[i], name, len) == 0
		    && l->at[i][len] == ':')
			return l->at[i] + len + 1;
	return NULL;
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

static void
answer(struct mcp_call *call, json_t *doc)
{
	struct mcp_fault fault = { 0 };
	struct buf out = BUF_INIT(OUT_MAX);

	if (!mcp_climb(call, doc, &fault)) {
		must(fault.status >= 200 && fault.code != 0
		    && fault.message != NULL);
		must(mcp_write_fault(&out, call, &fault) == 0);
	} else if (call->kind == RPC_REQUEST) {
		must(call->id != NULL && call->method != NULL
		    && (call->method->eras & call->revision->era));
		must(call->revision->era == MCP_LEGACY || call->meta != NULL);
		must(mcp_result_begin(&out, call) == 0
		    && mcp_result_end(&out, call, NULL) == 0);
		must(mcp_params_agree(call,
			 json_object_get(call->params, "inputSchema"),
			 json_object_get(call->params, "arguments"), &fault)
		    || fault.code == RPC_HEADER_MISMATCH);
	}
	must(out.len == 0
	    || json_read(call->mem, buf_str(&out), out.len, NULL, NULL)
		!= NULL);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const bool OFFERS[MCP_METHODS] = { [MCP_TOOLS_CALL] = true,
		[MCP_TOOLS_LIST] = true,
		[MCP_INITIALIZE] = true,
		[MCP_DISCOVER] = true,
		[MCP_TASKS_GET] = true };
	struct arena *mem = arena_new();
	struct mcp_server server = { .version = "1",
		.offers = OFFERS,
		.ring = ring(),
		.key = "k",
		.now_s = 1800000000,
		.session_max_s = 1000 };
	struct lines l = { .n = 0 };
	char *text = arena_memdup(mem, bytes, len), *end;
	struct mcp_head head = { .header = header, .ctx = &l };
	struct mcp_call call = { .mem = mem, .server = &server, .head = &head };
	struct mcp_fault fault;
	json_t *doc;
	size_t i;

	while (l.n < LINES_MAX && text != NULL) {
		end = strsep(&text, "\n");
		if (*end == '\0')
			break;
		l.at[l.n++] = end;
	}
	head.version = header(&l, "MCP-Protocol-Version");
	head.method = header(&l, "Mcp-Method");
	head.name = header(&l, "Mcp-Name");
	head.session = header(&l, "Mcp-Session-Id");
	head.accept = header(&l, "Accept");
	doc = text == NULL ? NULL
			   : json_read(mem, text, strlen(text), NULL, NULL);
	if (json_is_array(doc) && mcp_may_batch(&call, doc, &fault)) {
		call.in_batch = true;
		for (i = 0; i < json_array_size(doc); i++) {
			struct mcp_call one = call;

			answer(&one, json_array_get(doc, i));
		}
	} else if (doc != NULL && !json_is_array(doc)) {
		answer(&call, doc);
	}
	arena_free(mem);
	return 0;
}
