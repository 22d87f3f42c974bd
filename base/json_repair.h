/*
 * json_repair: a copy of JSON in which jansson finds nothing to refuse that
 * is only a character or a number and no fault of form.
 */
#ifndef BASE_JSON_REPAIR_H
#define BASE_JSON_REPAIR_H

#include "base/base.h"

struct buf;

/*
 * Half a surrogate pair and a byte that is half a character, kept for the
 * piece that follows: code points of the last private plane, of which
 * json_join_halves makes characters again.
 */
#define JSON_HALF_UNIT 0x100000 /* + 0xd800 ... 0xdfff */
#define JSON_HALF_BYTE 0x10e000 /* + 0x80 ... 0xff */

/* Append ${len} bytes, mended as json_read_lenient says; brackets, commas and
 * quotes stay what they are.  ${keep_halves}: see above; else U+FFFD stands for
 * them.  -1 when ${out} is full. */
int json_repair(struct buf *out, const char *bytes, size_t len,
    bool keep_halves) WARN_UNUSED;

/*
 * The halves in ${b} from ${from} on (back to those right before it) become
 * characters where both are there, U+FFFD where the other never came.  Those
 * at the end wait, unless ${last}.  How many bytes wait.
 */
size_t json_join_halves(struct buf *b, size_t from, bool last);

#endif
