/*
 * response: how a handler answers, once.
 *
 * Every function writes the whole answer and returns 0, or -1 when the client
 * is gone (nothing more can be written; the handler just returns it).
 */
#ifndef FCGI_RESPONSE_H
#define FCGI_RESPONSE_H

#include "fcgi/request.h"

struct refusal; /* route.h */

/* Add a header before answering; ${value} must hold no line ends. */
void response_header(struct request *req, const char *name, const char *value);

/* Takes the reference it is given; NULL (no memory, bad UTF-8) is a 500. */
int reply_json(struct request *req, int status, json_t *doc);
/* Refuse, in the way of the request's route: {"detail": ...} if it has none. */
int reply_refusal(struct request *req, const struct refusal *why);
/* The same with a sentence alone, and no Retry-After. */
int reply_error(struct request *req, int status, const char *detail);
/* What of ${input} a 422 gives back: itself, or NULL when it is long. */
json_t *reply_input(const json_t *input);
/*
 * 422: {"detail":[{type, loc, msg, input}]}.  ${field} NULL: the body itself.
 * ${input} is borrowed, NULL: null; a long one is left out.
 */
int reply_invalid(struct request *req, const char *type, const char *field,
    const char *msg, const json_t *input);
int reply_empty(struct request *req, int status);
int reply_bytes(struct request *req, int status, const char *type,
    const char *bytes, size_t len);

#define RESPONSE_STREAM (-1) /* a body whose length nobody knows yet */

/* The head of an answer, whoever writes it: a handler, or the park thread. */
struct response_head {
	int status;
	const char *type;    /* NULL: no body */
	const char *id;      /* X-Request-Id */
	int64_t len;         /* of the body, or RESPONSE_STREAM */
	const char *headers; /* lines "Name: value\r\n", or "" */
	const char *more;    /* further ones, or "" */
};

/* Write ${h} to ${out}, which has room for ${max} bytes; returns its length
 * without the NUL, as snprintf does. */
size_t response_head(const struct response_head *h, char *out, size_t max);

#endif
