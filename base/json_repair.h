/*
 * json_repair: a copy of JSON in which jansson finds nothing to refuse that
 * is only a character or a number and no fault of form.
 */
#ifndef BASE_JSON_REPAIR_H
#define BASE_JSON_REPAIR_H

#include "base/base.h"

struct buf;

/* Append ${len} bytes, mended as json_read_lenient says; brackets, commas and
 * quotes stay what they are.  -1 when ${out} is full. */
int json_repair(struct buf *out, const char *bytes, size_t len) WARN_UNUSED;

#endif
