/*
 * task: a tool's call that goes on by itself: what is called for whom, and how
 * it is with it.
 *
 * A task belongs to an API key: its name is KEY/ID, KEY that key's id, or
 * TASK_NOBODY where none is needed.  All tasks of a key lie in one partition,
 * so that what counts them changes with them.
 */
#ifndef NOUNS_TASK_H
#define NOUNS_TASK_H

#include <jansson.h>

#include "nouns/caller.h"
#include "nouns/chat_name.h"

struct arena;

#define TASK_ID_MAX 33 /* 128 random bits as hex: nobody guesses one */
#define TASK_NOBODY "nobody"

/* The last three are for ever.  Stored by name. */
enum task_state {
	TASK_WORKING,
	TASK_ASKS,      /* "input_required": a person must answer first */
	TASK_COMPLETED, /* there is a result, a tool's own error among them */
	TASK_FAILED,    /* there is none, and will be none */
	TASK_CANCELLED,
	TASK_STATES,
};
const char *task_state_name(enum task_state state);
/* -1: none of ours. */
int task_state_parse(const char *text) WARN_UNUSED;
bool task_is_over(enum task_state state);

/* Where a task's keys are, as of a chat.  -1: ${id} or ${key} cannot be one. */
int task_name(struct chat_name *out, const char *key,
    const char *id) WARN_UNUSED;
/* "KEY/ID"; ${id} gets the second part.  -1: it is none. */
int task_name_parse(struct chat_name *out, const char *text,
    char id[TASK_ID_MAX]) WARN_UNUSED;
void task_id_new(char id[TASK_ID_MAX]);

/* What is to be called.  All is borrowed; NULL: there is none. */
struct task_call {
	const char *tool; /* as clients call it */
	const json_t *arguments;
	struct caller caller;
	const json_t *answers; /* of questions that came before the task */
	const char *state;     /* that came with those */
	const char *request;   /* the log's id of the request that began it */
	const char *trace;     /* its traceparent */
};
/* In ${mem}; NULL: it cannot be written. */
const char *task_call_write(struct arena *mem, const struct task_call *c);
int task_call_read(struct arena *mem, const char *text, size_t len,
    struct task_call *out) WARN_UNUSED;

#endif
