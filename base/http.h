/*
 * http: all HTTP that a program sends, as a client.
 *
 * One engine thread per process around a curl multi handle (sockets by epoll),
 * so kept connections and TLS sessions are shared by all callers (HTTP/1.1).
 * Callers block in http_send, or read a body piece by piece from a stream.
 * curl's callbacks never leave the engine thread.  A stream's full buffer
 * pauses its transfer, so a slow reader costs HTTP_STREAM_MAX bytes and no
 * more.
 *
 * A connect that takes too long is HTTP_UNREACHED, as is every end before the
 * request began to leave.
 *
 * Bodies arrive decoded (gzip and what else libcurl knows), asked for or not;
 * each limit counts decoded bytes.  An encoding that is not known, or damaged,
 * is HTTP_BROKEN; a label that names none (utf-8, chunked), and that of gzip on
 * a body that is none, is not there.
 *
 * A body without a length ends with its connection, over TLS with a
 * close-notify or without: many servers send none.  So it may have been cut,
 * and only what says itself where it ends (JSON, a stream with a last event)
 * may be trusted to be whole.
 *
 * Rules enforced here: https only (TLS 1.2 or newer), unless HTTP_OPERATOR says
 * that the address stands in the operator's configuration; no redirects; bodies
 * bounded; for other addresses (users') no private, loopback, link-local or
 * multicast address, checked on the address connected to.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/base.h"
#include "base/buf.h"

#define HTTP_STREAM_MAX (256 * KIB) /* unread bytes of one stream */
#define HTTP_HEADERS_MAX 64         /* of a request */
#define HTTP_WHY_MAX 160

enum http_rc {
	HTTP_OK,        /* there is a status; it may be a 500 */
	HTTP_BLOCKED,   /* our rules forbid the address; nothing was sent */
	HTTP_UNREACHED, /* nothing was processed, safe to repeat: no connection;
			 * or the server closed it, and TCP proves that the
			 * request had not reached it (http_kept); or not all
			 * of the request left */
	HTTP_TIMEOUT,   /* a deadline passed; the request may have arrived */
	HTTP_BROKEN,    /* cut (within its headers, too), reset or not HTTP,
			 * after sending began: the outcome is unknown */
	HTTP_TOO_LARGE, /* the body passed body_max */
	HTTP_CANCELLED, /* the caller's cancel flag was set */
};

/* Why there is no answer, for who tells what to do about it: ${why} is the same
 * in words, which nobody compares. */
enum http_cause {
	HTTP_CAUSE_OTHER,       /* nothing that is known to help */
	HTTP_CAUSE_CA_FILE,     /* the file of trusted certificates is none */
	HTTP_CAUSE_AUTHORITY,   /* a certificate's authority is not trusted */
	HTTP_CAUSE_OTHER_NAME,  /* the certificate is for another host */
	HTTP_CAUSE_EARLY,       /* a certificate is not valid yet */
	HTTP_CAUSE_CERTIFICATE, /* what else is wrong with the server's */
	HTTP_CAUSE_PROXYS_CERTIFICATE,  /* ... with the proxy's */
	HTTP_CAUSE_CLIENTS_CERTIFICATE, /* the server wants one of us */
	HTTP_CAUSE_PROXY,               /* it is not there, or refuses */
	HTTP_CAUSE_PROXY_LOGIN,         /* it wants a user and a password */
	HTTP_CAUSE_NEEDS_HTTPS,         /* http:// where TLS is spoken */
	HTTP_CAUSE_NEEDS_HTTP,          /* https:// where none is */
	HTTP_CAUSE_OLD_TLS,             /* none that both speak */
	HTTP_CAUSE_TLS,                 /* the handshake failed otherwise */
	HTTP_CAUSE_NO_HOST,             /* its name has no address */
	HTTP_CAUSE_NOT_ITS_HOST,        /* the server does not know that name */
	HTTP_CAUSE_CONNECT,             /* nobody answers at that port */
	HTTP_CAUSE_CUT, /* the connection ended before a status */
	HTTP_CAUSE_N,
};

#define HTTP_OPERATOR 0x1 /* address from the operator: http:// and any net */
/* Sent at most once.  Without it, a request whose kept connection ends before
 * a byte of the answer goes out again on another one (curl does so up to five
 * times): right where repeating is harmless.  With it, that happens only where
 * HTTP_UNREACHED would be the end. */
#define HTTP_ONCE 0x2
#define HTTP_OUTLIVES 0x4 /* the stream outlives its opening's cancel flag */

/* Give back what requests that ended left for the next ones, unless one
 * runs.  For a quiet time; the engine does it soon. */
void http_trim(void);

struct http_request {
	const char *method; /* "GET", "POST", ... */
	const char *url;
	const char *headers[HTTP_HEADERS_MAX]; /* "Name: value", NULL ends */
	const char *body;                      /* NULL: none; copied */
	size_t body_len;
	size_t body_max;   /* of the answer, a stream's too; 0: 1 MiB */
	int connect_ms;    /* 0: 5,000 */
	int first_byte_ms; /* from the start to the status; 0: total */
	int total_ms;      /* the whole exchange; 0: 30,000 */
	int idle_ms;       /* between two pieces of the body; 0: none */
	unsigned flags;    /* HTTP_* above */
	/*
	 * Looked at every 100 ms until the call returns (a stream: until it is
	 * closed, with HTTP_OUTLIVES until it is open), by another thread: set
	 * it with __atomic_store_n.  NULL: none.
	 */
	const volatile int *cancel;
};

struct http_response {
	enum http_rc rc;
	int status; /* 0 when rc is not HTTP_OK and none was read */
	struct buf body;
	struct buf headers;     /* "name: value\n" lines, names lower-case */
	char why[HTTP_WHY_MAX]; /* for logs and doctor; no URL, no secret */
	enum http_cause cause;  /* the same, to choose by */
	int64_t first_byte_ms;  /* measured, since the call */
	/*
	 * With HTTP_BROKEN or HTTP_UNREACHED: a connection that stood was
	 * ended by the server (a reset, an end, over TLS with its notice or
	 * without), not by a deadline or by what it said.  With HTTP_OK: the
	 * body had no length, so that end was the body's, too, and it may
	 * have been cut.  A server ends its connections for many reasons, so
	 * that alone does not mean that it is ill.
	 */
	bool conn_ended;
	/* Not HTTP_OK, and no repeat ends otherwise before somebody acts: a
	 * certificate, a file or a login that is wrong, or another protocol
	 * at that port. */
	bool lasting;
};

/* What an operator set for all requests; nothing is kept of it. */
struct http_options {
	/* PEM file of the authorities to trust; NULL or "": the system's.
	 * It is read anew by itself when it changes. */
	const char *ca_file;
	/* A proxy for https:// addresses with HTTP_OPERATOR; NULL or "": none.
	 * Others' addresses go direct, because which one a proxy connects to
	 * can't be checked; so do private ones and ${no_proxy}'s. */
	const char *proxy;
	const char *const *no_proxy; /* hosts, .domains, nets; NULL ends */
};

/*
 * Start and stop the engine of this process.  http_stop cancels what runs and
 * joins the thread.  ${options} may be NULL.  Both are called from main only;
 * start after daemonizing, before other threads send.  -1: logged.
 */
int http_start(const struct http_options *options) WARN_UNUSED;
/* What http_start would refuse of ${options}: why, and ${what} is "ca_file" or
 * "proxy".  NULL: nothing. */
const char *http_refuses(const struct http_options *options, const char **what);
void http_stop(void);

/*
 * Send and wait for the whole answer.  ${resp} is initialised here and must
 * be given to http_response_fini in each case.
 */
enum http_rc http_send(const struct http_request *req,
    struct http_response *resp);
void http_response_fini(struct http_response *resp);

/* The value of ${name} (lower-case) is copied into ${out}; false when absent.
 * The last one wins. */
bool http_header(const struct http_response *resp, const char *name, char *out,
    size_t out_max);
/* True if it came, whatever its length. */
bool http_has_header(const struct http_response *resp, const char *name);

/*
 * An answer read piece by piece.  http_open returns when the status and all
 * headers are there (resp->status, resp->headers; resp->body stays empty;
 * *stream is never NULL then), or failed (*stream is NULL).  Then http_read
 * appends what has come to ${piece}: 1 bytes were added   0 nothing within
 * ${wait_ms}   -1 the body ended; its end is resp->rc (HTTP_OK: complete).  0
 * at once and piece->full: there is more than ${piece} may hold.  http_close
 * cancels what is left, and may be called at any time after http_open by the
 * thread that opened it.
 */
struct http_stream;
enum http_rc http_open(const struct http_request *req,
    struct http_response *resp, struct http_stream **stream) WARN_UNUSED;
int http_read(struct http_stream *s, int wait_ms,
    struct buf *piece) WARN_UNUSED;
void http_close(struct http_stream *s); /* NULL is fine */

/* True for an address that users may not name (http_guard.c has the list). */
struct sockaddr;
bool http_address_is_private(const struct sockaddr *sa);

#endif
