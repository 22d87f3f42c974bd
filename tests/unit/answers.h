/*
 * answers: recorded answers of models, read as from the network, and what is
 * written to them, as JSON to look into.
 */
#ifndef TESTS_UNIT_ANSWERS_H
#define TESTS_UNIT_ANSWERS_H

#include "llm/llm_priv.h"

/* What a test may ask of one answer. */
struct answered {
	struct arena *mem;
	enum llm_rc rc; /* LLM_RC_N: the reading ended without an answer */
	struct llm_answer answer;
	bool ended, failed, paused;
	enum llm_rc error_rc;
	struct llm_failure failure;
	const char *extra;
	const char *words; /* so far, of an answer without an end */
	char shown[4096];  /* what on_text was given */
};

/* ${events} are the data of events, one a line ("event NAME DATA" names its
 * type), handed over as a stream in pieces of ${step} bytes (0: at once). */
void answers_stream(const struct llm_provider *p, const char *events,
    size_t step, bool text_tools, struct answered *out);
/* Bytes as they come, whatever they are; ${with} may have tools, or is NULL. */
void answers_bytes(const struct llm_provider *p,
    const struct llm_question *with, const char *bytes, size_t len, size_t step,
    bool text_tools, struct answered *out);
/* The bytes of such events, added to ${out}. */
void answers_to_stream(const char *events, struct buf *out);
/* What ${r} has read, which is then freed; ${out} has its arena. */
void answers_take(struct llm_reading *r, struct answered *out);
void answers_whole(const struct llm_provider *p, const char *body,
    struct answered *out);
/* What a refused status and its body mean. */
enum llm_rc answers_refusal(int status, const char *body, struct arena *mem,
    struct llm_failure *f);
void answers_free(struct answered *a);

/* The request, parsed; in ${mem}. */
const json_t *answers_request(const struct llm_provider *p,
    const struct llm_backend *b, const struct llm_question *q,
    struct arena *mem);

/* Fails the test unless ${doc} as text is ${want}. */
void answers_expect(const char *what, const json_t *doc, const char *want);
const json_t *answers_json(struct arena *mem, const char *text);

#endif
