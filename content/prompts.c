/*
 * prompts: the files of mcp.prompts_dir as prompts.
 */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/json.h"
#include "content/folder.h"
#include "content/shelf.h"
#include "nouns/settings.h"

/* ---- the folder ---------------------------------------------------------- */

static const char *
root(const struct settings *s)
{
	return s->mcp_prompts_dir;
}

static void *
scan(const char *path, const void *old, struct content_watch *w)
{
	return shelf_scan(path, old, w);
}

static void *
ref(void *seen)
{
	return shelf_ref(seen);
}

static void
unref(void *seen)
{
	shelf_unref(seen);
}

static bool
tell(const struct content_ears *ears, const void *old, const void *new)
{
	const struct shelf *was = old, *is = new;

	return (was != NULL && strcmp(was->digest, is->digest) == 0)
	    || ears->listed(ears->arg, CONTENT_LIST_PROMPTS, is->digest);
}

static void
log_news(const char *path, const void *old, const void *new)
{
	shelf_log(path, old, new);
}

static const struct folder_kind PROMPTS = { .root = root,
	.scan = scan,
	.ref = ref,
	.unref = unref,
	.tell = tell,
	.log = log_news };

static void *
prompts_open(const struct settings *s, const struct content_ears *ears)
{
	return folder_new(&PROMPTS, s, ears);
}

static void
prompts_close(void *own)
{
	folder_free(own);
}

static void
prompts_reload(void *own, const struct settings *s)
{
	folder_reload(own, s);
}

static bool
prompts_is_watched(void *own)
{
	return folder_is_watched(own);
}

static void
prompts_look(void *own, struct content_watch *w)
{
	folder_look(own, w);
}

/* ---- what clients ask ---------------------------------------------------- */

static void
prompts_list(void *own, enum content_list list, content_add *add, void *arg)
{
	struct shelf *s = list == CONTENT_LIST_PROMPTS ? folder_seen(own)
						       : NULL;
	const struct prompt *one;
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++) {
		one = s->files[i].prompt;
		if (one != NULL && !add(arg, one->name, one->text, one->len))
			break;
	}
	shelf_unref(s);
}

static enum content_rc
prompts_get(void *own, const struct content_ctx *ctx, const char *name,
    const json_t *arguments, struct content_answer *out)
{
	struct shelf *s = folder_seen(own);
	const struct prompt *p = s == NULL ? NULL : shelf_find(s, name);
	enum content_rc rc = CONTENT_NONE;
	const char *text;

	if (p != NULL) {
		text = prompt_fill(p, arguments, ctx->mem, &out->why);
		rc = text == NULL ? CONTENT_REFUSED : CONTENT_OK;
		out->description = arena_strdup(ctx->mem, p->description);
		if (text != NULL)
			out->messages = json_keep(ctx->mem,
			    json_pack("[{s:s, s:{s:s, s:s}}]", "role", "user",
				"content", "type", "text", "text", text));
	}
	shelf_unref(s);
	return rc;
}

/* The choices of ${a} that begin with what was typed. */
static void
complete(const struct prompt_argument *a, const struct content_ctx *ctx,
    const char *value, struct content_answer *out)
{
	const char **values = arena_alloc(ctx->mem,
	    CONTENT_VALUES_MAX * sizeof(*values));
	size_t i;

	for (i = 0; i < a->nchoices; i++) {
		if (strncasecmp(a->choices[i], value, strlen(value)) != 0)
			continue;
		if (out->nvalues < CONTENT_VALUES_MAX)
			values[out->nvalues++] = arena_strdup(ctx->mem,
			    a->choices[i]);
		out->total++;
	}
	out->values = values;
}

static enum content_rc
prompts_complete(void *own, const struct content_ctx *ctx,
    const struct content_ref *ref, struct content_answer *out)
{
	struct shelf *s = ref->is_prompt ? folder_seen(own) : NULL;
	const struct prompt *p = s == NULL ? NULL : shelf_find(s, ref->of);
	const struct prompt_argument *a = p == NULL
	    ? NULL
	    : prompt_argument(p, ref->argument);

	if (a != NULL)
		complete(a, ctx, ref->value, out);
	shelf_unref(s);
	return p == NULL ? CONTENT_NONE : CONTENT_OK;
}

const struct content_source CONTENT_PROMPTS_DIR = {
	.name = "prompts_dir",
	.open = prompts_open,
	.close = prompts_close,
	.reload = prompts_reload,
	.is_watched = prompts_is_watched,
	.look = prompts_look,
	.list = prompts_list,
	.get = prompts_get,
	.complete = prompts_complete,
};
