/*
 * mould: what stands around the words in the events of a stream.
 *
 * An answer comes as hundreds of events that differ in their words alone.  Once
 * one of them was read as JSON, another that has the same bytes before and
 * after one string is the same document but for that string: the words are
 * taken out without a JSON tree, which costs sixty times as much.
 */
#ifndef LLM_MOULD_H
#define LLM_MOULD_H

#include "base/arena.h"
#include "base/buf.h"

#define MOULD_MAX 2048 /* bytes around the words; larger ones are not kept */

struct mould {
	size_t head, tail; /* their lengths; head 0: there is no mould */
	char *bytes;	   /* MOULD_MAX of an arena, once there is one */
};

/*
 * ${data} was read as JSON and holds ${words} as the value of ${key}: keep
 * what is around.  Nothing is kept where that cannot be told for certain.
 */
void mould_make(struct mould *m, struct arena *mem, const char *data,
    size_t len, const char *key, const char *words);

/*
 * ${data} is as the mould says: its words are put into ${words}, which is
 * emptied first.  False: it must be read as JSON (it may be valid all the
 * same).
 */
bool mould_fits(const struct mould *m, const char *data, size_t len,
    struct buf *words) WARN_UNUSED;

#endif
