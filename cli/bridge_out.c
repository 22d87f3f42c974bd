/*
 * bridge_out: lines of standard output, whole, one after the other.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/bridge.h"
#include "mcp/rpc.h"

/* Not through stdio: whoever reads no more must not hold the end up. */
static void
write_all(struct bridge *b, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0 && !atomic_load(&b->gone)) {
		n = write(STDOUT_FILENO, bytes, len);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno != EINTR)
			atomic_store(&b->gone, true);
	}
}

/* JSON has an end of line only between its parts, where a blank does. */
void
bridge_write(struct bridge *b, const char *json, size_t len)
{
	size_t n;

	pthread_mutex_lock(&b->out);
	while (len > 0) {
		for (n = 0; n < len && json[n] != '\n' && json[n] != '\r';)
			n++;
		write_all(b, json, n);
		if (n < len)
			write_all(b, " ", 1);
		json += n < len ? n + 1 : n;
		len -= n < len ? n + 1 : n;
	}
	write_all(b, "\n", 1);
	pthread_mutex_unlock(&b->out);
}

void
bridge_error(struct bridge *b, const json_t *id, int code, const char *message,
    const json_t *data)
{
	struct buf out = BUF_INIT(WIRE_MESSAGE_MAX);

	if (rpc_write_fault(&out, id, code, message, data) == 0)
		bridge_write(b, buf_str(&out), out.len);
	buf_fini(&out);
}

void
bridge_say(const struct bridge *b, const char *text)
{
	fprintf(stderr, "dragoman mcp: %s\n",
	    text[0] == '\0' ? "failed" : text);
	(void)b;
}
