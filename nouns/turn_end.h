/*
 * turn_end: how a message ends, exactly one way (docs/DESIGN.md, The life of a
 * message).
 */
#ifndef NOUNS_TURN_END_H
#define NOUNS_TURN_END_H

enum turn_end {
	END_REPLIED,
	END_UNCONFIRMED,
	END_REFUSED,
	END_EXPIRED,
	END_DEAD,
	END_N,
};
/* "replied", "unconfirmed", "refused", "expired", "dead": also the fields of
 * {pN}:counts. */
const char *turn_end_name(enum turn_end end);

#endif
