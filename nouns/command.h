/*
 * command: the words of a chat that are not for the model.
 *
 * Exact and case-sensitive, after stripping.  Those answered at once are
 * served by the edge from the session record, also while a turn runs or turns
 * are paused; the others take their turn, because they change what a running
 * turn reads.
 */
#ifndef NOUNS_COMMAND_H
#define NOUNS_COMMAND_H

#include "base/base.h"

enum command {
	COMMAND_NONE,
	COMMAND_STATUS,
	COMMAND_HELP,
	COMMAND_STOP,
	COMMAND_WHY,
	COMMAND_USAGE,
	COMMAND_RESET,      /* in turn: forgets the history */
	COMMAND_DISCONNECT, /* in turn: forgets the credentials too */
	COMMAND_UNKNOWN,    /* one word after a slash that is none of these */
};

enum command command_parse(const char *text);
bool command_is_immediate(enum command c);
/* The text of /help: one line a command.  ${has_token}: conversations here
 * have one. */
const char *command_help(bool has_token);

#endif
