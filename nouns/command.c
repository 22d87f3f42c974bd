#include "nouns/command.h"

#include <string.h>

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
	return COMMAND_NONE;
}

bool
command_is_immediate(enum command c)
{
	size_t i;

	for (i = 0; i < NELEM(COMMANDS); i++)
		if (COMMANDS[i].command == c)
			return COMMANDS[i].immediate;
	return false;
}

const char *
command_help(void)
{
	return "Write to me as you would to a person. I also know these words:\n"
	       "/status - where this conversation stands\n"
	       "/why - which tools the last answer used\n"
	       "/usage - what this conversation has cost so far\n"
	       "/stop - stop the answer that is being made\n"
	       "/reset - forget what we talked about\n"
	       "/disconnect - forget this conversation and its token\n"
	       "/help - this text";
}
