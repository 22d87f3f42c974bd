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

/*
 * What a server says in place of an answer, in whatever shape (refusal.c).
 * Strings live in the arena of the reading; "" when the server gave none.
 */
struct llm_refusal {
	int status; /* HTTP's; of an error within a 200, what it would be */
	const char *code, *type, *param, *message;
	const json_t *doc; /* as it came, or NULL: hints to wait stand in it */
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
	struct llm_refusal error; /* the server's, if it said one */
	const char *why;	  /* else: what is wrong with the answer */
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
};

extern const struct llm_provider LLM_OPENAI;
extern const struct llm_provider LLM_ANTHROPIC;
const struct llm_provider *llm_provider_of(int host);
/* ${path} of the backend's API, in ${mem}. */
char *llm_url(const struct llm_backend *b, const char *path,
    struct arena *mem);

/* openai_read.c */
int openai_feed(struct llm_reading *r, const char *type, const char *data,
    size_t len);
int openai_whole(struct llm_reading *r, const char *bytes, size_t len);

/* anthropic_read.c */
int anthropic_feed(struct llm_reading *r, const char *type, const char *data,
    size_t len);
int anthropic_whole(struct llm_reading *r, const char *bytes, size_t len);

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

/* calls.c: what came in pieces, to the answer. */
void llm_calls_finish(struct llm_reading *r, struct llm_answer *answer);

/*
 * refusal.c.  The refusal in ${body}, whatever its shape; and one that came
 * as a member of an answer or event (${e} is that member), which also fails
 * the reading: -1, or 0 when the answer was complete before.
 */
void llm_refusal_read(struct llm_refusal *out, int status, const char *body,
    size_t len, struct arena *mem);
int llm_refusal_in(struct llm_reading *r, const json_t *e);
/* What it means; ${should_retry} is the server's word: 1, 0, -1 none. */
enum llm_rc llm_refusal_rc(const struct llm_refusal *r, int should_retry,
    struct llm_failure *f);
/* True if it says that this model has no native calls. */
bool llm_refusal_of_tools(const struct llm_refusal *r);

/* hints.c */
struct http_response;
void llm_hints_read(const struct http_response *resp, struct llm_failure *f,
    int *should_retry);

/* text_tools.c: the question as a model without native calls gets it. */
struct llm_question llm_as_text(const struct llm_question *q,
    struct arena *mem);

/* One request of a question. */
struct asking {
	const struct llm_provider *provider;
	const struct llm_question *q;
	struct llm_reading reading;
	bool first;
	bool no_tools; /* the server says: this model has no native calls */
};

/* exchange.c: send ${body} and read what comes back. */
enum llm_rc llm_exchange(const struct llm_backend *b,
    const struct llm_question *q, const char *url, const struct buf *body,
    struct arena *mem, struct asking *a, struct llm_answer *answer,
    struct llm_failure *f);
/* What a transfer without a status means. */
enum llm_rc llm_transport_rc(const struct http_response *resp, bool shown,
    struct llm_failure *f);

/* stream.c: the answer of an accepted request. */
struct http_stream;
enum llm_rc llm_stream_read(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct llm_answer *answer,
    struct llm_failure *f);

/* ending.c.  True when nothing more is worth waiting for: ${ended_ms} is
 * when the reading was seen to be complete. */
bool llm_ending_is_over(const struct llm_reading *r, int64_t ended_ms);
/* No more comes: the answer, or why there is none. */
enum llm_rc llm_ending(struct asking *a, const struct http_response *resp,
    struct llm_answer *answer, struct llm_failure *f);

/* A name or an id as [A-Za-z0-9_-]{1,64}: a model may have called what never
 * was offered, and its name goes back to an API that takes no other. */
void llm_fold_name(const char *name, char out[TOOL_NAME_MAX]);
/* Append it so, as a JSON string. */
int llm_add_name(struct buf *out, const char *name) WARN_UNUSED;
int llm_add_str(struct buf *out, const char *s) WARN_UNUSED;
int llm_add_schema(struct buf *out, const struct tool_spec *t) WARN_UNUSED;

#endif
