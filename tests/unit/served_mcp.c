#include <sys/socket.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tests/unit/served_mcp.h"

#define KEPT_MAX 1024
#define RULES_MAX 32
#define WAIT_MS 30000

static struct served srv;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct rule *rules; /* under the lock, as all below */
static int used[RULES_MAX];
static struct {
	char method[64];
	char *text;
} kept[KEPT_MAX];
static int nkept;
static struct buf outgoing; /* of the link */
static int links, link_up;  /* number of the last, of the open one */
static bool link_to_end;
static const char *link_begins = "";
static char url[64];

/* ---- requests ------------------------------------------------------------ */

static void
method_of(const struct served_request *req, char out[64])
{
	const char *m = strstr(req->body, "\"method\":\"");

	if (strcmp(req->method, "POST") != 0)
		snprintf(out, 64, "%s", req->method);
	else if (m == NULL)
		snprintf(out, 64, "answer");
	else
		snprintf(out, 64, "%.*s", (int)strcspn(m + 10, "\""), m + 10);
}

static void
keep(const char *method, const struct served_request *req)
{
	size_t len = strlen(req->head) + req->body_len + 1;

	if (nkept == KEPT_MAX)
		abort();
	snprintf(kept[nkept].method, sizeof(kept[nkept].method), "%s", method);
	kept[nkept].text = malloc(len);
	snprintf(kept[nkept].text, len, "%s%s", req->head, req->body);
	nkept++;
}

/* ' to ", $ID to the request's id. */
static void
fill(struct buf *out, const char *body, const char *request)
{
	const char *id = strstr(request, "\"id\":"), *p;
	int rc = 0;

	for (p = body; *p != '\0'; p++) {
		if (*p == '\'')
			rc |= buf_add_char(out, '"');
		else if (strncmp(p, "$ID", 3) == 0) {
			if (id != NULL)
				rc |= buf_add(out, id + 5,
				    strcspn(id + 5, ",}"));
			p += 2;
		} else
			rc |= buf_add_char(out, *p);
	}
	if (rc != 0)
		abort();
}

static const char *
type_of(const char *body)
{
	static const char *const begins[] = { "event:", "data:", "id:", ":" };
	size_t i;

	for (i = 0; i < NELEM(begins); i++)
		if (strncmp(body, begins[i], strlen(begins[i])) == 0)
			return "text/event-stream; charset=utf-8";
	return body[0] == '<' ? "text/html" : "application/json";
}

static const struct rule *
rule_of(const char *method, const struct served_request *req)
{
	int i;

	for (i = 0; rules[i].method != NULL; i++) {
		if (strcmp(rules[i].method, "*") != 0
		    && strcmp(rules[i].method, method) != 0)
			continue;
		if (rules[i].when != NULL
		    && strstr(req->head, rules[i].when) == NULL
		    && strstr(req->body, rules[i].when) == NULL)
			continue;
		if (rules[i].times > 0 && used[i] >= rules[i].times)
			continue;
		used[i]++;
		return &rules[i];
	}
	return NULL;
}

static int
serve(struct served *s, int fd, const struct served_request *req)
{
	const struct rule *r;
	struct buf body = BUF_INIT(64 * MIB);
	char method[64];
	bool by_link;
	int rc;

	method_of(req, method);
	pthread_mutex_lock(&lock);
	keep(method, req);
	r = rule_of(method, req);
	if (r != NULL && r->body != NULL)
		fill(&body, r->body, req->body);
	by_link = link_up != 0 && strncmp(req->path, "/messages", 9) == 0;
	if (by_link && r != NULL && r->status == 200 && body.len > 0
	    && (buf_add_str(&outgoing, "event: message\ndata: ") == -1
		|| buf_add(&outgoing, body.data, body.len) == -1
		|| buf_add_str(&outgoing, "\n\n") == -1))
		abort();
	pthread_mutex_unlock(&lock);
	if (r == NULL)
		rc = served_answer(fd,
		    strstr(req->body, "\"id\":") == NULL ? 202 : 404,
		    "text/plain", "", "");
	else if (r->status == 0)
		rc = r->serve(s, fd, req);
	else if (by_link)
		rc = served_answer(fd, r->status == 200 ? 202 : r->status,
		    "text/plain", "", "");
	else
		rc = served_answer(fd, r->status, type_of(buf_str(&body)),
		    r->headers == NULL ? "" : r->headers, buf_str(&body));
	buf_fini(&body);
	return rc;
}

int
serve_silence(struct served *s, int fd, const struct served_request *req)
{
	(void)req;
	(void)served_pause(s, fd, 20000);
	return -1;
}

int
serve_link(struct served *s, int fd, const struct served_request *req)
{
	const char *begins;
	int rc = 0, me;

	(void)req;
	pthread_mutex_lock(&lock);
	begins = link_begins;
	me = link_up = ++links;
	link_to_end = false;
	buf_reset(&outgoing);
	pthread_mutex_unlock(&lock);
	served_printf(fd,
	    "HTTP/1.1 200 OK\r\nContent-Type: "
	    "text/event-stream\r\n\r\n: hello\n\n"
	    "event: endpoint\ndata: /messages?s=1\n\n%s",
	    begins);
	while (rc == 0 && served_pause(s, fd, 2) == 0) {
		pthread_mutex_lock(&lock);
		if (link_up != me)
			rc = -1;
		else if (outgoing.len > 0)
			rc = served_write(fd, outgoing.data, outgoing.len);
		if (rc == 0)
			buf_reset(&outgoing);
		if (link_to_end)
			rc = -1;
		pthread_mutex_unlock(&lock);
	}
	(void)shutdown(fd, SHUT_RDWR);
	pthread_mutex_lock(&lock);
	if (link_up == me)
		link_up = 0; /* the end is on its way */
	pthread_mutex_unlock(&lock);
	return -1;
}

void
link_begin_with(const char *text)
{
	pthread_mutex_lock(&lock);
	link_begins = text;
	pthread_mutex_unlock(&lock);
}

void
link_say(const char *text)
{
	pthread_mutex_lock(&lock);
	if (buf_add_str(&outgoing, text) == -1)
		abort();
	pthread_mutex_unlock(&lock);
}

void
link_cut(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	bool up;

	do {
		pthread_mutex_lock(&lock);
		link_to_end = true;
		up = link_up != 0;
		pthread_mutex_unlock(&lock);
		if (up)
			nanosleep(&ms, NULL);
	} while (up);
}

/* ---- tests --------------------------------------------------------------- */

void
rules_start(const struct rule *r)
{
	buf_init(&outgoing, 64 * MIB);
	rules_change(r);
	served_start(&srv, serve, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/mcp", srv.port);
}

void
rules_change(const struct rule *r)
{
	pthread_mutex_lock(&lock);
	rules = r;
	memset(used, 0, sizeof(used));
	pthread_mutex_unlock(&lock);
}

void
rules_stop(void)
{
	served_stop(&srv);
	while (nkept > 0)
		free(kept[--nkept].text);
	buf_fini(&outgoing);
}

const char *
rules_url(void)
{
	return url;
}

int
rules_port(void)
{
	return srv.port;
}

int
rules_count(const char *method)
{
	int i, n = 0;

	pthread_mutex_lock(&lock);
	for (i = 0; i < nkept; i++)
		n += strcmp(kept[i].method, method) == 0;
	pthread_mutex_unlock(&lock);
	return n;
}

const char *
rules_request(const char *method, int n)
{
	const char *text = "";
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < nkept; i++)
		if (strcmp(kept[i].method, method) == 0 && n-- == 0)
			text = kept[i].text;
	pthread_mutex_unlock(&lock);
	return text;
}

bool
rules_wait(const char *method, int n)
{
	int64_t until = clock_boot_ms() + WAIT_MS;
	struct timespec ms = { .tv_nsec = 1000000 };

	while (rules_count(method) < n && clock_boot_ms() < until)
		nanosleep(&ms, NULL);
	return rules_count(method) >= n;
}
