#include "fcgi/cgi.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void
fill(FCGX_Stream *in)
{
	struct cgi *c = in->data;
	ssize_t n;

	do
		n = read(STDIN_FILENO, c->in_bytes, sizeof(c->in_bytes));
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		in->FCGI_errno = n == -1 ? errno : 0;
		in->isClosed = 1;
		return;
	}
	in->rdNext = in->stopUnget = c->in_bytes;
	in->stop = in->wrNext = c->in_bytes + n;
}

static void
empty(FCGX_Stream *out, int do_close)
{
	struct cgi *c = out->data;
	unsigned char *at = c->out_bytes;

	while (at < out->wrNext) {
		ssize_t n = write(STDOUT_FILENO, at,
		    (size_t)(out->wrNext - at));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			out->FCGI_errno = errno;
			out->isClosed = 1;
			return;
		}
		at += n;
	}
	out->wrNext = c->out_bytes;
	if (do_close)
		out->isClosed = 1;
}

void
cgi_begin(struct cgi *c, FCGX_Request *f)
{
	memset(c, 0, sizeof(*c));
	c->in = (FCGX_Stream){ .rdNext = c->in_bytes,
		.wrNext = c->in_bytes,
		.stop = c->in_bytes,
		.stopUnget = c->in_bytes,
		.isReader = 1,
		.fillBuffProc = fill,
		.data = c };
	c->out = (FCGX_Stream){ .rdNext = c->out_bytes + CGI_BUFFER,
		.wrNext = c->out_bytes,
		.stop = c->out_bytes + CGI_BUFFER,
		.emptyBuffProc = empty,
		.data = c };
	f->in = &c->in;
	f->out = &c->out;
	f->envp = environ;
}

int
cgi_flush(struct cgi *c)
{
	if (!c->out.isClosed)
		empty(&c->out, 1);
	return c->out.FCGI_errno == 0 ? 0 : -1;
}
