#include "base/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/http_priv.h"

#define BODY_MAX_DEFAULT MIB
#define CONNECT_MS_DEFAULT 5000
#define TOTAL_MS_DEFAULT 30000
#define HEADERS_USUAL 1000 /* bytes of an answer; more is no harm */
#define BODY_USUAL 2000

int
http_start(const struct http_options *options)
{
	return http_engine_start(options);
}

void
http_stop(void)
{
	http_engine_stop();
}

void
http_trim(void)
{
	http_engine_trim();
}

/* Fill ${resp} and a transfer; NULL: refused, resp->rc says so. */
static struct transfer *
prepare(const struct http_request *req, struct http_response *resp)
{
	struct transfer *t;
	const char *refused;

	memset(resp, 0, sizeof(*resp));
	buf_init(&resp->body,
	    req->body_max != 0 ? req->body_max : BODY_MAX_DEFAULT);
	buf_init(&resp->headers, HEADERS_BYTES_MAX);
	/* What this thread frees, it takes: malloc's locks are per thread. */
	(void)!buf_reserve(&resp->headers, HEADERS_USUAL);
	refused = http_guard_refuses(req);
	if (refused != NULL) {
		resp->rc = HTTP_BLOCKED;
		snprintf(resp->why, sizeof(resp->why), "%s", refused);
		return NULL;
	}
	t = http_spare_take();
	atomic_store_explicit(&t->bell, 0, memory_order_relaxed);
	atomic_store_explicit(&t->asked, 0, memory_order_relaxed);
	t->req = *req;
	t->req.body_max = resp->body.max;
	if (t->req.connect_ms <= 0)
		t->req.connect_ms = CONNECT_MS_DEFAULT;
	if (t->req.total_ms <= 0)
		t->req.total_ms = TOTAL_MS_DEFAULT;
	t->resp = resp;
	t->stream = NULL;
	t->rc = HTTP_CANCELLED;
	t->why[0] = '\0';
	t->cause = HTTP_CAUSE_OTHER;
	t->is_dirty = t->ending = t->sent = t->blocked = t->tried = false;
	t->headed = t->over = t->long_headers = false;
	t->conn_ended = t->lasting = t->unprocessed = false;
	t->encoding[0] = '\0';
	t->length = LENGTH_UNSAID;
	t->fd = -1;
	t->begun = t->worn = false;
	t->status = 0;
	t->got = 0;
	t->idle_at = 0;
	t->begun_at = clock_boot_ms();
	return t;
}

static enum http_rc
not_running(struct http_response *resp)
{
	resp->rc = HTTP_CANCELLED;
	snprintf(resp->why, sizeof(resp->why),
	    "the HTTP engine is not running");
	return resp->rc;
}

static void
wait_for(struct transfer *t, unsigned bits)
{
	unsigned seen = atomic_load(&t->bell);

	while ((seen & bits) == 0) {
		http_bell_wait(t, seen & ~BELL_WAITING, -1);
		seen = atomic_load(&t->bell);
	}
}

static enum http_rc
take_end(const struct transfer *t, struct http_response *resp)
{
	resp->rc = t->rc;
	if (t->status >= 200)
		resp->status = t->status;
	resp->conn_ended = t->conn_ended;
	resp->lasting = t->lasting;
	resp->cause = t->cause;
	if (t->rc != HTTP_OK)
		memcpy(resp->why, t->why, sizeof(resp->why));
	return t->rc;
}

const char *
http_refuses(const struct http_options *options, const char **what)
{
	const char *file = options->ca_file, *proxy = options->proxy;
	const char *why = file == NULL || file[0] == '\0'
	    ? NULL
	    : http_ca_refuses(file);

	*what = "ca_file";
	if (why != NULL || proxy == NULL || proxy[0] == '\0'
	    || http_proxy_takes(proxy))
		return why;
	*what = "proxy";
	return "it must be http://HOST:PORT or https://HOST:PORT, with "
	       "USER:PASSWORD@ before HOST if it wants them";
}

enum http_rc
http_send(const struct http_request *req, struct http_response *resp)
{
	struct transfer *t = prepare(req, resp);

	if (t == NULL)
		return resp->rc;
	(void)!buf_reserve(&resp->body, BODY_USUAL); /* as above */
	if (http_engine_queue(t, ASK_ADD) == -1) {
		http_spare_give(t);
		return not_running(resp);
	}
	wait_for(t, BELL_DONE);
	(void)take_end(t, resp);
	http_spare_give(t);
	return resp->rc;
}

void
http_response_fini(struct http_response *resp)
{
	buf_fini(&resp->body);
	buf_fini(&resp->headers);
}

bool
http_header(const struct http_response *resp, const char *name, char *out,
    size_t out_max)
{
	const char *line = buf_str(&resp->headers), *end, *value;
	size_t n = strlen(name), len;
	bool found = false;

	for (; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL)
			break;
		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		value = line + n + 2; /* ": " as the engine writes it */
		len = (size_t)(end - value);
		if (len >= out_max)
			continue; /* a cut value is not the value */
		memcpy(out, value, len);
		out[len] = '\0';
		found = true;
	}
	return found;
}

bool
http_has_header(const struct http_response *resp, const char *name)
{
	const char *line = buf_str(&resp->headers);
	size_t n = strlen(name);

	while (*line != '\0') {
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			return true;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

/* ---- streams ------------------------------------------------------------- */

/*
 * The request's strings must outlive the call: the answer's headers may come
 * before its body was sent.
 */
static void
copy_request(struct http_stream *s, struct http_request *req)
{
	size_t i, len, need = strlen(req->url) + 1 + strlen(req->method) + 1;
	char *p;

	for (i = 0; i < HTTP_HEADERS_MAX && req->headers[i] != NULL; i++)
		need += strlen(req->headers[i]) + 1;
	if (req->body != NULL)
		need += req->body_len;
	if (need > s->copy_max) {
		free(s->copy);
		s->copy = malloc(need);
		if (s->copy == NULL)
			abort();
		s->copy_max = need;
	}
	p = s->copy;
	len = strlen(req->url) + 1;
	req->url = memcpy(p, req->url, len);
	p += len;
	len = strlen(req->method) + 1;
	req->method = memcpy(p, req->method, len);
	p += len;
	for (i = 0; i < HTTP_HEADERS_MAX && req->headers[i] != NULL; i++) {
		len = strlen(req->headers[i]) + 1;
		req->headers[i] = memcpy(p, req->headers[i], len);
		p += len;
	}
	s->copy_head = (size_t)(p - s->copy);
	if (req->body != NULL && req->body_len > 0)
		req->body = memcpy(p, req->body, req->body_len);
}

enum http_rc
http_open(const struct http_request *req, struct http_response *resp,
    struct http_stream **stream)
{
	struct transfer *t = prepare(req, resp);
	struct http_stream *s;

	*stream = NULL;
	if (t == NULL)
		return resp->rc;
	s = &t->as_stream;
	s->resp = resp;
	s->paused = false;
	copy_request(s, &t->req);
	t->stream = s;
	if (http_engine_queue(t, ASK_ADD) == -1) {
		http_spare_give(t);
		return not_running(resp);
	}
	wait_for(t, BELL_HEADED | BELL_DONE);
	if ((atomic_load(&t->bell) & BELL_HEADED) == 0) {
		(void)take_end(t, resp);
		http_close(s);
		return resp->rc;
	}
	resp->rc = HTTP_OK;
	*stream = s;
	return HTTP_OK;
}

/* Move what has come to ${piece}, as much as it takes; under the lock. */
static size_t
take_piece(struct http_stream *s, struct buf *piece)
{
	size_t n = s->in.len;

	if (n > piece->max - piece->len)
		n = piece->max - piece->len;
	if (n == 0 || buf_add(piece, s->in.data, n) == -1)
		return 0;
	buf_drop(&s->in, n);
	/* Half empty: curl's piece is 16 KiB at most, so it fits. */
	if (s->paused && s->in.len <= HTTP_STREAM_MAX / 2) {
		s->paused = false;
		if ((atomic_load(&s->t->bell) & BELL_DONE) == 0
		    && !s->t->ending)
			(void)!http_engine_queue(s->t, ASK_RESUME);
	}
	return n;
}

int
http_read(struct http_stream *s, int wait_ms, struct buf *piece)
{
	struct transfer *t = s->t;
	int64_t until = 0, left = wait_ms;
	unsigned seen;
	bool more;
	size_t n;

	if (wait_ms > 0)
		until = clock_boot_ms() + wait_ms;
	for (;;) {
		pthread_mutex_lock(&s->lock);
		seen = atomic_load(&t->bell) & ~BELL_WAITING;
		n = take_piece(s, piece);
		more = s->in.len > 0;
		pthread_mutex_unlock(&s->lock);
		if (n > 0)
			return 1;
		if (more) { /* and no room for it: waiting would not help */
			piece->full = true;
			return 0;
		}
		if ((seen & BELL_DONE) != 0) {
			(void)take_end(t, s->resp);
			return -1;
		}
		if (left <= 0)
			return 0;
		http_bell_wait(t, seen, left);
		left = until - clock_boot_ms();
	}
}

void
http_close(struct http_stream *s)
{
	struct transfer *t;

	if (s == NULL)
		return;
	t = s->t;
	pthread_mutex_lock(&s->lock);
	if ((atomic_load(&t->bell) & BELL_DONE) == 0 && !t->ending)
		(void)!http_engine_queue(t, ASK_DROP); /* -1: it ends anyway */
	pthread_mutex_unlock(&s->lock);
	wait_for(t, BELL_DONE);
	/* The engine may still hold the lock in which it rang. */
	pthread_mutex_lock(&s->lock);
	pthread_mutex_unlock(&s->lock);
	http_spare_give(t);
}
