/*
 * options: those of the workers, which all have the same.  The operator's
 * command has its own (cli/).
 */
#ifndef PROGRAM_OPTIONS_H
#define PROGRAM_OPTIONS_H

#include "base/base.h"
#include "nouns/settings.h"

#define OPTIONS_GO_ON (-1)

struct program;

/*
 * Read ${argv} into ${source}, which borrows from it.  OPTIONS_GO_ON, or the
 * exit code when there is nothing more to do: help and version are shown, or
 * it was wrong use, which is said.
 */
int options_read(const struct program *program, int argc, char **argv,
    struct settings_source *source) WARN_UNUSED;

#endif
