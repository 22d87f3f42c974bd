/*
 * log_limit: how many warnings of one kind a minute may hold.
 *
 * Warnings are what others cause: a tool server, a model, whoever connects.
 * A line for each of their doings fills a disk and hides all else, so that of
 * one event and source the first LOG_SOURCE_MINUTE lines a minute are written,
 * of one event LOG_EVENT_MINUTE; the others are counted, and told of when the
 * minute is over.
 */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include "base/base.h"

#define LOG_SOURCE_MINUTE 20 /* one source says the same by then */
#define LOG_EVENT_MINUTE 200 /* as one source may call itself by many names */

struct log_left {
	char event[48];
	char source[64]; /* "": of all */
	int64_t lines;
};

/* May a line of ${event} and ${source} (NULL: none) be written?  ${now_ms} is
 * the boot clock. */
bool log_limit_take(const char *event, const char *source, int64_t now_ms);

/* Lines that were left out in a minute that is over, once; false: no more. */
bool log_limit_left(int64_t now_ms, struct log_left *out);

#endif
