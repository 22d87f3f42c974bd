#include <stdio.h>
#include <string.h>

#include "tests/unit/served_http.h"

struct served srv;
bool over_tls;
struct served_tls how;
int cancel_flag;
atomic_int flooded;

void
set_cancel(int value)
{
	__atomic_store_n(&cancel_flag, value, __ATOMIC_SEQ_CST);
}

static int
say_many(int fd, const char *piece, int n)
{
	while (n-- > 0)
		if (served_write(fd, piece, strlen(piece)) == -1)
			return -1;
	return 0;
}

static int
serve_ok(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return served_answer(fd, 200, "text/plain", "", "hello");
}

static int
serve_chunked(struct served *s, int fd, const struct served_request *req)
{
	(void)req;
	served_printf(fd,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n3\r\none\r\n");
	if (served_pause(s, fd, 20) == -1)
		return -1;
	return served_printf(fd, "4;x=y\r\n two\r\n0\r\nTrailer: t\r\n\r\n");
}

static int
serve_nothing(struct served *s, int fd, const struct served_request *req)
{
	(void)req;
	(void)served_pause(s, fd, LONG_MS);
	return -1;
}

static int
serve_drip(struct served *s, int fd, const struct served_request *req)
{
	(void)req;
	served_printf(fd, "HTTP/1.1 200 OK\r\n\r\n");
	while (served_pause(s, fd, 10) == 0)
		if (served_write(fd, ".", 1) == -1)
			break;
	return -1;
}

static int
serve_stall(struct served *s, int fd, const struct served_request *req)
{
	served_printf(fd, "HTTP/1.1 200 OK\r\n\r\nbegun");
	return serve_nothing(s, fd, req);
}

static int
serve_large(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	served_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
	return say_many(fd, "0123456789", 2000);
}

static int
serve_large_unsaid(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	served_printf(fd, "HTTP/1.1 200 OK\r\n\r\n");
	(void)say_many(fd, "0123456789", 2000);
	return -1;
}

static int
serve_huge_headers(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	served_printf(fd, "HTTP/1.1 200 OK\r\n");
	(void)say_many(fd,
	    "X-More: 0123456789012345678901234567890123456789"
	    "012345678901234567890123456789\r\n",
	    2000);
	served_printf(fd, "\r\n");
	return -1;
}

static int
serve_echo(struct served *s, int fd, const struct served_request *req)
{
	char head[512], type[64], expect[64], agent[64];

	(void)s;
	snprintf(head, sizeof(head),
	    "X-Method: %s\r\nX-Type: %s\r\n"
	    "X-Expect: %s\r\nX-Agent: %.9s\r\n",
	    req->method, served_header(req, "content-type", type, sizeof(type)),
	    served_header(req, "expect", expect, sizeof(expect)),
	    served_header(req, "user-agent", agent, sizeof(agent)));
	if (strcmp(req->method, "HEAD") == 0)
		return served_printf(fd,
		    "HTTP/1.1 200 OK\r\n%sContent-Length: 99999999\r\n\r\n",
		    head);
	return served_answer(fd, 200, "text/plain", head, req->body);
}

static int
serve_500(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return served_answer(fd, 500, "text/plain", "", "no");
}

static int
serve_redirect(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return served_answer(fd, 302, "text/plain", "Location: /ok\r\n", "");
}

/* Says that the connection stays, and closes it. */
static int
serve_liar(struct served *s, int fd, const struct served_request *req)
{
	(void)serve_ok(s, fd, req);
	return -1;
}

static int
serve_cancel_waiting(struct served *s, int fd, const struct served_request *req)
{
	set_cancel(1);
	return serve_nothing(s, fd, req);
}

static int
serve_cancel_in_body(struct served *s, int fd, const struct served_request *req)
{
	served_printf(fd, "HTTP/1.1 200 OK\r\n\r\nbegun");
	set_cancel(1);
	return serve_nothing(s, fd, req);
}

static int
serve_flood(struct served *s, int fd, const struct served_request *req)
{
	unsigned counter;
	char line[16];
	unsigned long n = 1000 * 1000;

	(void)s;
	(void)sscanf(req->path, "/flood?%lu", &n);
	served_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n",
	    n * 8);
	for (counter = 0; counter < n; counter++) {
		snprintf(line, sizeof(line), "%07u\n", counter);
		if (served_write(fd, line, 8) == -1)
			return -1;
		atomic_fetch_add(&flooded, 1);
	}
	return 0;
}

/* gzip of "hello", of 100,000 times "a", of "one" and " two" by pieces. */
static const unsigned char GZIP_HELLO[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
	0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00 };
static const unsigned char GZIP_BOMB[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2,
	0xa0, 0xac, 0xeb, 0x5f, 0xc2, 0x1a, 0x1e, 0x40, 0x01, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xaf, 0x06, 0x87,
	0xfa, 0xe2, 0x1b, 0xa0, 0x86, 0x01, 0x00 };
static const unsigned char GZIP_ONE[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x02, 0x03, 0xca, 0xcf, 0x4b, 0x05, 0x00, 0x00, 0x00, 0xff,
	0xff };
static const unsigned char GZIP_TWO[] = { 0x53, 0x28, 0x29, 0xcf, 0x07, 0x00,
	0x2f, 0x89, 0x07, 0xcd, 0x07, 0x00, 0x00, 0x00 };

static int
serve_encoded(int fd, const char *encoding, const void *bytes, size_t len)
{
	served_printf(fd,
	    "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    encoding, len);
	return served_write(fd, bytes, len);
}

static int
serve_gzip(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return serve_encoded(fd, "gzip", GZIP_HELLO, sizeof(GZIP_HELLO));
}

/* "hello" in each encoding, whatever was asked for, which is said back. */
static const struct {
	const char *name;
	size_t len;
	unsigned char bytes[32];
} codings[] = {
	{ "br", 9, { 0x0b, 0x02, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x03 } },
	{ "deflate", 13,
	    { 0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06, 0x2c,
		0x02, 0x15 } },
	{ "zstd", 18,
	    { 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x29, 0x00, 0x00, 0x68, 0x65,
		0x6c, 0x6c, 0x6f, 0xa3, 0x6d, 0x9f, 0x88 } },
};

static int
serve_coded(struct served *s, int fd, const struct served_request *req)
{
	char accepted[128];
	size_t i;

	(void)s;
	for (i = 0; i < NELEM(codings); i++)
		if (strcmp(req->path + strlen("/coded?"), codings[i].name) == 0)
			break;
	if (i == NELEM(codings))
		return -1;
	served_printf(fd,
	    "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nX-Accepted: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    codings[i].name,
	    served_header(req, "accept-encoding", accepted, sizeof(accepted)),
	    codings[i].len);
	return served_write(fd, codings[i].bytes, codings[i].len);
}

static int
serve_bomb(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return serve_encoded(fd, "gzip", GZIP_BOMB, sizeof(GZIP_BOMB));
}

static int
serve_no_gzip(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return serve_encoded(fd, "gzip", "hello, all of you", 17);
}

/* The label of gzip, and no such bytes: text in chunks, byte by byte. */
static int
serve_not_gzip(struct served *s, int fd, const struct served_request *req)
{
	static const char ANSWER[]
	    = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n"
	      "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
	size_t i;

	(void)req;
	for (i = 0; i < sizeof(ANSWER) - 1; i++)
		if (served_write(fd, ANSWER + i, 1) == -1
		    || served_pause(s, fd, 1) == -1)
			return -1;
	return 0;
}

static int
serve_bad_gzip(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return serve_encoded(fd, "gzip", "\x1f\x8bhello, all of you", 19);
}

static int
serve_no_coding(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	return serve_encoded(fd, strchr(req->path, '?') + 1, "hello", 5);
}

static int
serve_unknown(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return serve_encoded(fd, "x-odd", "hello", 5);
}

/* The first piece, and no more while its reader waits. */
static int
serve_gzip_pieces(struct served *s, int fd, const struct served_request *req)
{
	(void)req;
	served_printf(fd,
	    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
	    "Connection: close\r\n\r\n");
	(void)served_write(fd, GZIP_ONE, sizeof(GZIP_ONE));
	if (served_pause(s, fd, 300) == -1)
		return -1;
	(void)served_write(fd, GZIP_TWO, sizeof(GZIP_TWO));
	return -1;
}

/* Answers that are always the same, and what becomes of the connection then. */
static const struct {
	const char *path, *text;
	enum { KEPT, CLOSED, RESET, RESET_LATER } then;
} written[] = {
	{ "/headers",
	    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	    "HTTP/1.1 201 Made\r\nX-One:   1  \r\nX-TWO: a: b\r\n"
	    "X-One: 2\r\nContent-Length: 0\r\n\r\n",
	    KEPT },
	{ "/204", "HTTP/1.1 204 No Content\r\n\r\n", KEPT },
	{ "/close", "", CLOSED },
	{ "/cut-status", "HTTP/1.1 200 OK\r\n", CLOSED },
	{ "/cut-headers",
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n", CLOSED },
	{ "/cut-early", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", CLOSED },
	{ "/cut-chunked",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\none\r\n",
	    CLOSED },
	{ "/garbage", "SSH-2.0-OpenSSH_9.2\r\n", CLOSED },
	{ "/bad-status", "HTTP/1.1 abc\r\n\r\n", CLOSED },
	{ "/reset", "", RESET },
	{ "/reset-in-headers", "HTTP/1.1 200 OK\r\nContent-Le", RESET_LATER },
	{ "/reset-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten",
	    RESET_LATER },
};

static int
serve_written(struct served *s, int fd, size_t i)
{
	if (served_write(fd, written[i].text, strlen(written[i].text)) == -1)
		return -1;
	switch (written[i].then) {
	case KEPT:
		return 0;
	case CLOSED:
		return -1;
	case RESET_LATER: /* when it was read */
		(void)served_pause(s, fd, 30);
		break;
	case RESET:
		break;
	}
	return served_reset(fd);
}

static bool
is_path(const struct served_request *req, const char *path)
{
	size_t n = strcspn(req->path, "?");

	return strlen(path) == n && strncmp(req->path, path, n) == 0;
}

static const struct {
	const char *path;
	served_fn *serve;
} served_paths[] = {
	{ "/ok", serve_ok },
	{ "/chunked", serve_chunked },
	{ "/nothing", serve_nothing },
	{ "/drip", serve_drip },
	{ "/stall", serve_stall },
	{ "/large", serve_large },
	{ "/large-unsaid", serve_large_unsaid },
	{ "/huge-headers", serve_huge_headers },
	{ "/echo", serve_echo },
	{ "/500", serve_500 },
	{ "/redirect", serve_redirect },
	{ "/liar", serve_liar },
	{ "/cancel-waiting", serve_cancel_waiting },
	{ "/cancel-in-body", serve_cancel_in_body },
	{ "/flood", serve_flood },
	{ "/gzip", serve_gzip },
	{ "/gzip-pieces", serve_gzip_pieces },
	{ "/coded", serve_coded },
	{ "/bomb", serve_bomb },
	{ "/no-gzip", serve_no_gzip },
	{ "/not-gzip-chunked", serve_not_gzip },
	{ "/bad-gzip", serve_bad_gzip },
	{ "/no-coding", serve_no_coding },
	{ "/unknown-encoding", serve_unknown },
};

static int
serve(struct served *s, int fd, const struct served_request *req)
{
	size_t i;

	for (i = 0; i < NELEM(written); i++)
		if (is_path(req, written[i].path))
			return serve_written(s, fd, i);
	for (i = 0; i < NELEM(served_paths); i++)
		if (is_path(req, served_paths[i].path))
			return served_paths[i].serve(s, fd, req);
	return served_answer(fd, 404, "text/plain", "", "");
}

const char *
url_of(const char *path)
{
	static _Thread_local char url[128];

	snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s",
	    over_tls ? "https" : "http", srv.port, path);
	return url;
}

struct http_request
get(const char *path)
{
	return (struct http_request){ .method = "GET",
		.url = url_of(path),
		.flags = HTTP_OPERATOR };
}

bool
set_tls(void)
{
	over_tls = served_tls_has();
	if (!over_tls)
		fprintf(stderr, "skipped over TLS: built without libssl-dev\n");
	return over_tls;
}

int
start_engine(void)
{
	struct http_options o = { 0 };

	set_cancel(0);
	if (over_tls)
		o.ca_file = served_tls_ca();
	return http_start(&o);
}

int
start(void **state)
{
	(void)state;
	how = (struct served_tls){ 0 };
	if (over_tls)
		served_start_tls(&srv, serve, NULL, false, &how);
	else
		served_start(&srv, serve, NULL);
	return start_engine();
}

int
stop(void **state)
{
	(void)state;
	http_stop();
	if (over_tls)
		served_stop_tls(&srv, &how);
	else
		served_stop(&srv);
	return 0;
}
