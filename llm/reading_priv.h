/*
 * reading_priv: the answer under construction, and what is read into it.
 *
 * The functions are pure: bytes to bytes, bytes to struct, so that they can
 * be tested and fuzzed without a network.
 */
#ifndef LLM_READING_PRIV_H
#define LLM_READING_PRIV_H

#include "base/buf.h"
#include "llm/llm.h"
#include "llm/refusal_priv.h"

#define LLM_ANSWER_MAX (8 * MIB) /* of a whole answer, or of one event */
#define LLM_TEXT_MAX (1 * MIB)   /* of the words of an answer */
#define LLM_ARGUMENTS_MAX (256 * KIB)
#define LLM_EXTRA_MAX LLM_ANSWER_MAX /* it goes into the journal, too */
#define LLM_ID_MAX (64 * KIB) /* of a call: some carry a signature in it */
/* Of a call's name, with what stands around it; longer ones are no tool's. */
#define LLM_NAME_MAX (8 * TOOL_NAME_MAX)
#define LLM_USAGE_MAX 1000000000 /* sums of it stay far from the end */
#define LLM_BLOCKS_MAX 256       /* content blocks of one Anthropic answer */
#define LLM_KEPT_MAX 10          /* members of a message that are kept */
#define LLM_DETAILS_MAX 64       /* of reasoning_details, put together */

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

#endif
