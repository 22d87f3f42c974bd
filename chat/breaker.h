/*
 * breaker: what this process knows of each backend's breaker (redis/fleet.h).
 *
 * A row a backend.  A turn holds its row while it asks; a row that the
 * configuration names no more, and that no turn holds, is free for another.
 */
#ifndef CHAT_BREAKER_H
#define CHAT_BREAKER_H

#include "chat/models.h"
#include "llm/llm.h"

/*
 * The row of the breaker ${name} (llm_breaker_name), to be given back by
 * model_breaker_drop; NULL: all rows are in use, and there is no breaker.
 */
struct model_breaker *model_breaker_hold(struct models *m,
    const char *name) WARN_UNUSED;
void model_breaker_drop(struct models *m, struct model_breaker *br);

/* How long it stays open yet; 0: closed, no row, or the one question that may
 * find out whether a restart or SIGHUP mended what opened it before. */
int64_t model_breaker_open_ms(struct model_breaker *br);

/* What is told while it is open: LLM_RETRY, or LLM_QUOTA. */
enum llm_rc model_breaker_rc(const struct model_breaker *br);

/* What came of a question.  ${br} may be NULL. */
void model_breaker_succeed(struct models *m, struct model_breaker *br);
void model_breaker_fail(struct models *m, struct model_breaker *br,
    enum llm_rc rc, const struct llm_failure *f);

/* What others found out about the backends. */
void model_breakers_read(struct models *m);

/* Free the rows of those that ${s} does not name. */
void model_breakers_keep(struct models *m, const struct settings *s);

#endif
