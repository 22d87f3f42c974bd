/*
 * finish: reply, history and end state, in one script; or the job goes back.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "chat/phrases.h"
#include "chat/steps.h"
#include "nouns/reply.h"
#include "work/worker.h"

/* Tries of finish, 100 ms apart, while Redis is away: the lease then has run
 * out, and whoever takes the job finds the journal. */
#define FINISH_LOOK_MS 100
/* Dead letters cannot be kept: as take puts such a chat off. */
#define DAMAGED_MS 30000

static const char *
tools_used(struct turn *t)
{
	json_t *list = json_array();
	size_t i, j;
	int k;

	for (k = 0; k < t->nrounds; k++)
		for (i = 0; i < t->rounds[k].answer.ncalls; i++) {
			const char *name = t->rounds[k].answer.calls[i].name;

			for (j = 0; j < json_array_size(list); j++)
				if (strcmp(json_string_value(
					       json_array_get(list, j)),
					name)
				    == 0)
					break;
			if (j == json_array_size(list))
				json_array_append_new(list, json_string(name));
		}
	return json_text(t->mem, json_keep(t->mem, list));
}

/* What the person is told besides: that not all was read, or was said. */
static const char *
notes(struct turn *t, bool cut)
{
	const struct message *m = &t->job->given->message;
	const char *list[4], *text;
	size_t n = 0, i;

	if (t->out.end == END_REPLIED && m->cut)
		list[n++] = arena_printf(t->mem,
		    "(Your message was too long: only its first %zu "
		    "characters were read. The operator can raise "
		    "chat.max_input_chars.)",
		    text_count(m->text, strlen(m->text)) - 1); /* and "…" */
	if (cut)
		list[n++] = arena_printf(t->mem,
		    "(The answer was cut here: a reply has at most %lld "
		    "characters. The operator can raise "
		    "chat.max_output_chars.)",
		    (long long)t->policy->max_output_chars);
	if (t->remember && t->forgot)
		list[n++] = PHRASE_FORGOTTEN;
	t->truncated |= n > 0;
	if (t->note != NULL)
		list[n++] = t->note;
	if (n == 0)
		return NULL;
	text = list[0];
	for (i = 1; i < n; i++)
		text = arena_printf(t->mem, "%s\n\n%s", text, list[i]);
	return text;
}

/* They come after the words, however long those are; ${cut}: not all of them
 * are there. */
static const char *
with_notes(struct turn *t, const char *text, bool cut)
{
	size_t max = (size_t)t->policy->max_output_chars, len;
	const char *said = notes(t, cut);

	if (said == NULL)
		return text;
	len = text_count(said, strlen(said)) + 2;
	if (max > len)
		text = text_cut(t->mem, text, max - len);
	return arena_printf(t->mem, "%s\n\n%s", text, said);
}

static const char *
reply_text(struct turn *t)
{
	const char *text = text_clean(t->mem, t->text, strlen(t->text));

	if (t->denied && t->remember
	    && strstr(text, "higher-tier token") == NULL)
		text = arena_printf(t->mem, "%s\n\n%s", text,
		    PHRASE_HIGHER_TIER);
	return text;
}

enum turn_state
turn_finish(struct turn *t)
{
	struct turn_outcome *o = &t->out;
	struct budget_change change;
	struct history_entry entry;
	const char *whole = reply_text(t), *said;
	struct reply reply;
	enum store_rc rc;

	said = text_cut(t->mem, whole, (size_t)t->policy->max_output_chars);
	t->text = with_notes(t, said, strcmp(said, whole) != 0);
	reply = (struct reply){ .text = t->text,
		.state = session_state_name(t->state),
		.starters = t->starters,
		.end = turn_end_name(o->end),
		.truncated = t->truncated };
	o->reply = reply_write(t->mem, &reply);
	o->reply_keep_ms = t->s->chat_reply_keep_ms;
	o->history_max = t->policy->max_history;
	if (t->remember
	    && (o->end == END_REPLIED || o->end == END_UNCONFIRMED)) {
		entry = (struct history_entry){
			.user = t->job->given->message.text,
			.assistant = said
		};
		o->add = &entry;
		o->last_tools = tools_used(t);
	}
	o->set_state = t->s->chat_auth == CHAT_AUTH_MEMCP;
	o->state = t->state;
	o->token = t->token_changed ? &t->token : NULL;
	o->usage = t->usage;
	change = turn_settle(t);
	o->settle = &change;

	stream_flush(&t->stream);
	while ((rc = journal_finish(t->w->store, t->job, o)) == STORE_DOWN) {
		o->settle = NULL;
		if (worker_is_ending(t->w))
			break;
		usleep(FINISH_LOOK_MS * 1000);
	}
	if (rc == STORE_STOPPED) {
		t->remember = t->truncated = false;
		t->note = NULL;
		o->add = NULL;
		o->last_tools = NULL;
		o->forget_history = o->forget_session = false;
		t->starters = NULL;
		return turn_say(t, END_REFUSED, PHRASE_STOPPED);
	}
	if (rc == STORE_DAMAGED) /* logged; until somebody mended it */
		return turn_back(t, DAMAGED_MS, false);
	if (rc == STORE_HEAD) {
		log_event(LOG_ERROR, "turn_head_differs", F_CHAT(&t->job->chat),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		return turn_back(t, 1000, true);
	}
	if (rc != STORE_OK)
		t->text = NULL; /* not ours any more: nothing to log */
	return TURN_END;
}

enum turn_state
turn_hand_back(struct turn *t)
{
	struct journal_field hold, kept;
	size_t nkept = 0;
	struct budget_change change = turn_settle(t);
	bool stopped;

	t->text = NULL;
	if (t->kept != NULL && t->kept_unwritten) {
		kept = step_kept(t);
		nkept = 1;
	}
	/* Words that were kept, and what was reserved and not spent. */
	if (change.reserved > 0 || nkept > 0)
		(void)!journal_write(t->w->store, t->job, &kept, nkept,
		    t->s->turns_lease_ms, t->s->turns_max_time_ms, &change,
		    &stopped);
	if (t->back_hold)
		hold = step_retry(t);
	log_event(LOG_INFO, "turn_handed_back", F_CHAT(&t->job->chat),
	    F_INT("delay_ms", t->back_ms), F_BOOL("failed", t->back_failed));
	/* A lease that ends by itself counts as a crash of its holder. */
	while (journal_release(t->w->store, t->job, t->back_ms, t->back_failed,
		   t->back_hold ? &hold : NULL)
		== STORE_DOWN
	    && clock_boot_ms() < atomic_load(&t->lease->until_ms))
		usleep(FINISH_LOOK_MS * 1000);
	return TURN_END;
}
