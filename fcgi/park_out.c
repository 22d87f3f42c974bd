/*
 * What a parked request is answered: FastCGI records, as far as its connection
 * takes them.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>

#include "fcgi/park_priv.h"
#include "fcgi/fcgi_record.h"
#include "fcgi/response.h"

/* Of the records of ${len} bytes, and of the last one: heads and padding. */
#define RECORDS_EXTRA(len) (KIB + (len) / KIB)
#define SEND_MS 60000 /* for the last bytes, to one who hardly reads */

static void
want_events(struct parked *p, bool writing)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP
		    | (writing ? EPOLLOUT : 0),
		.data.ptr = p };

	if (p->writing == writing)
		return;
	p->writing = writing;
	(void)epoll_ctl(p->park->epoll, EPOLL_CTL_MOD, p->fd, &ev);
}

void
park_out_flush(struct parked *p)
{
	while (p->out.len > 0) {
		ssize_t n = send(p->fd, p->out.data, p->out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			buf_drop(&p->out, (size_t)n);
		} else if (n == -1 && errno == EINTR) {
			continue;
		} else if (n == -1 && errno == EAGAIN) {
			break;
		} else {
			p->gone = true;
			return;
		}
	}
	want_events(p, p->out.len > 0);
}

void
park_out_add(struct parked *p, const char *bytes, size_t len)
{
	if (p->gone || p->stage == STAGE_ENDED)
		return;
	/* Too slow a reader is who left so much unread, not who is sent one
	 * long answer. */
	p->out.max = PARK_OUT_MAX + len + RECORDS_EXTRA(len);
	if (p->out.len > PARK_OUT_MAX
	    || fcgi_record_stdout(&p->out, p->request_id, bytes, len) == -1) {
		p->gone = true;
		return;
	}
	p->sent += len;
	park_said(p);
}

static void
add_head(struct parked *p, int status, const char *type, const char *headers,
    int64_t len)
{
	struct response_head h = { status, type, p->id, len, p->headers,
		headers };
	size_t n = response_head(&h, NULL, 0);
	char *head = malloc(n + 1);

	if (head == NULL)
		abort();
	p->status = status;
	park_out_add(p, head, response_head(&h, head, n + 1));
	free(head);
	p->sent = 0;
}

void
park_reply(struct parked *p, int status, const char *type, const char *headers,
    const char *body, size_t len)
{
	if (p->stage == STAGE_ENDED)
		return;
	add_head(p, status, type, headers, (int64_t)len);
	if (!p->head_only)
		park_out_add(p, body, len);
	park_end(p);
}

void
park_head(struct parked *p, int status, const char *type, const char *headers)
{
	if (p->stage == STAGE_ENDED || p->streaming)
		return;
	p->streaming = true;
	add_head(p, status, type, headers, RESPONSE_STREAM);
	if (p->head_only) /* of a stream, too, HEAD wants no more */
		park_end(p);
}

void
park_write(struct parked *p, const char *bytes, size_t len)
{
	park_out_add(p, bytes, len);
}

void
park_end(struct parked *p)
{
	if (p->stage == STAGE_ENDED || p->gone)
		return;
	if (fcgi_record_end(&p->out, p->request_id) == -1)
		p->gone = true;
	p->stage = STAGE_ENDED;
	p->deadline_ms = clock_boot_ms() + SEND_MS;
}

struct edge *
park_edge(struct parked *p)
{
	return p->edge;
}
