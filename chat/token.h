/*
 * token: the meMCP access token of a turn's chat.
 */
#ifndef CHAT_TOKEN_H
#define CHAT_TOKEN_H

#include "chat/turn.h"

enum token_end {
	TOKEN_FRESH,
	TOKEN_UNSURE, /* no answer: the connection stays */
	TOKEN_BAD,    /* the parent is good no more */
};

/* Derive anew from the parent. */
enum token_end token_renew(struct turn *t) WARN_UNUSED;
/*
 * After tools refused the token that there is: the connection ends only where
 * the server says that its parent is good no more; else the person is told to
 * try again.
 */
enum turn_state token_refused(struct turn *t);

#endif
