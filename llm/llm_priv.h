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
#define LLM_STREAM_MAX (64 * MIB) /* a token costs some 300 bytes there */
#define LLM_TEXT_MAX (1 * MIB)	 /* of the words of an answer */
#define LLM_ARGUMENTS_MAX (256 * KIB)
#define LLM_EXTRA_MAX LLM_ANSWER_MAX /* it goes into the journal, too */
#define LLM_ID_MAX (4 * KIB) /* of a call: some carry a signature in it */
#define LLM_USAGE_MAX 1000000000 /* sums of it stay far from the end */
#define LLM_BLOCKS_MAX 64 /* content blocks of one Anthropic answer */

/* A call whose pieces are still coming. */
struct llm_partial_call {
	const char *id;
	const char *name;
	struct buf arguments;
	bool used;
};

/* A content block of Anthropic's while it comes. */
struct llm_block {
	json_t *doc;	    /* as it began, owned by mem; NULL: not begun */
	const char *member; /* of doc, which the pieces become */
	struct buf pieces;
	size_t from, until; /* a text block: its part of the text */
	size_t call;	    /* of a tool_use: index of its call + 1 */
};

/* The answer while it is read, whole or by events. */
struct llm_reading {
	struct arena *mem;
	struct arena *event; /* of one event; emptied before the next */
	const struct llm_question *q;
	struct buf text;
	struct buf refusal;
	struct llm_partial_call calls[TOOL_CALLS_MAX + 1];
	size_t ncalls; /* highest index in use + 1 */
	struct usage usage;
	bool counted;  /* usage came from the provider */
	bool ended;    /* the answer is complete */
	bool done;     /* the terminal event was seen: nothing follows */
	bool cut, refused, paused;
	bool context;  /* stop: the context window is full */
	bool shown;    /* text was handed to on_text */
	bool full;     /* LLM_TEXT_MAX reached: what came is the answer */
	bool failed;   /* an error event came, or no event at all */
	enum llm_rc error_rc; /* what it means; LLM_RC_N: its status says */
	struct llm_failure failure;
	const char *extra; /* blocks to be sent back, as JSON */
	struct llm_block blocks[LLM_BLOCKS_MAX];
	/* text protocol: words that may begin a call are held back */
	bool hold_calls;
	size_t shown_len;
};

struct llm_provider {
	const char *name;
	const char *base_url;
	const char *path;
	const char *models; /* where they are listed */
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
	/* What a refused status and its body mean; LLM_RC_N: no more than
	 * the status says. */
	enum llm_rc (*error)(int status, const char *body, size_t len,
	    struct arena *mem, struct llm_failure *f);
};

extern const struct llm_provider LLM_OPENAI;
extern const struct llm_provider LLM_ANTHROPIC;
const struct llm_provider *llm_provider_of(int host);
/* ${path} of the backend's API, in ${mem}. */
char *llm_url(const struct llm_backend *b, const char *path,
    struct arena *mem);

/* anthropic_read.c */
int anthropic_feed(struct llm_reading *r, const char *type, const char *data,
    size_t len);
int anthropic_whole(struct llm_reading *r, const char *bytes, size_t len);
enum llm_rc anthropic_error(int status, const char *body, size_t len,
    struct arena *mem, struct llm_failure *f);

void llm_reading_init(struct llm_reading *r, const struct llm_question *q,
    struct arena *mem, bool text_tools);
void llm_reading_fini(struct llm_reading *r);
/* Words of the answer. */
int llm_reading_text(struct llm_reading *r, const char *s, size_t len);
/* The call of ${index}, made on first use; NULL: too many. */
struct llm_partial_call *llm_reading_call(struct llm_reading *r,
    size_t index);
/* Tokens as a server says, within reason: budgets are reckoned with them. */
int64_t llm_usage_int(const json_t *usage, const char *name);
/* From what was read to the answer. */
enum llm_rc llm_reading_finish(struct llm_reading *r,
    struct llm_answer *answer);

/* The reading fails: the event or the answer is not what it should be.  -1,
 * or 0 when the answer is complete: what follows cannot spoil it. */
int llm_reading_fail(struct llm_reading *r, const char *why);

/* True if the text of an error says that the input is too long. */
bool llm_says_too_long(const char *text);
/* True if it says that this model has no native calls. */
bool llm_says_no_tools(const char *text);

/* A name or an id as [A-Za-z0-9_-]{1,64}: a model may have called what never
 * was offered, and its name goes back to an API that takes no other. */
void llm_fold_name(const char *name, char out[TOOL_NAME_MAX]);
/* Append it so, as a JSON string. */
int llm_add_name(struct buf *out, const char *name) WARN_UNUSED;
int llm_add_str(struct buf *out, const char *s) WARN_UNUSED;
int llm_add_schema(struct buf *out, const struct tool_spec *t) WARN_UNUSED;

#endif
