/*
 * What an MCP server writes, in the words of each era; session ids.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/seal.h"
#include "base/secret.h"
#include "mcp/server.h"
#include "mcp/write.h"
#include "nouns/tool_result.h"

#define INFO                                                           \
	"\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":" \
	"\"dragoman\",\"version\":\"1.2.3\"}}"

static const struct mcp_server SERVER = { .version = "1.2.3" };

static struct mcp_call
call_of(struct arena *mem, int revision)
{
	return (struct mcp_call){ .mem = mem,
		.server = &SERVER,
		.revision = &MCP_REVISION[revision],
		.id = json_keep(mem, json_integer(3)) };
}

static void
results_are_of_their_era(void **state)
{
	struct arena *mem = arena_new();
	struct mcp_call legacy = call_of(mem, MCP_2025_11_25),
			modern = call_of(mem, MCP_2026_07_28);
	const struct mcp_cache cache = { .ttl_ms = 60000 };
	struct buf out = BUF_INIT(KIB);

	(void)state;
	assert_int_equal(mcp_result_begin(&out, &legacy), 0);
	assert_int_equal(mcp_member(&out, "a"), 0);
	assert_int_equal(buf_add_str(&out, "1"), 0);
	assert_int_equal(mcp_member(&out, "b"), 0);
	assert_int_equal(buf_add_str(&out, "{}"), 0);
	assert_int_equal(mcp_result_end(&out, &legacy, &cache), 0);
	assert_string_equal(buf_str(&out),
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"a\":1,\"b\":{}}}");

	buf_reset(&out);
	legacy.id = json_keep(mem, json_string("x\"y"));
	assert_int_equal(mcp_result_begin(&out, &legacy), 0);
	assert_int_equal(mcp_result_end(&out, &legacy, NULL), 0);
	assert_string_equal(buf_str(&out),
	    "{\"jsonrpc\":\"2.0\",\"id\":\"x\\\"y\",\"result\":{}}");

	buf_reset(&out);
	assert_int_equal(mcp_result_begin(&out, &modern), 0);
	assert_int_equal(mcp_member(&out, "tools"), 0);
	assert_int_equal(buf_add_str(&out, "[]"), 0);
	assert_int_equal(mcp_result_end(&out, &modern, &cache), 0);
	assert_string_equal(buf_str(&out),
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"resultType\":"
	    "\"complete\",\"tools\":[],\"ttlMs\":60000,\"cacheScope\":"
	    "\"private\"," INFO "}}");
	buf_fini(&out);
	arena_free(mem);
}

static void
faults_have_an_id_where_it_is_known(void **state)
{
	struct arena *mem = arena_new();
	struct mcp_call c = call_of(mem, MCP_2026_07_28);
	struct mcp_fault fault = { .code = -32602, .message = "no \"x\"" };
	struct buf out = BUF_INIT(KIB);

	(void)state;
	assert_int_equal(mcp_write_fault(&out, &c, &fault), 0);
	assert_string_equal(buf_str(&out),
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602,"
	    "\"message\":\"no \\\"x\\\"\"}}");
	buf_reset(&out);
	c.id = NULL;
	fault.data = json_keep(mem, json_pack("{s:s}", "uri", "a"));
	assert_int_equal(mcp_write_fault(&out, &c, &fault), 0);
	assert_string_equal(buf_str(&out),
	    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32602,\"message\":\"no "
	    "\\\"x\\\"\",\"data\":{\"uri\":\"a\"}}}");
	buf_fini(&out);
	arena_free(mem);
}

static json_t *
read_json(struct arena *mem, const char *text)
{
	json_t *doc = json_read(mem, text, strlen(text), NULL, NULL);

	if (doc == NULL)
		fail_msg("not JSON: %s", text);
	return doc;
}

/* The member result of what is written of ${r} for ${revision}. */
static const json_t *
written(struct arena *mem, int revision, const struct tool_result *r)
{
	struct mcp_call c = call_of(mem, revision);
	struct buf out = BUF_INIT(64 * KIB);
	const json_t *doc;

	assert_int_equal(mcp_write_tool_result(&out, &c, r), 0);
	doc = json_object_get(read_json(mem, buf_str(&out)), "result");
	buf_fini(&out);
	return doc;
}

static void
tools_results_go_on_whole(void **state)
{
	struct arena *mem = arena_new();
	struct tool_content content[] = {
		{ .kind = CONTENT_TEXT, .text = "a\nb" },
		{ .kind = CONTENT_AUDIO,
		    .base64 = "AAAA",
		    .mime = "audio/wav",
		    .item = read_json(mem,
			"{\"type\":\"audio\",\"data\":\"AAAA\",\"mimeType\":"
			"\"audio/wav\",\"annotations\":{\"priority\":1}}") },
		{ .kind = CONTENT_LINK, .uri = "x:y", .name = "n" },
		{ .kind = CONTENT_RESOURCE, .uri = "x:z", .text = "t" },
		{ .kind = CONTENT_OTHER, .name = "hologram", .mime = "a/b" },
		{ .kind = CONTENT_TEXT,
		    .text = "said",
		    .item = read_json(mem,
			"{\"type\":\"error\",\"message\":\"said\"}") },
	};
	struct tool_result r = { .end = TOOL_FAILED,
		.content = content,
		.n = NELEM(content),
		.structured = read_json(mem, "{\"n\":[1,null]}") };

	(void)state;
	assert_string_equal(json_text(mem, written(mem, MCP_2025_06_18, &r)),
	    "{\"content\":[{\"type\":\"text\",\"text\":\"a\\nb\"},"
	    "{\"type\":\"audio\",\"data\":\"AAAA\",\"mimeType\":\"audio/wav\","
	    "\"annotations\":{\"priority\":1}},"
	    "{\"type\":\"resource_link\",\"uri\":\"x:y\",\"name\":\"n\"},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"x:z\",\"text\":"
	    "\"t\"}},"
	    "{\"type\":\"text\",\"text\":\"[hologram: a/b]\"},"
	    "{\"type\":\"text\",\"text\":\"said\"}],"
	    "\"structuredContent\":{\"n\":[1,null]},\"isError\":true}");
	assert_string_equal(json_text(mem, written(mem, MCP_2024_11_05, &r)),
	    "{\"content\":[{\"type\":\"text\",\"text\":\"a\\nb\"},"
	    "{\"type\":\"text\",\"text\":\"[audio: audio/wav]\"},"
	    "{\"type\":\"text\",\"text\":\"[link: n x:y]\"},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"x:z\",\"text\":"
	    "\"t\"}},"
	    "{\"type\":\"text\",\"text\":\"[hologram: a/b]\"},"
	    "{\"type\":\"text\",\"text\":\"said\"}],\"isError\":true}");
	/* Structure alone is told in words, too; done is no error. */
	r.n = 0;
	r.end = TOOL_DONE;
	assert_string_equal(json_text(mem, written(mem, MCP_2025_03_26, &r)),
	    "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"n\\\":[1,null]}"
	    "\"}]}");
	r.structured = NULL;
	assert_string_equal(json_text(mem, written(mem, MCP_2026_07_28, &r)),
	    "{\"resultType\":\"complete\",\"content\":[]," INFO "}");
	arena_free(mem);
}

static struct seal_ring *
ring_of(const char *keys)
{
	struct secret key = { 0 }, none = { 0 };
	const char *why = "";
	struct seal_ring *ring;

	secret_set(&key, keys, strlen(keys));
	ring = seal_ring_new(&key, &none, "", &why);
	if (ring == NULL)
		fail_msg("%s", why);
	secret_clear(&key);
	return ring;
}

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="

static void
session_ids_hold(void **state)
{
	struct seal_ring *a = ring_of(KEY_A), *b = ring_of(KEY_B),
			 *both = ring_of(KEY_B "," KEY_A);
	char id[MCP_SESSION_ID_MAX], other[MCP_SESSION_ID_MAX];
	struct mcp_session s;
	size_t i;

	(void)state;
	mcp_session_id_make(a, "key", MCP_2024_11_05,
	    MCP_CAN_ROOTS | MCP_CAN_TASKS, 1800000000, id);
	assert_int_equal(strlen(id), MCP_SESSION_ID_MAX - 1);
	for (i = 0; id[i] != '\0'; i++)
		assert_true(id[i] > 0x20 && id[i] < 0x7f);
	assert_true(mcp_session_id_read(a, id, "key", 1800000000, 60, &s));
	assert_int_equal(s.revision, MCP_2024_11_05);
	assert_int_equal(s.client, MCP_CAN_ROOTS | MCP_CAN_TASKS);
	assert_int_equal(s.created_s, 1800000000);
	/* Keys rotate. */
	assert_true(mcp_session_id_read(both, id, "key", 1800000000, 60, &s));
	assert_false(mcp_session_id_read(b, id, "key", 1800000000, 60, &s));
	/* Another's, too old, of tomorrow. */
	assert_false(mcp_session_id_read(a, id, "other", 1800000000, 60, &s));
	assert_true(mcp_session_id_read(a, id, "key", 1800000059, 60, &s));
	assert_false(mcp_session_id_read(a, id, "key", 1800000060, 60, &s));
	assert_true(mcp_session_id_read(a, id, "key", 1799999990, 60, &s));
	assert_false(mcp_session_id_read(a, id, "key", 1799990000, 60, &s));
	/* Each one is another, and each byte counts. */
	mcp_session_id_make(a, "key", MCP_2024_11_05, 0, 1800000000, other);
	assert_string_not_equal(id, other);
	for (i = 0; id[i] != '\0'; i++) {
		memcpy(other, id, sizeof(other));
		other[i] = other[i] == 'a' ? 'b' : 'a';
		assert_false(
		    mcp_session_id_read(a, other, "key", 1800000000, 60, &s));
	}
	assert_false(mcp_session_id_read(a, "", "key", 1800000000, 60, &s));
	seal_ring_free(a);
	seal_ring_free(b);
	seal_ring_free(both);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_of_their_era),
		cmocka_unit_test(faults_have_an_id_where_it_is_known),
		cmocka_unit_test(tools_results_go_on_whole),
		cmocka_unit_test(session_ids_hold),
	};

	if (sodium_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
