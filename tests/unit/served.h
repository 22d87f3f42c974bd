/*
 * served: a small HTTP server on loopback for unit tests.
 *
 * Each connection has a thread; the test's function answers each request by
 * writing bytes itself, so that it can be as wrong as the test wants.
 */
#ifndef TESTS_UNIT_SERVED_H
#define TESTS_UNIT_SERVED_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/base.h"

struct served_request {
	char method[16];
	char path[512]; /* with its query */
	char *head;     /* all header lines */
	char *body;     /* NUL-terminated */
	size_t body_len;
};

/* What stands between a server and its sockets, as TLS does. */
struct served_wire {
	/* Of one connection; NULL: it came to none. */
	void *(*open)(void *ctx, int fd);
	ssize_t (*read)(void *conn, void *bytes, size_t max);
	bool (*holds)(void *conn); /* what read gives without its socket */
	ssize_t (*write)(void *conn, const void *bytes, size_t len);
	void (*close)(void *ctx, void *conn, bool reset); /* not its socket */
};

struct served {
	int port;
	atomic_int connections; /* accepted so far */
	atomic_int requests;    /* read so far */
	void *ctx;              /* the test's */
	struct served_inner *inner;
};

/* 0: keep the connection, -1: close it. */
typedef int served_fn(struct served *s, int fd,
    const struct served_request *req);

void served_start(struct served *s, served_fn *answer, void *ctx);
/* On 127.0.0.1 or ::1; ${wire} may be NULL. */
void served_start_on(struct served *s, served_fn *answer, void *ctx, bool is_v6,
    const struct served_wire *wire, void *wire_ctx);
void served_stop(struct served *s); /* ends all connections, joins */

/* A server and the HTTP engine, for a group of tests: 0 or -1, as cmocka's
 * set-up and tear-down answer.  The macro makes both, start and stop, where
 * there is no more to do. */
int served_with_http(struct served *s, served_fn *answer);
int served_without_http(struct served *s);
#define SERVED_WITH_HTTP(srv, answer)                    \
	static int start(void **state)                   \
	{                                                \
		(void)state;                             \
		return served_with_http(&(srv), answer); \
	}                                                \
	static int stop(void **state)                    \
	{                                                \
		(void)state;                             \
		return served_without_http(&(srv));      \
	}

int served_write(int fd, const void *bytes, size_t len);
int served_printf(int fd, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A whole answer with Content-Length. */
int served_answer(int fd, int status, const char *type, const char *headers,
    const char *body);
/* The value of a request's header, "" if absent. */
const char *served_header(const struct served_request *req, const char *name,
    char *out, size_t max);
/* Wait ${ms}; -1 as soon as the peer is gone or the server stops. */
int served_pause(struct served *s, int fd, int ms);
/* Bytes to and fro between ${fd} and a port here, until one ends it; -1. */
int served_tunnel(struct served *s, int fd, int port);
/* Close with a reset instead of an end. */
int served_reset(int fd);
/* How many lines of the file ${path} have ${word}. */
int served_lines(const char *path, const char *word);

#endif
