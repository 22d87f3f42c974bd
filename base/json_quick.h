/*
 * json_quick: reads plain JSON into jansson's values, six times as fast as
 * jansson's own reader, which takes each byte through a callback and a buffer
 * of its own (an event of 150 bytes: 2.4 µs, of them 0.4 for the values).
 *
 * It decides nothing by itself: whatever is not surely a valid document within
 * our limits is left to jansson, with its errors.
 */
#ifndef BASE_JSON_QUICK_H
#define BASE_JSON_QUICK_H

#include <jansson.h>

#include "base/base.h"

/* A new reference to exactly what jansson would read, or NULL: ask jansson
 * (an error, a fraction, a surrogate, a number of 19 digits, ...). */
json_t *json_quick(const char *bytes, size_t len) WARN_UNUSED;

#endif
