/*
 * keys: THE table of keys: all that may be in Redis, behind the prefix.
 *
 * What goes through keys goes through this table: what is encrypted is
 * encrypted anew (ledger_reseal), what others wrote is found (damage), and
 * what is of a chat is forgotten with it (tests/unit/test_keys.c).
 * redis/README.md describes each key; tests/lint/keys.py holds it to the table.
 */
#ifndef REDIS_KEYS_H
#define REDIS_KEYS_H

#include "base/base.h"

enum key_scope {
	SCOPE_CHAT,      /* {pN}:NOUN:NAME */
	SCOPE_MESSAGE,   /* {pN}:NOUN:ID */
	SCOPE_DAY,       /* {pN}:NOUN:DAY:NAME */
	SCOPE_ASIDE,     /* {pN}:NOUN:KEY, of a chat: all behind {pN}: */
	SCOPE_TASK,      /* {pN}:NOUN:KEY/ID, a task's name */
	SCOPE_WHO,       /* {pN}:NOUN:WHO, an API key */
	SCOPE_PARTITION, /* {pN}:NOUN, or {pN}:NOUN:KIND of a kind of job */
	SCOPE_TENANT,    /* {tenant:T}:NOUN */
	SCOPE_OF_TENANT, /* {tenant:T}:NOUN:ITEM */
	SCOPE_FLEET,     /* one key */
	SCOPE_EACH,      /* one for each worker, edge, server or day */
};

enum key_life {
	LIFE_EVER,
	LIFE_WHILE, /* as long as something stands in it, or its chat is there */
	LIFE_SPAN,  /* Redis lets it go after a time */
};

enum key_whose {
	WHOSE_PERSON,   /* of a chat, or has names of chats in it */
	WHOSE_OPERATOR, /* of nobody who talks */
};

struct key_row {
	const char *pattern; /* as in redis/README.md */
	const char *noun;    /* NULL: of no partition and no tenant */
	enum key_scope scope;
	const char *type;  /* as TYPE says it */
	const char *owner; /* who writes it: scripts, processes, commands */
	enum key_life life;
	bool sealed; /* all or some of it */
	enum key_whose whose;
};

#define KEYS_N 44
extern const struct key_row KEY_TABLE[KEYS_N];

/*
 * The row of the partition's or tenant's key ${own}, which stands behind no
 * prefix any more; ${rest} is what follows its noun and a colon, or "".  NULL: none of
 * ours.
 */
const struct key_row *keys_find(const char *own, const char **rest);

#endif
