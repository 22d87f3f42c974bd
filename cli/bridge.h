/*
 * bridge: `dragoman mcp`: a client that speaks MCP over standard input and
 * output, and a server that speaks it over HTTP.
 *
 *   bridge.c          the command: a line of input is a message
 *   bridge_call.c     one message on its way, and what comes back
 *   bridge_send.c     its headers
 *   bridge_again.c    when it is sent once more
 *   bridge_session.c  what a client of before 2026-07-28 agreed to
 *   bridge_listen.c   what the server says unasked, of the same revisions
 *   bridge_params.c   arguments that headers repeat, of 2026-07-28;
 *   bridge_fetch.c    asks for the tools that have such
 *   bridge_out.c      lines of output
 *
 * A message of the main thread is sent by a thread of its own (struct call),
 * as many at once as there are; only what later ones rest on is awaited
 * (initialize).  Nothing but messages is written to standard output.
 */
#ifndef CLI_BRIDGE_H
#define CLI_BRIDGE_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/pool.h"
#include "cli/wire.h"
#include "mcp/params.h"

#define BRIDGE_CALLS_MAX 128 /* at once; one more is an error of its own */
#define BRIDGE_VERSION_MAX 32
/* An edge says something each 15 s, or is not there any more. */
#define BRIDGE_IDLE_MS 90000
#define BRIDGE_FIRST_MS 660000     /* a client of JSON alone; as nginx waits */
#define BRIDGE_TOTAL_MS 2000000000 /* of a stream: 23 days */
#define BRIDGE_QUICK_MS 10000      /* what has no answer; initialize again */

struct call;

/* What a legacy client agreed to, and what it asked for since. */
struct bridge_session {
	char id[WIRE_SESSION_MAX]; /* "": none */
	char version[BRIDGE_VERSION_MAX];
	unsigned generation; /* of this id: 0 before the first */
	bool renewing;       /* one thread has it made again */
	char *hello;         /* the client's initialize; NULL: none */
	char *level;         /* its last logging/setLevel */
	json_t *resources;   /* URI -> its resources/subscribe, as text */
};

struct bridge {
	struct cli *cli;
	struct wire *wire;
	struct pool *pool;
	_Atomic bool reached;   /* the server answered once */
	volatile int ending;    /* nothing more is sent for the client */
	volatile int cut;       /* what listens ends */
	_Atomic unsigned asked; /* ids of our own requests */

	pthread_mutex_t out;
	_Atomic bool gone; /* nobody reads what is written */

	pthread_mutex_t mu; /* of what follows */
	pthread_cond_t changed;
	struct call *calls; /* that are open */
	struct bridge_session session;
	json_t *schemas; /* tool -> its inputSchema, of those with headers */
	pthread_t listener;
	bool listens; /* there is such a thread */
};

/* One message of the client's, an object or a batch. */
struct call {
	struct bridge *bridge;
	struct arena *mem;
	char *text; /* the line, in ${mem} */
	size_t len;
	json_t *doc;
	const json_t *id;   /* NULL: no answer is waited for */
	const char *method; /* or NULL */
	const char *modern; /* the revision that it says it is of; NULL */
	bool is_listen;     /* subscriptions/listen: it ends by itself never */
	volatile int cancel;
	volatile int told; /* the client cancelled it: it gets no answer */
	struct call *next; /* of bridge->calls */

	/* Of its thread alone. */
	struct wire_got got;
	unsigned generation; /* of the session that it was sent in */
	bool answered;
	const char *refusal; /* a JSON-RPC error that came with a status of
				HTTP's, in ${mem}; NULL */
	int tries;
	bool learned, renewed;
};

/* ---- bridge_out.c -------------------------------------------------------- */

/* One message is one line. */
void bridge_write(struct bridge *b, const char *json, size_t len);
/* An error as the answer to ${id} (NULL: which one is not known). */
void bridge_error(struct bridge *b, const json_t *id, int code,
    const char *message, const json_t *data);
/* To standard error. */
void bridge_say(const struct bridge *b, const char *text);

/* ---- bridge_call.c ------------------------------------------------------- */

/* ${doc} is of ${mem}, which the call now owns, as ${text} is. */
struct call *call_new(struct bridge *b, struct arena *mem, char *text,
    size_t len, json_t *doc);
void call_free(struct call *c);
/* Send it and pass on what comes back; all of it. */
void call_run(struct call *c);

/* ---- bridge_send.c ------------------------------------------------------- */

bool call_is(const struct call *c, const char *method);
/* Send ${body} as the call's headers say, once; ${on} gets the answer. */
void call_send(struct call *c, const char *body, size_t len,
    void (*on)(void *ctx, const char *json, size_t len), void *ctx);

/* ---- bridge_again.c ------------------------------------------------------ */

/* Is ${c}, which got no answer, to be sent once more?  What has to be done
 * before is done then. */
bool call_again(struct call *c);
/* Its stream broke: read the rest, from the last event on. */
void call_resume(struct call *c,
    void (*on)(void *ctx, const char *json, size_t len));

/* ---- bridge_session.c ---------------------------------------------------- */

/* Headers of a message of before 2026-07-28: at most 2 are added to ${lines};
 * how many.  ${generation}: of the session. */
size_t session_lines(struct bridge *b, struct arena *mem, const char **lines,
    unsigned *generation);
/* The client's initialize was answered. */
void session_begin(struct bridge *b, const struct call *c, const json_t *result,
    const char *id);
/* The client changed what the server keeps for its session. */
void session_note(struct bridge *b, const struct call *c);
/* The session of ${generation} is lost: another one, with what the client had
 * said.  False: there is none. */
bool session_renew(struct bridge *b, unsigned generation);
void session_end(struct bridge *b);

/* ---- bridge_listen.c ----------------------------------------------------- */

/* Read what the server says unasked, if it has a session. */
void listen_start(struct bridge *b);
void listen_stop(struct bridge *b);

/* ---- bridge_params.c ----------------------------------------------------- */

/* Lines for a tools/call: how many. */
size_t bridge_params(struct bridge *b, struct arena *mem, const json_t *params,
    const char *lines[PARAMS_MAX]);
/* Keep what of ${tools} headers repeat. */
void bridge_learn(struct bridge *b, const json_t *tools);

/* ---- bridge_fetch.c ------------------------------------------------------ */

/* Have the server list its tools to the client of ${c}, for bridge_learn. */
void bridge_fetch(struct call *c);

#endif
