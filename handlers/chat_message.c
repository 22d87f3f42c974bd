/*
 * GET /chat/{chat_id}/messages/{message_id}: for those who were told to ask
 * again, or whose connection broke.
 */
#include <stdio.h>
#include <string.h>

#include "handlers/chat_priv.h"
#include "handlers/handlers.h"

#define RETRY_S "2" /* a turn takes seconds */

static int
not_found(struct request *req)
{
	return reply_error(req, 404, "this chat has no such message");
}

int
handle_chat_message(struct request *req)
{
	const char *chat_id = request_param(req, "chat_id"),
		   *message_id = request_param(req, "message_id");
	struct inbox_answer found = { 0 };
	struct chat_ask ask = { 0 };
	struct reply reply;

	if (chat_id == NULL || message_id == NULL || *message_id == '\0'
	    || strlen(message_id) > CHAT_MESSAGE_ID_MAX
	    || chat_name_make(&ask.chat, req->caller.tenant,
		   req->caller.connection, chat_id)
		== -1)
		return not_found(req);
	snprintf(ask.update_id, sizeof(ask.update_id), "%s", message_id);

	switch (inbox_find(req->edge->store, &ask.chat, ask.update_id, "",
	    req->mem, &found)) {
	case STORE_EXISTS:
		response_header(req, "Retry-After", RETRY_S);
		return chat_pending(req, &ask);
	case STORE_ANSWERED:
		if (found.reply == NULL
		    || reply_read(req->mem, found.reply, found.reply_len,
			   &reply)
			== -1)
			return reply_error(req, 500,
			    "the answer of this message cannot be read");
		return chat_reply(req, &reply, false);
	case STORE_GONE:
		return reply_error(req, 410,
		    "this message was answered, and the answer is no longer "
		    "kept");
	case STORE_NONE:
		return not_found(req);
	default:
		response_header(req, "Retry-After", RETRY_S);
		return reply_error(req, 503,
		    "messages cannot be looked up just now; please try "
		    "again");
	}
}
