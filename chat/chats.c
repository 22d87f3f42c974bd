#include "chat/chats.h"

#include "base/arena.h"
#include "base/json.h"
#include "chat/breaker.h"
#include "chat/known.h"
#include "chat/trouble.h"
#include "chat/turn.h"
#include "tools/tool.h"

void
chats_init(struct chats *c, struct worker *w)
{
	*c = (struct chats){ .w = w, .models = { .w = w } };
	pthread_mutex_init(&c->models.mu, NULL);
}

static int64_t
max_time_ms(const struct settings *s)
{
	return s->turns_max_time_ms;
}

static void
run(void *ctx, struct lease *l)
{
	turn_run(ctx, l);
}

static void
obey(void *ctx, const struct settings *s)
{
	struct chats *c = ctx;

	model_breakers_keep(&c->models, s);
	known_keep(&c->models, s);
	trouble_forget(&c->models);
}

static void
look(void *ctx)
{
	struct chats *c = ctx;

	trouble_look(&c->models);
	model_breakers_read(&c->models);
}

static bool
is_looking(void *ctx)
{
	struct chats *c = ctx;

	return atomic_load(&c->models.looking);
}

static json_t *
backends(struct models *m, const struct settings *s, struct arena *mem,
    const char **error, bool *asked)
{
	struct llm_backend *list;
	size_t n = llm_backends_all(s, mem, &list), i;
	json_t *out = json_array();

	*error = NULL;
	*asked = n == 0; /* direct: nobody needs to be */
	for (i = 0; i < n; i++) {
		char name[LLM_BREAKER_NAME_MAX], label[LLM_BACKEND_NAME_MAX];
		char learned[LLM_BACKEND_NAME_MAX];
		struct model_breaker *b;
		const char *trouble;
		json_t *record;
		int last;

		llm_breaker_name(&list[i], name);
		llm_backend_label(&list[i], label);
		llm_backend_name(&list[i], learned);
		b = model_breaker_hold(m, name);
		if (b == NULL)
			continue;
		last = atomic_load(&b->last_rc);
		record = json_pack("{s:s, s:s, s:s, s:I, s:s}", "name", label,
		    "breaker", name, "learned", learned,
		    "breaker_open_until_ms",
		    (json_int_t)atomic_load(&b->open_until_ms), "last",
		    last == -1 ? "not asked yet" : llm_rc_name(last));
		trouble_write(m, b, record);
		trouble = json_member_str(json_object_get(record, "trouble"),
		    "kind");
		if (i == 0)
			*asked = last != -1 || trouble != NULL;
		if (i == 0 && (trouble != NULL || last > LLM_OK))
			*error = trouble != NULL ? arena_strdup(mem, trouble)
						 : llm_rc_name(last);
		json_array_append_new(out, record);
		model_breaker_drop(m, b);
	}
	return out;
}

static void
report(void *ctx, const struct settings *s, json_t *record)
{
	struct chats *c = ctx;
	struct models *m = &c->models;
	const struct toolset *set = toolset_ref(c->toolbox, NULL);
	struct arena *mem = arena_new();
	const char *error;
	bool asked;
	char backend[128];
	json_t *list;

	/* Rows that turns begun before a SIGHUP held. */
	model_breakers_keep(m, s);
	known_keep(m, s);
	list = backends(m, s, mem, &error, &asked);
	settings_backend(s, backend, sizeof(backend));
	json_object_update_new(record,
	    json_pack("{s:s, s:o, s:i, s:o, s:b, s:o, s:s?}", "backend",
		backend, "backends", list, "tools_loaded", (int)set->n,
		"sources", toolbox_state(c->toolbox), "looked",
		(int)atomic_load(&m->looked), "model_ok",
		asked ? json_boolean(error == NULL) : json_null(),
		"model_error", error));
	toolset_unref(set);
	arena_free(mem);
}

const struct work_kind CHATS_KIND = {
	.max_time_ms = max_time_ms,
	.run = run,
	.obey = obey,
	.look = look,
	.is_looking = is_looking,
	.report = report,
};
