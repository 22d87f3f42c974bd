/*
 * Files of mcp.prompts_dir: which are prompts, what is made of them, and which
 * values are offered.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "content/content.h"
#include "content/prompt.h"
#include "nouns/settings.h"

#define WAIT_MS 10000 /* for what the watch must notice */
#define HEAD                             \
	"---\n"                          \
	"title: Review\n"                \
	"description: Of a change\n"     \
	"arguments:\n"                   \
	"  - name: language\n"           \
	"    required: true\n"           \
	"    choices: [C, Go, C++, 3]\n" \
	"  - name: code\n"               \
	"    description: All of it\n"   \
	"---\n"

static struct arena *mem;
static char root[] = "/tmp/test_prompt.XXXXXX";
static struct settings settings = { .refs = 1 };

static int
begin(void **state)
{
	(void)state;
	mem = arena_new();
	assert_non_null(mkdtemp(root));
	settings.mcp_resources_dir = "";
	settings.mcp_prompts_dir = root;
	return sodium_init() == -1;
}

static int
end(void **state)
{
	(void)state;
	arena_free(mem);
	return rmdir(root);
}

static struct prompt *
read_text(const char *text, const char **why)
{
	return prompt_read("review", "review.md", text, strlen(text), mem, why);
}

/* ---- the file ------------------------------------------------------------ */

static void
broken(void **state)
{
	static const struct {
		const char *text, *why; /* a part of it */
	} CASES[] = {
		{ "", "does not begin" },
		{ "Hello", "does not begin" },
		{ "--- # x\nHello", "does not begin" },
		{ "---\ntitle: a\n", "does not end" },
		{ "---\n---\n", "no text below" },
		{ "---\n---\n \n\n", "no text below" },
		{ "---\n- a\n---\nx", "is not a mapping" },
		{ "---\ntitle: [a]\n---\nx", "title is not a text" },
		{ "---\ntitle: \"a\\0b\"\n---\nx", "title is not a text" },
		{ "---\nname: a\n---\nx", "\"name\" is nothing" },
		{ "---\narguments: a\n---\nx", "arguments is not a list" },
		{ "---\narguments: [a]\n---\nx", "not a mapping with a name" },
		{ "---\narguments: [{}]\n---\nx", "has no name" },
		{ "---\narguments: [{name: a b}]\n---\nx", "has no name" },
		{ "---\narguments: [{name: a.b}]\n---\nx", "has no name" },
		{ "---\narguments: [{name: a}, {name: a}]\n---\nx", "twice" },
		{ "---\narguments: [{name: a, requird: true}]\n---\nx",
		    "\"requird\" is nothing" },
		{ "---\narguments: [{name: a, required: maybe}]\n---\nx",
		    "neither true nor false" },
		{ "---\narguments: [{name: a, choices: b}]\n---\nx",
		    "not a list of 1 to" },
		{ "---\narguments: [{name: a, choices: []}]\n---\nx",
		    "not a list of 1 to" },
		{ "---\narguments: [{name: a, choices: [{}]}]\n---\nx",
		    "a choice of a" },
		{ "---\n\ttitle: a\n---\nx", "review.md:2: " },
		{ "---\ntitle: 'a\n---\nx", "expected YAML" },
		{ "---\na: &a [*a]\n---\nx", "" },
		{ "---\ntitle: a\n---\n{{ name }}", "none of its arguments" },
		{ "---\ntitle: \xff\n---\nx", "not UTF-8" },
	};
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct prompt *p = read_text(CASES[i].text, &why);

		if (p != NULL || why == NULL
		    || strstr(why, CASES[i].why) == NULL)
			fail_msg("%s: %s", CASES[i].text,
			    p != NULL ? "is a prompt" : why);
	}
	assert_null(prompt_read("a b", "a b.md", HEAD "x", strlen(HEAD "x"),
	    mem, &why));
	assert_non_null(strstr(why, "its name"));
	assert_null(
	    prompt_read("a", "a.md", HEAD "a\0b", strlen(HEAD) + 3, mem, &why));
	assert_non_null(strstr(why, "UTF-8"));
}

static void
listed(void **state)
{
	const char *why;
	struct prompt *p = read_text("\xef\xbb\xbf---\r\n", &why);

	(void)state;
	assert_null(p); /* its head has no end */
	p = read_text(HEAD "x", &why);
	assert_non_null(p);
	assert_string_equal(p->text,
	    "{\"name\":\"review\",\"title\":\"Review\",\"description\":\"Of a "
	    "change\",\"arguments\":[{\"name\":\"language\",\"required\":true},"
	    "{\"name\":\"code\",\"description\":\"All of it\",\"required\":"
	    "false}]}");
	assert_int_equal(p->len, strlen(p->text));
	prompt_unref(p);
	p = read_text("\xef\xbb\xbf---\r\n---\r\nx\r\n", &why);
	assert_non_null(p);
	assert_string_equal(p->text, "{\"name\":\"review\"}");
	assert_string_equal(prompt_fill(p, NULL, mem, &why), "x");
	prompt_unref(p);
}

/* ---- filling ------------------------------------------------------------- */

static void
filled(void **state)
{
	static const struct {
		const char *body, *arguments, *text; /* or why */
		bool is_why;
	} CASES[] = {
		{ "In {{language}}:\n\n{{ code }}\n",
		    "{\"language\":\"C\","
		    "\"code\":\"main\"}",
		    "In C:\n\nmain", false },
		{ "{{language}}{{language}}", "{\"language\":\"Go\"}", "GoGo",
		    false },
		{ "a{{code}}b", "{\"language\":\"3\"}", "ab", false },
		{ "a{{code}}b", "{\"language\":\"3\",\"code\":null}", "ab",
		    false },
		/* What is filled in is no gap, and says nothing to us. */
		{ "{{code}}!{{language}}",
		    "{\"language\":\"C\",\"code\":\"{{language}}\"}",
		    "{{language}}!C", false },
		{ "{{code}}", "{\"language\":\"C\",\"code\":\"%s%n\\\\{{\"}",
		    "%s%n\\{{", false },
		{ "{{code}}{{language}}",
		    "{\"language\":\"C++\",\"code\":\"{{\"}", "{{C++", false },
		/* Braces that are meant as such. */
		{ "\\{{language}} {{ a.b }} {{}} {{{language}}}",
		    "{\"language\":\"C\"}", "{{language}} {{ a.b }} {{}} {C}",
		    false },
		{ "{{ {{language}}", "{\"language\":\"C\"}", "{{ C", false },
		{ "{{language", "{\"language\":\"C\"}", "{{language", false },
		{ "x", "{\"language\":\"C\",\"other\":\"y\"}", "x", false },
		{ "x", "{}", "the argument language is missing", true },
		{ "x", "{\"language\":\"Rust\"}", "is one of: C, Go, C++, 3",
		    true },
		{ "x", "{\"language\":\"c\"}", "is one of", true },
		{ "x", "{\"language\":7}", "is no string", true },
	};
	const char *why, *text;
	struct prompt *p;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		p = read_text(arena_printf(mem, "%s%s", HEAD, CASES[i].body),
		    &why);
		if (p == NULL)
			fail_msg("%s: %s", CASES[i].body, why);
		why = "";
		text = prompt_fill(p,
		    json_read(mem, CASES[i].arguments,
			strlen(CASES[i].arguments), NULL, NULL),
		    mem, &why);
		if (CASES[i].is_why) {
			assert_null(text);
			assert_non_null(strstr(why, CASES[i].text));
		} else {
			assert_non_null(text);
			assert_string_equal(text, CASES[i].text);
		}
		prompt_unref(p);
	}
}

/* A gap that stands often makes no more than the bound. */
static void
bounded(void **state)
{
	char *body = arena_alloc(mem, 20 * 100 + 1), *code;
	const char *why = "";
	struct prompt *p;
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		memcpy(body + 20 * i, "           {{code}}\n", 20);
	p = read_text(arena_printf(mem, "%s%s", HEAD, body), &why);
	assert_non_null(p);
	code = arena_alloc(mem, 20001);
	memset(code, 'x', 20000);
	assert_null(prompt_fill(p,
	    json_keep(mem,
		json_pack("{s:s, s:s}", "language", "C", "code", code)),
	    mem, &why));
	assert_non_null(strstr(why, "longer than 1 MiB"));
	prompt_unref(p);
}

/* ---- the source ---------------------------------------------------------- */

static const char *
at(const char *name)
{
	return arena_printf(mem, "%s/%s", root, name);
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool
see(void *arg, const char *key, const char *text, size_t len)
{
	char *keys = arg;
	size_t used = strlen(keys);

	assert_int_equal(strlen(text), len);
	(void)snprintf(keys + used, 256 - used, "%s ", key);
	return true;
}

static const char *
names(struct content *c)
{
	static char keys[256];

	keys[0] = '\0';
	content_each(c, CONTENT_LIST_PROMPTS, see, keys);
	return keys;
}

static const char *
complete(struct content *c, const char *prompt, const char *argument,
    const char *value)
{
	const struct content_ctx ctx = { .mem = mem };
	const struct content_ref ref = { .is_prompt = true,
		.of = prompt,
		.argument = argument,
		.value = value };
	struct content_answer out;
	char *text = arena_strdup(mem, "");
	size_t i;

	if (content_complete(c, &ctx, &ref, &out) != CONTENT_OK)
		return NULL;
	for (i = 0; i < out.nvalues; i++)
		text = arena_printf(mem, "%s%s ", text, out.values[i]);
	return text;
}

static bool
hear_list(void *arg, enum content_list list, const char *digest)
{
	assert_int_equal(list, CONTENT_LIST_PROMPTS);
	assert_true(digest[0] != '\0');
	(*(_Atomic int *)arg)++;
	return true;
}

static bool
hear_update(void *arg, const char *uri, const char *digest)
{
	(void)arg;
	(void)digest;
	fail_msg("%s", uri);
	return true;
}

static void
source(void **state)
{
	_Atomic int lists = 0;
	const struct content_ears ears = { .arg = &lists,
		.listed = hear_list,
		.updated = hear_update };
	const struct content_ctx ctx = { .mem = mem };
	const json_t *arguments = json_keep(mem,
	    json_pack("{s:s}", "language", "Go"));
	struct content_answer out;
	struct content *c;
	int64_t until;
	int was;

	(void)state;
	put("review.md", HEAD "In {{language}}.");
	put("broken.md", "no head");
	put("readme.txt", HEAD "x");
	put(".hidden.md", HEAD "x");
	c = content_start(&settings, &ears, true);
	assert_string_equal(names(c), "review ");
	assert_int_equal(content_get(c, &ctx, "review", arguments, &out),
	    CONTENT_OK);
	assert_string_equal(out.description, "Of a change");
	assert_string_equal(json_text(mem, out.messages),
	    "[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":\"In "
	    "Go.\"}}]");
	assert_int_equal(
	    content_get(c, &ctx, "review", json_keep(mem, json_object()), &out),
	    CONTENT_REFUSED);
	assert_int_equal(content_get(c, &ctx, "broken", arguments, &out),
	    CONTENT_NONE);
	assert_int_equal(content_get(c, &ctx, "../review", arguments, &out),
	    CONTENT_NONE);
	assert_string_equal(complete(c, "review", "language", "c"), "C C++ ");
	assert_string_equal(complete(c, "review", "language", "x"), "");
	assert_string_equal(complete(c, "review", "code", ""), "");
	assert_string_equal(complete(c, "review", "nothing", ""), "");
	assert_null(complete(c, "nothing", "language", ""));

	was = lists;
	put("broken.md", "---\n---\nnow whole");
	for (until = clock_boot_ms() + WAIT_MS;
	     strcmp(names(c), "broken review ") != 0;) {
		assert_true(clock_boot_ms() < until);
		usleep(2000);
	}
	while (lists <= was)
		usleep(2000);
	content_stop(c);
	unlink(at("review.md"));
	unlink(at("broken.md"));
	unlink(at("readme.txt"));
	unlink(at(".hidden.md"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken),
		cmocka_unit_test(listed),
		cmocka_unit_test(filled),
		cmocka_unit_test(bounded),
		cmocka_unit_test(source),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
