/*
 * budget: tokens that a turn, a chat and all chats of a day may spend.
 *
 * Reserved before a model call with an estimate, settled after it with what
 * the provider counted.  The day is UTC's.  A limit of 0 is off.
 */
#ifndef REDIS_BUDGET_H
#define REDIS_BUDGET_H

#include "nouns/chat_name.h"
#include "nouns/usage.h"
#include "redis/store.h"

struct budget_limits {
	int64_t chat; /* per chat and day */
	int64_t day;  /* all chats */
};

/* Sent along with another write: reserved - spent is given back. */
struct budget_change {
	int64_t reserved;
	int64_t spent;
	int64_t day; /* that the reservation was made on, days since 1970 */
};

/* OK (${day} is set), LIMITED: refused, nothing reserved; DOWN. */
enum store_rc budget_reserve(struct store *st, const struct chat_name *chat,
    int64_t tokens, const struct budget_limits *limits,
    int64_t *day) WARN_UNUSED;

/* What was spent today: by ${chat} (NULL: none) and by all. */
enum store_rc budget_spent(struct store *st, const struct chat_name *chat,
    int64_t *by_chat, int64_t *by_all) WARN_UNUSED;

#endif
