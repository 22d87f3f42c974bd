/*
 * client_priv: what the files of mcp/client share.
 *
 * An exchange is one JSON-RPC request on its way, and what became of it.  The
 * client knows of its server an era and what belongs to it; a copy of that (a
 * view) goes with each exchange, so that no lock is held while waiting.
 */
#ifndef MCP_CLIENT_PRIV_H
#define MCP_CLIENT_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/http.h"
#include "mcp/client.h"
#include "mcp/rpc.h"

#define MCP_MODERN "2026-07-28"
#define MCP_NEWEST_LEGACY "2025-11-25"

#define MCP_ANSWER_MAX (16 * MIB) /* of one answer, all events together */
#define MCP_EVENT_MAX (8 * MIB)   /* of one event of a stream */
#define MCP_SESSION_MAX (4 * KIB) /* a session id: some are a signed token */
#define MCP_EVENT_ID_MAX 257      /* with its NUL; as base/sse takes them */
#define MCP_LEFT_OUT_MAX 256 /* of what is kept of a tool that is left out */
#define MCP_PAGES_MAX 64     /* of one tools/list */
#define MCP_TOOLS_MAX 2000   /* of one server */
/* text of its tools: 512 of 4 KiB; as values * some 100 MB at worst */
#define MCP_LIST_MAX (2 * MIB)
#define MCP_CONNECT_MS 5000
#define MCP_NOTICE_MS 2000    /* for what nobody waits for */
#define MCP_REPLY_MAX MIB     /* of an answer to a request of a server's */
#define MCP_REQUESTS_MAX 32   /* of a server's that are answered in one call */
#define MCP_RESUME_MAX 64     /* a legacy stream that ends early, in a row */
#define MCP_RESUME_MS 1000    /* between two, unless the server says */
#define MCP_RESUME_MIN_MS 100 /* whatever it says: "retry: 0" is no storm */
#define SAID_MAX 512          /* of what came in place of an MCP answer */
#define LOCATION_MAX 96       /* of an address that the operator is told */
#define MCP_SLICE_MS 100      /* how often a wait looks at its cancel flag */

enum mcp_era {
	ERA_UNKNOWN,
	ERA_MODERN, /* 2026-07-28: each request carries all it needs */
	ERA_LEGACY, /* before it: initialize, then requests */
};

struct exchange;
struct mcp_link;
struct mcp_transport;

/* What a request needs to know of its server. */
struct mcp_view {
	enum mcp_era era;
	const struct mcp_transport *transport; /* never NULL */
	unsigned generation;           /* changes when an era or session does */
	const char *version;           /* a static string */
	char session[MCP_SESSION_MAX]; /* "": none */
};

/*
 * How messages reach a server, and what comes back.  Who adds one writes a
 * file with such a struct, and lets mcp_client_new choose it by what the
 * configuration names: for a command (stdio), begin starts the child and asks
 * it for its era, request writes a line and waits for the one with its id
 * (others' lines are taken meanwhile), send writes a line, end closes the
 * child's input and waits for it.
 */
struct mcp_transport {
	const char *name;
	/*
	 * Find out how the server is spoken to, and begin: ${view} has its
	 * era, version, session, and the transport that it is asked by from
	 * now on, which may be another one.  ${link}: what that one keeps
	 * open, or NULL.  Called by one thread at a time, with an exchange of
	 * its own.
	 */
	enum mcp_rc (*begin)(struct exchange *x, struct mcp_view *view,
	    struct mcp_link **link);
	/* Send x->method and wait for its answer.  x->stale: what we knew of
	 * the server is over; whoever called looks anew.  Cancelled or out of
	 * time, it tells the server so where that is not told by leaving. */
	enum mcp_rc (*request)(struct exchange *x);
	/* Send what has no answer: a notification, or the answer to a request
	 * of the server's that came during ${x}. */
	void (*send)(struct exchange *x, const struct buf *body);
	/* Nobody comes back: tell the server, in MCP_NOTICE_MS. */
	void (*end)(struct mcp_client *c);
};

/* Streamable HTTP, of both eras; whose begin finds servers of HTTP+SSE, too. */
extern const struct mcp_transport MCP_HTTP; /* client_http.c */
/* Requests by POST, answers on one long GET: HTTP+SSE, and servers of one
 * endpoint that do so. */
extern const struct mcp_transport MCP_SSE; /* client_sse.c */

struct mcp_client {
	char *name;
	const struct mcp_transport *transport; /* where its search begins */
	char *url;
	char **headers; /* NULL-terminated */
	size_t nheaders;
	char *capabilities; /* JSON text */
	const struct mcp_handler *handler;
	enum mcp_trust trust;
	atomic_int timeout_ms;
	atomic_int_fast64_t last_id;
	atomic_bool list_changed;
	atomic_bool listens; /* the server answers on the GET stream */

	pthread_mutex_t lock;   /* of what follows */
	pthread_cond_t settled; /* nobody looks for the era any more */
	bool settling;
	struct mcp_view view;
	struct mcp_link *link; /* of MCP_SSE */
	/* What was logged last: of tools, of lists that are too long. */
	char left_out_seen[MCP_LEFT_OUT_MAX + 32];
	int cut_seen;
};

struct exchange {
	/* Asked. */
	struct mcp_client *c;
	struct arena *mem; /* the answer is put here */
	const char *method;
	const char *params; /* members as JSON text, "" for none */
	const char *name;   /* the tool's, for Mcp-Name; NULL */
	const json_t *arguments, *schema; /* for Mcp-Param-*; NULL */
	const struct mcp_call_options *o; /* NULL: neither */
	int64_t until;                    /* deadline, boot clock */
	bool acts;  /* a lost answer may have happened: tools/call */
	char *why;  /* MCP_WHY_MAX */
	int64_t id; /* of the running attempt */

	/* Came back. */
	int status;          /* of the POST; 0: none */
	enum http_rc ended;  /* of the POST, up to its status */
	bool answered;       /* ${result} or ${code} is the server's word */
	bool named;          /* and has the id of this request */
	bool silent;         /* its body came whole, and is empty */
	bool taken;          /* and that says: the answer comes elsewhere */
	bool maybe;          /* they are, unless one with a better id comes */
	char said[SAID_MAX]; /* in place of an MCP answer; "" nothing */
	char location[LOCATION_MAX]; /* of a redirect */
	json_t *result;              /* in ${mem}; NULL: an error */
	int64_t code;
	const char *message; /* in ${mem} */
	json_t *data;        /* in ${mem}, NULL: none */
	char session[MCP_SESSION_MAX];
	bool long_session; /* one came that is not in ${session} */
	bool stale; /* refused because what we knew of the server is over */
	bool ran_perhaps; /* stale, but what acts is not asked again */

	/* Of reading. */
	struct mcp_view *view;             /* the caller's room for it */
	struct arena *scratch;             /* of one message */
	char last_event[MCP_EVENT_ID_MAX]; /* to resume from, "" */
	int64_t retry_ms;
	int requests; /* of the server's, during this call */
};

/* client_exchange.c */
/* ${view} anew, of the same transport. */
void view_begin(struct mcp_view *view, enum mcp_era era, const char *version);
int64_t mcp_next_id(struct mcp_client *c);
/* What is left of the exchange's time, at least 1. */
int exchange_left_ms(const struct exchange *x);
bool exchange_is_cancelled(const struct exchange *x);
/* Cancelled, or out of time: nothing more is done for it. */
bool exchange_is_over(const struct exchange *x);
/* Forget the answer of the attempt before. */
void exchange_reset(struct exchange *x);
/* Members of _meta that all revisions have: the token for progress when the
 * caller wants to hear of it, the trace; or "". */
const char *exchange_meta(const struct exchange *x);
/* ${rc}, or MCP_UNKNOWN for what acts: it may have happened. */
enum mcp_rc exchange_or_unknown(const struct exchange *x, enum mcp_rc rc);

/* client_why.c */
/* Set ${why}; returns ${rc}. */
enum mcp_rc exchange_end(struct exchange *x, enum mcp_rc rc, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

/* client_end.c: how an exchange ended */
/* Refused by a 4xx that may come of another revision of the server's; what
 * acts is not asked again for that, nor is what is answered as not there. */
bool exchange_is_refused(const struct exchange *x);
/* Taken by the server, but no answer came where it was sent to. */
bool exchange_is_unanswered(const struct exchange *x, enum mcp_rc rc);
/* How a JSON-RPC error ends. */
enum mcp_rc exchange_error_end(struct exchange *x);
/* How an HTTP answer ends that holds no JSON-RPC one. */
enum mcp_rc exchange_status_end(struct exchange *x);
/* How an exchange ends whose answer came. */
enum mcp_rc exchange_answer_end(struct exchange *x);
/* How a failed HTTP exchange ends. */
enum mcp_rc exchange_http_end(struct exchange *x,
    const struct http_response *resp);

/* client_serve.c: what the server asks of us */
/* Append the answer to a request; -1: there is none. */
int serve_request(const struct mcp_handler *h, const json_t *id,
    const char *method, const json_t *params, struct buf *out) WARN_UNUSED;
/* Pass a notification on. */
void serve_notification(const struct mcp_handler *h, const char *method,
    const json_t *params);

/* client_take.c */
/*
 * A message from the server.  1: it was the answer, x->answered is set;
 * 0: something else; -1: not JSON.
 */
int exchange_take(struct exchange *x, const char *bytes, size_t len);

/* client_read.c */
/*
 * Read the body until the answer (x->answered) or its end; ${is_stream}: it
 * was one of events.  -1: an event is too large.
 */
int exchange_read(struct exchange *x, struct http_stream *s,
    const struct http_response *resp, bool *is_stream);

/* client_post.c */
/*
 * POST the request with an id of its own and what ${meta} makes then (members of
 * _meta, or ""; progress is told by that id), and read its answer, JSON or a
 * stream.  ${lines} are headers besides the
 * client's own, NULL-terminated.  MCP_OK: x->result.  MCP_ERROR: x->code.  Else
 * there was no answer to this request.
 */
enum mcp_rc exchange_post(struct exchange *x, const char *const *lines,
    const char *(*meta)(const struct exchange *x)) WARN_UNUSED;
/* POST what has no answer; the HTTP status, 0 if there was none. */
int mcp_notify(struct mcp_client *c, const char *url, const char *const *lines,
    const struct buf *body, int wait_ms);
/* Fill ${req} with the client's headers and ${lines}; -1: too many. */
int mcp_fill(const struct mcp_client *c, struct http_request *req,
    const char *const *lines) WARN_UNUSED;

/* client_modern.c */
enum mcp_rc modern_run(struct exchange *x) WARN_UNUSED;
/*
 * Ask with server/discover which era it is: ${view}'s era and version are
 * set, ERA_UNKNOWN: a legacy server, as far as one can tell.
 */
enum mcp_rc modern_probe(struct exchange *x, struct mcp_view *view) WARN_UNUSED;

/* client_legacy.c: what all revisions before have in common */
/* Headers of a request in a session; ${version} may be NULL, ${session} "". */
#define LEGACY_LINES_MAX 5
void legacy_lines(struct arena *mem, const char *version, const char *session,
    const char *lines[LEGACY_LINES_MAX]);
/* The caller gave up: to be told to the server. */
int legacy_write_cancel(const struct exchange *x, struct buf *body) WARN_UNUSED;
/* A version both know, as a static string; NULL: none. */
const char *legacy_version(const char *said);
/* The version that the result of initialize agrees to; NULL: none of ours. */
const char *legacy_agreed(const json_t *result);
/* The one to ask for after ${asked} was refused; NULL: none. */
const char *legacy_instead(const struct exchange *x, const char *asked);
/* Refused without being looked at, because the session is over? */
bool legacy_session_is_over(struct exchange *x);
/* The params of initialize, members as JSON text. */
const char *legacy_hello(const struct exchange *x, const char *version);

/* client_streamable.c */
/* Taken without an answer (exchange_is_unanswered): it is elsewhere. */
enum mcp_rc streamable_run(struct exchange *x) WARN_UNUSED;
/* initialize; fills ${view}; x->status says why not. */
enum mcp_rc streamable_begin(struct exchange *x,
    struct mcp_view *view) WARN_UNUSED;
void streamable_send(struct exchange *x, const struct buf *body);
void streamable_end(struct mcp_client *c);

/* client_endpoint.c */
#define ENDPOINT_MAX 2048
/* ${said} as an address of the same origin as ${base}; -1: it is none. */
int endpoint_resolve(const char *base, const char *said,
    char out[ENDPOINT_MAX]) WARN_UNUSED;
/* Where it is if a proxy put a prefix before it; "": there is none. */
void endpoint_behind(const char *base, const char *said,
    char out[ENDPOINT_MAX]);

/* client_link.c */
/* Links are shared by the calls that run; NULL is fine. */
void link_unref(struct mcp_link *l);

/* client_sse.c */
/* Open the stream, wait for its endpoint, initialize. */
enum mcp_rc link_begin(struct exchange *x, struct mcp_view *view,
    struct mcp_link **link) WARN_UNUSED;
/* Open the stream of a server of one endpoint that answers there. */
enum mcp_rc listen_begin(struct exchange *x, const struct mcp_view *view,
    struct mcp_link **link) WARN_UNUSED;
/* The request was taken without an answer (${rc}): look for it there. */
enum mcp_rc listen_run(struct exchange *x, enum mcp_rc rc) WARN_UNUSED;

/* client_era.c */
/* Find out the era if it isn't known, and ask; once more with what a refusal
 * taught.  x->view tells afterwards which era answered. */
enum mcp_rc exchange_run(struct exchange *x) WARN_UNUSED;

/* client_list.c */
/* All tools, a new reference, ${ttl_ms} as mcp_client_tools; NULL: ${rc}. */
json_t *mcp_list(struct exchange *x, int64_t *ttl_ms, enum mcp_rc *rc);

#endif
