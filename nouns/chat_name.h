/*
 * chat_name: TENANT/CONNECTION/CHAT, the name of a conversation everywhere:
 * in keys, logs and on the command line ("default/http/alice").
 *
 * TENANT and CONNECTION are [A-Za-z0-9_.-]{1,64}; CHAT is what is left after
 * the second slash: 1 to CHAT_ID_MAX bytes of UTF-8 without control
 * characters (it may hold slashes and blanks).
 */
#ifndef NOUNS_CHAT_NAME_H
#define NOUNS_CHAT_NAME_H

#include "base/base.h"

#define CHAT_ID_MAX 200    /* bytes; a platform's ids are under 64 */
#define CHAT_NAME_MAX 336  /* with both prefixes and the NUL */
#define CHAT_PARTITIONS 16 /* hash tags {p0} .. {p15} */

struct chat_name {
	char text[CHAT_NAME_MAX];
	int partition;
};

/* 0, or -1 when a part is not valid. */
int chat_name_make(struct chat_name *out, const char *tenant,
    const char *connection, const char *chat) WARN_UNUSED;
int chat_name_parse(struct chat_name *out, const char *text) WARN_UNUSED;

/* The CHAT part, inside ${name}. */
const char *chat_name_chat(const struct chat_name *name);

/* Who writes in this chat, in ${mem}: its tenant and connection, and its CHAT
 * part as the person, until messages name their sender. */
struct arena;
struct caller;
void chat_name_caller(const struct chat_name *name, struct arena *mem,
    struct caller *out);

/* CRC16 (XMODEM, as Redis Cluster computes it) of ${text} mod 16. */
int chat_name_partition(const char *text);

#endif
