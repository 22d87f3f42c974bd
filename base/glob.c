#include "base/glob.h"

#include <string.h>

bool
glob_is_valid(const char *pattern, const char **why)
{
	size_t len = strnlen(pattern, GLOB_MAX + 1), i;

	*why = "expected a name with * for any text and ? for one character";
	for (i = 0; i < len; i++)
		if (pattern[i] <= ' ' || pattern[i] > '~' || pattern[i] == ',')
			return false;
	if (len > GLOB_MAX)
		*why = "is longer than any name";
	return len > 0 && len <= GLOB_MAX;
}

/* After a difference, the last * takes one character more: no earlier one need
 * be tried again, because the last one can take all that those could. */
bool
glob_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *taken = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			taken = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++taken;
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
