/*
 * chat_refusal: THE table of what /chat refuses, for whoever answers: a
 * handler, or the park thread.
 */
#include "fcgi/route.h"
#include "handlers/chat_priv.h"

#define RETRY_DOWN_S 2    /* Redis: a restart takes about that long */
#define RETRY_CROWDED_S 5 /* a turn takes seconds */
#define RETRY_FULL_S 10   /* a chat's inbox: a few turns */

static const struct refusal REFUSALS[] = {
	[CHAT_NO_CHAT] = { .status = 400, .detail = "chat_id is required" },
	[CHAT_NO_WORDS] = { .status = 400, .detail = "message is required" },
	[CHAT_NAME] = { .status = 400,
	    .detail = "chat_id must be at most 200 bytes without control "
		      "characters" },
	[CHAT_DOTS] = { .status = 400,
	    .detail = "chat_id must not be . or .., which no URL can name" },
	[CHAT_UNKNOWN] = { .status = 404,
	    .detail = "this chat has no such message" },
	[CHAT_CONFLICT] = { .status = 409,
	    .detail = "this message_id was used before with another message" },
	[CHAT_GONE] = { .status = 410,
	    .detail = "this message was answered, and the answer is no longer "
		      "kept" },
	[CHAT_CROWDED] = { .status = 429,
	    .retry_s = RETRY_CROWDED_S,
	    .detail = "too many requests wait for this message already; ask "
		      "for its answer later" },
	[CHAT_CROWDED_HERE] = { .status = 429,
	    .retry_s = RETRY_CROWDED_S,
	    .detail = "too many requests of this chat are waiting here" },
	[CHAT_UNREADABLE] = { .status = 500,
	    .detail = "the answer of this message cannot be read" },
	[CHAT_TOO_LONG] = { .status = 500, .detail = "the answer is too long" },
	[CHAT_DOWN] = { .status = 503,
	    .retry_s = RETRY_DOWN_S,
	    .detail = "messages cannot be taken just now; please try again" },
	[CHAT_NOT_FOUND_OUT] = { .status = 503,
	    .retry_s = RETRY_DOWN_S,
	    .detail = "messages cannot be looked up just now; please try "
		      "again" },
	[CHAT_LOST] = { .status = 503,
	    .retry_s = RETRY_DOWN_S,
	    .detail = "this message was lost by the store; please send it "
		      "again" },
	[CHAT_FULL] = { .status = 503,
	    .full = true,
	    .retry_s = RETRY_FULL_S,
	    .detail = "too many messages are waiting; nothing was stored, "
		      "please try again" },
	[CHAT_FULL_HERE] = { .status = 503,
	    .full = true,
	    .retry_s = RETRY_FULL_S,
	    .detail = "too many requests are waiting here" },
};

const struct refusal *
chat_refusal(enum chat_refusal why)
{
	return &REFUSALS[why];
}
