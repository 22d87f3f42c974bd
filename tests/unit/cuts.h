/*
 * cuts: an answer that ends anywhere.
 *
 * A reader takes the bytes of an answer; at each place a copy of it is told
 * that no more comes.  So all prefixes of an answer cost about as much as the
 * answer, and not as much as its square.
 */
#ifndef TESTS_UNIT_CUTS_H
#define TESTS_UNIT_CUTS_H

#include "tests/unit/answers.h"

/* Called with what the first ${at} bytes are; at 0 and the last, too. */
typedef void cuts_look(void *ctx, size_t at, const struct answered *a);

/* ${wants}: which places are looked at; NULL: all.  None after the reading
 * failed: there nobody reads on. */
void cuts_each(const struct llm_provider *p, const struct llm_question *with,
    const char *bytes, size_t len, bool (*wants)(void *ctx, size_t at),
    cuts_look *look, void *ctx);

/*
 * What holds of any answer, told as test failures that name ${what}:
 * a cut within a line is the same as one before or after that line; the copy
 * says what a reader of these bytes alone says; one-byte pieces, other ends of
 * lines and a last blank line that is missing change nothing.
 */
void cuts_check(const char *what, const struct llm_provider *p,
    const struct llm_question *with, const char *bytes, size_t len);
/* ${events} as answers_stream takes them. */
void cuts_check_stream(const char *what, const struct llm_provider *p,
    const char *events);

#endif
