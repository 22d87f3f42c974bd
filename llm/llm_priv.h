/*
 * llm_priv: what a provider is, and the answer under construction.
 *
 * The functions are pure: bytes to bytes, bytes to struct, so that they can
 * be tested and fuzzed without a network.
 */
#ifndef LLM_LLM_PRIV_H
#define LLM_LLM_PRIV_H

#include "base/buf.h"
#include "llm/llm.h"

#define LLM_REQUEST_MAX (16 * MIB)
#define LLM_ANSWER_MAX (8 * MIB) /* of a whole answer, or of one event */
#define LLM_TEXT_MAX (1 * MIB)	 /* of the words of an answer */
#define LLM_ARGUMENTS_MAX (256 * KIB)
#define LLM_BLOCKS_MAX 64 /* content blocks of one Anthropic answer */

/* A call whose pieces are still coming. */
struct llm_partial_call {
	const char *id;
	const char *name;
	struct buf arguments;
	bool used;
};

/* The answer while it is read, whole or by events. */
struct llm_reading {
	struct arena *mem;
	const struct llm_question *q;
	struct buf text;
	struct buf refusal;
	struct llm_partial_call calls[TOOL_CALLS_MAX + 1];
	size_t ncalls; /* highest index in use + 1 */
	struct usage usage;
	bool counted;  /* usage came from the provider */
	bool ended;    /* the terminal event was seen */
	bool started;  /* some event was understood */
	bool cut, refused, paused;
	bool context;  /* stop: the context window is full */
	bool shown;    /* text was handed to on_text */
	bool failed;   /* an error event came */
	int error_status;  /* what it would have been as a status */
	char error[160];
	json_t *extra; /* blocks to be sent back, owned by mem */
	int block_of[LLM_BLOCKS_MAX]; /* Anthropic: index to call or -1 */
	struct buf blocks[LLM_BLOCKS_MAX]; /* thinking text, signatures */
	/* text protocol: words that may begin a call are held back */
	bool hold_calls;
	size_t shown_len;
};

struct llm_provider {
	const char *name;
	const char *base_url;
	const char *path;
	/* Append the headers that carry the key etc. to ${headers}. */
	size_t (*headers)(const struct llm_backend *b, struct arena *mem,
	    const char **headers, size_t max);
	/* Append the request's body. */
	int (*write)(const struct llm_backend *b, const struct llm_question *q,
	    struct arena *mem, struct buf *out);
	/* One event of a stream; 0, or -1: stop reading. */
	int (*feed)(struct llm_reading *r, const char *type, const char *data,
	    size_t len);
	/* A whole answer. */
	int (*whole)(struct llm_reading *r, const char *bytes, size_t len);
	/* What a refused status and its body mean. */
	enum llm_rc (*error)(int status, const char *body, size_t len,
	    struct arena *mem, struct llm_failure *f);
};

extern const struct llm_provider LLM_OPENAI;
extern const struct llm_provider LLM_ANTHROPIC;

void llm_reading_init(struct llm_reading *r, const struct llm_question *q,
    struct arena *mem, bool text_tools);
void llm_reading_fini(struct llm_reading *r);
/* Words of the answer. */
int llm_reading_text(struct llm_reading *r, const char *s, size_t len);
/* The call of ${index}, made on first use; NULL: too many. */
struct llm_partial_call *llm_reading_call(struct llm_reading *r,
    size_t index);
/* Show what was held back and turned out to be words. */
void llm_reading_release(struct llm_reading *r);
/* From what was read to the answer. */
enum llm_rc llm_reading_finish(struct llm_reading *r,
    struct llm_answer *answer);

/* True if the text of an error says that the input is too long. */
bool llm_says_too_long(const char *text);

#endif
