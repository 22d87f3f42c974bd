/*
 * message: what a person said, as it lies in the inbox and in the history.
 */
#ifndef NOUNS_MESSAGE_H
#define NOUNS_MESSAGE_H

#include "base/base.h"
#include "nouns/chat_name.h"

#define MESSAGE_ID_MAX 33      /* 16 bytes as hex, and a NUL */
#define MESSAGE_ADDRESS_MAX 64 /* PROCESS.NUMBER, DESIGN.md section 2 */
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

/* What /chat and later every platform is answered. */
struct reply {
	const char *text;
	const char *state;           /* session state after the turn */
	const char *const *starters; /* NULL-terminated; NULL: none */
	const char *end;   /* "replied", "refused", ...; NULL: of no message */
	bool truncated;    /* the text is not all of the model's answer, or of
			      what it was to answer */
	int64_t exchanges; /* of /status: that are remembered; not kept */
};

/* One line of the history: what was said and what was answered. */
struct history_entry {
	const char *user;
	const char *assistant;
};

/* The end states of a message (DESIGN.md section 2). */
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

/* The id of update ${update_id} of ${chat}: the same for each repeat. */
void message_id_make(const struct chat_name *chat, const char *update_id,
    char id[MESSAGE_ID_MAX]);

/* Codecs of what is sealed: JSON texts.  Reading borrows from ${mem}. */
struct arena;
char *message_write(struct arena *mem, const struct message *m) WARN_UNUSED;
int message_read(struct arena *mem, const char *text, size_t len,
    struct message *out) WARN_UNUSED;
char *reply_write(struct arena *mem, const struct reply *r) WARN_UNUSED;
/* The person was told that there is no answer. */
bool reply_is_failure(const struct reply *r);
int reply_read(struct arena *mem, const char *text, size_t len,
    struct reply *out) WARN_UNUSED;
char *history_entry_write(struct arena *mem,
    const struct history_entry *h) WARN_UNUSED;
int history_entry_read(struct arena *mem, const char *text, size_t len,
    struct history_entry *out) WARN_UNUSED;

#endif
