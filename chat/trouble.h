/*
 * trouble: what stands between this worker and each model, as far as it is
 * known: the log, /ready and doctor say it before anybody asks.
 *
 * A worker looks at its models' servers when it starts, after SIGHUP, and after
 * a question that failed for a reason that does not pass; while such a look
 * finds something, again every TROUBLE_LOOK_MS.  Looks cost no tokens and run
 * in a thread of their own.  Each answer ends the trouble of its model.
 * worker.looked is set when the first look with the settings in force has ended.
 */
#ifndef CHAT_TROUBLE_H
#define CHAT_TROUBLE_H

#include <jansson.h>

#include "chat/models.h"
#include "llm/llm.h"

/* As long as a look fails: soon enough for who has just mended something. */
#define TROUBLE_LOOK_MS 10000

/* What came of a question to ${b}.  ${br} may be NULL. */
void trouble_asked(struct models *m, struct model_breaker *br,
    const struct llm_backend *b, enum llm_rc rc, const struct llm_failure *f,
    struct arena *mem);

/* Look, if it is time.  Returns at once; called every second. */
void trouble_look(struct models *m);

/* The configuration was read again: what failed before may be mended.  Nothing
 * of it is believed, and nothing makes the next question wait. */
void trouble_forget(struct models *m);

/* Looks that run end soon: the worker does. */
void trouble_stop(struct models *m);

/* Of ${br}, into a worker's record (redis/fleet.h): what is known, and what
 * follows from its kind (llm/kinds.c), so that readers need no table. */
void trouble_write(struct models *m, struct model_breaker *br, json_t *record);

#endif
