/*
 * http_priv: what the files of the HTTP client share.
 *
 * A transfer is made by the thread that calls http_send or http_open (its
 * owner), handed to the engine by http_engine_queue, and is the engine's until
 * BELL_DONE is set; then it is the owner's again.  Only the engine thread
 * touches curl.
 */
#ifndef BASE_HTTP_PRIV_H
#define BASE_HTTP_PRIV_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/http.h"

/* What an owner asks of the engine; bits of transfer.asked. */
#define ASK_ADD 0x1    /* begin */
#define ASK_RESUME 0x2 /* there is room in the stream again */
#define ASK_DROP 0x4   /* the owner wants no more of it */

/*
 * The word an owner sleeps on.  All of it changes in single atomic steps, so
 * that the engine never touches a transfer again after it set BELL_DONE: the
 * owner may have freed it.
 */
#define BELL_DONE 0x1U
#define BELL_HEADED 0x2U  /* status and headers are there (streams) */
#define BELL_WAITING 0x4U /* the owner sleeps: a wake-up is worth its call */
#define BELL_STEP 0x8U    /* more of the body: counts up */

#define TRANSFER_LINES 4 /* headers of ours that each request has */
#define TRANSFER_AGENT "dragoman/" PACKAGE_VERSION

struct http_stream {
	struct transfer *t;
	struct http_response *resp; /* the owner's, for the end */
	char *copy;                 /* url, headers and body of the request */
	size_t copy_max;            /* room in it */
	size_t copy_head;           /* up to the body: keys are in it */

	pthread_mutex_t lock; /* of what follows */
	struct buf in;        /* not read yet, HTTP_STREAM_MAX at most */
	bool paused;          /* curl holds a piece back until ASK_RESUME */
};

#define LENGTH_CHUNKS (-1)
#define LENGTH_UNSAID (-2) /* the connection's end is the body's */

struct transfer {
	/* On the way to the engine. */
	struct transfer *queue_next;
	atomic_uint asked;
	atomic_uint bell;

	/* The request.  Its strings outlive the transfer's time with the
	 * engine: the owner waits, or they are in stream->copy. */
	struct http_request req;
	struct http_response *resp; /* not touched after BELL_HEADED */
	struct http_stream *stream; /* &as_stream, or NULL: http_send */
	struct http_stream as_stream;

	/* The end, read by the owner after BELL_DONE. */
	enum http_rc rc;
	char why[HTTP_WHY_MAX];
	enum http_cause cause;
	bool conn_ended;
	bool lasting;

	/* The engine's own. */
	CURL *easy; /* kept from one request to the next */
	struct curl_slist lines[HTTP_HEADERS_MAX + TRANSFER_LINES];
	struct transfer *prev, *next;           /* of those that run */
	struct transfer *kept_prev, *kept_next; /* of those with a handle */
	struct transfer *dirty_next; /* of those whose owner is to be woken */
	bool is_dirty;
	bool ending;  /* over, but something asked is still on its way */
	bool sent;    /* the request began to leave */
	bool blocked; /* an address was refused */
	bool tried;   /* an address was allowed */
	bool headed;
	bool over;         /* past a limit of size */
	bool long_headers; /* that of the headers */
	bool begun;        /* the request's first sending */
	/* curl counts repeats over a handle's whole life, and refuses the
	 * sixth: one that repeated is not used again. */
	bool worn;
	bool proxied;                /* by the handle's setting */
	unsigned ca;                 /* the handle's: what http_ca_look said */
	char encoding[32];           /* of the answer; "": none */
	bool in_chunk_head;          /* the first, for http_coding */
	char error[CURL_ERROR_SIZE]; /* curl's words */
	int64_t length;              /* said to come, or LENGTH_* */

	/* http_kept: the socket (-1: not followed), as it was before the
	 * request left. */
	int fd;
	uint64_t acked, received;
	bool ended;       /* by the server, before */
	bool unprocessed; /* the last sending, for certain */

	int status;
	size_t got; /* bytes of the body */
	int64_t begun_at, connect_at, first_byte_at, total_at;
	int64_t idle_at; /* 0: not waiting for a piece */
};

#define HEADERS_BYTES_MAX (64 * KIB) /* of an answer */

/* http_guard.c: NULL, or why this request must not be sent. */
const char *http_guard_refuses(const struct http_request *req);

/* http_engine.c */
int http_engine_start(const struct http_options *options) WARN_UNUSED;
void http_engine_stop(void);
void http_engine_trim(void); /* http_trim */
/* Hand ${asked} to the engine.  -1: it is stopping; nothing was handed over. */
int http_engine_queue(struct transfer *t, unsigned asked) WARN_UNUSED;

/* http_spare.c.  A transfer to fill, and back after BELL_DONE (or if it was
 * never queued). */
struct transfer *http_spare_take(void);
void http_spare_give(struct transfer *t);
/* The engine's thread alone: make ${t} a curl handle; drop it again if there
 * are many; drop all that wait; drop every one, at the end. */
void http_spare_easy(struct transfer *t, CURLSH *share);
void http_spare_shrink(struct transfer *t);
void http_spare_drop_all(void);
void http_spare_end(void);

/* http_bell.c.  Sleep until the bell is no longer ${seen}; ${wait_ms} -1: for
 * ever. */
void http_bell_wait(struct transfer *t, unsigned seen, int64_t wait_ms);
/* ${bits} are set, or BELL_STEP counted.  Says whether the owner sleeps and is
 * to be woken.  With BELL_DONE, ${t} may be gone right afterwards; the bell's
 * address is still good for a wake-up. */
bool http_bell_set(struct transfer *t, unsigned bits);
void http_bell_wake(atomic_uint *bell);

/*
 * http_round.c, the engine's thread alone: a round begins; its time; a deadline
 * that came up; the next one, and as a scan of all found it; the owner of ${t}
 * is to be woken when the round ends; it is not, as ${t} is over.
 */
void http_round_begin(void);
int64_t http_round_now(void);
void http_round_due(int64_t at);
int64_t http_round_next(void);
void http_round_scanned(int64_t next);
void http_round_wakes(struct transfer *t);
void http_round_forget(struct transfer *t);
void http_round_end(void);

/*
 * http_multi.c, the engine's thread alone: do what was asked of ${t}; serve
 * the sockets that http_poll_wait found; curl's timer, what ended, and the
 * deadlines; how long nothing is to be done (-1: for ever).  After
 * http_multi_stop all that runs or begins is cancelled.
 */
int http_multi_open(void) WARN_UNUSED;
void http_multi_close(void);
void http_multi_asked(struct transfer *t);
void http_multi_serve(void);
void http_multi_work(void);
int http_multi_wait_ms(void);
bool http_multi_is_idle(void);
void http_multi_stop(void);
/* Nothing runs: what waits for the next storm goes.  A connection with TLS is
 * 25 KB or more, and only its multi closes it. */
void http_multi_renew(void);

/* http_poll.c: the engine's, but for http_poll_ring, which wakes it. */
int http_poll_open(void) WARN_UNUSED;
void http_poll_close(void);
void http_poll_ring(void);
void http_poll_wait(int wait_ms);
void http_poll_serve(CURLM *multi); /* what http_poll_wait found */
int http_poll_on_watch(CURL *easy, curl_socket_t fd, int what, void *arg,
    void *sock);
curl_socket_t http_poll_on_open(void *arg, curlsocktype purpose,
    struct curl_sockaddr *a);
int http_poll_on_close(void *arg, curl_socket_t fd);
/* The socket of that connection, -1: none.  ${lost} is called with ${t} as it
 * closes or is lent on, unless it is disowned before. */
int http_poll_own(struct transfer *t, const char *peer, int peer_port,
    int local_port, void (*lost)(struct transfer *t));
void http_poll_disown(int fd);
/* No request is on it any more.  False: not ${t}'s was, as curl gave it to the
 * next one before the engine looked at the end of ${t}, or it was closed, and
 * may be anything now. */
bool http_poll_idle(int fd, const struct transfer *t);

/* http_kept.c: the request leaves on that connection; the sending is over, one
 * way or the other (again: nothing).  It sets t->unprocessed then, and takes
 * t->sent back. */
void http_kept_begin(struct transfer *t, const char *peer, int peer_port,
    int local_port);
void http_kept_end(struct transfer *t);

/* http_ca.c.  In http_ca_start: NULL is the system's; -1: not readable,
 * logged. */
int http_ca_start(const char *file) WARN_UNUSED;
const char *http_ca_refuses(const char *file); /* NULL: it would be taken */
void http_ca_stop(void);
unsigned http_ca_look(void);        /* changes with the file; never 0 */
void http_ca_set(CURL *easy);       /* by the last look */
void http_ca_failed(void);          /* curl could not read it */
void http_ca_served(unsigned look); /* it could, after that look */

/* http_proxy.c.  -1: not a proxy's address, logged. */
int http_proxy_start(const char *url, const char *const *except) WARN_UNUSED;
bool http_proxy_takes(const char *url);
void http_proxy_stop(void);
void http_proxy_set(struct transfer *t, bool is_tls);

/* http_url.c.  At the end, when no handle is left. */
void http_url_set(struct transfer *t);
void http_url_stop(void);

/* http_coding.c: once; the header that says what is decoded; for a new
 * request; and once its headers are there. */
void http_coding_start(void);
const char *http_coding_accepted(void);
void http_coding_set(struct transfer *t);
void http_coding_look(struct transfer *t);

/* http_transfer.c */
bool http_transfer_has_body(const struct transfer *t); /* its answer may have */
CURL *http_transfer_easy(struct transfer *t, CURLSH *share);
void http_transfer_set(struct transfer *t);   /* the handle, by t->req */
void http_transfer_moves(struct transfer *t); /* it moved: idle begins anew */

/* http_end.c: what its owner is told, and why. */
enum http_rc http_end_of(struct transfer *t, CURLcode code);

#endif
