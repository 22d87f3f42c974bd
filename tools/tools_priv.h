/*
 * tools_priv: the toolbox, and the views made of its sources.
 */
#ifndef TOOLS_TOOLS_PRIV_H
#define TOOLS_TOOLS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "tools/source.h"

#define TOOLS_MAX 512    /* offered to a chat; more would fill any context */
#define LEFT_OUT_SHOWN 8 /* of one source; the others are counted */
#define VIEW_SOURCES_MAX (SOURCES_MAX + 1) /* and what is built in */

struct pool;

/* One tool of a view: its spec, and how to call it. */
struct tool_entry {
	struct source *source;
	const struct catalogue_tool *original;
	const json_t *names; /* of its arguments; NULL: none is changed */
};

/* What of a source is offered, and what is not. */
struct left_out {
	const char *tool, *why;
};
struct offered {
	size_t n, left_out;
	struct left_out shown[LEFT_OUT_SHOWN]; /* the first of left_out */
};

/* A toolset with what its callers do not see. */
struct view {
	struct toolset set; /* first: a toolset pointer is a view's */
	_Atomic int refs;
	const struct policy *policy; /* of whom may see it */
	struct view *next;           /* of the toolbox's */
	struct pool *pool;           /* the toolbox's */
	struct arena *mem;
	struct tool_entry *entries;
	struct source *sources[VIEW_SOURCES_MAX]; /* that have a list */
	struct offer *offers[VIEW_SOURCES_MAX];   /* of each */
	struct offered offered[VIEW_SOURCES_MAX];
	size_t nsources;
};

struct listing;

struct toolbox {
	pthread_mutex_t mu;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, stopping;
	bool roused;         /* listing_after is to return */
	volatile int cancel; /* of all questions, at the end */
	struct pool *pool;   /* a slow server must not hold up the others */
	struct settings *settings;
	struct source *builtin; /* which nobody asks */
	struct source *sources[SOURCES_MAX];
	size_t nsources;
	/* Of each policy that was asked for since the last change; the
	 * default's first, which always is there. */
	struct view *views;
	/* Of the first, or of one before; NULL: not yet. */
	struct listing *listing;
};

/* call.c: one call, measured; and its end, counted: ${tool} is its name for
 * callers, NULL: there is none. */
void source_call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result);
void source_count(const char *tool, enum tool_end end);

/* The toolbox's thread, ${arg}: ask whose time has come, until it stops. */
void *toolbox_refresh(void *arg);
/* What was listed has changed: views are made anew; the lock is held.  The old
 * ones, to be given back (views_unref) without the lock: the last reference of
 * a source that is gone says good-bye to its server. */
struct view *toolbox_renew(struct toolbox *b);

/*
 * The sources that ${s} names, SOURCES_MAX at most.  Their number; -1: some
 * cannot be, or they are too many, as ${errors} says in a line each.
 */
int servers_read(struct settings *s, struct source **out,
    struct buf *errors) WARN_UNUSED;

/* toolbox_start with ${n} sources, whose references it takes. */
int toolbox_open(struct settings *s, struct source *const *sources, size_t n,
    struct toolbox **out, struct buf *errors) WARN_UNUSED;

/* A new view of what is there, for ${policy} of the toolbox's settings; the
 * toolbox's lock is held. */
struct view *view_make(struct toolbox *b, const struct policy *policy);
/* ${v} and all that come after it; NULL: none. */
void views_unref(struct view *v);
/* Never NULL. */
const struct offered *view_offered(const struct view *v,
    const struct source *source);

#endif
