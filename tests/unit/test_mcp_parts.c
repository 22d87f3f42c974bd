/*
 * The parts of mcp/ that do no I/O: headers, JSON-RPC, results as text.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "mcp/client_priv.h"
#include "mcp/params.h"
#include "mcp/rpc.h"
#include "nouns/tool_result.h"

static json_t *
read_json(struct arena *mem, const char *text)
{
	json_t *doc = json_read(mem, text, strlen(text), NULL, NULL);

	if (doc == NULL)
		fail_msg("not JSON: %s", text);
	return doc;
}

static void
header_values_are_encoded(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "with space", "with space" },
		{ " leading", "=?base64?IGxlYWRpbmc=?=" },
		{ "trailing\t", "=?base64?dHJhaWxpbmcJ?=" },
		{ "a\r\nX: y", "=?base64?YQ0KWDogeQ==?=" },
		{ "\xc3\xa9l\xc3\xa9", "=?base64?w6lsw6k=?=" },
		{ "=?base64?eA==?=", "=?base64?PT9iYXNlNjQ/ZUE9PT89?=" },
		{ "=?base64?", "=?base64?" },
		{ "=?base64?=", "=?base64?=" },
		{ "\x7f", "=?base64?fw==?=" },
	};
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_string_equal(params_header_value(mem, cases[i].text),
		    cases[i].value);
	arena_free(mem);
}

static void
annotations_are_checked(void **state)
{
#define PROPERTY(text) "{\"properties\":{\"a\":" text "}}"
	static const struct {
		const char *schema;
		bool fine;
	} cases[] = {
		{ "{}", true },
		{ PROPERTY("{\"type\":\"string\"}"), true },
		{ PROPERTY("{\"type\":\"string\",\"x-mcp-header\":\"A-1\"}"),
		    true },
		{ PROPERTY("{\"type\":\"boolean\",\"x-mcp-header\":\"A\"}"),
		    true },
		{ PROPERTY("{\"type\":\"number\",\"x-mcp-header\":\"A\"}"),
		    false },
		{ PROPERTY("{\"type\":\"object\",\"x-mcp-header\":\"A\"}"),
		    false },
		{ PROPERTY("{\"x-mcp-header\":\"A\"}"), false },
		{ PROPERTY("{\"type\":\"string\",\"x-mcp-header\":\"\"}"),
		    false },
		{ PROPERTY("{\"type\":\"string\",\"x-mcp-header\":\"A B\"}"),
		    false },
		{ PROPERTY("{\"type\":\"string\",\"x-mcp-header\":7}"), false },
		{ PROPERTY("{\"type\":\"string\",\"x-mcp-header\":"
			   "\"A\\r\\nB\"}"),
		    false },
		{ "{\"type\":\"string\",\"x-mcp-header\":\"A\"}", false },
		{ PROPERTY(
		      PROPERTY("{\"type\":\"string\",\"x-mcp-header\":\"A\"}")),
		    true },
		{ "{\"properties\":{\"a\":{\"type\":\"string\","
		  "\"x-mcp-header\":\"A\"},\"b\":{\"type\":\"string\","
		  "\"x-mcp-header\":\"a\"}}}",
		    false },
		{ PROPERTY("{\"items\":{\"type\":\"string\","
			   "\"x-mcp-header\":\"A\"}}"),
		    false },
		{ PROPERTY("{\"anyOf\":[{\"type\":\"string\","
			   "\"x-mcp-header\":\"A\"}]}"),
		    false },
		{ "{\"$defs\":{\"d\":{\"type\":\"string\","
		  "\"x-mcp-header\":\"A\"}}}",
		    false },
		{ "{\"allOf\":[" PROPERTY(
		      "{\"type\":\"string\",\"x-mcp-header\":\"A\"}") "]}",
		    false },
		/* Not annotations: a property's name, a value. */
		{ "{\"properties\":{\"x-mcp-header\":{\"type\":\"string\"}}}",
		    true },
		{ PROPERTY("{\"default\":{\"x-mcp-header\":\"A\"}}"), true },
	};
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		if ((params_refuse(read_json(mem, cases[i].schema)) == NULL)
		    != cases[i].fine)
			fail_msg("%s", cases[i].schema);
	arena_free(mem);
}

static void
results_become_text(void **state)
{
	static const struct {
		const char *result, *text;
		bool is_error;
	} cases[] = {
		{ "{\"content\":[]}", "", false },
		{ "{}", "", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
		  "{\"type\":\"text\",\"text\":\"b\"}]}",
		    "a\nb", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],"
		  "\"isError\":true}",
		    "no", true },
		{ "{\"content\":[{\"type\":\"image\",\"data\":\"AA==\","
		  "\"mimeType\":\"image/png\"}]}",
		    "[image: image/png]", false },
		{ "{\"content\":[{\"type\":\"resource_link\",\"name\":\"n\","
		  "\"uri\":\"u:/1\"}]}",
		    "[link: n u:/1]", false },
		{ "{\"content\":[{\"type\":\"resource\",\"resource\":{"
		  "\"uri\":\"u:/1\",\"text\":\"inside\"}}]}",
		    "inside", false },
		{ "{\"content\":[{\"type\":\"resource\",\"resource\":{"
		  "\"uri\":\"u:/1\",\"blob\":\"AA==\",\"mimeType\":\"m\"}}]}",
		    "[resource: u:/1 m]", false },
		{ "{\"content\":[],\"structuredContent\":{\"a\":[1]}}",
		    "{\"a\":[1]}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"t\"}],"
		  "\"structuredContent\":{\"a\":1}}",
		    "t\n{\"a\":1}", false },
		/* What the text says is not said again. */
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"{ \\\"a\\\": "
		  "\\\"\\\\u00e4\\\"}\"}],\"structuredContent\":{\"a\":\"\u00e4\"}}",
		    "{ \"a\": \"\\u00e4\"}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"it is\"}],\"structuredContent\":{\"result\":\"it is\"}}",
		    "it is", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"[1,\\\"x\\\"]\"}],\"structuredContent\":{\"result\":[1,\"x\"]}}",
		    "[1,\"x\"]", false },
		/* Its values alone do not say what it says. */
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"Feature flag read.\"}],\"structuredContent\":{\"enabled\":false}}",
		    "Feature flag read.\n{\"enabled\":false}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"Page 13 of 20 read.\"}],\"structuredContent\":{\"open\":3,\"closed\":0}}",
		    "Page 13 of 20 read.\n{\"open\":3,\"closed\":0}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"roles: admin, user\"}],\"structuredContent\":{\"alice\":\"admin\",\"bob\":\"user\"}}",
		    "roles: admin, user\n{\"alice\":\"admin\",\"bob\":\"user\"}",
		    false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"found\"}],\"structuredContent\":{\"result\":null,\"reason\":\"\"}}",
		    "found\n{\"result\":null,\"reason\":\"\"}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"it is 1.5 or 3\"}],\"structuredContent\":{\"result\":[3,1.5,\"it\",true]}}",
		    "it is 1.5 or 3\n{\"result\":[3,1.5,\"it\",true]}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"a\\\":1}\"}],\"structuredContent\":{\"a\":1,\"b\":null}}",
		    "{\"a\":1}\n{\"a\":1,\"b\":null}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"result it\"}],\"structuredContent\":{\"result\":\"it\"}}",
		    "result it\n{\"result\":\"it\"}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"\"}],\"structuredContent\":{\"success\":true}}",
		    "{\"success\":true}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":\"2 found\"}],"
		  "\"structuredContent\":[\"x\",\"y\"]}",
		    "2 found\n[\"x\",\"y\"]", false },
		{ "{\"content\":[7,{},{\"type\":3},{\"type\":\"new\"}]}",
		    "[new: ]", false },
		/* What else comes in place of a CallToolResult. */
		{ "{\"content\":\"plain\"}", "plain", false },
		{ "{\"content\":{\"type\":\"text\",\"text\":\"one\"}}", "one",
		    false },
		{ "{\"content\":[\"a\",{\"text\":\"b\"}]}", "a\nb", false },
		{ "{\"content\":[{\"type\":\"error\",\"text\":\"bad\"}]}",
		    "bad", true },
		{ "{\"content\":[{\"type\":\"json\",\"json\":{\"a\":1}}]}",
		    "{\"type\":\"json\",\"json\":{\"a\":1}}", false },
		{ "{\"content\":[{\"type\":\"video\",\"data\":\"AA==\","
		  "\"mimeType\":\"video/x\"}]}",
		    "[video: video/x]", false },
		{ "{\"toolResult\":{\"content\":[{\"type\":\"text\",\"text\":"
		  "\"in\"}]}}",
		    "in", false },
		{ "{\"say\":\"x\",\"_meta\":{}}", "{\"say\":\"x\"}", false },
		{ "\"words\"", "words", false },
		{ "null", "", false },
		{ "[]", "", false },
		/* Text that is no string, lists in lists, resources without a
 * wrapper. */
		{ "{\"content\":[{\"type\":\"text\",\"text\":{\"a\":1}}]}",
		    "{\"a\":1}", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":42}]}", "42",
		    false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":[\"x\",\"y\"]}]}",
		    "[\"x\",\"y\"]", false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":true}]}", "true",
		    false },
		{ "{\"content\":[{\"type\":\"text\",\"text\":null}]}", "",
		    false },
		{ "{\"content\":[{\"type\":\"text\",\"content\":\"hello\"}]}",
		    "hello", false },
		{ "{\"content\":[[{\"type\":\"text\",\"text\":\"in\"},[\"two\"]],\"b\"]}",
		    "in\ntwo\nb", false },
		{ "{\"content\":[{\"type\":\"resource\",\"uri\":\"u:/1\",\"text\":\"flat\"}]}",
		    "flat", false },
		{ "{\"content\":[{\"type\":\"resource\",\"resource\":[{\"uri\":\"u:/1\",\"text\":\"a\"},{\"text\":\"b\"}]}]}",
		    "a\nb", false },
		{ "{\"content\":[{\"type\":\"resource_link\",\"resource\":{\"name\":\"n\",\"uri\":\"u:/1\"}}]}",
		    "[link: n u:/1]", false },
		/* What a link is; pictures in other makers' forms; errors. */
		{ "{\"content\":[{\"type\":\"resource_link\",\"name\":\"n\",\"uri\":\"u:/1\",\"title\":\"T\",\"description\":\"what it is\"}]}",
		    "[link: n u:/1] T: what it is", false },
		{ "{\"content\":[{\"type\":\"resource_link\",\"name\":\"n\",\"uri\":\"u:/1\",\"description\":\"d\"}]}",
		    "[link: n u:/1] d", false },
		{ "{\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"iVBO\"}}]}",
		    "[image: image/png]", false },
		{ "{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBO\"}}]}",
		    "[image_url: ]", false },
		{ "{\"content\":[{\"type\":\"json\",\"json\":{\"data\":\"x\"}}]}",
		    "{\"type\":\"json\",\"json\":{\"data\":\"x\"}}", false },
		{ "{\"content\":[{\"type\":\"x\",\"y\":[\"QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\"]}]}",
		    "[x: ]", false },
		{ "{\"content\":\"no\",\"isError\":\"true\"}", "no", true },
		{ "{\"content\":\"no\",\"isError\":1}", "no", true },
		{ "{\"content\":\"yes\",\"isError\":\"false\"}", "yes", false },
		{ "{\"content\":\"yes\",\"isError\":0}", "yes", false },
		{ "{\"content\":[],\"isError\":true}", "", true },
		{ "{\"isError\":true}", "", true },
	};
	struct arena *mem = arena_new();
	struct tool_result r;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		mcp_result_read(mem, read_json(mem, cases[i].result), &r);
		assert_string_equal(tool_result_text(mem, &r), cases[i].text);
		assert_int_equal(r.end == TOOL_FAILED, cases[i].is_error);
	}
	arena_free(mem);
}

static void
an_endpoint_may_lack_the_proxy_s_prefix(void **state)
{
	static const struct {
		const char *base, *said, *out;
	} cases[] = {
		{ "https://h/sse", "/messages?s=1", "" },
		{ "https://h/gate/sse", "/messages?s=1",
		    "https://h/gate/messages?s=1" },
		{ "https://h/gate/v1/sse?k=1", "/v1/messages/",
		    "https://h/gate/v1/messages/" },
		{ "https://h/a/b/sse", "/messages", "https://h/a/b/messages" },
		{ "https://h/gate/sse", "/gate/messages", "" },
		{ "https://h/gate/sse", "messages", "" },
		{ "https://h/gate/sse", "//other/messages", "" },
		{ "https://h/gate/sse", "https://h/messages", "" },
	};
	char out[ENDPOINT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		endpoint_behind(cases[i].base, cases[i].said, out);
		assert_string_equal(out, cases[i].out);
	}
}

/* The requests carry the operator's credentials: no word of the server's takes
 * them to another host, port or scheme. */
static void
an_endpoint_is_its_own_server_s(void **state)
{
	static const struct {
		const char *base, *said, *out; /* NULL: refused */
	} cases[] = {
		{ "https://h/sse", "/messages?s=1", "https://h/messages?s=1" },
		{ "https://h/a/sse?k=1", "messages", "https://h/a/messages" },
		{ "https://h", "messages", "https://h/messages" },
		{ "https://h?k=/x", "/messages", "https://h/messages" },
		{ "https://h/sse", "?s=1", "https://h/?s=1" },
		{ "https://h/sse", "https://h/m", "https://h/m" },
		{ "https://h:8443/sse", "https://h:8443/m",
		    "https://h:8443/m" },
		{ "https://h/sse", "HTTPS://H/m", "HTTPS://H/m" },
		{ "https://h/sse", "/go?to=http://other/",
		    "https://h/go?to=http://other/" },
		{ "https://h/sse", "https://other/m", NULL },
		{ "https://h/sse", "https://h.other/m", NULL },
		{ "https://h/sse", "https://hh/m", NULL },
		{ "https://hh/sse", "https://h/m", NULL },
		{ "https://h/sse", "https://h:8443/m", NULL },
		{ "https://h:8443/sse", "https://h/m", NULL },
		{ "https://h/sse", "https://h@other/m", NULL },
		{ "https://h/sse", "https://u:p@h/m", NULL },
		{ "https://h/sse", "http://h/m", NULL },
		{ "https://h/sse", "ftp://h/m", NULL },
		{ "https://h/sse", "//other/m", NULL },
		{ "https://h/sse", "https://h\\@other/m", NULL },
		{ "https://h/sse", "/a b", NULL },
		{ "https://h/sse", "/a\r\nX: y", NULL },
		{ "https://h/sse", "/a\x7f", NULL },
	};
	char out[ENDPOINT_MAX], large[ENDPOINT_MAX + 1];
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rc = endpoint_resolve(cases[i].base, cases[i].said, out);
		if ((rc == 0) != (cases[i].out != NULL)
		    || (rc == 0 && strcmp(out, cases[i].out) != 0))
			fail_msg("%s of %s: %d %s", cases[i].said,
			    cases[i].base, rc, rc == 0 ? out : "");
	}
	memset(large, 'a', sizeof(large) - 1);
	large[0] = '/';
	large[sizeof(large) - 1] = '\0';
	assert_int_equal(endpoint_resolve("https://h/sse", large, out), -1);
}

static int
note(void *ctx, const struct rpc_message *m)
{
	static const char letters[] = "!REnq"; /* by enum rpc_kind */

	return buf_add_char(ctx, letters[m->kind]);
}

static void
messages_are_told_apart(void **state)
{
	static const struct {
		const char *text, *kinds; /* NULL: not JSON */
	} cases[] = {
		{ "{\"id\":1,\"result\":{}}", "R" },
		{ "{\"id\":1,\"result\":[]}", "R" },
		{ "{\"id\":1,\"result\":null}", "R" },
		{ "{\"id\":1,\"result\":{},\"error\":null}", "R" },
		{ "{\"error\":\"no session\"}", "E" },
		{ "{\"result\":{}}", "!" },
		{ "{\"id\":null,\"error\":{}}", "E" },
		{ "{\"id\":\"a\",\"error\":{\"code\":-1}}", "E" },
		{ "{\"id\":1,\"error\":7}", "!" },
		{ "{\"id\":true,\"result\":{}}", "!" },
		{ "{\"method\":\"m\"}", "n" },
		{ "{\"id\":0,\"method\":\"m\"}", "q" },
		{ "[]", "" },
		{ "[{\"method\":\"m\"},{\"id\":1,\"result\":{}},7]", "nR!" },
		{ "7", "!" },
		{ "", NULL },
		{ "{", NULL },
		{ "{\"a\":", NULL },
		{ "{\"id\":1,\"result\":{\"a\":1,\"a\":2}}", "R" },
		{ "{\"id\":1,\"result\":{\"a\":\"\\u0000\xff\","
		  "\"n\":18446744073709551615}}",
		    "R" },
	};
	struct arena *mem = arena_new();
	struct buf kinds = BUF_INIT(100);
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		buf_reset(&kinds);
		rc = rpc_read(mem, cases[i].text, strlen(cases[i].text), note,
		    &kinds);
		assert_int_equal(rc, cases[i].kinds == NULL ? -1 : 0);
		if (rc == 0)
			assert_string_equal(buf_str(&kinds), cases[i].kinds);
	}
	buf_fini(&kinds);
	arena_free(mem);
}

static void
requests_are_written(void **state)
{
	static const struct {
		int64_t id;
		const char *params, *meta, *text;
	} cases[] = {
		{ 7, "", "",
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\"}" },
		{ 0, "", "", "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}" },
		{ 1, "\"a\":1", "",
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
		    "\"params\":{\"a\":1}}" },
		{ 1, "", "\"b\":2",
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
		    "\"params\":{\"_meta\":{\"b\":2}}}" },
		{ 1, "\"a\":1", "\"b\":2",
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
		    "\"params\":{\"a\":1,\"_meta\":{\"b\":2}}}" },
	};
	struct buf out = BUF_INIT(KIB), tight = BUF_INIT(20);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(rpc_write(&out, cases[i].id, "m",
				     cases[i].params, cases[i].meta),
		    0);
		assert_string_equal(buf_str(&out), cases[i].text);
		buf_reset(&out);
	}
	assert_int_equal(rpc_write(&tight, 1, "m", "", ""), -1);
	buf_fini(&out);
	buf_fini(&tight);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_values_are_encoded),
		cmocka_unit_test(annotations_are_checked),
		cmocka_unit_test(results_become_text),
		cmocka_unit_test(an_endpoint_may_lack_the_proxy_s_prefix),
		cmocka_unit_test(an_endpoint_is_its_own_server_s),
		cmocka_unit_test(messages_are_told_apart),
		cmocka_unit_test(requests_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
