#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http.h"
#include "tests/unit/served.h"

#define HEAD_MAX (64 * KIB)
#define STOP_POLL_MS 20
#define FDS_MAX 16384

struct connection {
	struct connection *next;
	struct served *s;
	pthread_t thread;
	int fd;
	void *conn; /* the wire's */
	bool reset;
	atomic_bool over;
};

struct served_inner {
	served_fn *answer;
	int fd;
	atomic_bool stopping;
	pthread_t acceptor;
	const struct served_wire *wire;
	void *wire_ctx;
	struct connection *conns; /* the acceptor's */
};

/* By descriptor, each set and used by its connection's threads. */
static _Atomic(struct connection *) by_fd[FDS_MAX];

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "served: %s: %d\n", what, errno);
	abort();
}

int
served_write(int fd, const void *bytes, size_t len)
{
	const struct connection *c = atomic_load(&by_fd[fd]);
	const char *p = bytes;
	ssize_t n;

	while (len > 0) {
		n = c != NULL && c->conn != NULL
		    ? c->s->inner->wire->write(c->conn, p, len)
		    : send(fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
served_printf(int fd, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	must(n >= 0 && (size_t)n < sizeof(text), "text too long");
	return served_write(fd, text, (size_t)n);
}

int
served_answer(int fd, int status, const char *type, const char *headers,
    const char *body)
{
	if (served_printf(fd,
		"HTTP/1.1 %d Said\r\nContent-Type: %s\r\n"
		"Content-Length: %zu\r\n%s\r\n",
		status, type, strlen(body), headers)
	    == -1)
		return -1;
	return served_write(fd, body, strlen(body));
}

const char *
served_header(const struct served_request *req, const char *name, char *out,
    size_t max)
{
	size_t n = strlen(name), len;
	const char *line = req->head, *end;

	out[0] = '\0';
	for (; *line != '\0'; line = end + 2) {
		end = strstr(line, "\r\n");
		if (end == NULL)
			break;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1;
		line += strspn(line, " ");
		len = (size_t)(end - line);
		must(len < max, "header too long");
		memcpy(out, line, len);
		out[len] = '\0';
		break;
	}
	return out;
}

int
served_pause(struct served *s, int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	int step;

	while (ms > 0 && !atomic_load(&s->inner->stopping)) {
		step = ms < STOP_POLL_MS ? ms : STOP_POLL_MS;
		if (poll(&p, 1, step) > 0)
			return -1;
		ms -= step;
	}
	return atomic_load(&s->inner->stopping) ? -1 : 0;
}

int
served_reset(int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	struct connection *c = atomic_load(&by_fd[fd]);

	if (c != NULL)
		c->reset = true;
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	return -1;
}

/* From the client to ${to}; -1: it is gone. */
static int
pass_on(const struct connection *c, int to)
{
	char bytes[4096];
	ssize_t n = c->conn != NULL
	    ? c->s->inner->wire->read(c->conn, bytes, sizeof(bytes))
	    : recv(c->fd, bytes, sizeof(bytes), 0);

	return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -1;
}

int
served_tunnel(struct served *s, int fd, int port)
{
	const struct connection *c = atomic_load(&by_fd[fd]);
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = to, .events = POLLIN } };
	char bytes[4096];
	ssize_t n;

	must(to != -1 && connect(to, (struct sockaddr *)&a, sizeof(a)) == 0,
	    "tunnel");
	while (!atomic_load(&s->inner->stopping)) {
		p[0].revents = p[1].revents = 0;
		if (c->conn != NULL && s->inner->wire->holds(c->conn))
			p[0].revents = POLLIN;
		else if (poll(p, 2, STOP_POLL_MS) <= 0)
			continue;
		if (p[0].revents != 0 && pass_on(c, to) == -1)
			break;
		if (p[1].revents == 0)
			continue;
		n = recv(to, bytes, sizeof(bytes), 0);
		if (n <= 0 || served_write(fd, bytes, (size_t)n) == -1)
			break;
	}
	close(to);
	return -1;
}

/* Bytes, or 0: the peer is gone or the server stops. */
static size_t
receive(struct connection *c, char *out, size_t max)
{
	const struct served_inner *in = c->s->inner;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	ssize_t n;

	while (!atomic_load(&in->stopping)) {
		if ((c->conn == NULL || !in->wire->holds(c->conn))
		    && poll(&p, 1, STOP_POLL_MS) <= 0)
			continue;
		n = c->conn != NULL ? in->wire->read(c->conn, out, max)
				    : recv(c->fd, out, max, 0);
		return n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* One request into ${req}; -1: there is no more. */
static int
read_request(struct connection *c, struct served_request *req)
{
	size_t len = 0, head_len, want = 0;
	char value[32], *end = NULL;
	size_t n;

	req->head = malloc(HEAD_MAX + 1);
	must(req->head != NULL, "memory");
	while (end == NULL) {
		must(len < HEAD_MAX, "request too long");
		n = receive(c, req->head + len, HEAD_MAX - len);
		if (n == 0)
			return -1;
		len += n;
		req->head[len] = '\0';
		end = strstr(req->head, "\r\n\r\n");
	}
	head_len = (size_t)(end + 4 - req->head);
	must(sscanf(req->head, "%15s %511s", req->method, req->path) == 2,
	    "request line");
	end[2] = '\0';
	if (*served_header(req, "content-length", value, sizeof(value)) != 0)
		want = strtoul(value, NULL, 10);
	req->body = malloc(want + 1);
	must(req->body != NULL, "memory");
	len -= head_len;
	must(len <= want, "pipelined request");
	memcpy(req->body, req->head + head_len, len);
	for (; len < want; len += n) {
		n = receive(c, req->body + len, want - len);
		if (n == 0)
			return -1;
	}
	req->body[want] = '\0';
	req->body_len = want;
	return 0;
}

static void *
serve(void *arg)
{
	struct connection *c = arg;
	const struct served_inner *in = c->s->inner;
	struct served_request req;
	int rc = 0;

	if (in->wire != NULL) {
		c->conn = in->wire->open(in->wire_ctx, c->fd);
		rc = c->conn == NULL ? -1 : 0;
	}
	while (rc == 0 && !atomic_load(&in->stopping)) {
		memset(&req, 0, sizeof(req));
		rc = read_request(c, &req);
		if (rc == 0) {
			atomic_fetch_add(&c->s->requests, 1);
			rc = in->answer(c->s, c->fd, &req);
		}
		free(req.head);
		free(req.body);
	}
	if (c->conn != NULL)
		in->wire->close(in->wire_ctx, c->conn, c->reset);
	atomic_store(&by_fd[c->fd], NULL);
	close(c->fd);
	atomic_store(&c->over, true);
	return NULL;
}

/* Join those that are over, or all. */
static void
reap(struct served_inner *in, bool all)
{
	struct connection **at = &in->conns, *c;

	while (*at != NULL) {
		c = *at;
		if (!all && !atomic_load(&c->over)) {
			at = &c->next;
			continue;
		}
		pthread_join(c->thread, NULL);
		*at = c->next;
		free(c);
	}
}

static void *
accept_all(void *arg)
{
	struct served *s = arg;
	struct served_inner *in = s->inner;
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	struct connection *c;
	const int on = 1;
	int fd;

	while (!atomic_load(&in->stopping)) {
		if (poll(&p, 1, STOP_POLL_MS) <= 0)
			continue;
		fd = accept4(in->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd == -1)
			continue;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		reap(in, false);
		c = calloc(1, sizeof(*c));
		must(c != NULL && fd < FDS_MAX, "too many connections");
		c->s = s;
		c->fd = fd;
		c->next = in->conns;
		in->conns = c;
		atomic_store(&by_fd[fd], c);
		atomic_fetch_add(&s->connections, 1);
		must(pthread_create(&c->thread, NULL, serve, c) == 0, "thread");
	}
	return NULL;
}

void
served_start_on(struct served *s, served_fn *answer, void *ctx, bool is_v6,
    const struct served_wire *wire, void *wire_ctx)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *a = is_v6 ? (void *)&v6 : (void *)&v4;
	socklen_t len = is_v6 ? sizeof(v6) : sizeof(v4);
	struct served_inner *in = calloc(1, sizeof(*in));

	must(in != NULL, "memory");
	memset(s, 0, sizeof(*s));
	s->inner = in;
	s->ctx = ctx;
	in->answer = answer;
	in->wire = wire;
	in->wire_ctx = wire_ctx;
	in->fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(in->fd != -1, "socket");
	must(bind(in->fd, a, len) == 0, "bind");
	must(listen(in->fd, SOMAXCONN) == 0, "listen");
	must(getsockname(in->fd, a, &len) == 0, "name");
	s->port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
	must(pthread_create(&in->acceptor, NULL, accept_all, s) == 0, "thread");
}

void
served_start(struct served *s, served_fn *answer, void *ctx)
{
	served_start_on(s, answer, ctx, false, NULL, NULL);
}

void
served_stop(struct served *s)
{
	struct served_inner *in = s->inner;

	atomic_store(&in->stopping, true);
	pthread_join(in->acceptor, NULL);
	reap(in, true);
	close(in->fd);
	free(in);
	s->inner = NULL;
}

int
served_with_http(struct served *s, served_fn *answer)
{
	served_start(s, answer, NULL);
	return http_start(NULL);
}

int
served_without_http(struct served *s)
{
	http_stop();
	served_stop(s);
	return 0;
}

int
served_lines(const char *path, const char *word)
{
	char line[4 * KIB];
	FILE *f = fopen(path, "r");
	int n = 0;

	must(f != NULL, "a file to read");
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, word) != NULL;
	fclose(f);
	return n;
}
