/*
 * message: what a person said, as it lies in the inbox.
 */
#ifndef NOUNS_MESSAGE_H
#define NOUNS_MESSAGE_H

#include "base/base.h"
#include "nouns/chat_name.h"

#define MESSAGE_ID_MAX 33      /* 16 bytes as hex, and a NUL */
#define MESSAGE_ADDRESS_MAX 64 /* PROCESS.NUMBER, fcgi/park.h */
#define MESSAGE_IMAGES_MAX 8

struct image {
	const char *mime; /* "image/png" */
	const char *base64;
};

struct message {
	const char *update_id; /* the platform's or client's own id */
	const char *text;      /* valid UTF-8, stripped */
	struct image images[MESSAGE_IMAGES_MAX];
	size_t nimages;
	const char *address; /* who waits for the reply; "" nobody */
	bool stream;         /* pieces are wanted as they come */
	bool cut;            /* the person wrote more than text */
};

/* The id of update ${update_id} of ${chat}: the same for each repeat. */
void message_id_make(const struct chat_name *chat, const char *update_id,
    char id[MESSAGE_ID_MAX]);

/* The codec of what is sealed: a JSON text.  Reading borrows from ${mem}. */
struct arena;
char *message_write(struct arena *mem, const struct message *m) WARN_UNUSED;
int message_read(struct arena *mem, const char *text, size_t len,
    struct message *out) WARN_UNUSED;

#endif
