/*
 * load: what kind of message it is, and what was journalled before.
 */
#include "base/log.h"
#include "chat/chats.h"
#include "chat/phrases.h"
#include "chat/steps.h"
#include "chat/turn.h"
#include "nouns/command.h"
#include "work/worker.h"

/* docs/DESIGN.md, when something breaks: after so many of either the message
 * is dead. */
#define CRASHES_MAX 5
#define FAILURES_MAX 5

/* An unknown key: somebody must act; look again so often. */
#define UNKNOWN_KEY_MS 30000

/* Its journal is a newer release's: as long as take leaves such a chat. */
#define NEWER_MS 1000

static enum turn_state
reset(struct turn *t)
{
	t->out.forget_history = true;
	return turn_say(t, END_REPLIED, PHRASE_RESET);
}

static enum turn_state
disconnect(struct turn *t)
{
	t->out.forget_history = true;
	t->out.forget_session = true;
	if (t->s->chat_auth != CHAT_AUTH_MEMCP)
		return turn_say(t, END_REPLIED, PHRASE_CLEARED);
	t->state = SESSION_NEEDS_TOKEN;
	return TURN_TOKEN; /* which also gives the derived token back */
}

enum turn_state
turn_load(struct turn *t)
{
	struct job *job = t->job;
	enum command command;

	t->state = job->given->session.exists    ? job->given->session.state
	    : t->s->chat_auth == CHAT_AUTH_MEMCP ? SESSION_NEEDS_TOKEN
						 : SESSION_ACTIVE;
	if (t->s->chat_auth != CHAT_AUTH_MEMCP)
		t->state = SESSION_ACTIVE;
	else if (t->state == SESSION_ACTIVE
	    && job->given->session.token.parent == NULL)
		t->state = SESSION_NEEDS_TOKEN; /* auth was changed since */
	t->token = job->given->session.token;

	if (job->rc == STORE_UNKNOWN_KEY) {
		log_event(LOG_ERROR, "turn_sealed_with_unknown_key",
		    F_CHAT(&job->chat),
		    F_STR("remedy",
			"give this worker the ENCRYPTION_KEY that is missing"));
		return turn_back(t, UNKNOWN_KEY_MS, false);
	}
	if (!steps_read(t)) {
		log_event(LOG_WARN, "turn_newer", F_CHAT(&job->chat),
		    F_STR("remedy",
			"a worker of a newer release began it: "
			"start one, or end this one"));
		return turn_back(t, NEWER_MS, false);
	}
	if (job->rc == STORE_NONE) {
		t->out.why = job->damaged == NULL
		    ? "damaged"
		    : arena_printf(t->mem, "damaged: %s", job->damaged);
		return turn_say(t, END_DEAD, PHRASE_DEAD);
	}
	if (job->crashes >= CRASHES_MAX || job->failures >= FAILURES_MAX) {
		t->out.why = job->crashes >= CRASHES_MAX ? "crashes"
							 : "failures";
		return turn_say(t, END_DEAD, PHRASE_DEAD);
	}
	if (job->given->expired)
		return turn_say(t, END_EXPIRED, PHRASE_EXPIRED);
	if (job->stop)
		return turn_say(t, END_REFUSED, PHRASE_STOPPED);

	command = command_parse(job->given->message.text);
	if (command == COMMAND_RESET)
		return reset(t);
	if (command == COMMAND_DISCONNECT)
		return disconnect(t);

	stream_status(&t->stream, "working");
	t->tools = toolset_ref(t->chats->toolbox, &t->caller);
	if (t->s->chat_auth == CHAT_AUTH_MEMCP)
		return TURN_TOKEN;
	return turn_next_model(t);
}
