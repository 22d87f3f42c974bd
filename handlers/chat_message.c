/*
 * GET /chat/{chat_id}/messages/{message_id}: for those who were told to ask
 * again, or whose connection broke.
 */
#include <stdio.h>
#include <string.h>

#include "handlers/chat_priv.h"
#include "handlers/handlers.h"

#define RETRY_S "2" /* a turn takes seconds */

int
handle_chat_message(struct request *req)
{
	const char *chat_id = request_param(req, "chat_id"),
		   *message_id = request_param(req, "message_id");
	struct inbox_answer found = { 0 };
	struct chat_ask ask = { 0 };

	if (chat_id == NULL || message_id == NULL || *message_id == '\0'
	    || strlen(message_id) > CHAT_MESSAGE_ID_MAX
	    || chat_name_make(&ask.chat, req->caller.tenant,
		   req->caller.connection, chat_id)
		== -1)
		return chat_refuse(req, CHAT_UNKNOWN);
	snprintf(ask.update_id, sizeof(ask.update_id), "%s", message_id);

	switch (inbox_find(req->edge->store, &ask.chat, ask.update_id, "",
	    req->mem, &found)) {
	case STORE_EXISTS:
		response_header(req, "Retry-After", RETRY_S);
		return chat_pending(req, &ask);
	case STORE_ANSWERED:
		return chat_reply_kept(req, &found, false);
	case STORE_GONE:
		return chat_refuse(req, CHAT_GONE);
	case STORE_NONE:
		return chat_refuse(req, CHAT_UNKNOWN);
	default:
		return chat_refuse(req, CHAT_NOT_FOUND_OUT);
	}
}
