#include "fcgi/fcgi_record.h"

#define VERSION 1
#define TYPE_END_REQUEST 3
#define TYPE_STDOUT 6

static int
add_header(struct buf *out, int type, int id, size_t len, size_t padding)
{
	unsigned char h[8] = { VERSION, (unsigned char)type,
		(unsigned char)(id >> 8), (unsigned char)id,
		(unsigned char)(len >> 8), (unsigned char)len,
		(unsigned char)padding, 0 };

	return buf_add(out, h, sizeof(h));
}

int
fcgi_record_stdout(struct buf *out, int request_id, const void *bytes,
    size_t len)
{
	static const unsigned char ZERO[8];
	const char *at = bytes;

	while (len > 0) {
		size_t n = len > FCGI_RECORD_CONTENT_MAX
		    ? FCGI_RECORD_CONTENT_MAX
		    : len;
		size_t padding = (8 - n % 8) % 8;

		if (add_header(out, TYPE_STDOUT, request_id, n, padding) == -1
		    || buf_add(out, at, n) == -1
		    || buf_add(out, ZERO, padding) == -1)
			return -1;
		at += n;
		len -= n;
	}
	return 0;
}

int
fcgi_record_end(struct buf *out, int request_id)
{
	static const unsigned char COMPLETE[8]; /* status 0, complete */

	if (add_header(out, TYPE_STDOUT, request_id, 0, 0) == -1
	    || add_header(out, TYPE_END_REQUEST, request_id, sizeof(COMPLETE),
		   0)
		== -1)
		return -1;
	return buf_add(out, COMPLETE, sizeof(COMPLETE));
}
