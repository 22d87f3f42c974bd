/*
 * store_priv: what the nouns of this folder share: scripts, batches of
 * commands, keys, records.  Links: link_priv.h.
 */
#ifndef REDIS_STORE_PRIV_H
#define REDIS_STORE_PRIV_H

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/seal.h"
#include "nouns/chat_name.h"
#include "nouns/session.h"
#include "redis/breaker.h"
#include "redis/link_priv.h"
#include "redis/store.h"

#define KEY_BREAKER "breaker:"
#define KEY_LEARNED "{backend:%s}:quirks"
#define KEY_CANARY "canary"
#define KEY_MCPS_FRONT "{mcps:"
#define KEY_FORMAT "{fleet}:format"
#define KEY_STOPS "{fleet}:stops"
#define KEY_EDGE "{fleet}:edge:"
#define KEY_EDGES "{fleet}:edges"
#define KEY_WORKERS "{fleet}:workers"
#define KEY_WORKER "{fleet}:worker:"
#define CHANNEL_PROCESS "process:"
#define CHANNEL_WAKE "{p%d}:wake:%s"

/* ---- scripts: script.c ---- */

enum script {
	SCRIPT_ACCEPT,
	SCRIPT_ACCESS,
	SCRIPT_ASIDE,
	SCRIPT_BEAT,
	SCRIPT_BREAKER,
	SCRIPT_BUDGET,
	SCRIPT_CONTROL,
	SCRIPT_COUNT,
	SCRIPT_ENLIST,
	SCRIPT_FIND,
	SCRIPT_FINISH,
	SCRIPT_FLEET,
	SCRIPT_FORGET,
	SCRIPT_KEY_END,
	SCRIPT_KEY_PUT,
	SCRIPT_MCPS_END,
	SCRIPT_MCPS_OPEN,
	SCRIPT_MCPS_SAY,
	SCRIPT_ONCE,
	SCRIPT_ONCE_END,
	SCRIPT_PASS,
	SCRIPT_RAISE,
	SCRIPT_RELEASE,
	SCRIPT_REPLAY,
	SCRIPT_REQUEUE,
	SCRIPT_RESEAL,
	SCRIPT_TAKE,
	SCRIPT_TASK_ANSWER,
	SCRIPT_TASK_ASK,
	SCRIPT_TASK_CANCEL,
	SCRIPT_TASK_FIND,
	SCRIPT_TASK_FINISH,
	SCRIPT_TASK_LISTEN,
	SCRIPT_TASK_PUT,
	SCRIPT_TASK_TAKE,
	SCRIPT_WRITE,
	SCRIPT_N,
};

struct script_text {
	const char *name;
	const char *text;
	size_t len;
	const char *sha; /* 40 hex digits */
};

const struct script_text *script_text(enum script s);

/* ---- hash slots: slot.c ---- */

#define SLOTS 16384 /* of Redis Cluster */
#define SLOT_ANY (-1)
int slot_of(const char *key, size_t len);

/* ---- batches: batch.c ---- */

#define BATCH_MAX (64 * MIB) /* far beyond an inbox with images */

/* A command of a batch: where it lies in the batch's bytes. */
struct batch_item {
	int script;   /* enum script, -1: a plain command */
	int argc;     /* of the whole command */
	size_t start; /* of its bytes */
	size_t rest;  /* of what follows the script's hash */
	size_t key;   /* of its first key, for the log; 0: none */
	int slot;     /* of all its keys and channels; SLOT_ANY: it has none */
	bool once;    /* set by its maker: left out of a repeated batch */
	const struct link_place *place; /* store_run's: where it goes */
};

/*
 * Commands that are sent together: one round trip to each node that they go to.
 * All keys of a command lie in one slot; what must be done together is one
 * script, for those of different nodes are done one node after the other.
 * Begin each one with
 * batch_script or batch_command, which say how many arguments follow, and add
 * exactly those.  batch_init, batch_fini around.
 */
#define BATCH_FEW 34 /* a look at all places and a little more */
struct batch {
	struct buf out;
	struct batch_item few[BATCH_FEW];
	struct batch_item *items;
	size_t n, cap;
	bool bad;           /* an argument did not fit */
	const char *prefix; /* of the store */
	size_t prefix_len;
};

void batch_init(struct batch *b, const struct store *st);
void batch_fini(struct batch *b);
void batch_script(struct batch *b, enum script s, int nkeys, int nargs);
void batch_command(struct batch *b, const char *name, int nargs);
void batch_mem(struct batch *b, const void *bytes, size_t len);
void batch_str(struct batch *b, const char *s);
void batch_int(struct batch *b, int64_t n);
/*
 * Keys, channels and patterns, each behind the store's prefix; nothing else
 * writes one, but batch_whole_key what Redis called so.  "{pN}:NOUN:NAME", "{pN}:NOUN", "{pN}:NOUN:ITEM", "{pN}:" (for
 * scripts that learn the names inside), any other.
 */
void batch_chat_key(struct batch *b, const struct chat_name *chat,
    const char *noun);
void batch_partition_key(struct batch *b, int partition, const char *noun);
void batch_item_key(struct batch *b, int partition, const char *noun,
    const char *item);
void batch_partition_front(struct batch *b, int partition);
void batch_key(struct batch *b, const char *key);
void batch_whole_key(struct batch *b, const char *key, size_t len);
/* ${front} in clear, then ${plain} sealed, as one argument. */
void batch_sealed(struct batch *b, const struct store *st, const char *front,
    const struct chat_name *chat, const char *noun, const char *item,
    const char *plain, size_t len);

/* Where the command ${i} of ${b} ends. */
size_t batch_end(const struct batch *b, size_t i);
/* Append the script that is number ${i} of ${from}, as its text. */
void batch_as_text(struct batch *b, const struct batch *from, size_t i);

/* ---- a round trip: store_run.c ---- */

/*
 * Send ${b} and read an answer to each command: ${replies} (b->n of them) are
 * to be freed with replies_free.  A command without a key goes where the one
 * before it went.  The nodes are asked one after the other, in the order in which
 * the batch first needs them.  Scripts that Redis does not know are sent
 * once more as text.  A dead link: once more on a new one, without the
 * commands marked once (their reply is NULL then).
 * -1: Redis is down (logged); no replies, though some commands may be done.
 */
int store_run(struct store *st, struct batch *b,
    redisReply **replies) WARN_UNUSED;
/* Run a batch of one script whose answer is but a code. */
enum store_rc store_run_code(struct store *st, struct batch *b,
    const char *what) WARN_UNUSED;

/* ---- replies: reply.c ---- */

void replies_free(redisReply **replies, size_t n);
/* ${r} is an error that begins with ${word}. */
bool reply_begins(const redisReply *r, const char *word);
/* ${r} is an error: logged; true. NULL counts as one. */
bool reply_is_error(struct store *st, const redisReply *r, const char *what);
/* The same, but not of a key that others gave another type. */
bool reply_has_failed(struct store *st, const redisReply *r, const char *what);
bool reply_is_oom(const redisReply *r);
/* The code of a script's answer, STORE_DOWN when it is none (logged). */
enum store_rc reply_code(struct store *st, const redisReply *r,
    const char *what);
/* Element ${i} as a number or bytes; 0 / NULL when absent.  No number of ours,
 * a time in ms or a count, is larger: so that they can be added. */
#define REPLY_INT_MAX INT64_C(1000000000000000)
int64_t reply_int(const redisReply *r, size_t i);
const redisReply *reply_at(const redisReply *r, size_t i);
/* The same, if it is bytes. */
const redisReply *reply_string(const redisReply *r, size_t i);
/* As text (ends in NUL); NULL when absent. */
const char *reply_str(const redisReply *r, size_t i);

/* ---- the store ---- */

#define STORE_BREAKERS 32
#define STORE_BREAKER_MAX 320

struct store_breaker {
	char provider[STORE_BREAKER_MAX]; /* llm_breaker_name */
	int64_t open_until_ms;
	int64_t read_ms;             /* boot clock; 0: never */
	bool failed;                 /* failures may be noted in Redis */
	char kind[BREAKER_KIND_MAX]; /* of the last, or "" */
};

#define STORE_RUN_ID_MAX 64 /* 40 characters, as Redis makes them */

struct store {
	const struct link_finder *finder; /* of the node */
	struct store_url url;
	char prefix[STORE_PREFIX_MAX];
	size_t prefix_len;
	const struct seal_ring *ring;
	int timeout_ms;
	bool echo;
	int replicas;
	int wait_ms;

	pthread_mutex_t lock; /* of what follows, up to breakers */
	struct link *idle;
	int nidle;
	bool broken; /* the next link made is a reconnect */
	bool run_id_asked;
	char run_id[STORE_RUN_ID_MAX]; /* of the Redis in use; "": unknown */
	unsigned era; /* of links: ends when one is found broken */
	struct store_breaker breakers[STORE_BREAKERS];

	/* Bits of partitions: due was seen damaged; and is right again. */
	_Atomic unsigned due_damaged, due_healed;
	_Atomic int64_t damage_logged_ms, key_logged_ms;
	_Atomic int64_t format; /* stored, as last read; 0: none known */
	_Atomic int64_t reconnects;
	_Atomic int64_t logged_ms; /* last "redis_failed", boot clock */
	int64_t opened_ms;         /* boot clock */
	_Atomic bool reached;      /* a link was made */
	_Atomic int64_t memory_ms; /* last look at the memory, boot clock */
	_Atomic bool memory_full;
};

/* ${key} as Redis names it without the store's prefix; NULL: not ours. */
const char *store_own_key(const struct store *st, const char *key);

/* ${r}, the fields of a canary, has one of the key ${id}, and it opens. */
bool canary_opens(const struct seal_ring *ring, const redisReply *r,
    const char *id);

/* Log why Redis failed at ${what}, at most once a second. */
void store_log_down(struct store *st, const char *what, const char *why);

/* Used memory over STORE_MEMORY_FULL of its maximum, from INFO memory. */
#define STORE_MEMORY_FULL 0.8
bool store_memory_is_full(const char *info);
/* The value of "name:" in a text of INFO into ${out}; false: not there. */
bool store_info(const char *info, const char *name, char *out, size_t max);

/* ${r} is the error of a key that has another type than ours. */
bool reply_is_wrong_type(const redisReply *r);
/* Log "partition_damaged", at most once a minute: ${key} of ${partition}; -1:
 * of all. */
void store_log_damaged(struct store *st, int partition, const char *key);

/* How long the id of a message is in "seen": a day, and as long as its reply may
 * be kept once its turn has ended.  forget finds replies by it. */
int64_t seen_keep_ms(int64_t reply_keep_ms);

/* ---- the version of records: format.c ---- */

/* The answer to GET KEY_FORMAT: remembered.  As format_read. */
enum store_rc format_note(struct store *st, const redisReply *r,
    int64_t *stored);
/* Redis is empty: store the version that was known, else the newest, unless
 * another process was first. */
void format_begin(struct store *st, struct batch *b);

/* ---- records: record.c ---- */

#define RECORD_HEADER_MAX 192
#define RECORD_ITEM_MAX 160 /* message id, step */

/* The clear line in front of an inbox entry. */
struct record_header {
	char id[33];
	int64_t seq;
	int64_t time_ms;
	char kind[16];
	char address[64]; /* "-" nobody */
	char mac[33];
	size_t len; /* with its newline: the body follows */
};
int record_header_read(const char *entry, size_t len,
    struct record_header *out) WARN_UNUSED;

/*
 * Open a sealed value into ${mem}.  OK; UNKNOWN_KEY; NONE: cut or changed.
 * Both logged.
 */
enum store_rc record_open(struct store *st, const char *chat, const char *noun,
    const char *item, const void *sealed, size_t len, struct arena *mem,
    const char **plain, size_t *plain_len) WARN_UNUSED;

/* What scripts answer by name, NAME value ... (take, control, or
 * HGETALL): NULL, 0 where it is not there. */
const redisReply *record_at(const redisReply *r, const char *name);
const char *record_text(const redisReply *r, const char *name);
int64_t record_int(const redisReply *r, const char *name);

/* The session from state cred tools tin tout turns of ${r}. */
enum store_rc record_session(struct store *st, const struct chat_name *chat,
    const redisReply *r, struct arena *mem, struct session *out) WARN_UNUSED;

/* A token as sealed: JSON. */
char *record_token_write(const struct session_token *t);

/* Item of a journal field: "ID/STEP" into ${out}. */
void record_journal_item(char out[RECORD_ITEM_MAX], const char *id,
    const char *step);

/* ---- looking through all keys: walk.c ---- */

/* The keys that match ${pattern} behind ${prefix}, a page at a time; another
 * code than OK of ${page} ends the walk.  ${what}: of whom the log speaks. */
typedef enum store_rc walk_page_fn(struct store *st, const redisReply *keys,
    void *ctx);
enum store_rc walk_keys(struct store *st, const char *prefix,
    const char *pattern, const char *what, walk_page_fn *page,
    void *ctx) WARN_UNUSED;

#define WALK_NAMES 128 /* at once: of one script */
#define WALK_ALL ((1u << CHAT_PARTITIONS) - 1)

/* Each chat of ${partitions} (a bit each) that has a key ${noun}: ${names} gets
 * up to WALK_NAMES of one partition; another code than OK ends the walk. */
struct chat_walk {
	const char *noun;
	unsigned partitions;
	enum store_rc (*names)(struct store *st, int partition,
	    const char *const *names, size_t n, void *ctx);
	void *ctx;
};
enum store_rc walk_chats(struct store *st,
    const struct chat_walk *w) WARN_UNUSED;

#endif
