/*
 * paste: a key as somebody pasted it, and what came along with it.
 */
#ifndef BASE_PASTE_H
#define BASE_PASTE_H

#include "base/base.h"

/*
 * Take off both ends of ${text} what no key begins or ends with: blanks, line
 * ends, characters that nobody sees, quotes, "Bearer ", NAME_KEY=.  Returns what was taken that somebody
 * should correct, in words ("quotes around it"); NULL: nothing such.
 */
const char *paste_trim(const char **text, size_t *len);

/* What makes ${text} look like more than one key, in words ("a blank"), or
 * NULL. */
const char *paste_flaw(const char *text, size_t len);

/* Has it only characters that keys have?  Others come from web pages. */
bool paste_is_ascii(const char *text, size_t len);
#define PASTE_NOT_ASCII                                                      \
	"has a character in it that no key has, perhaps one that cannot be " \
	"seen: copy the key again"

/* Does it begin and end with the same quote? */
bool paste_is_quoted(const char *text, size_t len);

#endif
