/*
 * Files of mcp.resources_dir: what they are called, what is read, and that
 * nothing outside the folder is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "content/beneath.h"
#include "content/content.h"
#include "content/mime.h"
#include "content/tree.h"
#include "content/uri.h"
#include "nouns/settings.h"

#define URI CONTENT_URI_BEGIN
#define WAIT_MS 10000 /* for what the watch must notice */

static struct arena *mem;
static char top[] = "/tmp/test_content.XXXXXX";
static char root[64]; /* in it, the folder */
static struct settings settings = { .refs = 1 };

static const char *
at(const char *name)
{
	return arena_printf(mem, "%s/%s", root, name);
}

static void
put(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void
make(const char *name)
{
	assert_int_equal(mkdir(at(name), 0700), 0);
}

static int
begin(void **state)
{
	(void)state;
	mem = arena_new();
	assert_non_null(mkdtemp(top));
	(void)snprintf(root, sizeof(root), "%s/folder", top);
	assert_int_equal(mkdir(root, 0700), 0);
	settings.mcp_resources_dir = root;
	settings.mcp_prompts_dir = "";
	return sodium_init() == -1;
}

static int
end(void **state)
{
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		execlp("rm", "rm", "-rf", top, (char *)NULL);
		_exit(1);
	}
	arena_free(mem);
	return child == -1;
}

/* ---- names --------------------------------------------------------------- */

static void
uris(void **state)
{
	static const struct {
		const char *uri, *path;
	} CASES[] = {
		{ URI "a.txt", "a.txt" },
		{ URI "a/b%20c.txt", "a/b c.txt" },
		{ URI "a b.txt", "a b.txt" }, /* a client's own way */
		{ URI "gr%C3%BC%c3%9F", "gr\xc3\xbc\xc3\x9f" },
		{ URI "100%25", "100%" },
		{ URI "a%7Bname%7D", "a{name}" },
		{ URI "", NULL },
		{ URI "/etc/passwd", NULL },
		{ URI "..", NULL },
		{ URI "../x", NULL },
		{ URI "a/../../x", NULL },
		{ URI "a/./b", NULL },
		{ URI "a//b", NULL },
		{ URI "a/", NULL },
		{ URI "%2e%2e/x", NULL },
		{ URI "a/%2E%2E/%2e%2e/x", NULL },
		{ URI "..%2f..%2fetc%2fpasswd", NULL },
		{ URI "a%2Fb", NULL },
		{ URI "a%00b", NULL },
		{ URI "a%0", NULL },
		{ URI "a%", NULL },
		{ URI "a%zz", NULL },
		{ URI "%FF", NULL },
		{ URI ".hidden", NULL },
		{ URI "a/.git/config", NULL },
		{ URI "%2Ehidden", NULL },
		{ URI "a.txt?x=1", NULL },
		{ URI "a.txt#x", NULL },
		{ URI "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", NULL },
		{ "dragoman://RESOURCES/a.txt", NULL },
		{ "file:///etc/passwd", NULL },
		{ "", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		const char *path = content_uri_path(mem, CASES[i].uri);

		if (CASES[i].path == NULL && path != NULL)
			fail_msg("%s is %s", CASES[i].uri, path);
		if (CASES[i].path == NULL)
			continue;
		assert_non_null(path);
		assert_string_equal(path, CASES[i].path);
		/* And there and back. */
		assert_string_equal(
		    content_uri_path(mem, content_uri(mem, path)), path);
	}
	assert_string_equal(content_uri(mem, "a b/\xc3\xbc%{x}~.txt"),
	    URI "a%20b/%C3%BC%25%7Bx%7D~.txt");
	assert_string_equal(content_uri_template(mem, ""), URI "{name}");
	assert_string_equal(content_uri_template(mem, "a b"),
	    URI "a%20b/{name}");
}

static void
types(void **state)
{
	(void)state;
	assert_string_equal(mime_find("a.md")->type, "text/markdown");
	assert_string_equal(mime_find("a.b.PNG")->type, "image/png");
	assert_true(mime_find("x.pdf")->is_binary);
	assert_null(mime_find("Makefile"));
	assert_null(mime_find("a.unknown"));
	assert_null(mime_find("a."));
	assert_true(mime_is_text("gr\xc3\xbc\xc3\x9f", 6));
	assert_true(mime_is_text("", 0));
	assert_false(mime_is_text("a\0b", 3));
	assert_false(mime_is_text("\xff\xfe", 2));
	/* A character that is cut is one; a wrong one is none. */
	assert_true(mime_begins_text("gr\xc3", 3));
	assert_false(mime_begins_text("\xffgr", 3));
	assert_false(mime_is_text("gr\xc3", 3));
}

/* ---- nothing outside ----------------------------------------------------- */

/* What ${name} of the folder reads; NULL: nothing. */
static const char *
read_by(int (*open_by)(int folder, const char *path), const char *name)
{
	char text[64] = "";
	int folder = beneath_folder(root), fd = open_by(folder, name);

	close(folder);
	if (fd == -1)
		return NULL;
	assert_in_range(beneath_read(fd, text, sizeof(text) - 1), 0, 63);
	close(fd);
	return arena_strdup(mem, text);
}

static int
by_kernel(int folder, const char *path)
{
	struct beneath_stamp stamp;

	return beneath_open(folder, path, &stamp);
}

static void
link_to(const char *to, const char *name)
{
	assert_int_equal(symlink(to, at(name)), 0);
}

static void
escapes(void **state)
{
	static const char *const OUT[] = { "../secret", "out", "out-far",
		"out-folder/secret", "loop", "up/secret", "inner/../../secret",
		"/etc/passwd", "pipe", "inner", "nothing", "a.txt/b", "" };
	const char *text;
	size_t i;

	(void)state;
	make("inner");
	put_text("inner/a.txt", "inner a");
	put_text("a.txt", "a");
	put_text("../secret", "secret");
	link_to("../secret", "out");
	link_to(arena_printf(mem, "%s/secret", top), "out-far");
	link_to("..", "out-folder");
	link_to("loop", "loop");
	link_to("..", "inner/up");
	link_to("inner/a.txt", "in");
	assert_int_equal(mkfifo(at("pipe"), 0600), 0);
	for (i = 0; i < NELEM(OUT); i++) {
		text = read_by(by_kernel, OUT[i]);
		if (text != NULL)
			fail_msg("%s reads \"%s\"", OUT[i], text);
	}
	for (i = 0; i < NELEM(OUT); i++)
		if (strcmp(OUT[i], "pipe") != 0 && strcmp(OUT[i], "inner") != 0
		    && read_by(beneath_walk, OUT[i]) != NULL)
			fail_msg("walked to %s", OUT[i]);
	assert_string_equal(read_by(by_kernel, "inner/a.txt"), "inner a");
	assert_string_equal(read_by(beneath_walk, "inner/a.txt"), "inner a");
	/* A link inside is followed where the kernel can say so, else not. */
	text = read_by(by_kernel, "in");
	assert_true(text == NULL || strcmp(text, "inner a") == 0);
	assert_null(read_by(beneath_walk, "in"));
	assert_null(read_by(beneath_walk, "inner/up/a.txt"));
}

/* ---- the source ---------------------------------------------------------- */

struct seen {
	char keys[4096], texts[8192];
	size_t n, stop;
};

static bool
see(void *arg, const char *key, const char *text, size_t len)
{
	struct seen *s = arg;
	size_t used = strlen(s->keys);

	assert_int_equal(strlen(text), len);
	(void)snprintf(s->keys + used, sizeof(s->keys) - used, "%s\n",
	    strncmp(key, URI, strlen(URI)) == 0 ? key + strlen(URI) : key);
	used = strlen(s->texts);
	(void)snprintf(s->texts + used, sizeof(s->texts) - used, "%s\n", text);
	return ++s->n != s->stop;
}

static enum content_rc
read_uri(struct content *c, const char *name, bool may_wait,
    struct content_answer *out)
{
	const struct content_ctx ctx = { .mem = mem, .may_wait = may_wait };

	return content_read(c, &ctx, arena_printf(mem, URI "%s", name), out);
}

static const char *
complete_name(struct content *c, const char *template, const char *argument,
    const char *value)
{
	const struct content_ctx ctx = { .mem = mem };
	const struct content_ref ref = { .of = template,
		.argument = argument,
		.value = value };
	struct content_answer out;
	char *text = arena_strdup(mem, "");
	size_t i;

	if (content_complete(c, &ctx, &ref, &out) != CONTENT_OK)
		return NULL;
	assert_int_equal(out.total, out.nvalues);
	for (i = 0; i < out.nvalues; i++)
		text = arena_printf(mem, "%s%s ", text, out.values[i]);
	return text;
}

static void
lists_and_reads(void **state)
{
	struct content *c = content_start(&settings, NULL, false);
	struct seen s = { 0 };
	struct content_answer out;
	json_t *doc;
	size_t i;
	char *big;

	(void)state;
	put_text("return-policy.md", "# 30 days");
	put("data", "a\0b", 3);
	put("latin.txt", "gr\xfc\xdf", 4);
	put_text("NOTES", "plain");
	put("gr\xc3\xbc \xc3\x9f.txt", "x", 1);
	put("bad\xff", "x", 1);
	put("line\nbreak", "x", 1);
	put_text(".hidden", "x");
	make(".git");
	put_text(".git/config", "x");
	big = calloc(1, TREE_FILE_MAX + 1);
	assert_non_null(big);
	put("large.bin", big, TREE_FILE_MAX + 1);
	put("most.bin", big, TREE_FILE_MAX);
	free(big);

	content_each(c, CONTENT_LIST_RESOURCES, see, &s);
	assert_string_equal(s.keys,
	    "NOTES\na.txt\ndata\ngr%C3%BC%20%C3%9F.txt\nin\n"
	    "inner/a.txt\nlatin.txt\nmost.bin\nreturn-policy.md\n");
	doc = json_read(mem,
	    strrchr(arena_memdup(mem, s.texts, strlen(s.texts) - 1), '\n') + 1,
	    strlen(
		strrchr(arena_memdup(mem, s.texts, strlen(s.texts) - 1), '\n'))
		- 1,
	    NULL, NULL);
	assert_string_equal(json_member_str(doc, "uri"),
	    URI "return-policy.md");
	assert_string_equal(json_member_str(doc, "name"), "return-policy.md");
	assert_string_equal(json_member_str(doc, "title"), "return policy");
	assert_string_equal(json_member_str(doc, "mimeType"), "text/markdown");
	assert_int_equal(json_member_int(doc, "size", 0), 9);
	assert_int_equal(
	    strlen(json_member_str(json_object_get(doc, "annotations"),
		"lastModified")),
	    24);

	memset(&s, 0, sizeof(s));
	s.stop = 2;
	content_each(c, CONTENT_LIST_RESOURCES, see, &s);
	assert_int_equal(s.n, 2);
	memset(&s, 0, sizeof(s));
	content_each(c, CONTENT_LIST_TEMPLATES, see, &s);
	assert_string_equal(s.keys, "{name}\ninner/{name}\n");
	memset(&s, 0, sizeof(s));
	content_each(c, CONTENT_LIST_PROMPTS, see, &s);
	assert_int_equal(s.n, 0);

	assert_int_equal(read_uri(c, "return-policy.md", false, &out),
	    CONTENT_OK);
	assert_int_equal(out.n, 1);
	assert_true(out.parts[0].is_text);
	assert_string_equal(out.parts[0].bytes, "# 30 days");
	assert_int_equal(read_uri(c, "data", false, &out), CONTENT_OK);
	assert_false(out.parts[0].is_text);
	assert_int_equal(out.parts[0].len, 3);
	assert_string_equal(out.parts[0].mime, MIME_BYTES);
	assert_int_equal(read_uri(c, "NOTES", false, &out), CONTENT_OK);
	assert_string_equal(out.parts[0].mime, MIME_TEXT);
	/* Text of another charset is no JSON string. */
	assert_int_equal(read_uri(c, "latin.txt", false, &out), CONTENT_OK);
	assert_false(out.parts[0].is_text);
	assert_int_equal(read_uri(c, "large.bin", true, &out), CONTENT_REFUSED);
	assert_int_equal(read_uri(c, "most.bin", false, &out), CONTENT_SLOW);
	assert_int_equal(read_uri(c, "most.bin", true, &out), CONTENT_OK);
	assert_int_equal(out.parts[0].len, TREE_FILE_MAX);
	for (i = 0; i < 4; i++)
		assert_int_equal(read_uri(c,
				     (const char *[]){ "out", ".hidden",
					 "nothing", "pipe" }[i],
				     true, &out),
		    CONTENT_NONE);

	assert_string_equal(complete_name(c, URI "{name}", "name", "N"),
	    "NOTES ");
	assert_string_equal(complete_name(c, URI "inner/{name}", "name", ""),
	    "a.txt ");
	assert_string_equal(complete_name(c, URI "inner/{name}", "other", ""),
	    "");
	assert_null(complete_name(c, URI "nowhere/{name}", "name", ""));
	content_stop(c);
}

/* ---- changes ------------------------------------------------------------- */

struct heard {
	_Atomic int lists, updates;
	_Atomic int other; /* of another file than a.txt */
	_Atomic bool deaf;
};

static bool
hear_list(void *arg, enum content_list list, const char *digest)
{
	assert_int_equal(list, CONTENT_LIST_RESOURCES);
	assert_true(digest[0] != '\0');
	((struct heard *)arg)->lists++;
	return true;
}

static bool
hear_update(void *arg, const char *uri, const char *digest)
{
	struct heard *h = arg;

	assert_true(digest[0] != '\0');
	if (strcmp(uri, URI "a.txt") == 0)
		h->updates++;
	else
		h->other++;
	return !h->deaf;
}

static void
wait_for(_Atomic int *count, int above)
{
	int64_t until = clock_boot_ms() + WAIT_MS;

	while (*count <= above) {
		assert_true(clock_boot_ms() < until);
		usleep(2000);
	}
}

static void
changes(void **state)
{
	struct heard h = { 0 };
	const struct content_ears ears = { .arg = &h,
		.listed = hear_list,
		.updated = hear_update };
	struct content *c = content_start(&settings, &ears, true);
	struct seen s = { 0 };
	int64_t begun;
	int was;

	(void)state;
	wait_for(&h.lists, 0); /* the first look */
	assert_int_equal(h.updates, 0);
	/* A hint was seen, not the look that comes every 30 s anyway. */
	begun = clock_boot_ms();
	put_text("a.txt", "another");
	wait_for(&h.updates, 0);
	assert_int_equal(h.lists, 1);
	/* Who could not hear is told again. */
	h.deaf = true;
	was = h.updates;
	put_text("a.txt", "once more");
	wait_for(&h.updates, was);
	h.deaf = false;
	was = h.updates;
	put_text("inner/other.txt", "");
	wait_for(&h.updates, was);
	wait_for(&h.other, 0);
	assert_int_equal(unlink(at("inner/other.txt")), 0);
	wait_for(&h.other, 1);
	h.other = 0;
	/* In a folder that is new, too, and as it disappears. */
	was = h.lists;
	make("fresh");
	put_text("fresh/b.txt", "b");
	wait_for(&h.lists, was);
	wait_for(&h.other, 0);
	was = h.other;
	put_text("fresh/b.txt", "bb");
	wait_for(&h.other, was);
	was = h.lists;
	assert_int_equal(unlink(at("fresh/b.txt")), 0);
	wait_for(&h.lists, was);
	assert_true(clock_boot_ms() - begun < 25000);
	content_each(c, CONTENT_LIST_RESOURCES, see, &s);
	assert_null(strstr(s.keys, "fresh"));

	/* Another folder, and none. */
	was = h.lists;
	settings.mcp_resources_dir = at("inner");
	content_reload(c, &settings);
	wait_for(&h.lists, was);
	memset(&s, 0, sizeof(s));
	content_each(c, CONTENT_LIST_RESOURCES, see, &s);
	assert_string_equal(s.keys, "a.txt\n");
	was = h.lists;
	settings.mcp_resources_dir = "";
	content_reload(c, &settings);
	wait_for(&h.lists, was);
	memset(&s, 0, sizeof(s));
	content_each(c, CONTENT_LIST_RESOURCES, see, &s);
	assert_int_equal(s.n, 0);
	content_stop(c);
	settings.mcp_resources_dir = root;
}

static void
no_folder(void **state)
{
	struct content_answer out;
	struct seen s = { 0 };
	struct content *c;

	(void)state;
	settings.mcp_resources_dir = at("nowhere");
	c = content_start(&settings, NULL, false);
	content_each(c, CONTENT_LIST_RESOURCES, see, &s);
	assert_int_equal(s.n, 0);
	assert_int_equal(read_uri(c, "a.txt", true, &out), CONTENT_NONE);
	content_stop(c);
	settings.mcp_resources_dir = root;
}

static void
bounds(void **state)
{
	struct tree *t, *again;
	char name[64];
	size_t i;

	(void)state;
	make("many");
	for (i = 0; i < TREE_FILES_MAX + 2; i++) {
		(void)snprintf(name, sizeof(name), "many/%05zu.txt", i);
		put_text(name, "");
	}
	t = tree_scan(at("many"), NULL, NULL);
	assert_int_equal(t->n, TREE_FILES_MAX);
	assert_int_equal(t->nleft_out, 1);
	assert_non_null(tree_find(t, "00000.txt"));
	assert_null(tree_find(t, "10001.txt"));
	/* The same ones each time. */
	again = tree_scan(at("many"), t, NULL);
	assert_string_equal(t->digest, again->digest);
	tree_unref(t);
	tree_unref(again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris),
		cmocka_unit_test(types),
		cmocka_unit_test(escapes),
		cmocka_unit_test(lists_and_reads),
		cmocka_unit_test(changes),
		cmocka_unit_test(no_folder),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
