/*
 * A made-up source beside the built-in one: what it lists, what of that is
 * kept, and what a model is told.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "tools/tools_priv.h"

#define SOON_MS 5000

static struct settings settings = { .refs = 1,
	.chat_memcp_url = "",
	.mcp_config = "",
	.mcp_refresh_ms = 60000,
	.mcp_timeout_ms = 5000,
	.llm_tools_max = 128 };
static struct toolbox *box;
static const char *listed; /* what it lists, JSON with ' for " */
static int closed;

static json_t *
read_list(void)
{
	char *text = strdup(listed), *p;
	json_t *list;

	for (p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	list = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(list);
	return list;
}

static json_t *
made_up_list(struct source *s, const volatile int *cancel,
    struct source_answer *answer)
{
	(void)s;
	(void)cancel;
	answer->ttl_ms = -1;
	return read_list();
}

static void
made_up_call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result)
{
	(void)s;
	(void)ctx;
	result->end = TOOL_DONE;
	result->text = arena_printf(mem, "%s %s", tool->name,
	    json_text(mem, arguments));
}

static void
made_up_close(struct source *s)
{
	(void)s;
	closed++;
}

static const struct source_kind MADE_UP = {
	.name = "made-up",
	.label = 2,
	.prefixed = true,
	.list = made_up_list,
	.call = made_up_call,
	.close = made_up_close,
};

static void
open_box(const char *list)
{
	struct buf errors = BUF_INIT(4096);
	struct source *s = source_new(&MADE_UP, "own", "", NULL);

	listed = list;
	closed = 0;
	assert_int_equal(toolbox_open(&settings, &s, 1, &box, &errors), 0);
	toolbox_wait(box, SOON_MS);
}

static void
close_box(void)
{
	toolbox_stop(box);
	assert_int_equal(closed, 1);
}

static void
originals_stand_apart_from_the_offer(void **state)
{
	struct arena *mem = arena_new();
	struct tool_ctx ctx = { .chat = "c", .deadline_ms = SOON_MS };
	struct tool_call call = { "c", NULL, "{\"a_b\":1}" };
	const struct toolset *set;
	const struct catalogue_tool *t;
	struct tool_result r;
	char list[4096], longer[2000];

	(void)state;
	memset(longer, 'd', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	snprintf(list, sizeof(list),
	    "[{'name':'do.it','title':'T','description':'%s','inputSchema':"
	    "{'type':'object','properties':{'a b':{'type':'integer',"
	    "'default':1}}},'annotations':{'readOnlyHint':true},"
	    "'_meta':{'x':1}},{'name':'plain'}]",
	    longer);
	open_box(list);
	set = toolset_ref(box);
	assert_int_equal(set->n, 5);
	/* What a model is told: names and texts that its API takes. */
	assert_memory_equal(set->specs[3].name, "own__do_it_", 11);
	assert_int_equal(strlen(set->specs[3].description), 1023 + 3);
	assert_null(strstr(set->specs[3].schema_text, "a b"));
	assert_null(strstr(set->specs[3].schema_text, "\"default\""));
	/* What there is: all of it, in its order. */
	t = box->sources[0]->offer->catalogue->tools;
	assert_string_equal(t[0].name, "do.it");
	assert_string_equal(t[1].name, "plain");
	assert_string_equal(json_member_str(t[0].definition, "description"),
	    longer);
	assert_non_null(json_object_get(t[0].definition, "_meta"));
	assert_non_null(
	    json_object_get(json_object_get(t[0].schema, "properties"), "a b"));
	assert_true(t[0].hints.read_only && t[0].hints.open_world);
	assert_false(t[0].hints.idempotent);
	assert_true(t[1].hints.destructive && !t[1].hints.read_only);
	/* A call is of the original. */
	call.name = set->specs[3].name;
	tools_call(set, &ctx, &call, mem, &r);
	assert_string_equal(r.text, "do.it {\"a b\":1}");
	toolset_unref(set);
	close_box();
	arena_free(mem);
}

static void
digests_are_of_what_a_person_approves(void **state)
{
	static const struct {
		const char *list;
		bool same; /* as the first */
	} cases[] = {
		{ "[{'name':'a','description':'d','inputSchema':{'type':"
		  "'object','required':[]}}]",
		    true },
		{ "[{'inputSchema':{'required':[],'type':'object'},"
		  "'description':'d','name':'a','icons':[]}]",
		    true },
		{ "[{'name':'a','description':'D','inputSchema':{'type':"
		  "'object','required':[]}}]",
		    false },
		{ "[{'name':'a','description':'d','inputSchema':{'type':"
		  "'object'}}]",
		    false },
		{ "[{'name':'a','description':'d','inputSchema':{'type':"
		  "'object','required':[]},'_meta':{'ui':1}}]",
		    false },
	};
	char first[CATALOGUE_DIGEST_MAX] = "";
	struct catalogue *c;
	json_t *list;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		listed = cases[i].list;
		list = read_list();
		c = catalogue_make(list);
		if (i == 0)
			memcpy(first, c->tools[0].digest, sizeof(first));
		assert_int_equal(strlen(c->tools[0].digest), 16);
		if ((strcmp(first, c->tools[0].digest) == 0) != cases[i].same)
			fail_msg("%zu: %s", i, c->tools[0].digest);
		catalogue_unref(c);
		json_decref(list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(originals_stand_apart_from_the_offer),
		cmocka_unit_test(digests_are_of_what_a_person_approves),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
