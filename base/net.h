/*
 * net: ranges of addresses, as people write them: "10.0.0.0/8", "::1".
 *
 * An IPv4 address is the same one as its mapped IPv6 form (::ffff:10.0.0.1), in
 * a range and in what is looked for in it.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include "base/base.h"

#define NET_BYTES 16
#define NET_TEXT_MAX 52 /* the longest address, "/128" and a NUL */

struct net {
	unsigned char bytes[NET_BYTES]; /* IPv4: mapped */
	int bits;                       /* of these 128 */
};

/* 0, or -1 and ${why} is a clause for the person who wrote ${text}.  An
 * address with bits behind its prefix is refused: one of the two is wrong. */
int net_parse(struct net *out, const char *text, const char **why) WARN_UNUSED;

/* One address, no range.  -1: it is none ("unix"). */
int net_address(unsigned char out[NET_BYTES], const char *text) WARN_UNUSED;

bool net_has(const struct net *net, const unsigned char address[NET_BYTES]);

/* As net_parse reads it, in its shortest form: "10.0.0.0/8", "::1". */
void net_text(const struct net *net, char out[NET_TEXT_MAX]);

#endif
