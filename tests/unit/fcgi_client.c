#include "tests/unit/fcgi_client.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fastcgi.h>

#define READ_MS 30000 /* waited out only where something is wrong */

#define REQUESTS_MAX (1 * MIB)

static void
add(struct buf *b, const void *bytes, size_t len)
{
	if (buf_add(b, bytes, len) == -1)
		abort();
}

static void
add_record(struct buf *b, int type, const char *bytes, size_t len)
{
	unsigned char h[8] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(len >> 8), (unsigned char)len, 0, 0 };

	add(b, h, sizeof(h));
	add(b, bytes, len);
}

static void
add_length(struct buf *b, size_t len)
{
	unsigned char n[4] = { (unsigned char)(len >> 24 | 0x80),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8),
		(unsigned char)len };

	add(b, n, sizeof(n));
}

void
client_send(int fd, const char *const *params, const char *body, size_t len,
    bool is_whole)
{
	static const char begin[8] = { 0, FCGI_RESPONDER };
	struct buf out = BUF_INIT(REQUESTS_MAX), list = BUF_INIT(60000);

	add_record(&out, FCGI_BEGIN_REQUEST, begin, sizeof(begin));
	for (; *params != NULL; params++) {
		size_t name_len = strcspn(*params, "=");
		const char *value = *params + name_len + 1;

		add_length(&list, name_len);
		add_length(&list, strlen(value));
		add(&list, *params, name_len);
		add(&list, value, strlen(value));
	}
	add_record(&out, FCGI_PARAMS, buf_str(&list), list.len);
	add_record(&out, FCGI_PARAMS, "", 0);
	while (len > 0) {
		size_t n = len < 30000 ? len : 30000;

		add_record(&out, FCGI_STDIN, body, n);
		body += n;
		len -= n;
	}
	if (is_whole)
		add_record(&out, FCGI_STDIN, "", 0);
	if (write(fd, out.data, out.len) != (ssize_t)out.len)
		abort();
	buf_fini(&out);
	buf_fini(&list);
}

static int
read_all(int fd, void *to, size_t len)
{
	char *at = to;

	while (len > 0) {
		struct pollfd in = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&in, 1, READ_MS) != 1)
			return -1;
		n = read(fd, at, len);
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
client_read(int fd, struct buf *out)
{
	unsigned char h[8];
	char bytes[65536 + 256];

	while (read_all(fd, h, sizeof(h)) == 0) {
		size_t len = (size_t)h[4] << 8 | h[5];

		if (read_all(fd, bytes, len + h[6]) == -1)
			return -1;
		if (h[1] == FCGI_STDOUT)
			add(out, bytes, len);
		if (h[1] == FCGI_END_REQUEST)
			return 0;
	}
	return -1;
}

void
client_pair(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == -1)
		abort();
}

int
client_take(FCGX_Request *f, int fd)
{
	FCGX_InitRequest(f, -1, 0);
	f->ipcFd = fd;
	f->keepConnection = 1;
	if (FCGX_Accept_r(f) != 0)
		return -1;
	f->keepConnection = 0;
	return 0;
}
