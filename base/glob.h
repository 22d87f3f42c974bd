/*
 * glob: patterns of names: * is any text, ? is one character.
 *
 * Nothing else means anything, so that a pattern can be read at a glance, and
 * none makes a match take longer than its length times the name's.
 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "base/base.h"

#define GLOB_MAX 128 /* bytes: the longest name of a tool, and more */

/* 1 to GLOB_MAX visible ASCII characters without a comma, which divides a
 * list.  Else false, and ${why} is what was expected. */
bool glob_is_valid(const char *pattern, const char **why);

bool glob_matches(const char *pattern, const char *name);

#endif
