#include "redis/keys.h"

#include <string.h>

#include "redis/store_priv.h"

const struct key_row KEY_TABLE[KEYS_N] = {
	/* A chat. */
	{ "{pN}:chat:NAME", "chat", SCOPE_CHAT, "hash", "accept, take, finish",
	    LIFE_WHILE, true, WHOSE_PERSON },
	{ "{pN}:inbox:NAME", "inbox", SCOPE_CHAT, "list", "accept, finish",
	    LIFE_WHILE, true, WHOSE_PERSON },
	{ "{pN}:history:NAME", "history", SCOPE_CHAT, "list", "finish",
	    LIFE_WHILE, true, WHOSE_PERSON },
	{ "{pN}:turn:NAME", "turn", SCOPE_CHAT, "hash",
	    "write, release, finish", LIFE_WHILE, true, WHOSE_PERSON },
	{ "{pN}:seen:NAME", "seen", SCOPE_CHAT, "zset", "accept", LIFE_SPAN,
	    false, WHOSE_PERSON },
	{ "{pN}:window:NAME", "window", SCOPE_CHAT, "list", "accept, control",
	    LIFE_SPAN, false, WHOSE_PERSON },
	{ "{pN}:rate:NAME", "rate", SCOPE_CHAT, "string", "accept, control",
	    LIFE_SPAN, false, WHOSE_PERSON },
	{ "{pN}:reply:ID", "reply", SCOPE_MESSAGE, "string", "finish",
	    LIFE_SPAN, true, WHOSE_PERSON },
	{ "{pN}:wait:ID", "wait", SCOPE_MESSAGE, "set", "accept, find",
	    LIFE_SPAN, false, WHOSE_PERSON },
	{ "{pN}:budget:DAY:NAME", "budget", SCOPE_DAY, "string", "budget",
	    LIFE_SPAN, false, WHOSE_PERSON },
	{ "{pN}:damaged:KEY", "damaged", SCOPE_ASIDE, "any", "all that read",
	    LIFE_WHILE, false, WHOSE_PERSON },
	/* A task. */
	{ "{pN}:task:KEY/ID", "task", SCOPE_TASK, "hash",
	    "task_put, task_take, write, release, task_ask, task_answer, "
	    "task_finish, task_cancel",
	    LIFE_SPAN, true, WHOSE_OPERATOR },
	{ "{pN}:tasks:WHO", "tasks", SCOPE_WHO, "zset",
	    "task_put, task_finish, task_cancel", LIFE_SPAN, false,
	    WHOSE_OPERATOR },
	/* A partition. */
	{ "{pN}:due", "due", SCOPE_PARTITION, "zset",
	    "accept, take, write, release, finish", LIFE_WHILE, false,
	    WHOSE_PERSON },
	{ "{pN}:free", "free", SCOPE_PARTITION, "set",
	    "take, pass, turn workers; all that wake", LIFE_WHILE, false,
	    WHOSE_OPERATOR },
	{ "{pN}:due:task", "due:task", SCOPE_PARTITION, "zset",
	    "task_put, task_take, write, release, task_ask, task_answer, "
	    "task_finish, task_cancel",
	    LIFE_WHILE, false, WHOSE_OPERATOR },
	{ "{pN}:free:task", "free:task", SCOPE_PARTITION, "set",
	    "task_take, pass, turn workers; all that wake", LIFE_WHILE, false,
	    WHOSE_OPERATOR },
	{ "{pN}:wake", "wake", SCOPE_PARTITION, "list",
	    "former releases; turn workers delete it", LIFE_WHILE, false,
	    WHOSE_OPERATOR },
	{ "{pN}:counts", "counts", SCOPE_PARTITION, "hash", "accept, finish",
	    LIFE_EVER, false, WHOSE_OPERATOR },
	{ "{pN}:dead", "dead", SCOPE_PARTITION, "stream",
	    "finish, take, replay", LIFE_WHILE, true, WHOSE_PERSON },
	{ "{pN}:damaged", "damaged", SCOPE_PARTITION, "zset", "all that read",
	    LIFE_WHILE, false, WHOSE_PERSON },
	{ "{pN}:chats", "chats", SCOPE_PARTITION, "zset",
	    "accept, take, forget; `dragoman format set` fills it once",
	    LIFE_WHILE, false, WHOSE_PERSON },
	{ "{pN}:paused", "paused", SCOPE_PARTITION, "string",
	    "`dragoman pause`", LIFE_WHILE, false, WHOSE_OPERATOR },
	/* A tenant. */
	{ "{tenant:T}:keys", "keys", SCOPE_TENANT, "hash", "`dragoman key`",
	    LIFE_WHILE, false, WHOSE_OPERATOR },
	{ "{tenant:T}:key:ID", "key", SCOPE_OF_TENANT, "hash",
	    "`dragoman key`, access", LIFE_WHILE, true, WHOSE_OPERATOR },
	{ "{tenant:T}:version", "version", SCOPE_TENANT, "hash",
	    "`dragoman key`, raise", LIFE_EVER, false, WHOSE_OPERATOR },
	{ "{tenant:T}:resource:ID", "resource", SCOPE_OF_TENANT, "hash",
	    "raise", LIFE_SPAN, false, WHOSE_OPERATOR },
	{ "{tenant:T}:once:ID", "once", SCOPE_OF_TENANT, "hash",
	    "once, once_end", LIFE_SPAN, true, WHOSE_OPERATOR },
	{ "{tenant:T}:window:WHO", "window", SCOPE_OF_TENANT, "list", "access",
	    LIFE_SPAN, false, WHOSE_OPERATOR },
	{ "{tenant:T}:rate:WHO", "rate", SCOPE_OF_TENANT, "string", "access",
	    LIFE_SPAN, false, WHOSE_OPERATOR },
	{ "{tenant:T}:damaged:KEY", "damaged", SCOPE_OF_TENANT, "any", "access",
	    LIFE_WHILE, false, WHOSE_OPERATOR },
	{ "{tenant:T}:damaged", "damaged", SCOPE_TENANT, "zset", "access",
	    LIFE_WHILE, false, WHOSE_OPERATOR },
	/* A legacy MCP client's session. */
	{ KEY_MCPS_FRONT "S}", NULL, SCOPE_EACH, "hash",
	    "edges, mcps_open, mcps_say, mcps_end", LIFE_SPAN, true,
	    WHOSE_OPERATOR },
	{ KEY_MCPS_FRONT "S}:events:STREAM", NULL, SCOPE_EACH, "stream",
	    "mcps_say, edges", LIFE_SPAN, true, WHOSE_OPERATOR },
	/* The fleet. */
	{ KEY_WORKERS, NULL, SCOPE_FLEET, "zset", "turn workers", LIFE_WHILE,
	    false, WHOSE_OPERATOR },
	{ KEY_WORKER "ID", NULL, SCOPE_EACH, "string", "turn workers",
	    LIFE_SPAN, false, WHOSE_OPERATOR },
	{ KEY_EDGES, NULL, SCOPE_FLEET, "zset", "edges", LIFE_WHILE, false,
	    WHOSE_OPERATOR },
	{ KEY_EDGE "ID", NULL, SCOPE_EACH, "string", "edges", LIFE_SPAN, false,
	    WHOSE_OPERATOR },
	{ KEY_BREAKER "HOST/MODEL[@NAME]/ADDRESS", NULL, SCOPE_EACH, "hash",
	    "turn workers", LIFE_SPAN, false, WHOSE_OPERATOR },
	{ "{backend:HOST/MODEL/ADDRESS}:quirks", NULL, SCOPE_EACH, "hash",
	    "turn workers; `dragoman models --forget` deletes it", LIFE_SPAN,
	    false, WHOSE_OPERATOR },
	{ "budget:DAY", NULL, SCOPE_EACH, "string", "budget", LIFE_SPAN, false,
	    WHOSE_OPERATOR },
	{ KEY_CANARY, NULL, SCOPE_FLEET, "hash", "all", LIFE_EVER, true,
	    WHOSE_OPERATOR },
	{ KEY_FORMAT, NULL, SCOPE_FLEET, "string",
	    "the first to start, `dragoman format`", LIFE_EVER, false,
	    WHOSE_OPERATOR },
	{ KEY_STOPS, NULL, SCOPE_FLEET, "string",
	    "edges count, turn workers read", LIFE_EVER, false,
	    WHOSE_OPERATOR },
};

/* Of a tenant's or of a partition's rows? */
static bool
is_of(enum key_scope scope, bool tenant)
{
	return (scope == SCOPE_TENANT || scope == SCOPE_OF_TENANT) == tenant;
}

const struct key_row *
keys_find(const char *own, const char **rest)
{
	bool tenant = strncmp(own, "{tenant:", 8) == 0;
	const char *noun = tenant || strncmp(own, "{p", 2) == 0
	    ? strstr(own, "}:")
	    : NULL;
	size_t len;

	*rest = "";
	if (noun == NULL)
		return NULL;
	noun += 2;
	for (size_t i = 0; i < KEYS_N; i++) /* a kind of job's */
		if (KEY_TABLE[i].scope == SCOPE_PARTITION && !tenant
		    && strcmp(KEY_TABLE[i].noun, noun) == 0)
			return &KEY_TABLE[i];
	len = strcspn(noun, ":");
	for (size_t i = 0; i < KEYS_N; i++) {
		const struct key_row *row = &KEY_TABLE[i];

		if (row->noun != NULL && is_of(row->scope, tenant)
		    && strncmp(row->noun, noun, len) == 0
		    && row->noun[len] == '\0'
		    && (noun[len] == '\0')
			== (row->scope == SCOPE_PARTITION
			    || row->scope == SCOPE_TENANT)) {
			*rest = noun + len + (noun[len] == ':');
			return row;
		}
	}
	return NULL;
}
