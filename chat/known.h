/*
 * known: what all workers learned of a backend, as this process knows it.
 *
 * Read again when it is older than a second, so that under load a question
 * costs no round trip and what is forgotten or learned elsewhere is noticed.
 */
#ifndef CHAT_KNOWN_H
#define CHAT_KNOWN_H

#include "llm/llm.h"
#include "llm/quirks.h"

struct models;

/* What is learned and stated of ${b}, to ask it by. */
void known_quirks(struct models *m, const struct settings *s,
    const struct llm_backend *b, struct llm_quirks *out);
/* What ${a} taught is kept, and told to the operator. */
void known_learn(struct models *m, const struct llm_backend *b,
    const struct llm_answer *a);
/* Free the rows of backends that ${s} does not name. */
void known_keep(struct models *m, const struct settings *s);

#endif
