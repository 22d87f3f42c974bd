/*
 * settings_fixture: a folder for the files of a test's settings, and what was
 * said when they were loaded.
 */
#ifndef TESTS_UNIT_SETTINGS_FIXTURE_H
#define TESTS_UNIT_SETTINGS_FIXTURE_H

#include "base/buf.h"
#include "nouns/settings.h"

/* A key that seals, as a variable. */
#define KEY "ENCRYPTION_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

extern char folder[64];
extern struct buf errors, warnings; /* of the last load */

/* The path of ${name} in the folder, which holds ${text} now; it lives for
 * three more calls. */
const char *put(const char *name, const char *text);

/* NULL: ${errors} says why. */
struct settings *load_source(const struct settings_source *src);

/* Of a group of tests. */
int settings_fixture_begin(void **state);
int settings_fixture_end(void **state);

#endif
