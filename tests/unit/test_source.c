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
#include "nouns/caller.h"
#include "nouns/metric.h"
#include "tools/listing.h"
#include "tools/tools_priv.h"

#define SOON_MS 30000

static struct settings settings = { .refs = 1,
	.chat_memcp_url = "",
	.mcp_config = "",
	.mcp_refresh_ms = 60000,
	.mcp_timeout_ms = 5000,
	.policy.tools_max = 128 };
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
ask(const struct tool_ctx *ctx, struct arena *mem, struct tool_result *r)
{
	if (ctx->answers == NULL) {
		r->end = TOOL_ASKS;
		r->questions = json_keep(mem,
		    json_pack("{s:{s:s, s:{s:s}}}", "name", "method",
			"elicitation/create", "params", "message", "Who?"));
		r->state = "opaque";
		return;
	}
	tool_result_say(mem, r, TOOL_DONE,
	    arena_printf(mem, "%s %s", json_text(mem, ctx->answers),
		ctx->state));
}

static void
picture(struct arena *mem, struct tool_result *r)
{
	static const struct tool_content ITEMS[] = {
		{ .kind = CONTENT_TEXT, .text = "here" },
		{ .kind = CONTENT_IMAGE,
		    .base64 = "AA==",
		    .mime = "image/png" },
		{ .kind = CONTENT_LINK, .name = "n", .uri = "u:/1" },
	};

	r->end = TOOL_DONE;
	r->n = NELEM(ITEMS);
	r->content = arena_alloc(mem, sizeof(ITEMS));
	memcpy(r->content, ITEMS, sizeof(ITEMS));
	r->structured = json_keep(mem, json_pack("{s:i}", "n", 7));
}

static void
made_up_call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result)
{
	int i;

	(void)s;
	if (strcmp(tool->name, "ask") == 0) {
		ask(ctx, mem, result);
	} else if (strcmp(tool->name, "later") == 0) {
		result->end = TOOL_LATER;
	} else if (strcmp(tool->name, "picture") == 0) {
		picture(mem, result);
	} else if (strcmp(tool->name, "steps") == 0) {
		for (i = 1; i <= 3 && ctx->progress != NULL; i++)
			ctx->progress(ctx->arg, i, 3, "on");
		result->end = TOOL_DONE;
	} else if (strcmp(tool->name, "huge") == 0) {
		char *text = arena_alloc(mem, 9 * MIB);

		memset(text, 'h', 9 * MIB - 1);
		tool_result_say(mem, result, TOOL_DONE, text);
	} else if (strcmp(tool->name, "who") == 0) {
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "%s %s %s %s", ctx->caller->tenant,
			ctx->caller->person, ctx->request, ctx->trace));
	} else {
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "%s %s", tool->name,
			json_text(mem, arguments)));
	}
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
	struct tool_ctx ctx = { .deadline_ms = SOON_MS };
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
	set = toolset_ref(box, NULL);
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
	assert_string_equal(tool_result_text(mem, &r), "do.it {\"a b\":1}");
	toolset_unref(set);
	close_box();
	arena_free(mem);
}

static struct tool_result
call(const struct tool_ctx *ctx, const char *name, struct arena *mem)
{
	struct tool_call c = { "c", name, "{}" };
	const struct toolset *set = toolset_ref(box, ctx->caller);
	struct tool_result r;

	tools_call(set, ctx, &c, mem, &r);
	toolset_unref(set);
	return r;
}

static void
on_progress(void *arg, double value, double total, const char *text)
{
	double *sum = arg;

	assert_true(total == 3);
	assert_string_equal(text, "on");
	*sum = *sum * 10 + value;
}

static void
calls_end_in_each_way(void **state)
{
	struct caller caller = { .tenant = "acme", .person = "ann" };
	double seen = 0;
	struct tool_ctx ctx = { .caller = &caller,
		.deadline_ms = SOON_MS,
		.progress = on_progress,
		.arg = &seen,
		.request = "r-1",
		.trace = "00-t" };
	struct arena *mem = arena_new();
	struct tool_result r;

	(void)state;
	open_box("[{'name':'ask'},{'name':'later'},{'name':'picture'},"
		 "{'name':'steps'},{'name':'huge'},{'name':'who'}]");
	r = call(&ctx, "own__ask", mem);
	assert_int_equal(r.end, TOOL_ASKS);
	assert_non_null(json_object_get(r.questions, "name"));
	assert_string_equal(r.state, "opaque");
	/* Again with the answers, by whoever got them. */
	ctx.answers = json_keep(mem, json_pack("{s:s}", "name", "Ann"));
	ctx.state = r.state;
	r = call(&ctx, "own__ask", mem);
	assert_int_equal(r.end, TOOL_DONE);
	assert_string_equal(tool_result_text(mem, &r),
	    "{\"name\":\"Ann\"} opaque");

	r = call(&ctx, "own__later", mem);
	assert_int_equal(r.end, TOOL_LATER);

	r = call(&ctx, "own__picture", mem);
	assert_true(r.end == TOOL_DONE && r.n == 3);
	assert_int_equal(r.content[1].kind, CONTENT_IMAGE);
	assert_string_equal(r.content[1].base64, "AA==");
	assert_non_null(json_object_get(r.structured, "n"));
	assert_string_equal(tool_result_text(mem, &r),
	    "here\n[image: image/png]\n[link: n u:/1]\n{\"n\":7}");

	r = call(&ctx, "own__steps", mem);
	assert_true(r.end == TOOL_DONE && r.n == 0 && seen == 123);

	r = call(&ctx, "own__huge", mem);
	assert_true(r.end == TOOL_DONE && r.cut);
	assert_in_range(strlen(r.content[0].text), 8 * MIB - KIB, 8 * MIB);

	r = call(&ctx, "own__who", mem);
	assert_string_equal(tool_result_text(mem, &r), "acme ann r-1 00-t");
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
		catalogue_free(c);
		json_decref(list);
	}
}

static void
clients_are_told_the_originals(void **state)
{
	struct tool_ctx ctx = { .deadline_ms = SOON_MS };
	struct arena *mem = arena_new();
	const struct listed_tool *t;
	struct listing *l, *again;
	struct tool_result r;

	(void)state;
	open_box("[{'title':'T','name':'do.it','inputSchema':{'$schema':'x',"
		 "'properties':{'a b':{'type':'string','x-mcp-header':'A'}}},"
		 "'outputSchema':true},{'name':'plain'},{'name':'plain'},"
		 "{'name':'odd','inputSchema':[]}]");
	l = listing_ref(box);
	assert_true(l->whole);
	assert_int_equal(l->n, 6);
	assert_string_equal(l->tools[0].name, "echo");
	assert_true(l->tools[0].quick && l->tools[0].row.read_only);
	assert_string_equal(l->tools[3].text,
	    "{\"name\":\"own__do.it\",\"title\":\"T\",\"outputSchema\":true,"
	    "\"inputSchema\":{\"type\":\"object\",\"$schema\":\"x\","
	    "\"properties\":{\"a b\":{\"type\":\"string\",\"x-mcp-header\":"
	    "\"A\"}}}},"
	    "{\"name\":\"own__plain\",\"inputSchema\":{\"type\":\"object\"}},"
	    "{\"name\":\"own__odd\",\"inputSchema\":{\"type\":\"object\"}}");
	assert_true(l->tools[3].mirrored);
	assert_false(l->tools[3].quick || l->tools[3].row.read_only
	    || l->tools[4].mirrored);
	assert_int_equal(l->tools[5].text + l->tools[5].len - l->text, l->len);

	t = listing_find(l, "own__do.it");
	assert_ptr_equal(t, &l->tools[3]);
	assert_string_equal(listing_source(t), "own");
	assert_null(listing_find(l, "do.it"));
	assert_null(listing_find(l, ""));
	listing_call(t, &ctx, json_keep(mem, json_pack("{s:i}", "a b", 1)), mem,
	    &r);
	assert_string_equal(tool_result_text(mem, &r), "do.it {\"a b\":1}");

	/* The same, as long as nothing changes; and it outlives a change. */
	again = listing_ref(box);
	assert_ptr_equal(again, l);
	listing_unref(again);
	pthread_mutex_lock(&box->mu);
	box->sources[0]->ok = box->sources[0]->asked = false;
	pthread_mutex_unlock(&box->mu);
	again = listing_ref(box);
	assert_ptr_not_equal(again, l);
	assert_false(again->whole);
	assert_non_null(listing_find(l, "own__plain"));
	listing_unref(again);
	listing_unref(l);
	close_box();
	arena_free(mem);
}

/* The time of a call is counted under the name of the kind that it was of. */
static void
labels_are_the_kinds_names(void **state)
{
	const struct settings_server by_command = { .name = "own",
		.by_command = true };
	struct source *all[] = { builtin_source(), memcp_source(&settings),
		mcp_source(&settings, &by_command) };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(all); i++)
		assert_string_equal(
		    METRICS[METRIC_TOOL_SECONDS].values[all[i]->kind->label],
		    all[i]->kind->name);
	sources_unref(all, NELEM(all));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(originals_stand_apart_from_the_offer),
		cmocka_unit_test(calls_end_in_each_way),
		cmocka_unit_test(clients_are_told_the_originals),
		cmocka_unit_test(labels_are_the_kinds_names),
		cmocka_unit_test(digests_are_of_what_a_person_approves),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
