/*
 * chats: chats that have messages, as a kind of job (work/kind.h): a turn each
 * (turn.h).
 */
#ifndef CHAT_CHATS_H
#define CHAT_CHATS_H

#include "chat/models.h"
#include "work/kind.h"

struct toolbox;

/* What the turns of this process share; CHATS_KIND's ctx. */
struct chats {
	struct worker *w;
	struct toolbox *toolbox;
	struct models models;
};

void chats_init(struct chats *c, struct worker *w);

extern const struct work_kind CHATS_KIND;

#endif
