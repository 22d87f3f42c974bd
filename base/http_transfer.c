/*
 * http_transfer: one request as curl sees it, its callbacks and its end.
 *
 * All of it runs in the engine thread.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <config.h>

#include "base/http_priv.h"

#define RECEIVE_SIZE 8192L /* per running transfer; larger gains nothing */
#define SEND_SIZE 16384L   /* the least that curl takes */
#define KEPT_MAX_S 55L     /* unused: many servers close after 60 s */

/*
 * The connection stands and the request goes out next.  A kept connection may
 * have been opened by another request, under other rules: look again.
 */
static int
on_ready(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct transfer *t = arg;
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool refused = true;

	(void)local;
	http_kept_end(t); /* a sending before this one */
	t->worn = t->begun;
	t->begun = true;
	if (t->sent && (t->req.flags & HTTP_ONCE) != 0)
		return CURL_PREREQFUNC_ABORT;
	if ((t->req.flags & HTTP_OPERATOR) == 0) {
		if (inet_pton(AF_INET, peer, &in.sin_addr) == 1)
			refused = http_address_is_private(
			    (const struct sockaddr *)&in);
		else if (inet_pton(AF_INET6, peer, &in6.sin6_addr) == 1)
			refused = http_address_is_private(
			    (const struct sockaddr *)&in6);
		if (refused) {
			t->blocked = true;
			t->tried = false;
			return CURL_PREREQFUNC_ABORT;
		}
	}
	http_kept_begin(t, peer, peer_port, local_port);
	t->sent = true;
	return CURL_PREREQFUNC_OK;
}

static int
add_header(struct buf *out, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value, *end = line + len;
	char name[128];
	size_t i, n;

	if (colon == NULL || colon == line
	    || (size_t)(colon - line) >= sizeof(name))
		return 0;
	n = (size_t)(colon - line);
	for (i = 0; i < n; i++)
		name[i] = (char)(line[i] >= 'A' && line[i] <= 'Z'
			? line[i] | 0x20
			: line[i]);
	for (value = colon + 1;
	     value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (buf_add(out, name, n) == -1 || buf_add(out, ": ", 2) == -1
	    || buf_add(out, value, (size_t)(end - value)) == -1)
		return -1;
	return buf_add_char(out, '\n');
}

/* "HTTP/1.1 200 OK" or "HTTP/2 200" */
static int
parse_status(const char *line, size_t len)
{
	const char *p = memchr(line, ' ', len), *end = line + len;
	int status = 0;

	if (p == NULL)
		return 0;
	for (p++; p < end && *p >= '0' && *p <= '9' && status < 1000; p++)
		status = status * 10 + (*p - '0');
	return status;
}

void
http_transfer_moves(struct transfer *t)
{
	if (t->req.idle_ms <= 0)
		return;
	t->idle_at = http_round_now() + t->req.idle_ms;
	http_round_due(t->idle_at);
}

/* The value of ${line} if that is the header ${name} ("name:"). */
static const char *
value_of(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len < n || strncasecmp(line, name, n) != 0)
		return NULL;
	return line + n;
}

/* For the words of an end: a stranger's, so of the plainest letters. */
static void
keep_encoding(struct transfer *t, const char *value, const char *end)
{
	size_t n = strlen(t->encoding);

	for (; value < end && n + 1 < sizeof(t->encoding); value++)
		if ((*value >= '0' && *value <= '9')
		    || (*value >= 'A' && *value <= 'Z')
		    || (*value >= 'a' && *value <= 'z')
		    || strchr("-_.,", *value) != NULL)
			t->encoding[n++] = *value;
	t->encoding[n] = '\0';
}

/* The last coding decides (RFC 9112, 6.3); "identity" is none. */
static bool
is_chunked(const char *value, const char *end)
{
	static const char CHUNKED[] = "chunked";
	size_t n = sizeof(CHUNKED) - 1;

	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (size_t)(end - value) >= n
	    && strncasecmp(end - n, CHUNKED, n) == 0;
}

/* What a header says of the body. */
static void
see_header(struct transfer *t, const char *line, size_t len)
{
	const char *end = line + len, *value;
	char number[24];
	size_t n;

	value = value_of(line, len, "transfer-encoding:");
	if (value != NULL && is_chunked(value, end))
		t->length = LENGTH_CHUNKS;
	value = value_of(line, len, "content-encoding:");
	if (value != NULL)
		keep_encoding(t, value, end);
	value = value_of(line, len, "content-length:");
	if (value == NULL || t->length == LENGTH_CHUNKS)
		return;
	n = (size_t)(end - value);
	if (n < sizeof(number)) {
		memcpy(number, value, n);
		number[n] = '\0';
		t->length = strtoll(number, NULL, 10);
	} else
		t->length = INT64_MAX;
}

bool
http_transfer_has_body(const struct transfer *t)
{
	return t->status != 204 && t->status != 304
	    && strcmp(t->req.method, "HEAD") != 0;
}

/* What is said to be too long need not come: but encoded, it says nothing of
 * what counts. */
static bool
is_said_too_long(const struct transfer *t)
{
	return t->length > 0 && (uint64_t)t->length > t->req.body_max
	    && t->encoding[0] == '\0' && http_transfer_has_body(t);
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count, n = len;

	if (t->headed)
		return len; /* a trailer */
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		t->status = parse_status(line, n);
		buf_reset(&t->resp->headers); /* after a 1xx */
		t->encoding[0] = '\0';
		t->length = LENGTH_UNSAID;
		return len;
	}
	if (n > 0) {
		see_header(t, line, n);
		if (add_header(&t->resp->headers, line, n) == 0)
			return len;
		t->over = t->long_headers = true;
		return 0;
	}
	if (t->status < 200 && t->status != 101)
		return len;
	http_coding_look(t);
	if (is_said_too_long(t)) {
		t->over = true;
		return 0;
	}
	t->headed = true;
	t->resp->status = t->status;
	t->resp->first_byte_ms = http_round_now() - t->begun_at;
	t->first_byte_at = INT64_MAX;
	http_transfer_moves(t);
	if (t->stream != NULL)
		http_round_wakes(t);
	return len;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	struct http_stream *s = t->stream;
	size_t len = size * count, taken = len;

	if (len > t->req.body_max - t->got) {
		t->over = true;
		return 0;
	}
	if (s == NULL) {
		if (buf_add(&t->resp->body, bytes, len) == -1) {
			t->over = true;
			return 0;
		}
	} else {
		pthread_mutex_lock(&s->lock);
		if (buf_add(&s->in, bytes, len) == -1) {
			s->in.full = false;
			s->paused = true;
			taken = CURL_WRITEFUNC_PAUSE;
		}
		pthread_mutex_unlock(&s->lock);
		if (taken == CURL_WRITEFUNC_PAUSE) {
			t->idle_at = 0; /* it is not the peer that waits */
			return taken;
		}
		http_round_wakes(t);
	}
	t->got += len;
	http_transfer_moves(t);
	return len;
}

/* A handle with all that is the same for each request. */
CURL *
http_transfer_easy(struct transfer *t, CURLSH *share)
{
	CURL *c = curl_easy_init();

	if (c == NULL)
		abort();
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_ready);
	curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, http_poll_on_open);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, http_poll_on_close);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, RECEIVE_SIZE);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, SEND_SIZE);
	curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	/* A name that is being resolved must not hold the engine up when its
	 * request is cancelled. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_SHARE, share);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
	/*
	 * HTTP/1.1 over TLS, too.  Over HTTP/2 curl itself repeats what a
	 * server's GOAWAY left unprocessed, and on_ready could not tell that
	 * from a second sending of what ran.
	 */
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, KEPT_MAX_S);
	/* All that this libcurl decodes (set_lines says so).  It decodes what
	 * nobody asked for, too, and on_body counts what comes out. */
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	t->ca = 0;
	t->proxied = false;
	return c;
}

static void
set_method(CURL *c, const struct http_request *req)
{
	const char *m = req->method;

	if (req->body != NULL || strcmp(m, "POST") == 0) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(req->body == NULL ? 0 : req->body_len));
		curl_easy_setopt(c, CURLOPT_POSTFIELDS,
		    req->body == NULL ? "" : req->body);
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST,
		    strcmp(m, "POST") == 0 ? NULL : m);
		return;
	}
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL); /* implies POST */
	curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, NULL);
	if (strcmp(m, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else if (strcmp(m, "GET") != 0)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, m);
}

/*
 * The headers.  Ours are lines as those of the request are, unless it has its
 * own: curl's options for them would write each twice, byte by byte, for each
 * request.
 */
static void
set_lines(struct transfer *t)
{
	const char *const ours[TRANSFER_LINES] = { "Expect:", "Content-Type:",
		"User-Agent: " TRANSFER_AGENT, http_coding_accepted() };
	const struct http_request *req = &t->req;
	bool has[TRANSFER_LINES] = { false };
	size_t i, j, n = 0;

	for (i = 0; i < HTTP_HEADERS_MAX && req->headers[i] != NULL; i++) {
		const char *line = req->headers[i];

		for (j = 0; j < TRANSFER_LINES; j++)
			has[j] = has[j]
			    || strncasecmp(line, ours[j],
				   strcspn(ours[j], ":") + 1)
				== 0;
		t->lines[n++].data = (char *)(uintptr_t)line;
	}
	for (j = 0; j < TRANSFER_LINES; j++)
		if (!has[j])
			t->lines[n++].data = (char *)(uintptr_t)ours[j];
	for (i = 0; i < n; i++)
		t->lines[i].next = i + 1 < n ? &t->lines[i + 1] : NULL;
}

void
http_transfer_set(struct transfer *t)
{
	const struct http_request *req = &t->req;
	CURL *c = t->easy;
	bool is_tls = req->url[4] == 's' || req->url[4] == 'S';
	unsigned ca;

	set_lines(t);
	set_method(c, req);
	if (is_tls) {
		ca = http_ca_look();
		if (t->ca != ca)
			http_ca_set(c);
		t->ca = ca;
	}
	http_proxy_set(t, is_tls);
	http_coding_set(t);
	t->error[0] = '\0';
	http_url_set(t);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->lines);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)req->connect_ms);
}
