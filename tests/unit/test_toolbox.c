/*
 * The toolbox: which tools are offered, from servers that come, go, hang and
 * change their minds; and the files that name them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "chat/told.h"
#include "tests/unit/served_mcp.h"
#include "tools/tools_priv.h"

#define SOON_MS 30000    /* waited out only where something is wrong */
#define GOOD_BYE_MS 1800 /* one that a silent server gets takes 2 s or more */

static struct settings settings;
static struct toolbox *box;
/* As a turn tells its model of it. */
static struct turn_result
call_tool(const struct toolset *set, const struct tool_ctx *ctx,
    const struct tool_call *call, struct arena *mem)
{
	struct tool_result result;

	tools_call(set, ctx, call, mem, &result);
	return told(mem, &result);
}

static struct served memcp;
static char memcp_url[64];

/* A list with a server for each name, all at the same address; "!NAME" is
 * started by a command. */
static json_t *
servers(const char *names)
{
	json_t *out = json_object();
	char name[64];
	int end;

	while (sscanf(names, "%63s%n", name, &end) == 1) {
		json_object_set_new(out, name + (name[0] == '!'),
		    json_pack("{s:s}", name[0] == '!' ? "command" : "url",
			name[0] == '!' ? "npx" : rules_url()));
		names += end;
	}
	return out;
}

static void
begin(const char *names)
{
	struct buf errors = BUF_INIT(4096);

	json_decref(settings.mcp_servers);
	settings = (struct settings){ .refs = 1,
		.chat_memcp_url = settings.chat_memcp_url == NULL
		    ? ""
		    : settings.chat_memcp_url,
		.mcp_config = "",
		.mcp_servers = servers(names),
		.mcp_refresh_ms = 60000,
		.mcp_timeout_ms = SOON_MS };
	if (toolbox_start(&settings, &box, &errors) == -1)
		fail_msg("%s", buf_str(&errors));
}

static void
end(void)
{
	toolbox_stop(box);
	box = NULL;
	json_decref(settings.mcp_servers);
	settings.mcp_servers = NULL;
	settings.chat_memcp_url = NULL;
}

/* "echo health time ...": in order. */
static const char *
offered(void)
{
	static char out[2048];
	const struct toolset *set = toolset_ref(box, NULL);
	size_t i;

	out[0] = '\0';
	for (i = 0; i < set->n; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s",
		    i == 0 ? "" : " ", set->specs[i].name);
	toolset_unref(set);
	return out;
}

static bool
becomes(const char *tools)
{
	int64_t until = clock_boot_ms() + SOON_MS;

	while (strcmp(offered(), tools) != 0) {
		if (clock_boot_ms() > until)
			return false;
		usleep(5000);
	}
	return true;
}

static const json_t *
state_of(json_t *state, const char *name)
{
	const json_t *s;
	size_t i;

	json_array_foreach(state, i, s)
		if (strcmp(json_member_str(s, "name"), name) == 0)
			return s;
	return NULL;
}

#define LIST(tools)                                    \
	{                                              \
		.method = "tools/list", .status = 200, \
		.body = RESULT("'tools':[" tools "]")  \
	}
#define MODERN                                                               \
	{                                                                    \
		.method = "server/discover", .status = 200, .body = DISCOVER \
	}
#define TOOL(name)                                           \
	"{'name':'" name "','inputSchema':{'type':'object'," \
	"'properties':{}}}"

static void
without_servers_there_are_the_built_in_ones(void **state)
{
	json_t *list;

	(void)state;
	rules_start((const struct rule[]){ { 0 } });
	begin("");
	toolbox_wait(box, 100);
	assert_string_equal(offered(), "echo health time");
	list = toolbox_state(box);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	end();
	rules_stop();
}

static void
a_server_s_tools_are_called(void **state)
{
	static const struct rule RULES[] = { MODERN,
		LIST(TOOL("say") "," TOOL("a tool")),
		{ .method = "tools/call",
		    .status = 200,
		    .body = SAID("it said") },
		{ 0 } };
	struct tool_ctx ctx = { .deadline_ms = SOON_MS };
	struct tool_call c = { "id", "files__say", "{\"x\":1}" };
	struct arena *mem = arena_new();
	const struct toolset *set;
	struct turn_result r;
	json_t *list;

	(void)state;
	rules_start(RULES);
	begin("files");
	toolbox_wait(box, SOON_MS);
	set = toolset_ref(box, NULL);
	assert_int_equal(set->n, 5);
	assert_string_equal(set->specs[3].name, "files__say");
	assert_memory_equal(set->specs[4].name, "files__a_tool_", 14);
	assert_non_null(set->specs[3].schema_text);
	r = call_tool(set, &ctx, &c, mem);
	assert_int_equal(r.end, TOOL_DONE);
	assert_string_equal(r.text, "it said");
	assert_non_null(
	    strstr(rules_request("tools/call", 0), "\"name\":\"say\""));
	c.name = set->specs[4].name;
	r = call_tool(set, &ctx, &c, mem);
	assert_non_null(
	    strstr(rules_request("tools/call", 1), "\"name\":\"a tool\""));
	toolset_unref(set);

	list = toolbox_state(box);
	assert_true(json_member_bool(state_of(list, "files"), "ok", false));
	assert_int_equal(json_member_int(state_of(list, "files"), "tools", 0),
	    2);
	assert_non_null(
	    strstr(json_member_str(state_of(list, "files"), "url_host"),
		"127.0.0.1:"));
	json_decref(list);
	end();
	rules_stop();
	arena_free(mem);
}

static void
results_of_all_kinds_are_for_the_model(void **state)
{
	static const struct {
		const char *what;
		struct rule rule;
		enum tool_end end;
		const char *text;
	} cases[] = {
		{ "failed",
		    { .method = "tools/call",
			.status = 200,
			.body = RESULT("'isError':true,'content':"
				       "[{'type':'text','text':'no file'}]") },
		    TOOL_FAILED, "no file" },
		{ "structured",
		    { .method = "tools/call",
			.status = 200,
			.body = RESULT("'content':[],"
				       "'structuredContent':{'n':7}") },
		    TOOL_DONE, "{\"n\":7}" },
		{ "nothing",
		    { .method = "tools/call",
			.status = 200,
			.body = RESULT("'content':[{'type':'text',"
				       "'text':' '}]") },
		    TOOL_DONE, "returned nothing" },
		{ "failed without a word",
		    { .method = "tools/call",
			.status = 200,
			.body = RESULT("'content':[],"
				       "'isError':true") },
		    TOOL_FAILED, "did not say why" },
		{ "asks",
		    { .method = "tools/call",
			.status = 200,
			.body = RESULT("'resultType':'input_required',"
				       "'inputRequests':{}") },
		    TOOL_FAILED, "answer from a person" },
		{ "refused",
		    { .method = "tools/call",
			.status = 200,
			.body = ERROR(-32602, "no such path") },
		    TOOL_FAILED, "no such path" },
		{ "denied",
		    { .method = "tools/call", .status = 403, .body = "{}" },
		    TOOL_FAILED, "does not let us in" },
		{ "nonsense",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'x':1}" },
		    TOOL_FAILED, "whether it took effect is unknown" },
	};
	struct tool_ctx ctx = { .deadline_ms = SOON_MS };
	struct tool_call c = { "id", "s__say", "{}" };
	struct arena *mem = arena_new();
	const struct toolset *set;
	struct rule rules[4] = { MODERN, LIST(TOOL("say")) };
	struct turn_result r;
	size_t i;

	(void)state;
	rules_start(rules);
	begin("s");
	toolbox_wait(box, SOON_MS);
	set = toolset_ref(box, NULL);
	for (i = 0; i < NELEM(cases); i++) {
		rules[2] = cases[i].rule;
		rules_change(rules);
		r = call_tool(set, &ctx, &c, mem);
		if (r.end != cases[i].end
		    || strstr(r.text, cases[i].text) == NULL)
			fail_msg("%s: %d %s", cases[i].what, r.end, r.text);
	}
	toolset_unref(set);
	end();
	rules_stop();
	arena_free(mem);
}

static void
on_progress(void *arg, double value, double total, const char *text)
{
	snprintf(arg, 64, "%g/%g %s", value, total, text);
}

/* Of what a model is told a text only, others get all. */
static void
results_arrive_whole(void **state)
{
	static const struct rule RULES[] = { MODERN, LIST(TOOL("say")),
		{ .method = "tools/call",
		    .status = 200,
		    .times = 1,
		    .body = "data: {'jsonrpc':'2.0','method':"
			    "'notifications/progress','params':{"
			    "'progressToken':3,'progress':1,'total':4,"
			    "'message':'one'}}\n\n"
			    "data: " RESULT(
				"'content':[{'type':'text','text':'here'},"
				"{'type':'image','data':'AA==','mimeType':"
				"'image/png','annotations':{'priority':1}},"
				"{'type':'audio','data':'BB==','mimeType':"
				"'audio/wav'},{'type':'resource','resource':{"
				"'uri':'u:/1','blob':'CC==','mimeType':'m'}},"
				"{'type':'resource_link','uri':'u:/2',"
				"'name':'n'}],"
				"'structuredContent':{'n':[7]}") "\n\n" },
		{ .method = "tools/call",
		    .status = 200,
		    .body = RESULT("'resultType':'input_required',"
				   "'inputRequests':{'who':{'method':"
				   "'elicitation/create'}},"
				   "'requestState':'opaque'") },
		{ 0 } };
	char seen[64] = "";
	struct tool_ctx ctx = { .deadline_ms = SOON_MS,
		.progress = on_progress,
		.arg = seen };
	struct tool_call c = { "id", "s__say", "{}" };
	struct arena *mem = arena_new();
	const struct toolset *set;
	const char *sent;
	struct tool_result r;

	(void)state;
	rules_start(RULES);
	begin("s");
	toolbox_wait(box, SOON_MS);
	set = toolset_ref(box, NULL);
	tools_call(set, &ctx, &c, mem, &r);
	assert_true(r.end == TOOL_DONE && r.n == 5);
	assert_string_equal(seen, "1/4 one");
	assert_int_equal(r.content[1].kind, CONTENT_IMAGE);
	assert_string_equal(r.content[1].base64, "AA==");
	assert_string_equal(r.content[1].mime, "image/png");
	assert_non_null(json_object_get(r.content[1].item, "annotations"));
	assert_int_equal(r.content[2].kind, CONTENT_AUDIO);
	assert_int_equal(r.content[3].kind, CONTENT_RESOURCE);
	assert_string_equal(r.content[3].base64, "CC==");
	assert_int_equal(r.content[4].kind, CONTENT_LINK);
	assert_string_equal(r.content[4].uri, "u:/2");
	assert_int_equal(json_array_size(json_object_get(r.structured, "n")),
	    1);
	assert_string_equal(told(mem, &r).text,
	    "here\n[image: image/png]\n[audio: audio/wav]\n"
	    "[resource: u:/1 m]\n[link: n u:/2]\n{\"n\":[7]}");

	tools_call(set, &ctx, &c, mem, &r);
	assert_int_equal(r.end, TOOL_ASKS);
	assert_non_null(json_object_get(r.questions, "who"));
	assert_string_equal(r.state, "opaque");

	/* Called again, the server gets them, and the caller's trace. */
	ctx.answers = json_keep(mem,
	    json_pack("{s:{s:s}}", "who", "action", "accept"));
	ctx.state = r.state;
	ctx.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	tools_call(set, &ctx, &c, mem, &r);
	sent = rules_request("tools/call", rules_count("tools/call") - 1);
	assert_non_null(strstr(sent,
	    "\"inputResponses\":{\"who\":{\"action\":\"accept\"}}"));
	assert_non_null(strstr(sent, "\"requestState\":\"opaque\""));
	assert_non_null(strstr(sent, ctx.trace));
	toolset_unref(set);
	end();
	rules_stop();
	arena_free(mem);
}

static void
patterns_say_what_is_offered(void **state)
{
	static const struct {
		const char *patterns[3];
		const char *offered;
	} cases[] = {
		{ { "echo" }, "echo" },
		{ { "echo", "files__*" }, "echo files__say files__write" },
		{ { "*__say" }, "files__say" },
		{ { "none" }, "" },
	};
	static const struct rule RULES[] = { MODERN,
		LIST(TOOL("say") "," TOOL("write")), { 0 } };
	const char *repeatable[] = { "files__say", "time" };
	const struct toolset *set;
	struct buf errors = BUF_INIT(4096);
	size_t i;

	(void)state;
	rules_start(RULES);
	begin("files");
	assert_true(becomes("echo health time files__say files__write"));
	for (i = 0; i < NELEM(cases); i++) {
		const char *patterns[3];

		memcpy(patterns, cases[i].patterns, sizeof(patterns));
		settings.policy.tools.items = patterns;
		settings.policy.tools.n = patterns[1] == NULL ? 1 : 2;
		assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
		assert_true(becomes(cases[i].offered));
	}
	settings.policy.tools.n = 0;
	settings.policy.repeatable.items = repeatable;
	settings.policy.repeatable.n = 2;
	assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
	set = toolset_ref(box, NULL);
	assert_true(tools_is_repeatable(set, "time"));
	assert_true(tools_is_repeatable(set, "files__say"));
	assert_false(tools_is_repeatable(set, "files__write"));
	assert_false(tools_is_repeatable(set, "unknown"));
	toolset_unref(set);
	end();
	rules_stop();
}

static void
a_reload_keeps_what_is_offered(void **state)
{
	static const struct rule RULES[] = { MODERN, LIST(TOOL("say")), { 0 } };
	struct buf errors = BUF_INIT(4096);
	const struct toolset *old;

	(void)state;
	rules_start(RULES);
	begin("a b");
	assert_true(becomes("echo health time a__say b__say"));
	old = toolset_ref(box, NULL);
	json_object_del(settings.mcp_servers, "b");
	assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
	assert_string_equal(offered(), "echo health time a__say");
	/* A view lives on for those who hold it. */
	assert_int_equal(old->n, 5);
	assert_string_equal(old->specs[4].name, "b__say");
	toolset_unref(old);
	/* What is wrong changes nothing. */
	json_object_set_new(settings.mcp_servers, "c",
	    json_pack("{s:s}", "url", "ftp://x"));
	assert_int_equal(toolbox_reload(box, &settings, &errors), -1);
	assert_non_null(strstr(buf_str(&errors), "mcp.servers: c: url"));
	assert_string_equal(offered(), "echo health time a__say");
	buf_fini(&errors);
	end();
	rules_stop();
}

static void *
reload_now(void *arg)
{
	struct buf errors = BUF_INIT(4096);

	assert_int_equal(toolbox_reload(box, arg, &errors), 0);
	buf_fini(&errors);
	return NULL;
}

/* Good-bye to a server that does not listen: turns do not wait for it. */
static void
a_reload_holds_nobody_up(void **state)
{
	static const struct rule RULES[] = {
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-11-25"),
		    .headers = "Mcp-Session-Id: s\r\n" },
		LIST(TOOL("say")),
		{ .method = "DELETE", .serve = serve_silence }, { 0 }
	};
	const struct toolset *set;
	pthread_t thread;
	int64_t began;

	(void)state;
	rules_start(RULES);
	begin("a");
	assert_true(becomes("echo health time a__say"));
	json_object_del(settings.mcp_servers, "a");
	assert_int_equal(pthread_create(&thread, NULL, reload_now, &settings),
	    0);
	assert_true(rules_wait("DELETE", 1));
	began = clock_boot_ms();
	set = toolset_ref(box, NULL);
	assert_true(clock_boot_ms() - began < GOOD_BYE_MS);
	assert_int_equal(set->n, 3);
	toolset_unref(set);
	rules_change((const struct rule[]){ { 0 } });
	pthread_join(thread, NULL);
	end();
	rules_stop();
}

/* Nor does who held the last view with its tools. */
static void
a_view_given_back_holds_nobody_up(void **state)
{
	static const struct rule RULES[] = {
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-11-25"),
		    .headers = "Mcp-Session-Id: s\r\n" },
		LIST(TOOL("say")),
		{ .method = "DELETE", .serve = serve_silence }, { 0 }
	};
	struct buf errors = BUF_INIT(4096);
	const struct toolset *set;
	int64_t began;

	(void)state;
	rules_start(RULES);
	begin("a");
	assert_true(becomes("echo health time a__say"));
	set = toolset_ref(box, NULL);
	json_object_del(settings.mcp_servers, "a");
	assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
	assert_int_equal(rules_count("DELETE"), 0); /* it is still held */
	began = clock_boot_ms();
	toolset_unref(set);
	assert_true(clock_boot_ms() - began < GOOD_BYE_MS);
	assert_true(rules_wait("DELETE", 1));
	rules_change((const struct rule[]){ { 0 } });
	buf_fini(&errors);
	end();
	rules_stop();
}

/* Several such servers take the time of one, 3 s, at the end too; two after each
 * other would take 6. */
#define SIDE_BY_SIDE_MS 5500
static void
good_byes_are_said_side_by_side(void **state)
{
	static const struct rule RULES[] = {
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-11-25"),
		    .headers = "Mcp-Session-Id: s\r\n" },
		LIST(TOOL("say")),
		{ .method = "DELETE", .serve = serve_silence }, { 0 }
	};
	struct buf errors = BUF_INIT(4096);
	const char *name;
	int64_t began;

	(void)state;
	rules_start(RULES);
	begin("a b c d e");
	assert_true(becomes("echo health time a__say b__say c__say d__say "
			    "e__say"));
	for (name = "ab"; *name != '\0'; name++)
		json_object_del(settings.mcp_servers, (char[]){ *name, '\0' });
	began = clock_boot_ms();
	/* Only those that are gone say good-bye. */
	assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
	assert_true(clock_boot_ms() - began < SIDE_BY_SIDE_MS);
	assert_int_equal(rules_count("DELETE"), 2);
	began = clock_boot_ms();
	end();
	assert_true(clock_boot_ms() - began < SIDE_BY_SIDE_MS);
	assert_int_equal(rules_count("DELETE"), 2 + 3);
	assert_int_equal(rules_count("initialize"), 5);
	rules_change((const struct rule[]){ { 0 } });
	rules_stop();
}

static void
equal_names_stay_two_tools(void **state)
{
	static const struct rule RULES[] = { MODERN,
		LIST(TOOL("b__c") "," TOOL("c") "," TOOL("c")), { 0 } };
	const struct toolset *set;

	(void)state;
	rules_start(RULES);
	begin("a a__b");
	toolbox_wait(box, SOON_MS);
	set = toolset_ref(box, NULL);
	assert_int_equal(set->n, 3 + 4);
	assert_string_equal(set->specs[3].name, "a__b__c");
	assert_string_equal(set->specs[4].name, "a__b__b__c");
	assert_string_equal(set->specs[5].name, "a__c");
	assert_memory_equal(set->specs[6].name, "a__b__c_", 8);
	toolset_unref(set);
	end();
	rules_stop();
}

static void
schemas_are_as_apis_take_them(void **state)
{
	static const struct rule RULES[] = { MODERN,
		LIST("{'name':'bare','inputSchema':{'type':'object'}},"
		     "{'name':'any','title':'Any','description':' ',"
		     "'inputSchema':{'anyOf':[{}],"
		     "'properties':{'x':{'type':'string'}}}},"
		     "{'name':'right','description':'d','inputSchema':"
		     "{'type':'object','properties':{'x':{'type':"
		     "'integer'}}}},"
		     "{'noname':1}"),
		{ 0 } };
	static const struct {
		const char *description, *offered, *original;
	} WANT[] = {
		{ "The tool \"bare\" (its server does not describe it).",
		    "{\"type\":\"object\",\"properties\":{}}",
		    "{\"type\":\"object\"}" },
		{ "Any",
		    "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":"
		    "\"string\"}}}",
		    "{\"anyOf\":[{}],\"properties\":{\"x\":{\"type\":"
		    "\"string\"}}}" },
		{ "d",
		    "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":"
		    "\"integer\"}}}",
		    "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":"
		    "\"integer\"}}}" },
	};
	struct arena *mem = arena_new();
	const struct toolset *set;
	size_t i;

	(void)state;
	rules_start(RULES);
	begin("s");
	toolbox_wait(box, SOON_MS);
	set = toolset_ref(box, NULL);
	assert_int_equal(set->n, 3 + NELEM(WANT));
	for (i = 0; i < NELEM(WANT); i++) {
		const struct tool_spec *t = &set->specs[3 + i];

		assert_string_equal(t->description, WANT[i].description);
		assert_string_equal(t->schema_text, WANT[i].offered);
		assert_string_equal(json_text(mem, t->schema),
		    WANT[i].original);
		assert_int_equal(strlen(t->digest), 16);
	}
	assert_string_not_equal(set->specs[3].digest, set->specs[4].digest);
	toolset_unref(set);
	end();
	rules_stop();
	arena_free(mem);
}

/* OpenAI refuses longer ones; in characters, not in bytes. */
static void
a_long_description_is_cut(void **state)
{
	static char list[16 * KIB], said[3 * 2000 + 1];
	const struct rule rules[] = { MODERN,
		{ .method = "tools/list", .status = 200, .body = list },
		{ 0 } };
	const struct toolset *set;
	const char *got;
	size_t i, n = 0;

	(void)state;
	for (i = 0; i + 1 < sizeof(said); i += 2)
		memcpy(said + i, "\xc3\xa9", 2);
	snprintf(list, sizeof(list),
	    RESULT("'tools':[{'name':'t',"
		   "'description':'%s','inputSchema':{'type':'object'}}]"),
	    said);
	rules_start(rules);
	begin("s");
	assert_true(becomes("echo health time s__t"));
	set = toolset_ref(box, NULL);
	got = set->specs[3].description;
	for (i = 0; got[i] != '\0'; i++)
		n += ((unsigned char)got[i] & 0xc0) != 0x80;
	assert_in_range(n, 1000, 1024);
	assert_memory_equal(got, said, 2000);
	toolset_unref(set);
	end();
	rules_stop();
}

/* A view is made whenever anything changes: that is no news of a source. */
static void
what_is_left_out_is_told_once_a_change(void **state)
{
	static const struct rule RULES[] = { MODERN,
		LIST(TOOL("a") "," TOOL("b") "," TOOL("c")), { 0 } };
	/* llm.tools_max, and the lines until then */
	static const int MAX[][2] = { { 5, 1 }, { 5, 1 }, { 5, 1 }, { 4, 2 },
		{ 4, 2 }, { 128, 2 }, { 5, 3 } };
	struct buf errors = BUF_INIT(4096);
	char path[] = "/tmp/dragoman-toolbox-XXXXXX";
	int fd = mkstemp(path);
	size_t i;

	(void)state;
	assert_true(fd != -1);
	close(fd);
	assert_int_equal(log_open("test", LOG_INFO, path), 0);
	rules_start(RULES);
	begin("x");
	toolbox_wait(box, SOON_MS);
	settings.policy.host = HOST_OPENAI;
	for (i = 0; i < NELEM(MAX); i++) {
		settings.policy.tools_max = MAX[i][0];
		assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
		if (served_lines(path, "tool_hidden") != MAX[i][1])
			fail_msg("the %zuth: %d lines", i + 1,
			    served_lines(path, "tool_hidden"));
	}
	end();
	rules_stop();
	assert_int_equal(log_open("test", LOG_INFO, NULL), 0);
	unlink(path);
}

/* One schema goes into every question: there is a limit. */
static void
a_large_schema_is_left_out(void **state)
{
	static char list[200 * KIB];
	static char many[160 * KIB];
	const struct rule rules[] = { MODERN,
		{ .method = "tools/list", .status = 200, .body = list },
		{ 0 } };
	json_t *sources;
	const json_t *source, *left;
	int i, n = 0;

	(void)state;
	for (i = 0; i < 4000; i++)
		n += snprintf(many + n, sizeof(many) - (size_t)n,
		    "'p%d':{'type':'string'},", i);
	snprintf(list, sizeof(list),
	    RESULT("'tools':[" TOOL(
		"a") ","
		     "{'name':'b','inputSchema':{'type':'object','properties':{%s"
		     "'last':{}}}}," TOOL("c") "]"),
	    many);
	rules_start(rules);
	begin("s");
	assert_true(becomes("echo health time s__a s__c"));
	sources = toolbox_state(box);
	source = json_array_get(sources, 0);
	assert_int_equal(json_member_int(source, "tools", 0), 3);
	assert_int_equal(json_member_int(source, "offered", 0), 2);
	assert_int_equal(json_member_int(source, "left_out", 0), 1);
	left = json_array_get(json_object_get(source, "left_out_tools"), 0);
	assert_string_equal(json_member_str(left, "tool"), "b");
	assert_string_equal(json_member_str(left, "why"),
	    "its inputSchema is too large");
	json_decref(sources);
	end();
	rules_stop();
}

/* What is built in, then one of each in turn: none vanishes, nor from the
 * first of them, which are what a model gets that takes fewer.  OpenAI refuses
 * more than 128 (zed-industries/zed#32946), and the question with them. */
static void
too_many_are_shared_out(void **state)
{
	static const struct rule RULES[] = { MODERN,
		LIST(TOOL("a") "," TOOL("b") "," TOOL("c") "," TOOL("d")),
		{ 0 } };
	static const char *const WANT[] = { "echo", "echo health time",
		"echo health time x__a", "echo health time x__a y__a z__a x__b",
		"echo health time x__a y__a z__a x__b y__b z__b x__c y__c z__c "
		"x__d y__d z__d" };
	static const int MAX[] = { 1, 3, 4, 7, 128 };
	struct buf errors = BUF_INIT(4096);
	json_t *list;
	size_t i;

	(void)state;
	rules_start(RULES);
	begin("x y z");
	toolbox_wait(box, SOON_MS);
	settings.policy.host = HOST_OPENAI;
	for (i = 0; i < NELEM(MAX); i++) {
		settings.policy.tools_max = MAX[i];
		assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
		if (!becomes(WANT[i]))
			fail_msg("%d: %s", MAX[i], offered());
		list = toolbox_state(box);
		assert_int_equal(
		    json_member_int(state_of(list, "y"), "offered", -1)
			+ json_member_int(state_of(list, "y"), "left_out", -1),
		    4);
		json_decref(list);
	}
	/* Who types commands is not offered them at once. */
	settings.policy.host = HOST_DIRECT;
	settings.policy.tools_max = 1;
	assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
	assert_true(becomes(WANT[4]));
	end();
	rules_stop();
}

/* 128 of 50 KiB, which references make of little, leave a question no room. */
static void
large_schemas_are_bounded_together(void **state)
{
	static char body[1 * MIB];
	struct buf list = BUF_INIT(sizeof(body)), one = BUF_INIT(64 * KIB);
	const struct rule rules[] = { MODERN,
		{ .method = "tools/list", .status = 200, .body = body },
		{ 0 } };
	const struct toolset *set;
	const struct offered *o;
	size_t bytes = 0, i;

	(void)state;
	for (i = 0; i < 20; i++)
		assert_int_equal(buf_printf(&one,
				     "'r%zu':{'$ref':"
				     "'#/$defs/d'},",
				     i),
		    0);
	assert_int_equal(buf_add_str(&one,
			     "'z':{'type':'string'}},'$defs':"
			     "{'d':{'properties':{"),
	    0);
	for (i = 0; i < 100; i++)
		assert_int_equal(
		    buf_printf(&one, "'p%zu':{'type':'string'},", i), 0);
	for (i = 0; i < 120; i++)
		assert_int_equal(buf_printf(&list,
				     "%s{'name':'t%zu','inputSchema':{'type':"
				     "'object','properties':{%s'z':{'type':"
				     "'string'}}}}}}",
				     i > 0 ? "," : "", i, buf_str(&one)),
		    0);
	snprintf(body, sizeof(body), RESULT("'tools':[%s]"), buf_str(&list));
	rules_start(rules);
	begin("s");
	toolbox_wait(box,
	    12 * SOON_MS); /* 7 MB of schemas, under a sanitizer */
	set = toolset_ref(box, NULL);
	for (i = 0; i < set->n; i++)
		bytes += strlen(set->specs[i].schema_text);
	assert_true(set->n > 50 && set->n < 123);
	assert_true(bytes <= 4 * MIB);
	o = view_offered(box->views, box->sources[0]);
	assert_int_equal(o->n + o->left_out, 120);
	assert_string_equal(o->shown[0].why,
	    "the schemas of all tools are too large");
	toolset_unref(set);
	end();
	rules_stop();
	buf_fini(&list);
	buf_fini(&one);
}

/* A name that Anthropic refuses is another to the model, and the server's own
 * to the server (decocms/studio#6874). */
static void
names_of_arguments_are_turned_back(void **state)
{
	static const struct rule RULES[] = { MODERN,
		LIST("{'name':'ping','description':'lists','inputSchema':"
		     "{'type':'object','properties':{'filter[id]':{'type':"
		     "'string'},'$top':{'type':'integer'}}}}"),
		{ .method = "tools/call", .status = 200, .body = SAID("ok") },
		{ 0 } };
	static const struct {
		const char *said, *sent;
	} CALLS[] = {
		{ "{\"filter_id\":\"x\",\"_top\":2}",
		    "\"arguments\":{\"filter[id]\":\"x\",\"$top\":2}" },
		{ "{\"filter[id]\":\"x\",\"$top\":2}",
		    "\"arguments\":{\"filter[id]\":\"x\",\"$top\":2}" },
		{ "{}", "\"arguments\":{}" },
	};
	struct tool_ctx ctx = { .deadline_ms = SOON_MS };
	struct arena *mem = arena_new();
	const struct toolset *set;
	struct turn_result r;
	size_t i;

	(void)state;
	rules_start(RULES);
	begin("s");
	toolbox_wait(box, SOON_MS);
	set = toolset_ref(box, NULL);
	assert_non_null(strstr(set->specs[3].schema_text, "\"filter_id\""));
	assert_null(strstr(set->specs[3].schema_text, "filter["));
	for (i = 0; i < NELEM(CALLS); i++) {
		struct tool_call c = { "id", "s__ping", CALLS[i].said };

		r = call_tool(set, &ctx, &c, mem);
		assert_int_equal(r.end, TOOL_DONE);
		if (strstr(rules_request("tools/call", (int)i), CALLS[i].sent)
		    == NULL)
			fail_msg("%s", rules_request("tools/call", (int)i));
	}
	toolset_unref(set);
	end();
	rules_stop();
	arena_free(mem);
}

static void
ask_again(void)
{
	pthread_mutex_lock(&box->mu);
	box->sources[0]->next_ms = 0;
	pthread_cond_broadcast(&box->changed);
	pthread_mutex_unlock(&box->mu);
}

/* One that says in each list that the list changed is not asked at once. */
static void
a_list_that_changes_while_it_is_read(void **state)
{
	static const struct rule RULES[] = { MODERN,
		{ .method = "tools/list",
		    .status = 200,
		    .body = "data: {'jsonrpc':'2.0','method':"
			    "'notifications/tools/list_changed'}\n\n"
			    "data: " TOOLS "\n\n" },
		{ 0 } };

	(void)state;
	rules_start(RULES);
	begin("s");
	assert_true(becomes("echo health time s__t"));
	usleep(100000);
	assert_int_equal(rules_count("tools/list"), 1);
	/* But it is not forgotten. */
	pthread_mutex_lock(&box->mu);
	box->sources[0]->read_ms -= SOON_MS;
	pthread_cond_broadcast(&box->changed);
	pthread_mutex_unlock(&box->mu);
	assert_true(rules_wait("tools/list", 2));
	end();
	rules_stop();
}

/* The list was asked for in vain ${n} times, and is not asked for again. */
static bool
failed_times(int n)
{
	int64_t until = clock_boot_ms() + SOON_MS;
	int failures = -1;

	while (failures != n && clock_boot_ms() < until) {
		usleep(1000);
		pthread_mutex_lock(&box->mu);
		failures = box->sources[0]->failures;
		if (failures == n)
			box->sources[0]->next_ms = INT64_MAX;
		pthread_mutex_unlock(&box->mu);
	}
	return failures == n;
}

/* A question that is never answered is cut, not waited for. */
static void
the_end_does_not_wait_for_a_silent_server(void **state)
{
	static const struct rule SILENT[] = {
		{ .method = "*", .serve = serve_silence }, { 0 }
	};
	int64_t begun;

	(void)state;
	rules_start(SILENT);
	begin("silent");
	toolbox_wait(box, 300);
	begun = clock_boot_ms();
	end();
	assert_true(clock_boot_ms() - begun < SOON_MS / 2);
	rules_change((const struct rule[]){ { 0 } });
	rules_stop();
}

static void
a_server_that_is_down_is_left_out_and_comes_back(void **state)
{
	static const struct rule DOWN[] = {
		{ .method = "*", .status = 503, .body = "{}" }, { 0 }
	};
	static const struct rule UP[] = { MODERN, LIST(TOOL("say")), { 0 } };
	json_t *list;

	(void)state;
	rules_start(DOWN);
	begin("s");
	toolbox_wait(box, SOON_MS);
	assert_string_equal(offered(), "echo health time");
	list = toolbox_state(box);
	assert_false(json_member_bool(state_of(list, "s"), "ok", true));
	assert_true(json_member_str(state_of(list, "s"), "error")[0] != '\0');
	assert_true(json_member_int(state_of(list, "s"), "retry_ms", 0) > 0);
	json_decref(list);
	rules_change(UP);
	assert_true(becomes("echo health time s__say"));

	/* And out again: its age makes it asked.  Once is a blip. */
	rules_change(DOWN);
	ask_again();
	assert_true(failed_times(1));
	assert_string_equal(offered(), "echo health time s__say");
	/* Twice: it is away, and said to be; its tools stay for a while. */
	ask_again();
	assert_true(failed_times(2));
	assert_string_equal(offered(), "echo health time s__say");
	list = toolbox_state(box);
	assert_false(json_member_bool(state_of(list, "s"), "ok", true));
	assert_true(json_member_str(state_of(list, "s"), "error")[0] != '\0');
	assert_true(json_member_int(state_of(list, "s"), "away_ms", -1) >= 0);
	assert_int_equal(json_member_int(state_of(list, "s"), "tools", 0), 1);
	assert_int_equal(json_member_int(state_of(list, "s"), "offered", 0), 1);
	json_decref(list);
	rules_change(UP);
	ask_again();
	assert_true(failed_times(0));
	list = toolbox_state(box);
	assert_true(json_member_bool(state_of(list, "s"), "ok", false));
	assert_int_equal(json_member_int(state_of(list, "s"), "away_ms", -1),
	    0);
	json_decref(list);
	/* But not for ever. */
	rules_change(DOWN);
	ask_again();
	assert_true(failed_times(1));
	pthread_mutex_lock(&box->mu);
	box->sources[0]->away_ms = clock_boot_ms() - SOURCE_AWAY_MAX_MS;
	pthread_mutex_unlock(&box->mu);
	ask_again();
	assert_true(becomes("echo health time"));
	list = toolbox_state(box);
	assert_false(json_member_bool(state_of(list, "s"), "ok", true));
	assert_int_equal(json_member_int(state_of(list, "s"), "tools", 9), 0);
	json_decref(list);
	end();
	rules_stop();
}

/* It answers, and refuses: nothing to wait for. */
static void
a_server_that_refuses_is_left_out(void **state)
{
	static const struct rule UP[] = { MODERN, LIST(TOOL("say")), { 0 } };
	static const struct rule REFUSES[] = {
		{ .method = "*", .status = 401, .body = "{}" }, { 0 }
	};

	(void)state;
	rules_start(UP);
	begin("s");
	assert_true(becomes("echo health time s__say"));
	rules_change(REFUSES);
	ask_again();
	assert_true(failed_times(1));
	ask_again();
	assert_true(becomes("echo health time"));
	end();
	rules_stop();
}

static int
serve_memcp(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return served_answer(fd, 200, "application/json", "",
	    "{\"data\":{\"tools\":[{\"name\":\"query\"},{\"name\":\"echo\"}]}"
	    "}");
}

static void
a_silent_server_does_not_hold_up_others(void **state)
{
	static const struct rule SILENT[] = {
		{ .method = "*", .serve = serve_silence }, { 0 }
	};
	json_t *list;

	(void)state;
	served_start(&memcp, serve_memcp, NULL);
	snprintf(memcp_url, sizeof(memcp_url), "http://127.0.0.1:%d",
	    memcp.port);
	settings.chat_memcp_url = memcp_url;
	rules_start(SILENT);
	begin("silent memcp");
	/* meMCP's tools keep their names; a built-in one goes before. */
	assert_true(becomes("echo health time query"));
	list = toolbox_state(box);
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_member_str(state_of(list, "memcp"), "kind"),
	    "memcp");
	json_decref(list);
	rules_change((const struct rule[]){ { 0 } });
	rules_stop();
	end();
	served_stop(&memcp);
}

/* What is not served yet is seen, and harms nobody. */
static void
a_command_is_told_of(void **state)
{
	static const struct rule rules[] = { { .method = "server/discover",
						 .status = 200,
						 .body = DISCOVER },
		{ .method = "tools/list", .status = 200, .body = TOOLS },
		{ 0 } };
	struct buf errors = BUF_INIT(4096);
	const json_t *local;
	json_t *list;

	(void)state;
	rules_start(rules);
	begin("one !local");
	toolbox_wait(box, SOON_MS);
	assert_true(becomes("echo health time one__t"));
	assert_int_equal(toolbox_reload(box, &settings, &errors), 0);
	assert_true(becomes("echo health time one__t"));
	list = toolbox_state(box);
	assert_int_equal(json_array_size(list), 2);
	assert_true(json_member_bool(state_of(list, "one"), "served", false));
	local = state_of(list, "local");
	assert_false(json_member_bool(local, "ok", true));
	assert_false(json_member_bool(local, "served", true));
	assert_non_null(strstr(json_member_str(local, "error"), "command"));
	assert_int_equal(json_member_int(local, "retry_ms", 1), 0);
	json_decref(list);
	end();
	rules_stop();
}

static int
start(void **state)
{
	(void)state;
	(void)!log_open("test", LOG_ERROR, NULL);
	return http_start(NULL);
}

static int
stop(void **state)
{
	(void)state;
	http_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_servers_there_are_the_built_in_ones),
		cmocka_unit_test(a_server_s_tools_are_called),
		cmocka_unit_test(results_of_all_kinds_are_for_the_model),
		cmocka_unit_test(results_arrive_whole),
		cmocka_unit_test(patterns_say_what_is_offered),
		cmocka_unit_test(a_reload_keeps_what_is_offered),
		cmocka_unit_test(a_reload_holds_nobody_up),
		cmocka_unit_test(a_view_given_back_holds_nobody_up),
		cmocka_unit_test(good_byes_are_said_side_by_side),
		cmocka_unit_test(equal_names_stay_two_tools),
		cmocka_unit_test(schemas_are_as_apis_take_them),
		cmocka_unit_test(a_long_description_is_cut),
		cmocka_unit_test(what_is_left_out_is_told_once_a_change),
		cmocka_unit_test(a_large_schema_is_left_out),
		cmocka_unit_test(too_many_are_shared_out),
		cmocka_unit_test(large_schemas_are_bounded_together),
		cmocka_unit_test(names_of_arguments_are_turned_back),
		cmocka_unit_test(
		    a_server_that_is_down_is_left_out_and_comes_back),
		cmocka_unit_test(a_server_that_refuses_is_left_out),
		cmocka_unit_test(a_silent_server_does_not_hold_up_others),
		cmocka_unit_test(the_end_does_not_wait_for_a_silent_server),
		cmocka_unit_test(a_list_that_changes_while_it_is_read),
		cmocka_unit_test(a_command_is_told_of),
	};

	return cmocka_run_group_tests_name("toolbox", tests, start, stop);
}
