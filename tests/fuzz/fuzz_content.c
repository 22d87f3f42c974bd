/*
 * fuzz_content: what clients and operators write about resources and prompts.
 * The first byte chooses: a URI, whose path must lead nowhere else when it is
 * written anew; or a prompt's file, filled with arguments that are behind its
 * last line "===".
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "content/beneath.h"
#include "content/mime.h"
#include "content/prompt.h"
#include "content/uri.h"

#define ARGUMENTS "\n===\n"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
read_uri(struct arena *mem, const char *text)
{
	const char *path = content_uri_path(mem, text), *again, *part;

	(void)mime_find(text);
	if (path == NULL)
		return;
	must(beneath_is_path(path));
	must(strstr(path, "..") != path);
	for (part = path; part != NULL; part = strchr(part, '/')) {
		part += *part == '/';
		must(*part != '.' && *part != '/' && *part != '\0');
	}
	again = content_uri_path(mem, content_uri(mem, path));
	must(again != NULL && strcmp(again, path) == 0);
}

/* Its gaps are of its arguments, and its list entry is JSON. */
static void
check(struct arena *mem, const struct prompt *p)
{
	size_t i;

	must(json_read(mem, p->text, p->len, NULL, NULL) != NULL);
	must(p->n > 0 && p->narguments <= PROMPT_ARGUMENTS_MAX);
	for (i = 0; i < p->n; i++)
		must(p->pieces[i].text != NULL
			? p->pieces[i].len > 0
			: p->pieces[i].argument < p->narguments);
}

static void
read_prompt(struct arena *mem, const char *text, size_t len)
{
	const char *cut = strstr(text, ARGUMENTS), *why = NULL, *filled;
	const json_t *arguments = NULL;
	struct prompt *p;

	if (cut != NULL) {
		arguments = json_read(mem, cut + strlen(ARGUMENTS),
		    strlen(cut) - strlen(ARGUMENTS), NULL, NULL);
		len = (size_t)(cut - text);
	}
	p = prompt_read("fuzzed", "fuzzed.md", text, len, mem, &why);
	if (p == NULL) {
		must(why != NULL && why[0] != '\0');
		return;
	}
	check(mem, p);
	why = NULL;
	filled = prompt_fill(p, arguments, mem, &why);
	must(filled != NULL || why != NULL);
	must(filled == NULL
	    || (strlen(filled) <= PROMPT_TEXT_MAX
		&& text_is_utf8(filled, strlen(filled))));
	prompt_unref(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	char *text;

	if (len > 0) {
		text = arena_memdup(mem, bytes + 1, len - 1);
		if (bytes[0] % 2 == 0)
			read_uri(mem, text);
		else
			read_prompt(mem, text, len - 1);
	}
	arena_free(mem);
	return 0;
}
