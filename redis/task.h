/*
 * task: tools' calls that go on by themselves (nouns/task.h), as jobs of kind
 * JOB_TASK.
 *
 * Who begins one has it written before its id is given out; the queue hands it
 * to a worker (due.h), which writes its steps (journal.h) and its end (here).
 * Its record stays for TASK_KEEP_MS from its beginning, whatever comes of it,
 * and is what all that wait for it look at.
 *
 * Steps, sealed as those of any job, in the record itself:
 *   begun    its tool is being called: a holder that dies leaves it there
 *   said     {"at": MS, "text": TEXT}: how far it is
 *   asks     {"open": {KEY: QUESTION}, "state": TEXT}: what its tool asked last,
 *            as MCP's inputRequests, without those that were answered; and what
 *            it wants back with the answers.  While one is open the task is
 *            "input_required", and nobody holds it
 *   answers  {KEY: ANSWER}, all that were given so far
 */
#ifndef REDIS_TASK_H
#define REDIS_TASK_H

#include "nouns/task.h"
#include "redis/due.h"

#define TASK_KEEP_MS ((int64_t)24 * 3600 * 1000)
#define TASKS_OPEN_MAX 100 /* of one key, at once */
/* Of one task, by its own key: 20 at once, then 20 a second. */
#define TASK_LOOKS_A_SECOND 20

#define TASK_STEPS                                 \
	{                                          \
		"begun", "said", "asks", "answers" \
	}
#define TASK_STEP_BEGUN "begun"
#define TASK_STEP_SAID "said"
#define TASK_STEP_ASKS "asks"
#define TASK_STEP_ANSWERS "answers"
/* The kind of what is published to who waits (redis/process.h): look at it; and
 * how far it is: {"value", "total", "text"}. */
#define TASK_PIECE_OVER "task"
#define TASK_PIECE_PROGRESS "progress"

/*
 * Begin one, of the name ${name}.  ${address} is told of its end; "" nobody.
 * ${now_ms} gets the time, Redis's.  Safe to repeat.
 *
 * OK; FULL: as many are open as may, or Redis is full; DAMAGED, DOWN
 */
enum store_rc task_put(struct store *st, const struct chat_name *name,
    const char id[TASK_ID_MAX], const struct task_call *call,
    const char *address, int64_t *now_ms) WARN_UNUSED;

/* How it is with one.  Texts are in the mem of who asked; NULL: there is none. */
struct task {
	enum task_state state;
	int64_t created_ms, updated_ms, ends_ms; /* wall */
	const char *said;                        /* as TASK_STEP_SAID */
	const char *asks, *answers;              /* as those steps */
	int64_t round;                           /* of them: task_answer */
	const char *result; /* what task_finish was given */
	size_t result_len;
};

/* OK; NONE: there is none of that name (any more); LIMITED: looked at too often,
 * ${wait_ms} until it may be again; UNKNOWN_KEY, DOWN. */
enum store_rc task_find(struct store *st, const struct chat_name *name,
    struct arena *mem, struct task *out, int64_t *wait_ms) WARN_UNUSED;

/* The same of ${n}, by their names, as often as one likes, in one round trip:
 * ${rc}[i].  ${whole}: with their results, which may be long.  DOWN: of none. */
enum store_rc task_find_all(struct store *st, const char *const *names,
    size_t n, bool whole, struct arena *mem, struct task *out,
    enum store_rc *rc) WARN_UNUSED;

/* ${address} is told of each change of its state, as TASK_PIECE_OVER: the last
 * TASK_EARS_MAX that asked for it.  OK, also of one that is over; NONE, DOWN. */
#define TASK_EARS_MAX 16
enum store_rc task_listen(struct store *st, const struct chat_name *name,
    const char *address) WARN_UNUSED;

/* It is wanted no more: nobody holds it, and it has ${ended} so; or whoever
 * holds it hears so within a second.  OK, also of one that is over; NONE, DOWN. */
enum store_rc task_cancel(struct store *st, const struct chat_name *name,
    const char id[TASK_ID_MAX], bool *ended) WARN_UNUSED;

/* ${job}, which is held, asks: ${asks} as the step.  It is nobody's until all is
 * answered.  OK, LOST, STOPPED (a cancel came: end it so), DOWN (safe to
 * repeat). */
enum store_rc task_ask(struct store *st, struct job *job, const char *asks,
    size_t len) WARN_UNUSED;

/*
 * What is left of the questions of ${round}, and all answers so far; ${all}:
 * nothing is left, and it is due.  OK; NONE: it asks nothing (any more); LOST:
 * somebody was faster, find it anew; DOWN.
 */
enum store_rc task_answer(struct store *st, const struct chat_name *name,
    const char id[TASK_ID_MAX], int64_t round, const char *asks,
    const char *answers, bool all) WARN_UNUSED;

/* End ${job}, which is held: ${state} is for ever, ${result} (JSON; NULL: none)
 * goes to who looks.  OK, LOST, DOWN (try again: safe to repeat). */
enum store_rc task_finish(struct store *st, struct job *job,
    enum task_state state, const char *result, size_t len) WARN_UNUSED;

#endif
