/*
 * config: every type, every source and their order, every error with its
 * place.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/config_priv.h"
#include "base/secret.h"

struct sample {
	bool open;
	int64_t count, wait_ms, bytes;
	double heat;
	const char *name, *url, *level, *address;
	struct config_list list;
	int host;
	struct secret token;
	json_t *tree;
	int64_t hidden;
};
#define AT(m) offsetof(struct sample, m)

struct server {
	const char *name;
	const char *url;
	int kind;
	int64_t count;
	struct secret pass;
	const char **headers;
	struct config_list tags;
	bool off;
};
#define OF(m) offsetof(struct server, m)

static const struct config_def SERVER_ROWS[] = {
	{ "url", CONFIG_URL, OF(url), NULL, 0, 0, NULL, NULL, "its address",
	    CONFIG_NEEDED | CONFIG_WHOLE, NULL },
	{ "kind", CONFIG_ENUM, OF(kind), NULL, 0, 0, NULL, "small large", "h",
	    0, NULL },
	{ "count", CONFIG_INT, OF(count), "3", 1, 9, NULL, NULL, "h", 0, NULL },
	{ "pass", CONFIG_SECRET, OF(pass), NULL, 0, 0, NULL, NULL, "h",
	    CONFIG_EXPANDS, NULL },
	{ "headers", CONFIG_MAP, OF(headers), NULL, 0, 0, NULL, NULL, "h", 0,
	    NULL },
	{ "tags", CONFIG_LIST, OF(tags), NULL, 0, 0, NULL, NULL, "h", 0, NULL },
	{ "off", CONFIG_BOOL, OF(off), "false", 0, 0, NULL, NULL, "h", 0,
	    NULL },
};
static const struct config_members SERVER = {
	.rows = SERVER_ROWS,
	.n = NELEM(SERVER_ROWS),
	.size = sizeof(struct server),
	.name = OF(name),
	.max = 3,
	.form = "NAME: {url: URL}",
	.skip = "off",
};

static const struct config_def DEFS[] = {
	{ "chat.open", CONFIG_BOOL, AT(open), "false", 0, 0, NULL, NULL, "h", 0,
	    NULL },
	{ "chat.count", CONFIG_INT, AT(count), "20", 1, 1e9, "COUNT NUMBER",
	    NULL, "h", 0, NULL },
	{ "chat.wait", CONFIG_SPAN, AT(wait_ms), "90s", 1000, 3600e3, NULL,
	    NULL, "h", 0, NULL },
	{ "chat.bytes", CONFIG_SIZE, AT(bytes), "64k", 1024, 1048576, NULL,
	    NULL, "h", 0, NULL },
	{ "chat.heat", CONFIG_REAL, AT(heat), "0.7", -1, 2, NULL, NULL, "h", 0,
	    NULL },
	{ "chat.persona.name", CONFIG_STR, AT(name), NULL, 0, 0, NULL, NULL,
	    "h", 0, NULL },
	{ "chat.url", CONFIG_URL, AT(url), NULL, 0, 0, NULL, NULL, "h", 0,
	    NULL },
	{ "log.level", CONFIG_STR, AT(level), "info", 0, 0, NULL, "debug info",
	    "h", 0, NULL },
	{ "redis.url", CONFIG_STR, AT(address), "redis://localhost", 0, 0, NULL,
	    NULL, "h", CONFIG_PRIVATE, NULL },
	{ "chat.list", CONFIG_LIST, AT(list), "a, b", 0, 0, NULL, NULL, "h", 0,
	    NULL },
	{ "chat.host", CONFIG_ENUM, AT(host), NULL, 0, 0, NULL,
	    "direct openai groq", "h", 0, NULL },
	{ "token", CONFIG_SECRET, AT(token), NULL, 0, 0, NULL, NULL, "h",
	    CONFIG_ASKER, NULL },
	{ "mcp.servers", CONFIG_RECORDS, AT(tree), NULL, 0, 0, "SERVERS", NULL,
	    "h", CONFIG_PRIVATE | CONFIG_ASKER, &SERVER },
	{ "chat.old", CONFIG_IGNORED, 0, NULL, 0, 0, NULL, NULL, "is not used",
	    0, NULL },
	{ "chat.quiet", CONFIG_IGNORED, 0, NULL, 0, 0, NULL, NULL,
	    "is not used", CONFIG_QUIET, NULL },
	{ "hidden", CONFIG_INT, AT(hidden), NULL, 1, 65535, NULL, NULL, "h",
	    CONFIG_NO_ENV | CONFIG_HIDDEN, NULL },
};

static char folder[64];
static struct sample sample;
static struct buf errors, warnings;
static size_t nerrors;

static const char *
path_of(const char *name)
{
	static char paths[4][128];
	static int i;
	char *path = paths[i++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static const char *
put(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static struct config *
load(const struct config_source *src)
{
	struct config *c;

	memset(&sample, 0, sizeof(sample));
	buf_fini(&errors);
	buf_fini(&warnings);
	buf_init(&errors, MIB);
	buf_init(&warnings, MIB);
	c = config_load(DEFS, NELEM(DEFS), &sample, sizeof(sample), src,
	    &errors, &warnings, &nerrors);
	assert_non_null(c);
	return c;
}

static struct config *
load_yaml(const char *text)
{
	const struct config_source src = { .file = put("t.yaml", text),
		.file_must_exist = true };

	return load(&src);
}

static void
defaults(void **state)
{
	const struct config_source src = { 0 };
	struct config *c = load(&src);

	(void)state;
	assert_int_equal(nerrors, 0);
	assert_string_equal(buf_str(&warnings), "");
	assert_false(sample.open);
	assert_int_equal(sample.count, 20);
	assert_int_equal(sample.wait_ms, 90000);
	assert_int_equal(sample.bytes, 65536);
	assert_true(sample.heat > 0.69 && sample.heat < 0.71);
	assert_string_equal(sample.name, "");
	assert_string_equal(sample.level, "info");
	assert_int_equal(sample.list.n, 2);
	assert_string_equal(sample.list.items[1], "b");
	assert_null(sample.list.items[2]);
	assert_false(secret_is_set(&sample.token));
	assert_null(sample.tree);
	assert_string_equal(config_origin(c, "chat.count"), "default");
	assert_true(config_is_default(c, "chat.count"));
	assert_null(config_origin(c, "chat.nothing"));
	config_free(c);
}

static void
yaml_values(void **state)
{
	struct config *c = load_yaml("# a comment\n"
				     "chat:\n"
				     "  open: yes\n"
				     "  count: 1000000000\n"
				     "  wait: 1h\n"
				     "  bytes: 1m\n"
				     "  heat: -1\n"
				     "  persona: {name: \"Ada: the first\"}\n"
				     "  url: http://localhost:8000/\n"
				     "  list:\n"
				     "    - one, two\n"
				     "    - 3\n"
				     "  host: GROQ\n"
				     "token: s3cret\n"
				     "mcp:\n"
				     "  servers:\n"
				     "    w: {url: 'https://w.example', "
				     "headers: {A: 'Bearer x'}, n: 3, t: true, "
				     "r: 1.5, z: ~, l: [a, \"1\"]}\n"
				     "log.level: DEBUG\n");
	struct buf out = BUF_INIT(4096);

	(void)state;
	assert_string_equal(buf_str(&errors), "");
	assert_true(sample.open);
	assert_int_equal(sample.count, 1000000000);
	assert_int_equal(sample.wait_ms, 3600000);
	assert_int_equal(sample.bytes, 1048576);
	assert_true(sample.heat == -1);
	assert_string_equal(sample.name, "Ada: the first");
	assert_string_equal(sample.url, "http://localhost:8000");
	assert_int_equal(sample.list.n, 2);
	assert_string_equal(sample.list.items[0], "one, two");
	assert_string_equal(sample.list.items[1], "3");
	assert_int_equal(sample.host, 2);
	assert_true(secret_equals(&sample.token, "s3cret"));
	assert_string_equal(sample.level, "DEBUG");
	assert_true(json_is_integer(
	    json_object_get(json_object_get(sample.tree, "w"), "n")));
	assert_true(json_is_string(json_array_get(
	    json_object_get(json_object_get(sample.tree, "w"), "l"), 1)));
	assert_string_equal(config_origin(c, "chat.count") + strlen(folder),
	    "/t.yaml:4");

	assert_int_equal(config_value(c, "token", &out), 0);
	assert_string_equal(buf_str(&out), "(set)");
	buf_reset(&out);
	assert_int_equal(config_value(c, "mcp.servers", &out), 0);
	assert_null(strstr(buf_str(&out), "Bearer"));
	assert_non_null(strstr(buf_str(&out), "https://w.example"));
	buf_reset(&out);
	assert_int_equal(config_value(c, "chat.list", &out), 0);
	assert_string_equal(buf_str(&out), "[\"one, two\", \"3\"]");
	buf_fini(&out);
	config_free(c);
}

/* Whatever the table says is secret, and whatever it does not say. */
static void
nested_secrets_are_never_shown(void **state)
{
	struct config *c = load_yaml(
	    "mcp:\n"
	    "  servers:\n"
	    "    w: {url: 'https://u:login-word@w.example/x?key=query-word', "
	    "pass: pass-word, headers: {A-Name: header-word}, count: 7, "
	    "what: unknown-word, deep: {x: [deep-word]}, list: [list-word]}\n"
	    "    f: {url: 'https://f.example', pass_file: /run/its-file}\n"
	    "    k: {url: url-word, pass_file: file-word, \"A: name-word\": x, "
	    "headers: {\"B-Name: head-word\": x}}\n"
	    "    odd: odd-word\n");
	struct buf out = BUF_INIT(4096);

	(void)state;
	assert_string_equal(buf_str(&errors), "");
	assert_int_equal(config_value(c, "mcp.servers", &out), 0);
	assert_null(strstr(buf_str(&out), "-word"));
	assert_non_null(strstr(buf_str(&out), "w.example"));
	assert_non_null(strstr(buf_str(&out), "A-Name"));
	assert_non_null(strstr(buf_str(&out), "\"B-Name\""));
	assert_non_null(strstr(buf_str(&out), "/run/its-file"));
	assert_non_null(strstr(buf_str(&out), "\"count\":7"));
	buf_fini(&out);
	config_free(c);
}

static size_t
read_records(const char *text, bool secrets, struct config_records *out)
{
	struct config_record_source src = { .where = "here",
		.key = "servers",
		.file = path_of("x"),
		.reads_secrets = secrets,
		.errors = &errors,
		.warnings = &warnings };
	json_t *doc = json_loads(text, 0, NULL);
	size_t n;

	if (doc == NULL)
		fail_msg("no JSON: %s", text);
	buf_reset(&errors);
	buf_reset(&warnings);
	n = config_records_read(&SERVER, doc, &src, out);
	json_decref(doc);
	return n;
}

static void
records_are_read_by_their_table(void **state)
{
	static const struct {
		const char *text, *error; /* NULL: right */
	} cases[] = {
		{ "{\"a\": {\"url\": \"http://x\"}}", NULL },
		{ "{\"a\": {\"url\": null, \"off\": true}}", NULL },
		{ "{\"a\": {\"url\": null, \"off\": \"yes\"}}", NULL },
		{ "{\"a\": {\"url\": null, \"off\": \" True \"}}", NULL },
		{ "{\"a\": {\"url\": null, \"off\": \"on\"}}", NULL },
		{ "{\"a\": {\"url\": null, \"off\": \"true\"}}", NULL },
		{ "{\"a\": {\"url\": null, \"off\": 1}}", NULL },
		{ "{\"a\": {\"url\": null, \"off\": 0}}",
		    "a: url: expected a URL" },
		{ "{\"a\": {\"url\": \"http://x\", \"off\": \"no\"}}", NULL },
		{ "{\"a\": {\"url\": \"http://x\", \"off\": \"maybe\"}}",
		    "a: off: expected" },
		{ "{\"a\": {\"url\": \"http://x\", \"off\": [true]}}",
		    "a: off: expected" },
		{ "{\"a\": {\"url\": \"http://x\", \"tags\": {\"b\": "
		  "\"c\"}}}",
		    "a: tags: expected a list of texts" },
		{ "{\"a\": {\"url\": \"http://x\", \"tags\": [\"b\", "
		  "[\"c\"]]}}",
		    "a: tags: expected a list of texts" },
		{ "{\"a\": {\"url\": \"http://x\", \"kind\": "
		  "[\"small\"]}}",
		    "a: kind: expected a text" },
		{ "{\"a\": {}}",
		    "here: servers: a: url: expected a URL that begins with "
		    "http:// or https://: its address; write NAME: {url: URL}" },
		{ "{\"a\": {\"url\": \"ftp://x\"}}",
		    "servers: a: url: expected a URL" },
		/* What a variable held is not shown. */
		{ "{\"a\": {\"url\": \"http://x\", \"pass\": 7}}",
		    "a: pass: expected a text" },
		{ "{\"a\": {\"url\": 7}}", "a: url: expected a text: put it" },
		{ "{\"a\": 7}", "here: servers: a: expected a mapping; write" },
		{ "{\"a b\": {}}", "servers: a b: a name is 1 to 64" },
		{ "{\"a\": {\"url\": \"http://x\", \"urk\": 1}}",
		    "a: urk: is not a member; did you mean url?" },
		{ "{\"a\": {\"url\": \"http://x\", \"pas_file\": \"y\"}}",
		    "is not a member; did you mean pass_file?" },
		{ "{\"a\": {\"urll\": \"http://x\"}}", /* said once */
		    "here: servers: a: urll: is not a member; did you mean "
		    "url?; write NAME" },
		{ "{\"a\": {\"url\": \"http://x\", \"what\": 1}}",
		    "a: what: is not a member; there are url, kind, count, "
		    "pass or pass_file, headers, tags, off; write NAME: {" },
		{ "{\"a\": {\"url\": \"http://x\", \"count\": 10}}",
		    "a: count: expected a whole number from 1 to 9" },
		{ "{\"a\": {\"url\": \"http://x\", \"count\": \"4\"}}", NULL },
		{ "{\"a\": {\"url\": \"http://x\", \"kind\": \"big\"}}",
		    "a: kind: expected small or large, found \"big\"" },
		{ "{\"a\": {\"url\": \"http://x\", \"pass\": \"x\\ny\"}}",
		    "a: pass: has a line end in it" },
		{ "{\"a\": {\"url\": \"http://x\", \"pass\": \"p\", "
		  "\"pass_file\": \"f\"}}",
		    "pass_file: is given twice" },
		{ "{\"a\": {\"url\": \"http://x\", \"pass\": "
		  "\"${NO_SUCH_NAME}\"}}",
		    "a: pass: ${NO_SUCH_NAME} is not set" },
		{ "{\"a\": {\"url\": \"http://x\", \"headers\": []}}",
		    "a: headers: expected a mapping of names" },
		{ "{\"a\": {\"url\": \"http://x\", \"headers\": {\"X\": 1}}}",
		    "a: headers.X: expected a text of one line" },
		{ "{\"a\": {\"url\": \"http://x\", \"headers\": {\"X Y\": "
		  "\"1\"}}}",
		    "a: headers.X: expected the name of a header" },
		{ "{\"a\": {\"url\": \"http://x\"}, \"b\": {\"url\": "
		  "\"http://x\"}, \"c\": {\"url\": \"http://x\"}, \"d\": {}}",
		    "servers: expected at most 3" },
	};
	struct config_records list = { .mem = arena_new() };
	const struct server *s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		size_t n = read_records(cases[i].text, true, &list);

		if ((n == 0) != (cases[i].error == NULL)
		    || (n > 0
			&& strstr(buf_str(&errors), cases[i].error) == NULL))
			fail_msg("%s: %zu: %s", cases[i].text, n,
			    buf_str(&errors));
		config_records_fini(&list);
	}
	put("secret_word", "of-a-file\n");
	setenv("NAME_OF_TEST", "of-a-variable", 1);
	assert_int_equal(
	    read_records("{\"a\": {\"url\": \"http://x/\", \"kind\": "
			 "\"large\", \"pass\": \"${NAME_OF_TEST}\", "
			 "\"headers\": {\"A\": \"${NAME_OF_TEST}\"}}, "
			 "\"b\": {\"url\": \"http://y\", \"pass_file\": "
			 "\"secret_word\"}}",
		true, &list),
	    0);
	assert_int_equal(list.n, 2);
	s = list.items;
	assert_string_equal(s[0].name, "a");
	assert_string_equal(s[0].url, "http://x/");
	assert_int_equal(s[0].kind, 1);
	assert_int_equal(s[0].count, 3);
	assert_true(secret_equals(&s[0].pass, "of-a-variable"));
	assert_string_equal(s[0].headers[0], "A: of-a-variable");
	assert_null(s[0].headers[1]);
	assert_true(secret_equals(&s[1].pass, "of-a-file"));
	config_records_fini(&list);
	/* Who may not have the secrets needs not their variables either. */
	assert_int_equal(
	    read_records(
		"{\"a\": {\"url\": \"http://x/\", \"pass\": "
		"\"${NO_SUCH_NAME}\", \"headers\": {\"A\": "
		"\"${NO_SUCH_NAME}\"}}, \"b\": {\"url\": \"http://y\", "
		"\"pass_file\": \"/nowhere\"}}",
		false, &list),
	    0);
	s = list.items;
	assert_false(secret_is_set(&s[0].pass));
	assert_null(s[0].headers[0]);
	config_records_fini(&list);
	arena_free(list.mem);
	unsetenv("NAME_OF_TEST");
}

static void
a_list_may_be_a_member(void **state)
{
	static const struct {
		const char *text, *items[3];
	} cases[] = {
		{ "[\"b\", \"c, d\", 3]", { "b", "c, d", "3" } },
		{ "\"b, c\"", { "b", "c" } },
		{ "[]", { NULL } },
		{ "null", { NULL } },
	};
	struct config_records list = { .mem = arena_new() };
	const struct server *s;
	char text[200];
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		snprintf(text, sizeof(text),
		    "{\"a\": {\"url\": \"http://x\", \"tags\": %s}}",
		    cases[i].text);
		if (read_records(text, true, &list) != 0)
			fail_msg("%s: %s", text, buf_str(&errors));
		s = list.items;
		for (k = 0; k < 3 && cases[i].items[k] != NULL; k++) {
			assert_true(k < s->tags.n);
			assert_string_equal(s->tags.items[k],
			    cases[i].items[k]);
		}
		assert_int_equal(s->tags.n, k);
		config_records_fini(&list);
	}
	arena_free(list.mem);
}

/* By any way they came, and also what no row names. */
static void
what_is_for_others_is_dropped(void **state)
{
	char servers[] = "SERVERS= {\"a\": {\"url\": \"http://x\", \"pass\": "
			 "\"a-word\", \"what\": [\"b-word\", {\"c\": "
			 "\"c-word\"}]}}";
	char token[] = "TOKEN=d-word", other[] = "COUNT=7";
	char *env[] = { servers, token, other, NULL };
	struct config_source src = { .environ = env };
	struct config *c;
	char *all;

	(void)state;
	c = load(&src);
	assert_string_equal(buf_str(&errors), "");
	config_drop(c); /* nothing is for others */
	assert_true(secret_equals(&sample.token, "d-word"));
	config_free(c);
	src.drops = src.closed = CONFIG_ASKER;
	c = load(&src);
	config_drop(c);
	assert_false(secret_is_set(&sample.token));
	assert_int_equal(sample.count, 7);
	all = json_dumps(sample.tree, 0);
	assert_null(strstr(all, "-word"));
	free(all);
	config_free(c);
	config_drop_environ(DEFS, NELEM(DEFS), src.drops, env);
	assert_string_equal(servers, "SERVERS=");
	assert_string_equal(token, "TOKEN=");
	assert_null(memmem(servers, sizeof(servers), "word", 4));
	assert_string_equal(other, "COUNT=7");
}

static void
spans_and_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t wait_ms; /* -1: refused */
	} cases[] = {
		{ "90", 90000 },
		{ "1.5s", 1500 },
		{ "1500ms", 1500 },
		{ "10m", 600000 },
		{ "10 min", 600000 },
		{ "1h", 3600000 },
		{ "2h", -1 },
		{ "999ms", -1 },
		{ "10 years", -1 },
		{ "-5", -1 },
		{ "1e3", -1 },
		{ "soon", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		char text[64];
		struct config *c;

		snprintf(text, sizeof(text), "chat: {wait: %s}", cases[i].text);
		c = load_yaml(text);
		if (cases[i].wait_ms == -1) {
			assert_int_equal(nerrors, 1);
			assert_non_null(strstr(buf_str(&errors),
			    ":1: chat.wait: expected a time such as 90s, 10m "
			    "or 1h from 1s to 1h, found \""));
		} else {
			assert_string_equal(buf_str(&errors), "");
			assert_int_equal(sample.wait_ms, cases[i].wait_ms);
		}
		config_free(c);
	}
}

static void
errors_with_their_places(void **state)
{
	static const struct {
		const char *yaml, *error; /* after the file's name */
	} cases[] = {
		{ "chat:\n  count: many\n",
		    ":2: chat.count: expected a whole number from 1 to "
		    "1000000000, found \"many\"" },
		{ "chat:\n  count: 0\n", ":2: chat.count: expected a whole" },
		{ "chat:\n  count: 1.5\n", ":2: chat.count: expected a whole" },
		{ "chat:\n  host: cohere\n",
		    ":2: chat.host: expected direct, openai or groq, found "
		    "\"cohere\"" },
		{ "chat:\n  hots: groq\n",
		    ":2: chat.hots: is not a setting; did you mean "
		    "chat.host?" },
		{ "\n\nhost: groq\n",
		    ":3: host: is not a setting; did you mean chat.host?" },
		{ "chat:\n  cuont: 1\n", /* two letters: a slip */
		    ":2: chat.cuont: is not a setting; did you mean "
		    "chat.count?" },
		{ "chat:\n  cxxxt: 1\n", /* three: something else */
		    ":2: chat.cxxxt: is not a setting\n" },
		{ "zzzzzzzzzz: 1\n", ":1: zzzzzzzzzz: is not a setting\n" },
		{ "chat:\n  url: localhost:80\n",
		    ":2: chat.url: expected a URL that begins with http:// or "
		    "https://" },
		{ "chat:\n  url: 'http://'\n", ":2: chat.url: expected" },
		{ "chat:\n  url: 'http://a b'\n", ":2: chat.url: expected" },
		{ "chat:\n  open: perhaps\n",
		    ":2: chat.open: expected true or false" },
		{ "chat:\n  heat: nan\n",
		    ":2: chat.heat: expected a number from -1 to 2" },
		{ "chat:\n  bytes: 2m\n",
		    ":2: chat.bytes: expected a size such as 64k or 1m from "
		    "1k to 1m" },
		{ "chat: 5\n",
		    ":1: chat: expected a mapping of settings, found a single "
		    "value" },
		{ "chat:\n  count: [1]\n",
		    ":2: chat.count: expected a whole number from 1 to "
		    "1000000000, found a list" },
		{ "chat:\n  count: {a: 1}\n",
		    ":2: chat.count: expected a whole number from 1 to "
		    "1000000000, found a mapping" },
		{ "chat:\n  list: [[a]]\n",
		    ":2: chat.list: expected a list of texts" },
		{ "mcp:\n  servers: 3\n",
		    ":2: mcp.servers: expected a mapping, found a single "
		    "value" },
		{ "chat:\n  count: 1\n  count: 2\n",
		    ":3: chat.count: is set twice, first in line 2" },
		{ "chat:\n  persona:\n    name: \"a\\0b\"\n",
		    ":3: chat.persona.name: holds a NUL byte" },
		{ "log: {level: loud}\n",
		    ":1: log.level: expected debug or info, found \"loud\"" },
		{ "hidden: 5\n", ":1: hidden: is not a setting" },
		{ "chat:\n\tcount: 1\n",
		    ":2: file: a tab: indent with blanks" },
		{ "chat:\n  count: 1\n \tlist: a\n",
		    ":3: file: a tab: indent with blanks" },
		{ "chat: {count: 1\n", ": file: expected YAML: " },
		{ "- a\n",
		    ":1: file: expected a mapping of settings, found a "
		    "list" },
		{ "chat: {count: 1}\n---\nchat: {}\n",
		    ": file: expected one document" },
		{ "[a]: 1\n", ":1: file: expected the name of a setting" },
		{ "token: \"a\\nb\"\n",
		    ":1: token: has a line end in it (3 characters): give it "
		    "as one line, without quotes\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct config *c = load_yaml(cases[i].yaml);

		if (nerrors != 1
		    || strstr(buf_str(&errors), cases[i].error) == NULL)
			fail_msg("%s gave %zu: %s", cases[i].yaml, nerrors,
			    buf_str(&errors));
		config_free(c);
	}
}

/* As editors save them: a BOM is none of the first name, and what is not
 * UTF-8 is said as that. */
static void
env_file_encodings(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *error;
	} cases[] = {
		{ "\xef\xbb\xbf"
		  "COUNT=7\n",
		    0, NULL },
		{ "NAM\xe9=1\n", 0,
		    ":1: file: expected UTF-8: save the file in this "
		    "encoding" },
		{ "\xff\xfe"
		  "C\0=\0",
		    6,
		    ": file: expected UTF-8: save the file in this encoding" },
		{ "C=a\0b\n", 6, ": file: holds a NUL byte" },
	};
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		const char *path = path_of("enc.env");
		const struct config_source src = { .env_file = path };
		FILE *f = fopen(path, "w");
		struct config *c;

		assert_non_null(f);
		len = cases[i].len != 0 ? cases[i].len : strlen(cases[i].text);
		assert_int_equal(fwrite(cases[i].text, 1, len, f), len);
		fclose(f);
		c = load(&src);
		if (cases[i].error == NULL) {
			assert_int_equal(nerrors, 0);
			assert_int_equal(sample.count, 7);
		} else if (nerrors != 1
		    || strstr(buf_str(&errors), cases[i].error) == NULL)
			fail_msg("case %zu gave %zu: %s", i, nerrors,
			    buf_str(&errors));
		config_free(c);
	}
}

static void
all_errors_at_once(void **state)
{
	const struct config_source src = {
		.file = put("all.yaml",
		    "chat:\n  count: x\n  host: y\nnothing: 1\n"),
		.env_file = put("all.env", "CHAT_WAIT=never\nnonsense\n"),
		.environ = (char *[]){ (char *)"CHAT_OPEN=maybe", NULL },
	};
	struct config *c = load(&src);

	(void)state;
	assert_int_equal(nerrors, 6);
	assert_non_null(strstr(buf_str(&errors), "all.yaml:2: chat.count: "));
	assert_non_null(strstr(buf_str(&errors), "all.yaml:3: chat.host: "));
	assert_non_null(strstr(buf_str(&errors), "all.yaml:4: nothing: "));
	assert_non_null(strstr(buf_str(&errors), "all.env:1: chat.wait: "));
	assert_non_null(
	    strstr(buf_str(&errors), "all.env:2: file: expected NAME=value"));
	assert_non_null(strstr(buf_str(&errors),
	    "environment CHAT_OPEN: chat.open: expected true or false, found "
	    "\"maybe\""));
	config_free(c);
}

/* Each further source wins over those before. */
static void
precedence(void **state)
{
	const char *dir = path_of("cred");
	char by_file[200], credentials[200];
	char *env[4] = { NULL };
	struct config_source src = { .environ = env };
	struct config *c;

	(void)state;
	mkdir(dir, 0700);
	snprintf(credentials, sizeof(credentials), "CREDENTIALS_DIRECTORY=%s",
	    dir);
	snprintf(by_file, sizeof(by_file), "TOKEN_FILE=%s",
	    put("token", "from a file\r\n"));

	src.file = put("p.yaml", "token: from yaml\n");
	c = load(&src);
	assert_true(secret_equals(&sample.token, "from yaml"));
	assert_null(config_value_file(c, "token"));
	config_free(c);

	src.env_file = put("p.env", "TOKEN='from the env file'\n");
	c = load(&src);
	assert_true(secret_equals(&sample.token, "from the env file"));
	assert_string_equal(config_origin(c, "token") + strlen(folder),
	    "/p.env:1 (TOKEN)");
	config_free(c);

	put("cred/token", "a credential\n");
	env[0] = credentials;
	c = load(&src);
	assert_true(secret_equals(&sample.token, "a credential"));
	assert_string_equal(config_origin(c, "token"), "credential token");
	config_free(c);

	env[1] = by_file;
	c = load(&src);
	assert_true(secret_equals(&sample.token, "from a file"));
	assert_string_equal(config_value_file(c, "token"), path_of("token"));
	config_free(c);

	env[2] = (char *)"TOKEN=from the environment";
	c = load(&src);
	assert_true(secret_equals(&sample.token, "from the environment"));
	assert_string_equal(config_origin(c, "token"), "environment TOKEN");
	assert_null(config_value_file(c, "token"));
	config_free(c);

	env[2] = (char *)"TOKEN="; /* empty values do not count */
	c = load(&src);
	assert_true(secret_equals(&sample.token, "from a file"));
	assert_string_equal(buf_str(&errors), "");
	config_free(c);
}

/* systemd hands over as a credential what the file's name stands for; the file
 * itself is closed to the worker. */
static void
files_that_are_closed(void **state)
{
	char credentials[200];
	char *env[2] = { NULL };
	struct config_source src = { .environ = env };
	struct config *c;

	(void)state;
	snprintf(credentials, sizeof(credentials), "CREDENTIALS_DIRECTORY=%s",
	    path_of("closed"));
	mkdir(path_of("closed"), 0700);
	put("closed/token", "a credential\n");
	src.file = put("c.yaml", "token_file: nowhere/token\n");
	env[0] = credentials;
	c = load(&src);
	assert_string_equal(buf_str(&errors), "");
	assert_true(secret_equals(&sample.token, "a credential"));
	config_free(c);

	src.file = put("d.yaml", "token_file: mine/token\n");
	env[0] = NULL;
	mkdir(path_of("mine"), 0700);
	put("mine/token", "closed\n");
	chmod(path_of("mine/token"), 0);
	if (geteuid() == 0) { /* whom nothing is closed to */
		chmod(folder, 0755);
		assert_int_equal(seteuid(1), 0);
	}
	c = load(&src);
	assert_non_null(strstr(buf_str(&errors), "Permission denied"));
	config_free(c);
	src.drops = src.closed = CONFIG_ASKER;
	c = load(&src);
	assert_string_equal(buf_str(&errors), "");
	assert_false(secret_is_set(&sample.token));
	config_free(c);
	assert_int_equal(seteuid(getuid()), 0);
	src.file = put("e.yaml", "token_file: nowhere/token\n");
	c = load(&src);
	assert_non_null(strstr(buf_str(&errors), "No such file"));
	config_free(c);
}

static void
several_names(void **state)
{
	char *env[] = { (char *)"NUMBER=3", (char *)"COUNT=2", NULL, NULL };
	const struct config_source src = { .environ = env };
	char name[CONFIG_NAME_MAX];
	struct config *c = load(&src);

	(void)state;
	assert_int_equal(sample.count, 2);
	config_free(c);
	env[2] = (char *)"CHAT_COUNT=1";
	c = load(&src);
	assert_int_equal(sample.count, 1);
	config_free(c);
	assert_true(config_env_name(&DEFS[1], 0, name));
	assert_string_equal(name, "CHAT_COUNT");
	assert_true(config_env_name(&DEFS[1], 2, name));
	assert_string_equal(name, "NUMBER");
	assert_false(config_env_name(&DEFS[1], 3, name));
	assert_false(config_env_name(&DEFS[NELEM(DEFS) - 1], 0, name));
}

/* In an environment most names are others': only what is two letters away is
 * told, and nothing of short ones, which are near to everything. */
static void
slips_in_names(void **state)
{
	static const struct {
		const char *variable, *near; /* NULL: it is not told */
	} rows[] = {
		{ "NUMBRE=1", "NUMBER" },
		{ "NUMBEXYX=1", NULL },
		{ "NXXXER=1", NULL },
		{ "CUONT=1", NULL },
		{ "COUNTS=1", "COUNT" },
		{ "count=1", NULL },
		{ "number=1", "NUMBER" },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		char text[32], *env[] = { text, NULL };
		const struct config_source src = { .environ = env };
		const struct config_stray *strays;
		struct config *c;

		snprintf(text, sizeof(text), "%s", rows[i].variable);
		c = load(&src);
		strays = config_strays(c, &n);
		if (n != (rows[i].near != NULL)
		    || (n > 0 && strcmp(strays[0].near, rows[i].near) != 0))
			fail_msg("%s: %s", rows[i].variable,
			    n == 0 ? "-" : strays[0].near);
		config_free(c);
	}
}

static void
env_files(void **state)
{
	struct config_source src = {
		.env_file = put("e.env",
		    "# comment\n\n"
		    "export\tCHAT_COUNT = 7\t#seven #7\n"
		    "CHAT_PERSONA_NAME=\"A \\\"B\\\" # no comment\" # comment\n"
		    "TOKEN='it''s'\n"
		    "CHAT_LIST=[\"a, b\", \"c\"]\r\n"
		    "OTHER=value\n"
		    "OTHER=later\n"
		    "EMPTY=\n"
		    "CHAT_CUONT=8\n"),
	};
	struct config *c = load(&src);
	const struct config_stray *strays;
	size_t n;

	(void)state;
	/* 'it''s' is two quotes: what follows the first is not expected. */
	assert_int_equal(nerrors, 1);
	assert_non_null(strstr(buf_str(&errors),
	    "e.env:5: TOKEN: expected a "
	    "closing quote"));
	assert_int_equal(sample.count, 7);
	assert_string_equal(sample.name, "A \"B\" # no comment");
	assert_int_equal(sample.list.n, 2);
	assert_string_equal(sample.list.items[0], "a, b");
	/* The text, with whatever else it held, is gone. */
	assert_null(c->env_text.data);
	assert_null(c->env_lines);
	strays = config_strays(c, &n);
	assert_int_equal(n, 4); /* OTHER twice, EMPTY */
	assert_null(strays[0].near);
	assert_string_equal(strays[3].name, "CHAT_CUONT");
	assert_string_equal(strays[3].near, "CHAT_COUNT");
	assert_non_null(strstr(strays[3].where, "e.env:10"));
	config_free(c);

	/* For ${NAME}s: the last line of a name. */
	src.keeps_env_file = true;
	c = load(&src);
	assert_string_equal(config_variable(c, "OTHER"), "later");
	assert_null(config_variable(c, "EMPTY"));
	assert_null(config_variable(c, "NOWHERE"));
	setenv("OTHER", "first", 1);
	assert_string_equal(config_variable(c, "OTHER"), "first");
	unsetenv("OTHER");
	config_free(c);

	src.env_file = path_of("missing.env");
	c = load(&src);
	assert_int_equal(nerrors, 1);
	assert_non_null(strstr(buf_str(&errors),
	    "missing.env: file: cannot be read: No such file"));
	config_free(c);
}

static void
secrets_in_files(void **state)
{
	struct config *c;

	(void)state;
	put("beside", "the secret\n");
	c = load_yaml("token_file: beside\n");
	assert_string_equal(buf_str(&errors), "");
	assert_true(secret_equals(&sample.token, "the secret"));
	assert_string_equal(config_value_file(c, "token"), path_of("beside"));
	config_free(c);

	c = load_yaml("token_file: nowhere\n");
	assert_int_equal(nerrors, 1);
	assert_non_null(strstr(buf_str(&errors), ":1: token: "));
	assert_non_null(strstr(buf_str(&errors),
	    "that is named there cannot "
	    "be read: No such file"));
	assert_null(strstr(buf_str(&errors), "nowhere")); /* a key, perhaps */
	config_free(c);
	c = load_yaml("token_file: ./nowhere\n");
	assert_non_null(
	    strstr(buf_str(&errors), "/nowhere cannot be read: No such file"));
	config_free(c);

	put("empty", "\n");
	c = load_yaml("token_file: empty\n");
	assert_non_null(strstr(buf_str(&errors), "/empty is empty"));
	config_free(c);

	c = load_yaml("token: a\ntoken_file: beside\n");
	assert_non_null(strstr(buf_str(&errors), "is set in line 1 already"));
	config_free(c);

	/* Not for what is no secret. */
	c = load_yaml("chat: {host_file: beside}\n");
	assert_non_null(
	    strstr(buf_str(&errors), "chat.host_file: is not a setting"));
	config_free(c);

	/* The wrong value of a secret is never told. */
	c = load_yaml("token: \"hush\\thush\"\n");
	assert_int_equal(nerrors, 1);
	assert_null(strstr(buf_str(&errors), "hush"));
	config_free(c);
}

static void
foreign_files(void **state)
{
	struct config_source src = {
		.file = put("config.tech.yaml",
		    "server: {port: 8123, host: 0.0.0.0}\n"
		    "chat:\n  count: 5\n  unknown: 1\n  old: data/proxy.db\n"
		    "log: {level: LOUD}\n"
		    "x: &x [1]\ny: *x\n"),
		.foreign = true,
		.foreign_keys = "chat.* server.port=hidden",
	};
	struct config *c = load(&src);

	(void)state;
	assert_string_equal(buf_str(&errors), "");
	assert_int_equal(sample.count, 5);
	assert_int_equal(sample.hidden, 8123);
	assert_string_equal(sample.level, "info");
	assert_non_null(strstr(buf_str(&warnings), "chat.old: is not used"));
	config_free(c);
}

static void
ignored_ones(void **state)
{
	char *env[] = { (char *)"CHAT_QUIET=1", (char *)"CHAT_OLD=1", NULL };
	const struct config_source src = { .environ = env };
	struct config *c = load(&src);

	(void)state;
	assert_int_equal(nerrors, 0);
	assert_string_equal(buf_str(&warnings),
	    "environment CHAT_OLD: chat.old: is not used\n");
	config_free(c);
}

static void
derived(void **state)
{
	const struct config_source src = { 0 };
	struct config *c = load(&src);
	struct buf out = BUF_INIT(100);

	(void)state;
	assert_int_equal(
	    config_set_derived(c, "chat.host", "openai", "a key is set"), 0);
	assert_int_equal(sample.host, 1);
	assert_string_equal(config_origin(c, "chat.host"), "a key is set");
	assert_int_equal(config_set_derived(c, "chat.host", "acme", "x"), -1);
	assert_int_equal(config_set_derived(c, "chat.nothing", "1", "x"), -1);
	config_free(c);

	c = load_yaml("chat: {host: groq}\nredis: {url: "
		      "'redis://me:secret@h:1/2'}\n");
	assert_int_equal(config_set_derived(c, "chat.host", "openai", "x"), -1);
	assert_int_equal(config_value(c, "redis.url", &out), 0);
	assert_string_equal(buf_str(&out), "redis://(set)@h:1/2");
	buf_fini(&out);
	config_free(c);
}

/* Aliases in aliases: 2^30 items in a few lines. */
static void
bombs(void **state)
{
	char text[4096] = "mcp:\n  servers:\n    a0: &a0 {x: 1}\n";
	struct config *c;
	size_t at;
	int i;

	(void)state;
	for (i = 1; i < 14; i++) {
		at = strlen(text);
		snprintf(text + at, sizeof(text) - at,
		    "    a%d: &a%d {a: *a%d, b: *a%d, c: *a%d, d: *a%d}\n", i,
		    i, i - 1, i - 1, i - 1, i - 1);
	}
	c = load_yaml(text);
	assert_int_equal(nerrors, 1);
	assert_non_null(strstr(buf_str(&errors),
	    "nested too deeply or "
	    "repeats itself"));
	config_free(c);
	c = load_yaml("mcp: {servers: {a: &a {b: *a}}}\n");
	assert_true(nerrors >= 1);
	config_free(c);
}

static void
missing_files(void **state)
{
	struct config_source src = { .file = path_of("none.yaml") };
	struct config *c = load(&src);

	(void)state;
	assert_int_equal(nerrors, 0);
	config_free(c);
	src.file_must_exist = true;
	c = load(&src);
	assert_int_equal(nerrors, 1);
	config_free(c);
	src.file = put("none.yaml", "");
	c = load(&src);
	assert_int_equal(nerrors, 0);
	config_free(c);
	src.file = folder;
	c = load(&src);
	assert_non_null(strstr(buf_str(&errors), "Is a directory"));
	config_free(c);
	config_free(NULL);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_config.XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "t.yaml", "all.yaml", "all.env",
		"p.yaml", "p.env", "token", "cred/token", "cred", "e.env",
		"beside", "empty", "config.tech.yaml", "none.yaml", "c.yaml",
		"d.yaml", "e.yaml", "closed/token", "closed", "mine/token",
		"mine" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(names); i++)
		remove(path_of(names[i]));
	buf_fini(&errors);
	buf_fini(&warnings);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(yaml_values),
		cmocka_unit_test(nested_secrets_are_never_shown),
		cmocka_unit_test(records_are_read_by_their_table),
		cmocka_unit_test(a_list_may_be_a_member),
		cmocka_unit_test(what_is_for_others_is_dropped),
		cmocka_unit_test(spans_and_sizes),
		cmocka_unit_test(errors_with_their_places),
		cmocka_unit_test(all_errors_at_once),
		cmocka_unit_test(precedence),
		cmocka_unit_test(files_that_are_closed),
		cmocka_unit_test(several_names),
		cmocka_unit_test(slips_in_names),
		cmocka_unit_test(env_files),
		cmocka_unit_test(env_file_encodings),
		cmocka_unit_test(secrets_in_files),
		cmocka_unit_test(foreign_files),
		cmocka_unit_test(ignored_ones),
		cmocka_unit_test(derived),
		cmocka_unit_test(bombs),
		cmocka_unit_test(missing_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
