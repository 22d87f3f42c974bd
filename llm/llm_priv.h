/*
 * llm_priv: what a provider is, and the answer under construction.
 *
 * The functions are pure: bytes to bytes, bytes to struct, so that they can
 * be tested and fuzzed without a network.
 */
#ifndef LLM_LLM_PRIV_H
#define LLM_LLM_PRIV_H

#include "base/buf.h"
#include "base/sse.h"
#include "llm/llm.h"

#define LLM_REQUEST_MAX (16 * MIB)
#define LLM_ANSWER_MAX (8 * MIB)  /* of a whole answer, or of one event */
#define LLM_STREAM_MAX (64 * MIB) /* a token costs some 300 bytes there */
#define LLM_TEXT_MAX (1 * MIB)    /* of the words of an answer */
#define LLM_ARGUMENTS_MAX (256 * KIB)
#define LLM_EXTRA_MAX LLM_ANSWER_MAX /* it goes into the journal, too */
#define LLM_ID_MAX (64 * KIB) /* of a call: some carry a signature in it */
/* Of a call's name, with what stands around it; longer ones are no tool's. */
#define LLM_NAME_MAX (8 * TOOL_NAME_MAX)
#define LLM_USAGE_MAX 1000000000 /* sums of it stay far from the end */
#define LLM_BLOCKS_MAX 256       /* content blocks of one Anthropic answer */
#define LLM_KEPT_MAX 10          /* members of a message that are kept */
#define LLM_DETAILS_MAX 64       /* of reasoning_details, put together */
#define LLM_READ_WAIT_MS 100     /* how late a cancel may be noticed */
#define LLM_LEAST_LEFT 256       /* tokens of an answer worth asking for */

/* A call whose pieces are still coming. */
struct llm_partial_call {
	const char *id; /* the server's; once the answer is whole: the call's,
			   NULL if it is none */
	const char *name;
	struct buf arguments;
	int64_t index; /* as the server counts; negative: it does not */
	json_t *extra; /* members to be sent back, owned; or NULL */
	/* Of the arguments as JSON: how deep, and whether they are whole. */
	int depth;
	bool in_string, escaped, whole;
};

/* A content block of Anthropic's while it comes. */
struct llm_block {
	json_t *doc;   /* as it began, owned; NULL: not begun */
	int64_t index; /* as the server counts; some use one twice */
	bool ended;
	const char *member; /* of doc, which the pieces become */
	struct buf pieces;
	size_t from, until; /* a text block: its part of the text */
	size_t call;        /* of a tool_use: index of its call + 1 */
	size_t list;        /* of a detail: which member it stands in */
	struct buf *beside; /* its other texts in pieces, or NULL (kept.c) */
};

/*
 * What a server says in place of an answer, in whatever shape (refusal.c).
 * Strings and doc live as long as the reading: in its arena, or in the event's,
 * after which none is read.  "" when the server gave none.
 */
struct llm_refusal {
	int status; /* HTTP's; of an error within a 200, what it would be */
	const char *code, *type, *param, *message;
	const json_t *doc; /* as it came, or NULL: hints to wait stand in it */
};

/* A member of a message that is kept (kept.c). */
struct llm_kept {
	bool used;
	struct buf text; /* pieces of a string, joined */
	json_t *value;   /* or another value, owned */
};

#define LLM_CUTS_MAX 16 /* thoughts among the words; more are words */

/* Where the thoughts in the text are (thoughts.c). */
struct llm_thoughts {
	enum {
		THOUGHTS_OPENING, /* before any word */
		THOUGHTS_INSIDE,
		THOUGHTS_WORDS,
		THOUGHTS_AGAIN, /* in some among the words */
	} state;
	size_t from;       /* of the text: looked at up to here */
	size_t words;      /* here begins what is no thought */
	size_t end;        /* when all was looked at: here the words end */
	size_t open;       /* where the tag that is open begins */
	const char *close; /* of the tag that is open */
	struct {
		size_t from, until;
	} cuts[LLM_CUTS_MAX]; /* thoughts among the words, in order */
	size_t ncuts;
	size_t tail;    /* before here no mark of the end begins */
	size_t fence;   /* up to here fences of code were counted */
	bool fenced;    /* their number is odd */
	bool bare;      /* what is open may be a word */
	bool seen;      /* there were thoughts, or marks */
	bool messages;  /* on that wire, whose models have blocks for them */
	bool mentioned; /* the words speak of tags: no more are looked for */
};

/* The words that were looked at for calls (text_calls.c). */
struct llm_call_look {
	size_t begin;   /* of the words */
	size_t at;      /* what stands before is no call */
	size_t fence;   /* behind begin: up to here fences were counted */
	bool fenced;    /* their number is odd */
	bool words;     /* it is no call as a whole */
	size_t head_at; /* the head is taken from what stands before */
	size_t head_len;
	char head[24]; /* its first bytes, blanks aside: the longest that
			   a call begins with has 18 */
};

/* The answer while it is read, whole or by events. */
struct llm_reading {
	struct arena *mem;
	struct arena *event; /* of one event; emptied before the next */
	const struct llm_question *q;
	struct buf text;
	struct buf refusal;
	size_t ncalls;
	struct usage usage;
	int64_t choice; /* Chat Completions: its index, if chosen */
	bool chosen;
	size_t sent, received; /* bytes of the request, of the answer so far */
	bool counted;          /* usage came from the provider */
	bool ended;            /* the answer is complete */
	bool ending;           /* no more comes: half an event is no fault */
	bool halves;           /* some event had half a character */
	uint64_t content;      /* pieces of content: words, thoughts, calls */
	size_t text_pieces;
	struct llm_thoughts thoughts;
	bool done; /* the terminal event was seen: nothing follows */
	bool cut, refused, paused;
	bool context; /* stop: the context window is full */
	bool shown;   /* text was handed to on_text */
	bool full;    /* LLM_TEXT_MAX reached: what came is the answer */
	bool failed;  /* an error event came, or no event at all */
	struct llm_refusal error; /* the server's, if it said one */
	const char *why;          /* else: what is wrong with the answer */
	bool is_page;             /* it is a web page */
	const char *extra;        /* blocks to be sent back, as JSON */
	/* Makes extra of what was read; set by the wire's reader. */
	void (*keep)(struct llm_reading *r);
	size_t nblocks;
	size_t kept_bytes; /* LLM_EXTRA_MAX at most */
	struct llm_kept kept[LLM_KEPT_MAX];
	size_t ndetails;
	const struct tool_call *text_calls; /* those read from the text */
	size_t ntext_calls;
	json_t *call_extras; /* of the answer's calls, in order; or NULL */
	/* Calls may be written in words: those that may begin one are held
	 * back.  text_tools: in the form of text_tools.c. */
	bool hold_calls, text_tools;
	struct llm_call_look look;
	size_t shown_len;
	size_t unseen; /* of the text: up to here nobody sees anything */
	/* Large, and last: each is set when it is begun, so that a question
	 * need not zero them all. */
	struct llm_partial_call calls[TOOL_CALLS_MAX + 1];
	struct llm_block *blocks[LLM_BLOCKS_MAX]; /* in mem */
	struct llm_block *details[LLM_DETAILS_MAX];
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

void llm_reading_init(struct llm_reading *r, const struct llm_question *q,
    struct arena *mem, bool text_tools);
void llm_reading_fini(struct llm_reading *r);
/* Words of the answer. */
int llm_reading_text(struct llm_reading *r, const char *s, size_t len);
/* The visible words so far, in mem; no more come. */
const char *llm_reading_words(struct llm_reading *r);
/* Halves that still wait in the text will wait no longer. */
void llm_reading_settle(struct llm_reading *r);
/* All that was said is void; what was shown is taken back. */
void llm_reading_void(struct llm_reading *r);
/* One event as JSON; NULL: it is none, ${rc} is then the feed's answer. */
const json_t *llm_event_read(struct llm_reading *r, const char *data,
    size_t len, int *rc);
/* Tokens as a server says, within reason: budgets are reckoned with them. */
int64_t llm_usage_int(const json_t *usage, const char *name);
/* False: so many cannot be, whatever the server says. */
bool llm_usage_is_likely(const struct llm_reading *r);
/* From what was read to the answer. */
enum llm_rc llm_reading_finish(struct llm_reading *r,
    struct llm_answer *answer);

/* The reading fails: the event or the answer is not what it should be.  -1,
 * or 0 when the answer is complete: what follows cannot spoil it. */
static inline int
llm_reading_fail(struct llm_reading *r, const char *why)
{
	if (r->ended)
		return 0;
	r->failed = true;
	r->why = why;
	return -1;
}

/* stops.c.  The answer ends for ${why}: 0, or -1: it is half an answer, since
 * the server failed. */
int llm_stop_read(struct llm_reading *r, const char *why);
/* True of such a reason; ${why} may be NULL. */
bool llm_stop_is_broken(const char *why);

/*
 * calls.c: calls that come in pieces.  The one that a piece belongs to, begun
 * if need be; NULL: too many.  ${index} is negative, ${id} and ${name} NULL or
 * "" where the piece has none; ${arguments}: it brings some.
 */
struct llm_partial_call *llm_call_of(struct llm_reading *r, int64_t index,
    const char *id, const char *name, bool arguments);
struct llm_partial_call *llm_call_begin(struct llm_reading *r, int64_t index,
    const char *id, const char *name);
/* A piece of its arguments. */
void llm_call_add(struct llm_reading *r, struct llm_partial_call *p,
    const char *s, size_t len);
/* What came, to the answer. */
void llm_calls_finish(struct llm_reading *r, struct llm_answer *answer);
/* Those that stand in the answer's text; they leave it.  Where there are calls
 * already, only arguments that they lack. */
void llm_calls_in_text(struct llm_reading *r, struct llm_answer *answer);

/* call_names.c.  The tool that ${name} means, of those of ${q} (NULL: none are
 * known), whatever stands around it; NULL: none, or nobody knows which. */
bool llm_is_offered(const struct llm_question *q, const char *name);
const char *llm_tool_meant(const struct llm_question *q, struct arena *mem,
    const char *name);

/*
 * arguments.c: ${text} as a call's arguments.  What is nearly a JSON object is
 * one where it is sure what is meant: encoded twice, "null" and "[]" for none,
 * in a fence, with brackets or marks after it, in Python's words, with a key
 * that stands twice (the last counts) or a number past all bounds.  Else as it
 * is: the model is told by the result.
 */
const char *llm_arguments(struct arena *mem, const char *text);

/*
 * call_ids.c: an id that is the ${i}th call's alone, in ${answer} and in the
 * question: ${id} where it can be (NULL: none was given).  Of the same reading
 * it is always the same.
 */
const char *llm_call_id(struct llm_reading *r, const struct llm_answer *answer,
    const char *id, size_t i);
/* ${id} as [A-Za-z0-9_-]{1,64}; what has another form gets a hash of itself, so
 * that two ids stay two. */
void llm_fold_id(const char *id, char out[TOOL_NAME_MAX]);

/*
 * thoughts.c: those in the text itself.  Looks at what was added; the bytes of
 * the text up to which all is decided.  ${last}: no more comes.  ${back} is
 * set when what seemed words turned out to be thoughts.
 */
size_t llm_thoughts_look(struct llm_thoughts *t, const struct buf *text,
    bool last, bool *back);
/* The first piece of words at ${at} or behind it: where it begins; ${end}: and
 * ends, before ${until}. */
size_t llm_thoughts_visible(const struct llm_thoughts *t, size_t at,
    size_t until, size_t *end);

/*
 * kept.c: what goes back to the model, within the turn (llm_answer.extra).
 * Chat Completions: {"message": {members}, "calls": [{members}, ...]}.
 */
void llm_kept_message(struct llm_reading *r, const json_t *message,
    bool repeats);
void llm_kept_call(struct llm_reading *r, struct llm_partial_call *p,
    const json_t *call);
/* A part of content that came as a list. */
void llm_kept_part(struct llm_reading *r, const json_t *part);
void llm_kept_words(struct llm_reading *r, const char *s, size_t len);
void llm_kept_build(struct llm_reading *r);
/* All that is kept, and the calls and blocks that it belongs to. */
void llm_kept_fini(struct llm_reading *r);
/* kept_block.c: ${len} bytes more are kept; false: LLM_EXTRA_MAX was passed, and
 * the reading has failed. */
bool llm_kept_room(struct llm_reading *r, size_t len);
/* What ${value} counts there: as it is written, and for the memory it takes. */
size_t llm_kept_size(const json_t *value);
/* A copy of ${value} as ${object}'s ${key}; what was there goes.  Answers as
 * llm_kept_room. */
bool llm_kept_put(struct llm_reading *r, json_t *object, const char *key,
    const json_t *value);
void llm_block_fini(struct llm_block *b);
/* The pieces of ${b}; halves wait no longer. */
const char *llm_block_settled(const struct llm_reading *r, struct llm_block *b);
/* A piece of what is only kept; false: LLM_EXTRA_MAX was passed. */
bool llm_block_keep(struct llm_reading *r, struct llm_block *b,
    const char *member, const char *piece, size_t len);
/* kept_details.c: ${detail}, number ${place} of its list, which stands in the
 * member ${list}; is there any of that; all of that, a new reference. */
void llm_detail_add(struct llm_reading *r, size_t list, const json_t *detail,
    size_t place);
bool llm_details_any(const struct llm_reading *r, size_t list);
json_t *llm_details_build(struct llm_reading *r, size_t of);
void llm_detail_fini(struct llm_block *b);
/* kept_back.c: the kept document of ${m}, if ${b} takes it back and it is of
 * the wire that has ${type} at its top; else NULL. */
const json_t *llm_kept_of(const struct llm_backend *b,
    const struct llm_message *m, json_type type, struct arena *mem);
/* kept_members.c: THE table of members for thoughts. */
enum llm_kept_how {
	KEEP_JOINED,  /* pieces of a text */
	KEEP_LAST,    /* a value: the last one, objects merged */
	KEEP_DETAILS, /* a list of pieces, each with its index */
};
struct llm_kept_member {
	const char *name;
	enum llm_kept_how how;
};
extern const struct llm_kept_member LLM_KEPT_MEMBERS[LLM_KEPT_MAX];
/* The one that servers want when they miss thoughts. */
#define LLM_THOUGHTS_MEMBER "reasoning_content"
/* Append the members of ${object} but ${but}, each after a comma. */
int llm_kept_add(struct buf *out, const json_t *object,
    const char *but) WARN_UNUSED;

/*
 * refusal.c.  The refusal in ${body}, whatever its shape; and what ${e} says,
 * but for its status.
 */
void llm_refusal_read(struct llm_refusal *out, int status, const char *body,
    size_t len, struct arena *mem);
void llm_refusal_fill(struct llm_refusal *out, const json_t *e,
    struct arena *mem);
/* refusal_within.c.  Where ${doc}, which has no member "error", tells one all
 * the same: a part of it; or NULL. */
const json_t *llm_refusal_of(const json_t *doc);
/* False of an "error" without words, type and code, as relays in Go write it
 * beside each answer. */
bool llm_says_error(const json_t *e);
/* One that came in an answer or event (${e} is where) fails the reading: -1,
 * or 0 when the answer was complete before. */
int llm_refusal_in(struct llm_reading *r, const json_t *e);
/* Does ${text} hold any of ${words}, in whatever case? */
bool llm_text_says(const char *text, const char *const *words, size_t n);
/* refusal_kind.c.  The status that the words of ${r} would have; else 500. */
int llm_refusal_status(const struct llm_refusal *r);
/* Is it that the model is not there; that nothing is at that address? */
/* The key itself, not what may be done with it. */
bool llm_refusal_denies_key(const struct llm_refusal *r);
bool llm_refusal_names_model(const struct llm_refusal *r);
bool llm_refusal_is_nowhere(const struct llm_refusal *r);
/* What it means; ${should_retry} is the server's word: 1, 0, -1 none. */
enum llm_rc llm_refusal_rc(const struct llm_refusal *r, int should_retry,
    struct llm_failure *f);

/*
 * quoted.c.  Set those ${marks} (one for each byte of ${text}) that are of a
 * quotation of ${q}'s messages; then the text without what is marked, each
 * stretch as "...".
 */
void llm_quoted(const char *text, const struct llm_question *q, bool *marks,
    struct arena *mem);
char *llm_leave_out(const char *text, const bool *marks, struct arena *mem);
/* A refusal of ${q}, as the server's own words: what ${q} says teaches
 * nothing.  NULL: no question. */
void llm_unquote(struct llm_refusal *r, const struct llm_question *q,
    struct arena *mem);

/* redact.c: ${from} for a log, at most ${max} with its NUL: without what ${q}
 * says and without the backend's key and headers; and so code, type, param,
 * message and why of ${f}. */
void llm_redact_text(const char *from, const struct llm_backend *b,
    const struct llm_question *q, char *out, size_t max);
void llm_redact(const struct llm_refusal *r, const struct llm_backend *b,
    const struct llm_question *q, struct llm_failure *f);

/* hints.c: from the headers, then (if they say nothing) from the body. */
#define LLM_HINT_FAR_MS (24LL * 3600 * 1000) /* longer: not told apart */
#define LLM_HINT_MAX_MS 60000 /* longer is a quota, to one who waits */
struct http_response;
void llm_hints_body(const struct llm_refusal *r, struct llm_failure *f);
void llm_hints_read(const struct http_response *resp, struct llm_failure *f,
    int *should_retry);

/*
 * text_calls.c: the calls in the words of an answer, by the rule of
 * llm/text_calls.h; ${own}: in the form that our prompt teaches.  Returns what
 * is left of ${text}; ${calls} have no ids yet.
 */
const char *llm_text_calls_find(struct arena *mem, const char *text,
    const struct llm_question *q, bool own, struct tool_call **calls,
    size_t *n);
/* Up to where ${len} bytes of ${text}, whose words begin at ${begin}, surely
 * are no call.  ${k}, zeroed before the first time, knows what was looked at:
 * the text grows, but in its words nothing changes. */
size_t llm_text_calls_sure(struct llm_call_look *k, const char *text,
    size_t begin, size_t len, bool own);

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
 * check.c: the list of models at ${b}'s address.  ${doc}, in ${mem}, is NULL
 * where there is none: ${f}->why says what is in its place.
 */
#define LLM_CHECK_MS 10000 /* somebody waits for it at a terminal */
enum llm_rc llm_list_ask(const struct llm_backend *b, int wait_ms,
    const volatile int *cancel, struct arena *mem, const json_t **doc,
    struct llm_failure *f);
/* Does somebody take questions there?  An empty one is sent, which no API
 * answers with words. */
bool llm_is_there(const struct llm_backend *b, int wait_ms,
    const volatile int *cancel, struct arena *mem);

/* list.c.  The array in ${doc}; JSON's null, if it is empty. */
const json_t *llm_list_in(const json_t *doc);
/* False only if ${model} surely is not in it. */
bool llm_list_has(const json_t *doc, const char *model);
/* False: by its name, the model surely answers no chat. */
bool llm_may_chat(const char *id);
/* A name, and several ("a, b, c and 12 more"), for a terminal or a log. */
#define LLM_NAME_SHOWN 96 /* code points */
const char *llm_name_shown(const char *id, struct arena *mem);
const char *llm_names_shown(const char *const *ids, size_t n,
    struct arena *mem);

/* nearest.c.  Names of the list ${doc}, in words: "a, b, c and 12 more", those
 * first that are most like ${model}; ${nearest} is the one that may be meant,
 * or NULL.  "" when there are none. */
const char *llm_nearest(const json_t *doc, const char *model, struct arena *mem,
    const char **nearest);

/*
 * address.c.  How long ${b}'s address is without its query and without what
 * stands at its end but is added by itself; that is ${len} bytes at ${extra}.
 */
size_t llm_address_stem(const struct llm_backend *b, const char **extra,
    size_t *len);
/* ".../v1", ".../v1beta/openai", ".../v4": of the ${len} bytes a part of the
 * path is a version. */
bool llm_address_has_version(const char *url, size_t len);

/* look_elsewhere.c: an address of the same server at which there is a list,
 * while there is none at ${b}'s; NULL: none was found.  ${rc} as llm_list_ask:
 * LLM_OK, or LLM_DENIED where an API answers and rejects the key. */
char *llm_look_elsewhere(const struct llm_backend *b,
    const volatile int *cancel, struct arena *mem, enum llm_rc *rc);
/* look.c: the same as what to do, or NULL. */
const char *llm_elsewhere_remedy(const struct llm_backend *b,
    const volatile int *cancel, struct arena *mem);
/* remedy.c: the setting that says where ${b} is, and its variable. */
const char *llm_place_setting(const struct llm_backend *b, struct arena *mem);

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
