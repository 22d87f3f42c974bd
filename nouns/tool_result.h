/*
 * tool_result: what came of a tool's call, wherever it ran.
 *
 * A list of items, as MCP has them, and how it ended.  A model is told a text
 * of it (tool_result_text); who passes it on to another client has it whole.
 */
#ifndef NOUNS_TOOL_RESULT_H
#define NOUNS_TOOL_RESULT_H

#include <jansson.h>

#include "base/base.h"

struct arena;

/* Of one result: texts, bytes as base64, structure.  What a server may send
 * in one event (mcp/client_priv.h), and what a worker can hold for each of its
 * calls. */
#define TOOL_CONTENT_MAX (8 * MIB)

/* How much of a result a model is told: bytes of its text. */
#define TOLD_MAX (64 * KIB)

/* Stored in journals: a new one comes last. */
enum tool_end {
	TOOL_DONE,
	TOOL_FAILED, /* the text says why; the model may correct itself */
	TOOL_ASKS,   /* a person must answer first: call again with answers */
	TOOL_LATER,  /* it goes on as a job, which will have the result */
};

/* Why FAILED, where the caller's own rights are the reason. */
enum tool_refusal {
	TOOL_NOT_REFUSED,
	TOOL_REFUSED_TOKEN,  /* the token is good no more: get another one */
	TOOL_REFUSED_RIGHTS, /* it is good, but not for this */
};

enum content_kind {
	CONTENT_TEXT,
	CONTENT_IMAGE,
	CONTENT_AUDIO,
	CONTENT_RESOURCE, /* something with an address, and what is in it */
	CONTENT_LINK,     /* only its address */
	CONTENT_OTHER,    /* bytes of a kind that we don't know */
};

/* All strings are valid UTF-8; NULL: there is none. */
struct tool_content {
	enum content_kind kind;
	const char *text;   /* TEXT; a RESOURCE that is text */
	const char *base64; /* IMAGE, AUDIO; a RESOURCE of bytes */
	const char *mime;
	const char *uri;    /* RESOURCE, LINK */
	const char *name;   /* LINK; OTHER: what its source calls the kind */
	const json_t *item; /* as its source wrote it, with annotations; or
			     * NULL */
};

struct tool_result {
	enum tool_end end;
	enum tool_refusal refusal;
	struct tool_content *content;
	size_t n;
	const json_t *structured; /* any value; NULL: none */
	bool cut;                 /* it was more than TOOL_CONTENT_MAX */
	/* FAILED: it is no tool's error but the protocol's, of this code of
	 * JSON-RPC; 0: it is the tool's. */
	int code;

	/* ASKS: an object KEY -> question (MCP's inputRequests), and what the
	 * source wants back with the answers.  The state is opaque to all but
	 * its source; who hands it to a client seals it first (base/seal). */
	const json_t *questions;
	const char *state; /* NULL: none */
};

/* ${r} ended as ${end} and says ${text}, which is kept as it is. */
void tool_result_say(struct arena *mem, struct tool_result *r,
    enum tool_end end, const char *text);

/* Make ${r} keep what its contract says: texts that are UTF-8, and no more
 * than ${max} bytes (TOOL_CONTENT_MAX).  What is too much is left out, and a
 * text in its place says so. */
void tool_result_bound(struct arena *mem, struct tool_result *r, size_t max);

/*
 * As text for a model: texts joined, other items named, the structure when it
 * says more than the texts.  "" when there is nothing.  One text alone is
 * returned as it is, without a copy.  After TOLD_MAX bytes no more is added.
 */
const char *tool_result_text(struct arena *mem, const struct tool_result *r);

#endif
