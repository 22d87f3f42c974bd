/*
 * talk_show: what the server says of one message, as the terminal shows it.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/sse.h"
#include "cli/talk_priv.h"

static void
show_starters(struct saying *s, const json_t *doc)
{
	const json_t *list = json_object_get(doc, "starters");
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		show_note(&s->t->show, "  - ",
		    json_string_value(item) != NULL ? json_string_value(item)
						    : "");
}

/* What the reply tells of the conversation: may ${s}'s text have been the
 * token that it waits for? */
static void
learn_state(struct talk *t, const json_t *doc)
{
	const char *state = json_member_str(doc, "state");

	t->private = strcmp(t->state, "active") != 0 /* or not known */
	    || (state != NULL && strcmp(state, "active") != 0)
	    || json_array_size(json_object_get(doc, "starters")) > 0;
	if (state != NULL)
		snprintf(t->state, sizeof(t->state), "%s", state);
}

/* What the reply has besides its text. */
static void
show_marks(struct saying *s, const json_t *doc)
{
	struct show *sh = &s->t->show;

	if (json_member_bool(doc, "truncated", false))
		show_note(sh,
		    "(not whole: where the answer does not say what was cut, "
		    "it reached llm.max_tokens)",
		    "");
	if (s->vain && !s->stopped)
		show_note(sh,
		    arena_printf(s->mem, "(`%s` looks for the cause)",
			cli_call(s->t->cli, "doctor")),
		    "");
}

void
talk_show_reply(struct saying *s, const json_t *doc, bool with_text)
{
	struct show *sh = &s->t->show;

	s->replied = true;
	s->vain = json_member_bool(doc, "failed", false);
	learn_state(s->t, doc);
	show_doing(sh, "%s", "");
	if (s->t->cli->json) {
		json_t *out = json_deep_copy(doc);

		json_object_set_new(out, "message_id", json_string(s->id));
		(void)cli_json(s->t->cli, out);
		return;
	}
	if (with_text) {
		show_end(sh);
		show_text(sh,
		    cli_clean(s->t->cli, json_member_str(doc, "reply"), false));
		/* An empty one has its line, too. */
		sh->midline = true;
	}
	show_end(sh);
	show_marks(s, doc);
	show_starters(s, doc);
}

static void
on_delta(struct saying *s, const json_t *doc)
{
	const char *text = json_member_str(doc, "text");

	if (text == NULL || text[0] == '\0')
		return;
	s->tools = 0;
	if (!s->t->stream)
		return; /* the reply has it all */
	if (s->anew)
		show_note(&s->t->show, "(the answer begins anew)", "");
	s->anew = false;
	s->shown = true;
	show_text(&s->t->show, cli_clean(s->t->cli, text, false));
}

static void
on_tool(struct saying *s, const json_t *doc)
{
	struct show *sh = &s->t->show;
	const char *name = json_member_str(doc, "name");
	const char *state = json_member_str(doc, "state");

	if (state != NULL && strcmp(state, "started") != 0) {
		s->tools -= s->tools > 0;
		if (s->tools == 0)
			show_doing(sh, "waiting for the model");
		return;
	}
	s->tools++;
	s->anew = false; /* the words before a call led to it */
	if (sh->live)
		show_end(sh); /* what is said after a tool is a new line */
	show_doing(sh, "tool %s",
	    cli_clean(s->t->cli, name == NULL ? "" : name, true));
}

/* What keeps a message waiting is worth a line where nothing is drawn. */
static const struct {
	const char *status, *shown;
	const char *command, *end; /* what helps; or NULL */
} STATUSES[] = {
	{ "waiting", "waiting: the server is busy with other messages", NULL,
	    NULL },
	{ "working", "working", NULL, NULL },
	{ "model loading", "the server loads the model", NULL, NULL },
	{ "paused", "turns are paused: the message waits until ", "resume",
	    "" },
	{ "no worker",
	    "no turn worker is alive: the message waits until one is "
	    "started; ",
	    "doctor", " says more" },
};

static void
on_status(struct saying *s, const json_t *doc)
{
	struct show *sh = &s->t->show;
	const char *status = json_member_str(doc, "status");
	const char *model = json_member_str(doc, "model"), *shown;
	size_t i;

	if (status == NULL)
		return;
	if (model != NULL) {
		show_doing(sh, "model %s", cli_clean(s->t->cli, model, true));
		return;
	}
	for (i = 0; i < NELEM(STATUSES); i++)
		if (strcmp(STATUSES[i].status, status) == 0) {
			shown = STATUSES[i].shown;
			if (STATUSES[i].command != NULL)
				shown = arena_printf(s->mem, "%s`%s`%s", shown,
				    cli_call(s->t->cli, STATUSES[i].command),
				    STATUSES[i].end);
			if (!sh->live && STATUSES[i].command != NULL)
				show_note(sh, shown, "");
			show_doing(sh, "%s", shown);
			return;
		}
}

static void
show_event(struct saying *s, const char *type, const json_t *doc)
{
	if (strcmp(type, "delta") == 0)
		on_delta(s, doc);
	else if (strcmp(type, "status") == 0)
		on_status(s, doc);
	else if (strcmp(type, "tool") == 0)
		on_tool(s, doc);
	else if (strcmp(type, "restart") == 0 && s->shown) {
		s->shown = false;
		s->anew = true;
		show_end(&s->t->show);
	} else if (strcmp(type, "reply") == 0)
		talk_show_reply(s, doc, !s->t->stream);
}

/* With --json and --stream it is shown as any event. */
static void
take_reply(struct saying *s, const char *type, const json_t *doc)
{
	s->replied = strcmp(type, "reply") == 0;
	s->vain = s->replied && json_member_bool(doc, "failed", false);
}

int
talk_show_event(void *ctx, const struct sse_event *ev)
{
	struct saying *s = ctx;
	struct cli *cli = s->t->cli;
	json_t *doc = json_read(s->mem, ev->data, ev->len, NULL, NULL);

	if (doc == NULL)
		return 0;
	if (cli->json && s->t->stream)
		(void)cli_json(cli,
		    json_pack("{s:s, s:O}", "event", ev->type, "data", doc));
	if (strcmp(ev->type, "error") == 0) {
		if (json_member_str(doc, "url") == NULL) {
			s->failed = true;
			show_end(&s->t->show);
			cli_error(cli, "%s", talk_detail(s->t, doc));
		}
		return 1; /* else the answer will be there */
	}
	if (cli->json && s->t->stream)
		take_reply(s, ev->type, doc);
	else
		show_event(s, ev->type, doc);
	return s->replied;
}
