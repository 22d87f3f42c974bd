/*
 * mcp_stream_tasks: tasks that a listen names: it is told of each change.
 *
 * The task's record has the address of the stream, which looks when it is woken,
 * and now and then.  A task of another key, or that is gone, is left out of the
 * acknowledgement.
 */
#include "handlers/mcp_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "handlers/mcp_tasks.h"

/* Several looks: one may be lost, and clocks differ. */
#define NEWS_MS (4 * VERSIONS_LOOK_MS)

int
mcp_stream_read_tasks(struct mcp_stream *s, const char *key, const json_t *ids)
{
	const json_t *one;
	struct chat_name name;
	size_t i;

	if (ids == NULL || json_is_null(ids))
		return 0;
	if (!json_is_array(ids) || json_array_size(ids) > TASKS_OPEN_MAX)
		return -1;
	s->tasks = calloc(json_array_size(ids) + 1, sizeof(*s->tasks));
	if (s->tasks == NULL)
		abort();
	json_array_foreach(ids, i, one) {
		const char *id = json_string_value(one);

		if (id == NULL)
			return -1;
		if (task_name(&name, key, id) == 0)
			(void)snprintf(s->tasks[s->ntasks++].name,
			    CHAT_NAME_MAX, "%s", name.text);
	}
	return 0;
}

/* All of a task, as a text of ${mem} without its last brace; NULL: too long. */
static const char *
text_of(struct arena *mem, const char *name, const struct task *t)
{
	struct buf text = BUF_INIT(MCP_ANSWER_MAX);
	const char *out = NULL;

	if (buf_add_char(&text, '{') == 0
	    && mcp_task_write(&text, mem, strchr(name, '/') + 1, t) == 0)
		out = arena_strdup(mem, buf_str(&text));
	buf_fini(&text);
	return out;
}

/* Each change of its state is another number, or another state. */
static int64_t
look_of(const struct task *t)
{
	return t->updated_ms + t->round;
}

static void
note(struct mcp_stream *s, struct mcp_heard *h, const char *state, int64_t look,
    const char *text, struct buf *out)
{
	h->seen = look;
	(void)snprintf(h->state, sizeof(h->state), "%s", state);
	if (text != NULL)
		(void)!mcp_stream_task(out, s, text);
}

/* Those that are there, with their addresses; the others go. */
static enum store_rc
register_all(struct store *st, struct mcp_stream *s)
{
	struct chat_name name;
	char id[TASK_ID_MAX];
	size_t i, n = 0;

	for (i = 0; i < s->ntasks; i++) {
		enum store_rc rc = STORE_NONE;

		if (task_name_parse(&name, s->tasks[i].name, id) == 0)
			rc = task_listen(st, &name, s->address);
		if (rc == STORE_OK)
			s->tasks[n++] = s->tasks[i];
		else if (rc != STORE_NONE)
			return rc;
	}
	s->ntasks = n;
	return STORE_OK;
}

enum store_rc
mcp_stream_stand_tasks(struct store *st, struct mcp_stream *s)
{
	struct arena *mem = arena_new();
	const char **names = arena_alloc(mem, (s->ntasks + 1) * sizeof(*names));
	struct task *t = arena_alloc(mem, (s->ntasks + 1) * sizeof(*t));
	enum store_rc *rc = arena_alloc(mem, (s->ntasks + 1) * sizeof(*rc));
	enum store_rc all = register_all(st, s);
	size_t i;

	for (i = 0; i < s->ntasks; i++)
		names[i] = s->tasks[i].name;
	if (all == STORE_OK)
		all = task_find_all(st, names, s->ntasks, true, mem, t, rc);
	for (i = 0; all == STORE_OK && i < s->ntasks; i++)
		if (rc[i] == STORE_OK)
			note(s, &s->tasks[i], task_state_name(t[i].state),
			    look_of(&t[i]), text_of(mem, names[i], &t[i]),
			    &s->first);
	arena_free(mem);
	return all;
}

/* Those of ${names} that are not over, and those that have just ended, with what
 * came of them: what ended before was told then. */
static int
find_news(struct store *st, const char **names, size_t n, struct arena *mem,
    struct task *t, enum store_rc *rc)
{
	const char **ended = arena_alloc(mem, (n + 1) * sizeof(*ended));
	struct task *whole = arena_alloc(mem, (n + 1) * sizeof(*whole));
	enum store_rc *of = arena_alloc(mem, (n + 1) * sizeof(*of));
	int64_t now = clock_wall_ms();
	size_t i, k = 0;

	if (task_find_all(st, names, n, false, mem, t, rc) != STORE_OK)
		return -1;
	for (i = 0; i < n; i++) {
		if (rc[i] != STORE_OK || !task_is_over(t[i].state))
			continue;
		rc[i] = STORE_NONE;
		if (now - t[i].updated_ms < NEWS_MS)
			ended[k++] = names[i];
	}
	if (task_find_all(st, ended, k, true, mem, whole, of) != STORE_OK)
		return -1;
	for (i = k = 0; i < n; i++)
		if (ended[k] != NULL && ended[k] == names[i]) {
			t[i] = whole[k];
			rc[i] = of[k++];
		}
	return 0;
}

int
mcp_stream_look_tasks(struct store *st, const json_t *names, struct arena *mem,
    json_t *found)
{
	size_t n = json_array_size(names), i;
	const char **all = arena_alloc(mem, (n + 1) * sizeof(*all)), *text;
	struct task *t = arena_alloc(mem, (n + 1) * sizeof(*t));
	enum store_rc *rc = arena_alloc(mem, (n + 1) * sizeof(*rc));

	if (n == 0)
		return 0;
	for (i = 0; i < n; i++)
		all[i] = json_string_value(json_array_get(names, i));
	if (find_news(st, all, n, mem, t, rc) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		text = rc[i] == STORE_OK ? text_of(mem, all[i], &t[i]) : NULL;
		if (text != NULL)
			json_array_append_new(found,
			    json_pack("[s, s, I, s]", all[i],
				task_state_name(t[i].state),
				(json_int_t)look_of(&t[i]), text));
	}
	return 0;
}

/* NULL: it does not listen to that one. */
static struct mcp_heard *
heard_at(struct mcp_stream *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->ntasks; i++)
		if (strcmp(s->tasks[i].name, name) == 0)
			return &s->tasks[i];
	return NULL;
}

void
mcp_stream_compare_tasks(struct mcp_stream *s, const json_t *found,
    struct buf *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach(found, i, one) {
		struct mcp_heard *h = heard_at(s,
		    json_string_value(json_array_get(one, 0)));
		const char *state = json_string_value(json_array_get(one, 1));
		int64_t at = json_integer_value(json_array_get(one, 2));

		if (h == NULL
		    || (at == h->seen && strcmp(state, h->state) == 0))
			continue;
		note(s, h, state, at, json_string_value(json_array_get(one, 3)),
		    out);
	}
}
