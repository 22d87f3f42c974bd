/*
 * breaker: what this process knows of each backend's breaker (redis/fleet.h).
 *
 * A row a backend.  A turn holds its row while it asks; a row that the
 * configuration names no more, and that no turn holds, is free for another.
 */
#ifndef CHAT_BREAKER_H
#define CHAT_BREAKER_H

#include "chat/worker.h"
#include "llm/llm.h"

/*
 * The row of the breaker ${name} (llm_breaker_name), to be given back by
 * worker_breaker_drop; NULL: all rows are in use, and there is no breaker.
 */
struct worker_breaker *worker_breaker_hold(struct worker *w,
    const char *name) WARN_UNUSED;
void worker_breaker_drop(struct worker *w, struct worker_breaker *br);

/* How long it stays open yet; 0: closed, no row, or the one question that may
 * find out whether a restart or SIGHUP mended what opened it before. */
int64_t worker_breaker_open_ms(struct worker_breaker *br);

/* What is told while it is open: LLM_RETRY, or LLM_QUOTA. */
enum llm_rc worker_breaker_rc(const struct worker_breaker *br);

/* What came of a question.  ${br} may be NULL. */
void worker_breaker_succeed(struct worker *w, struct worker_breaker *br);
void worker_breaker_fail(struct worker *w, struct worker_breaker *br,
    enum llm_rc rc, const struct llm_failure *f);

/* What others found out about the backends. */
void worker_breakers_read(struct worker *w);

/* Free the rows of those that ${s} does not name. */
void worker_breakers_keep(struct worker *w, const struct settings *s);

#endif
