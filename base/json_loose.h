/*
 * json_loose: values as models write them, which is nearly JSON.
 */
#ifndef BASE_JSON_LOOSE_H
#define BASE_JSON_LOOSE_H

#include "base/base.h"

struct buf;

/*
 * Append to ${out} the JSON of the value that ${s} begins with, blanks aside:
 * JSON, or Python's literals (single quotes, True, False, None), with line
 * ends in strings, a comma before a closing bracket, and NaN, which becomes
 * null.  Values are not looked at more closely: read what comes out.  Returns
 * where the value ends.  NULL: it is none, it does not end, is nested deeper
 * than JSON_DEPTH_MAX, or ${out} is full.
 */
const char *json_loose(struct buf *out, const char *s) WARN_UNUSED;

#endif
