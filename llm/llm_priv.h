/*
 * llm_priv: what a provider is, and one request of a question: how it is
 * written, sent, and its answer taken.
 */
#ifndef LLM_LLM_PRIV_H
#define LLM_LLM_PRIV_H

#include "base/buf.h"
#include "base/sse.h"
#include "llm/llm.h"
#include "llm/reading_priv.h"
#include "llm/refusal_priv.h"

#define LLM_REQUEST_MAX (16 * MIB)
#define LLM_STREAM_MAX (64 * MIB) /* a token costs some 300 bytes there */
#define LLM_READ_WAIT_MS 100      /* how late a cancel may be noticed */
#define LLM_LEAST_LEFT 256        /* tokens of an answer worth asking for */

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
/* After ${n} headers of ${req}: those of the operator, then the wire's own
 * with the key.  -1: there are too many. */
#define LLM_OWN_HEADERS 2 /* of a wire, at most */
#define LLM_TOO_MANY_HEADERS "too many headers for one request"
struct http_request;
int llm_fill(const struct llm_provider *p, const struct llm_backend *b,
    size_t n, struct arena *mem, struct http_request *req) WARN_UNUSED;
/* ${path} of the backend's API, in ${mem}. */
char *llm_url(const struct llm_backend *b, const char *path, struct arena *mem);

/* openai_read.c */
int openai_feed(struct llm_reading *r, const char *type, const char *data,
    size_t len);
int openai_whole(struct llm_reading *r, const char *bytes, size_t len);

/* anthropic_read.c */
int anthropic_feed(struct llm_reading *r, const char *type, const char *data,
    size_t len);
int anthropic_whole(struct llm_reading *r, const char *bytes, size_t len);

/* text_tools.c: the question as a model without native calls gets it. */
struct llm_question llm_as_text(const struct llm_question *q,
    struct arena *mem);

/*
 * write_values.c.  How many tokens the answer to ${q} may have (0: not said),
 * under which name ("": none is taken), and whether a temperature is sent,
 * and which.
 */
int64_t llm_max_tokens(const struct llm_backend *b,
    const struct llm_question *q);
const char *llm_max_tokens_name(const struct llm_backend *b);
bool llm_sends_temperature(const struct llm_backend *b);
double llm_temperature(const struct llm_backend *b);
/* write.c: ${arguments} of a call, or "{}" if they are no JSON object: what
 * the model wrote wrongly was answered by an error, and some servers refuse to
 * take it back. */
const char *llm_arguments_to_send(struct arena *mem, const char *arguments);

/* shape.c: ${q} as a backend with ${quirks} takes it; ${text_tools} is set if
 * calls are words in it. */
struct llm_quirks;
struct llm_question llm_shape(const struct llm_backend *b,
    const struct llm_question *q, const struct llm_quirks *quirks,
    struct arena *mem, bool *text_tools);
/* shape_roles.c: messages, each of which may become several. */
struct llm_shaping {
	const struct llm_quirks *quirks;
	struct arena *mem;
	struct llm_message *m;
	size_t n, max;
};
void llm_shape_calls(struct llm_shaping *s, const struct llm_question *q);
void llm_shape_system(struct llm_shaping *s);
void llm_shape_roles(struct llm_shaping *s);

/* One request of a question. */
struct asking {
	const struct llm_provider *provider;
	const struct llm_question *q;
	bool first;
	int first_ms, idle_ms;      /* to the first content; then between two */
	struct llm_refusal refused; /* what the server said; status 0: none */
	struct llm_reading reading;
};

/* exchange.c: send ${body} and read what comes back. */
enum llm_rc llm_exchange(const struct llm_backend *b,
    const struct llm_question *q, const char *url, const struct buf *body,
    struct arena *mem, struct asking *a, struct llm_answer *answer,
    struct llm_failure *f);
/* transport.c: what a transfer without a status means. */
enum llm_rc llm_transport_rc(const struct http_response *resp, bool shown,
    struct llm_failure *f);

/*
 * body.c: the bytes of an answer: events, lines of JSON, or one document.
 * What they are, the first of them say; a label only helps.
 */
struct llm_body {
	const struct llm_provider *provider;
	struct llm_reading *reading;
	struct sse_reader sse;
	struct buf head; /* undecided bytes, or a whole document */
	enum { BODY_UNKNOWN, BODY_EVENTS, BODY_WHOLE } kind;
	bool labelled; /* text/event-stream */
	bool looked;   /* it is no list of lines */
	/* Of the head: where the document begins, the first line ends (0: not
	 * known), and up to where that was looked for. */
	size_t first, eol, seen;
};
void llm_body_init(struct llm_body *b, const struct llm_provider *p,
    struct llm_reading *r, bool labelled);
void llm_body_fini(struct llm_body *b);
/* 0, or -1: the reading is over, or failed. */
int llm_body_feed(struct llm_body *b, const char *bytes, size_t len);
/* The body has ended. */
enum llm_body_end {
	BODY_END_CUT,
	BODY_END_UNSURE, /* its connection ended, and nothing else says it */
	BODY_END_WHOLE,
};
void llm_body_end(struct llm_body *b, enum llm_body_end how);

/* stream.c: the answer of an accepted request. */
struct http_stream;
enum llm_rc llm_stream_read(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct llm_answer *answer,
    struct llm_failure *f);

/*
 * ending.c.  Looks at the clock, whenever something came or not: when content
 * came last, when the reading was complete.  What is to be done:
 */
enum llm_waiting { LLM_WAIT, LLM_OVER, LLM_TOO_LATE };
struct llm_clock {
	int64_t began_ms, content_ms, done_ms;
	uint64_t content; /* pieces seen */
};
enum llm_waiting llm_ending_look(const struct asking *a, struct llm_clock *c,
    int64_t now_ms);
/* No more comes: the answer, or why there is none. */
enum llm_rc llm_ending(struct asking *a, const struct http_response *resp,
    struct llm_answer *answer, struct llm_failure *f);

/* A name as [A-Za-z0-9_-]{1,64}: a model may have called what never
 * was offered, and its name goes back to an API that takes no other. */
void llm_fold_name(const char *name, char out[TOOL_NAME_MAX]);
/* Append it so, as a JSON string. */
int llm_add_name(struct buf *out, const char *name) WARN_UNUSED;
/* True if calls of tools stand in the messages. */
bool llm_has_calls(const struct llm_question *q);
int llm_add_str(struct buf *out, const char *s) WARN_UNUSED;
/* True if ${s} has no word: some refuse such a text. */
bool llm_is_blank(const char *s);
int llm_add_schema(struct buf *out, const struct tool_spec *t) WARN_UNUSED;

#endif
