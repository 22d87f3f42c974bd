#include "fcgi/response.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "fcgi/route.h"

#define ANSWER_MAX (16 * MIB) /* far above any answer of ours */
#define INPUT_MAX (4 * KIB)   /* who sent more knows what he sent */

static const struct {
	int status;
	const char *reason;
} REASONS[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 413, "Payload Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Entity" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

/* "" if it has none here. */
static const char *
reason_of(int status)
{
	size_t i;

	for (i = 0; i < NELEM(REASONS); i++)
		if (REASONS[i].status == status)
			return REASONS[i].reason;
	return "";
}

/* By hand: printf would be a tenth of what a probe costs. */
struct head_text {
	char *out;
	size_t max, n; /* n: needed so far */
};

static void
put(struct head_text *t, const char *text)
{
	size_t len = strlen(text);

	if (t->n + len < t->max)
		memcpy(t->out + t->n, text, len + 1);
	t->n += len;
}

static void
put_number(struct head_text *t, int64_t number)
{
	char digits[24], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	put(t, at);
}

size_t
response_head(const struct response_head *h, char *out, size_t max)
{
	struct head_text t = { .out = out, .max = max };

	put(&t, "Status: ");
	put_number(&t, h->status);
	put(&t, " ");
	put(&t, reason_of(h->status));
	if (h->type != NULL) {
		put(&t, "\r\nContent-Type: ");
		put(&t, h->type);
	}
	put(&t, "\r\nX-Request-Id: ");
	put(&t, h->id);
	put(&t,
	    "\r\nX-Content-Type-Options: nosniff\r\n"
	    "Cache-Control: no-store\r\n");
	if (h->len != RESPONSE_STREAM) {
		put(&t, "Content-Length: ");
		put_number(&t, h->len);
		put(&t, "\r\n");
	}
	put(&t, h->headers);
	put(&t, h->more);
	put(&t, "\r\n");
	return t.n;
}

void
response_header(struct request *req, const char *name, const char *value)
{
	if (strpbrk(name, "\r\n:") != NULL || strpbrk(value, "\r\n") != NULL)
		abort(); /* a line end in a header is our own bug */
	req->headers = arena_printf(req->mem, "%s%s: %s\r\n", req->headers,
	    name, value);
}

int
reply_bytes(struct request *req, int status, const char *type,
    const char *bytes, size_t len)
{
	FCGX_Request *f = req->fcgx;
	struct response_head h = { status, type, req->id, (int64_t)len,
		req->headers, "" };
	size_t n = response_head(&h, NULL, 0);
	char *head = arena_alloc(req->mem, n + 1);
	bool ok;

	(void)response_head(&h, head, n + 1);
	req->status = status;
	if (f == NULL)
		return 0; /* tests of the router */
	ok = FCGX_PutStr(head, (int)n, f->out) != -1;
	if (ok && req->method != M_HEAD && len > 0) {
		ok = FCGX_PutStr(bytes, (int)len, f->out) != -1;
		req->sent = len;
	}
	req->gone = !ok;
	return ok ? 0 : -1;
}

int
reply_empty(struct request *req, int status)
{
	return reply_bytes(req, status, NULL, "", 0);
}

int
reply_json(struct request *req, int status, json_t *doc)
{
	struct buf b = BUF_INIT(ANSWER_MAX);
	int rc;

	if (doc == NULL || json_add(&b, doc) == -1) {
		log_event(LOG_ERROR, "answer_failed", F_STR("path", req->path),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		rc = reply_bytes(req, 500, "application/json",
		    "{\"detail\":\"Internal Server Error\"}", 34);
	} else {
		rc = reply_bytes(req, status, "application/json", buf_str(&b),
		    b.len);
	}
	json_decref(doc);
	buf_fini(&b);
	return rc;
}

static int
refuse_plain(struct request *req, const struct refusal *why)
{
	return reply_json(req, why->status,
	    why->invalid != NULL ? json_pack("{s:O}", "detail", why->invalid)
				 : json_pack("{s:s}", "detail", why->detail));
}

int
reply_refusal(struct request *req, const struct refusal *why)
{
	char seconds[24];

	req->refusal = why->status;
	req->full = why->full;
	if (why->retry_s > 0) {
		snprintf(seconds, sizeof(seconds), "%" PRId64, why->retry_s);
		response_header(req, "Retry-After", seconds);
	}
	return req->route != NULL && req->route->refuse != NULL
	    ? req->route->refuse(req, why)
	    : refuse_plain(req, why);
}

int
reply_error(struct request *req, int status, const char *detail)
{
	return reply_refusal(req,
	    &(struct refusal){ .status = status, .detail = detail });
}

json_t *
reply_input(const json_t *input)
{
	size_t len = json_dumpb(input, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);

	return len > INPUT_MAX ? NULL : (json_t *)input;
}

int
reply_invalid(struct request *req, const char *type, const char *field,
    const char *msg, const json_t *input)
{
	json_t *loc = field == NULL ? json_pack("[s]", "body")
				    : json_pack("[s, s]", "body", field);

	json_t *invalid = json_pack("[{s:s, s:o, s:s, s:O*}]", "type", type,
	    "loc", loc, "msg", msg, "input",
	    input == NULL ? json_null() : reply_input(input));
	int rc = reply_refusal(req,
	    &(struct refusal){ .status = 422, .invalid = invalid });

	json_decref(invalid);
	return rc;
}
