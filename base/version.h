/*
 * version: which source this program was built of.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

/* "0.1.0+1a2b3c4d5e6f", behind the + the commit; ".changed" follows where files
 * of it were changed.  "0.1.0" where nobody knows the commit. */
extern const char VERSION_BUILT[];

#endif
