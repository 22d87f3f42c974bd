/*
 * commands: THE table of commands, and what the help says of them.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

/* The completion and the manual page name each. */
extern const struct command COMMANDS[];
extern const size_t COMMANDS_N;

/* Is ${group} a command, or the first word of some ("keys")? */
bool commands_have(const char *group);

void commands_print(FILE *out);
void commands_print_group(FILE *out, const char *group);

int commands_help(struct cli *cli);
int commands_version(struct cli *cli);

#endif
