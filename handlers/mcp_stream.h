/*
 * mcp_stream: connections that stay open to tell an MCP client what changes.
 *
 * Three are one kind of what is parked (fcgi/park.h):
 *   listen  subscriptions/listen of 2026-07-28: what its filter names
 *   get     GET of a legacy session (or of nobody's): lists, the session's
 *           subscriptions, and what is said to it (redis/mcps.h)
 *   sse     GET /sse of 2024-11-05: the same, and all answers
 *
 * What they look at are versions (redis/versions.h), the key, the session's
 * record.  They look when the topic VERSIONS_TOPIC wakes them, every
 * VERSIONS_LOOK_MS, and when what was said to them did not come in order.
 */
#ifndef HANDLERS_MCP_STREAM_H
#define HANDLERS_MCP_STREAM_H

#include "fcgi/park.h"
#include "handlers/mcp_priv.h"
#include "redis/mcps.h"
#include "redis/task.h"
#include "redis/versions.h"

enum mcp_stream_what { STREAM_LISTEN, STREAM_GET, STREAM_SSE };

#define MCP_STREAM_URIS 64 /* that one listen may name */

/* One resource that it listens to. */
struct mcp_watched {
	char id[VERSION_ID_MAX];
	char *uri;
	int64_t seen; /* its version */
};

/* One task that it listens to. */
struct mcp_heard {
	char name[CHAT_NAME_MAX];
	char state[24]; /* that was told last; "" none yet */
	int64_t seen;   /* what it looked like then */
};

struct mcp_stream {
	enum mcp_stream_what what;
	char *id; /* LISTEN: the request's id as JSON */
	bool wants[VERSION_LISTS];
	struct versions seen;
	struct mcp_watched *watched;
	size_t nwatched;
	struct mcp_heard *tasks;
	size_t ntasks;
	struct buf first; /* what it is told of them at first */

	char session[MCPS_ID_MAX];      /* ""; none */
	char *endpoint;                 /* SSE: where its client posts */
	int64_t said;                   /* number of the last message written */
	char address[MCPS_ADDRESS_MAX]; /* its own */

	/* Whose place it takes (mcp_places.c). */
	struct mcp_edge *edge;
	char key[API_KEY_ID_MAX], from[NET_BYTES * 2 + 1];
};

struct mcp_stream *mcp_stream_new(enum mcp_stream_what what);
void mcp_stream_free(struct mcp_stream *s);

/*
 * Park ${req} as ${s}, which is the stream's from now on.  Asks Redis where it
 * stands now, so that nothing between its head and its first look is missed.
 * Refuses what is one too many.  Returns as a handler does.
 */
int mcp_stream_park(struct request *req, const struct mcp_post *p,
    struct mcp_stream *s);

/* mcp_stream_look.c: what it looks at, and what a look finds, as texts. */
char *mcp_stream_item(const struct request *req, const struct mcp_post *p,
    const struct mcp_stream *s);
int mcp_stream_look(struct edge *e, struct park_look *const *looks, size_t n);

enum mcp_stream_found {
	FOUND_ON = 1,
	FOUND_KEY_OVER,
	FOUND_SESSION_OVER,
	FOUND_REPLACED,
};

/* mcp_stream_tasks.c: tasks that a listen names.  -1: ${ids} is no array of at
 * most TASKS_OPEN_MAX strings.  Those that are not of ${key} are left out. */
int mcp_stream_read_tasks(struct mcp_stream *s, const char *key,
    const json_t *ids) WARN_UNUSED;
/* From now on they tell it what changes.  OK, DOWN */
enum store_rc mcp_stream_stand_tasks(struct store *st,
    struct mcp_stream *s) WARN_UNUSED;
/* In the look thread: append [name, state, look, JSON] of ${names}. */
int mcp_stream_look_tasks(struct store *st, const json_t *names,
    struct arena *mem, json_t *found) WARN_UNUSED;
void mcp_stream_compare_tasks(struct mcp_stream *s, const json_t *found,
    struct buf *out);

/* mcp_stream_found.c: append what of ${found}, a look's text, is news. */
void mcp_stream_compare(struct mcp_stream *s, const json_t *found,
    struct buf *out);

/* mcp_stream_write.c: events, appended to ${out}. */
int mcp_stream_ack(struct buf *out, const struct mcp_stream *s) WARN_UNUSED;
int mcp_stream_changed(struct buf *out, const struct mcp_stream *s,
    enum version_list list) WARN_UNUSED;
int mcp_stream_updated(struct buf *out, const struct mcp_stream *s,
    const char *uri) WARN_UNUSED;
/* ${task}: an object as JSON, without its last brace. */
int mcp_stream_task(struct buf *out, const struct mcp_stream *s,
    const char *task) WARN_UNUSED;
int mcp_stream_complete(struct buf *out,
    const struct mcp_stream *s) WARN_UNUSED;
/* A message that was said to its session. */
int mcp_stream_said(struct buf *out, const struct mcp_stream *s,
    const struct mcps_event *e) WARN_UNUSED;

/* ---- places (mcp_places.c) ----------------------------------------------- */

enum mcp_place {
	PLACE_TAKEN,
	PLACE_FULL,    /* in all */
	PLACE_KEY,     /* of this key */
	PLACE_ADDRESS, /* of this address */
};

struct mcp_places;
struct mcp_places *mcp_places_new(void);
void mcp_places_free(struct mcp_places *pl);
/* ${from} "": an address that is not counted (this machine's). */
enum mcp_place mcp_places_take(struct mcp_places *pl, const struct settings *s,
    const char *key, const char *from) WARN_UNUSED;
void mcp_places_leave(struct mcp_places *pl, const char *key, const char *from);

#endif
