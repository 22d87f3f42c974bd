/*
 * commands: what is answered from the session's record alone, also while a
 * turn runs or turns are paused.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "handlers/chat_priv.h"
#include "handlers/fleet_priv.h"
#include "redis/budget.h"

/* Who says /stop so soon after an answer meant that one. */
#define LATE_MS 60000

/* The inbox keeps a message until its turn has ended. */
static int64_t
behind(const struct session *session)
{
	return session->waiting - (session->running ? 1 : 0);
}

/* What an operator who has just installed it wonders. */
static const char *
without_model(const char *backend)
{
	return strcmp(backend, "direct") != 0 ? ""
					      : "\n" SETTINGS_NO_MODEL
						". " SETTINGS_TO_HAVE_MODEL;
}

/* Without meMCP there are none to speak of. */
static bool
has_tokens(const struct request *req)
{
	return req->settings->chat_auth == CHAT_AUTH_MEMCP;
}

static const char *
status(struct request *req, const struct session *session)
{
	char backend[160];

	fleet_backend(req->edge, backend, sizeof(backend));
	return arena_printf(req->mem,
	    "State: %s | %sBackend: %s | Exchanges remembered: %" PRId64
	    " | Running: %s | Waiting: %" PRId64 "%s",
	    chat_state(req->settings, session),
	    !has_tokens(req)                    ? ""
		: session->token.parent != NULL ? "Token: set | "
						: "Token: not set | ",
	    backend, session->exchanges, session->running ? "yes" : "no",
	    behind(session), without_model(backend));
}

static const char *
help(struct request *req)
{
	char backend[160];

	fleet_backend(req->edge, backend, sizeof(backend));
	return arena_printf(req->mem, "%s%s", command_help(has_tokens(req)),
	    without_model(backend));
}

static const char *
stop(struct request *req, const struct session *session)
{
	if (session->waiting == 0)
		return session->ended_ms >= 0 && session->ended_ms < LATE_MS
		    ? "Too late: that answer is already complete. Nothing is "
		      "running."
		    : "Nothing is running.";
	if (session->waiting == 1)
		return "Stopping the running answer.";
	return arena_printf(req->mem,
	    "Stopping the running answer. Messages after it: %" PRId64 ".",
	    session->waiting - 1);
}

static const char *
why(struct request *req, const struct session *session)
{
	const json_t *list = NULL, *name;
	const char *text = "The last answer used these tools:";
	size_t i;

	if (session->last_tools != NULL)
		list = json_read(req->mem, session->last_tools,
		    strlen(session->last_tools), NULL, NULL);
	if (!json_is_array(list))
		return "There is no answer yet to explain.";
	if (json_array_size(list) == 0)
		return "The last answer used no tools.";
	json_array_foreach((json_t *)list, i, name)
		if (json_is_string(name))
			text = arena_printf(req->mem, "%s\n- %s", text,
			    json_string_value(name));
	return text;
}

static const char *
usage(struct request *req, const struct chat_name *chat,
    const struct session *session)
{
	const struct policy *policy = policy_of(req->settings, &req->caller);
	int64_t by_chat = 0, by_all = 0;
	const char *text = arena_printf(req->mem,
	    "Answers: %" PRId64 " | Tokens read: %" PRId64
	    " | Tokens written: %" PRId64,
	    session->turns, session->tokens_in, session->tokens_out);

	if (policy->budget_chat == 0
	    || budget_spent(req->edge->store, chat, &by_chat, &by_all)
		!= STORE_OK)
		return text;
	return arena_printf(req->mem,
	    "%s | Today: %" PRId64 " of %" PRId64 " tokens", text, by_chat,
	    policy->budget_chat);
}

static const char *
unknown(struct request *req, const char *word)
{
	return arena_printf(req->mem,
	    "There is no command %.40s. /help lists them. To send it as a "
	    "message, write more than this one word.",
	    word);
}

const char *
command_answer(struct request *req, enum command c, const struct chat_ask *ask,
    const struct session *session)
{
	switch (c) {
	case COMMAND_STATUS:
		return status(req, session);
	case COMMAND_STOP:
		return stop(req, session);
	case COMMAND_WHY:
		return why(req, session);
	case COMMAND_USAGE:
		return usage(req, &ask->chat, session);
	case COMMAND_UNKNOWN:
		return unknown(req, ask->word);
	default:
		return help(req);
	}
}
