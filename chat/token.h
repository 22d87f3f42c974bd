/*
 * token: the meMCP access token of a turn's chat.
 */
#ifndef CHAT_TOKEN_H
#define CHAT_TOKEN_H

#include "chat/turn.h"

/* Derive anew from the parent; false: the parent is no longer valid. */
bool token_renew(struct turn *t) WARN_UNUSED;
/* Ask for a new one: the reply, and the state awaiting_token. */
enum turn_state token_lost(struct turn *t);

#endif
