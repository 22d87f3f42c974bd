/*
 * wire: one HTTP exchange with an MCP server, as messages: what `dragoman mcp`
 * and its test have in common.
 *
 * Messages stay the text that they are, so that nothing of them is lost here.
 * How a server is spoken to by who uses its tools is mcp/client.h.
 */
#ifndef CLI_WIRE_H
#define CLI_WIRE_H

#include "base/buf.h"
#include "base/http.h"
#include "cli/cli.h"

#define WIRE_MESSAGE_MAX (64 * MIB) /* one message, as mcp.body_max allows */
#define WIRE_ID_MAX 257             /* of an event, as base/sse takes them */
#define WIRE_SESSION_MAX (4 * KIB)  /* some are a signed token */
#define WIRE_WORD_MAX 512
#define WIRE_LINES_MAX 40 /* headers of one request: PARAMS_MAX and ours */

/* Which server, and who asks.  It outlives what is asked of it. */
struct wire {
	const char *url;
	struct buf key; /* "Authorization: Bearer ..."; empty: none */
};

/*
 * The server of --url (${url} or NULL: as cli_url says; a host alone is its
 * /mcp), with the key of ${key_file}, or of DRAGOMAN_KEY.  HTTP is started.
 * False: said; the exit code is CLI_USAGE, or CLI_FAILED without HTTP.
 */
bool wire_open(struct cli *cli, const char *url, const char *key_file,
    struct wire *w, int *code) WARN_UNUSED;
void wire_close(struct wire *w);

/* The same without HTTP: nothing can be sent.  False: said. */
bool wire_find(struct cli *cli, const char *url, const char *key_file,
    struct wire *w) WARN_UNUSED;
void wire_forget(struct wire *w);
/* The key alone, or "". */
const char *wire_key(const struct wire *w);

struct wire_ask {
	const char *method;       /* "POST", "GET", "DELETE" */
	const char *const *lines; /* headers but the key's; NULL ends */
	const char *body;
	size_t len;
	int first_ms, idle_ms, total_ms; /* as base/http has them */
	const volatile int *cancel;      /* or NULL */
	bool once;                       /* it acts: never sent twice */
	/* A message of the answer; got->status is known. */
	void (*on)(void *ctx, const char *json, size_t len);
	/* An event that is none ("endpoint" of 2024-11-05); or NULL.  Not 0:
	 * enough was read. */
	int (*event)(void *ctx, const char *type, const char *data);
	void *ctx;
};

struct wire_got {
	enum http_rc rc;
	enum http_cause cause;
	char why[HTTP_WHY_MAX]; /* rc is not HTTP_OK */
	int status;             /* 0: none came */
	bool is_stream;
	int messages;
	int64_t retry_s;                /* Retry-After; 0: none */
	int64_t retry_ms;               /* of the stream; -1: none */
	char session[WIRE_SESSION_MAX]; /* Mcp-Session-Id; "" none */
	char last_event[WIRE_ID_MAX];   /* to resume from; "" none */
	char location[WIRE_WORD_MAX];   /* of a redirect */
	char type[WIRE_WORD_MAX];       /* of what is no message */
};

/* Until the answer's end, or until cancelled. */
void wire_send(const struct wire *w, const struct wire_ask *ask,
    struct wire_got *got);

/*
 * Why there is no answer, and what to do, for people: "nobody answers at ...:
 * start it, or ...".  ${said}: the server's own words, or "".
 */
const char *wire_why(const struct wire *w, struct arena *mem,
    const struct wire_got *got, const char *said);

/* What is done about a refusal of HTTP's ${status}; "": nothing
 * is known to help. */
const char *wire_remedy(const struct wire *w, int status);

#endif
