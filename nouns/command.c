#include "nouns/command.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct {
	const char *word;
	enum command command;
	bool immediate;
} COMMANDS[] = {
	{ "/status", COMMAND_STATUS, true },
	{ "/help", COMMAND_HELP, true },
	{ "/stop", COMMAND_STOP, true },
	{ "/why", COMMAND_WHY, true },
	{ "/usage", COMMAND_USAGE, true },
	{ "/reset", COMMAND_RESET, false },
	{ "/disconnect", COMMAND_DISCONNECT, false },
};

enum command
command_parse(const char *text)
{
	size_t i;

	for (i = 0; text[0] == '/' && i < NELEM(COMMANDS); i++)
		if (strcmp(COMMANDS[i].word, text) == 0)
			return COMMANDS[i].command;
	/* One word of letters: no path, and no sentence that begins with one. */
	return text[0] == '/' && text[1] != '\0'
		&& text[1 + strspn(text + 1, LETTERS)] == '\0'
	    ? COMMAND_UNKNOWN
	    : COMMAND_NONE;
}

bool
command_is_immediate(enum command c)
{
	size_t i;

	for (i = 0; i < NELEM(COMMANDS); i++)
		if (COMMANDS[i].command == c)
			return COMMANDS[i].immediate;
	return c == COMMAND_UNKNOWN;
}

/* ${DISCONNECT}: without tokens it does what /reset does. */
#define HELP(DISCONNECT)                                                   \
	"Write to me as you would to a person. I also know these words:\n" \
	"/status - where this conversation stands\n"                       \
	"/why - which tools the last answer used\n"                        \
	"/usage - what this conversation has cost so far\n"                \
	"/stop - stop the answer that is being made\n"                     \
	"/reset - forget what we talked about\n" DISCONNECT                \
	"/help - this text"

const char *
command_help(bool has_token)
{
	return has_token ? HELP("/disconnect - forget this conversation and "
				"its token\n")
			 : HELP("");
}
