/*
 * http_kept: what TCP knows of a request whose connection ended unanswered.
 *
 * A server may close a connection that it kept while the next request is on
 * its way.  The request was not processed, for certain, when after it began to
 * leave the server's last words came (its FIN, and over TLS its close-notify)
 * and nothing that was sent meanwhile is acknowledged in them: the server had
 * closed before the first byte reached its kernel.  A reset proves nothing.
 * It acknowledges nothing either way, and a server that read the request and
 * died may have sent no other acknowledgment yet.
 *
 * The last words may have come before the request, too: curl sees an end that
 * is the next thing on the socket, and over TLS the close-notify stands before
 * it.
 *
 * Nor was it processed when it did not leave as a whole.
 */
#include <linux/tcp.h> /* not netinet/tcp.h: it lacks the counts */
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/http_priv.h"

/* TCP_CLOSE_WAIT of netinet/tcp.h: the server's FIN came, ours did not go. */
#define STATE_CLOSE_WAIT 8

static bool
counts(int fd, uint64_t *acked, uint64_t *received, bool *ended)
{
	struct tcp_info now;
	socklen_t len = sizeof(now);

	memset(&now, 0, sizeof(now));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &now, &len) == -1
	    || len < offsetof(struct tcp_info, tcpi_bytes_received)
		    + sizeof(now.tcpi_bytes_received))
		return false;
	*acked = now.tcpi_bytes_acked;
	*received = now.tcpi_bytes_received;
	*ended = now.tcpi_state == STATE_CLOSE_WAIT;
	return true;
}

void
http_kept_begin(struct transfer *t, const char *peer, int peer_port,
    int local_port)
{
	int fd = http_poll_own(t, peer, peer_port, local_port, http_kept_end);

	t->unprocessed = false;
	if (fd == -1)
		return;
	/* Nothing acknowledged, not even SYN: this kernel does not count. */
	if (counts(fd, &t->acked, &t->received, &t->ended) && t->acked > 0)
		t->fd = fd;
	else
		http_poll_disown(fd);
}

void
http_kept_end(struct transfer *t)
{
	uint64_t acked, received;
	curl_off_t left = 0;
	bool ended, owned;

	if (t->fd == -1)
		return;
	owned = http_poll_idle(t->fd, t);
	if (t->status == 0) {
		(void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &left);
		if (t->req.body != NULL && (size_t)left < t->req.body_len)
			t->unprocessed = true;
		if (owned && counts(t->fd, &acked, &received, &ended)
		    && acked == t->acked
		    && (t->ended || received > t->received))
			t->unprocessed = true;
		if (t->unprocessed)
			t->sent = false;
	}
	t->fd = -1;
}
