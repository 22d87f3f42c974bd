/*
 * link_transport: the kinds of socket that Redis is reached by.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "redis/link_priv.h"

static redisContext *
connect_tcp(const struct link_place *p, struct timeval wait)
{
	return redisConnectWithTimeout(p->host, p->port, wait);
}

static void
tune_tcp(redisContext *c)
{
	const int one = 1;

	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)redisEnableKeepAlive(c);
}

static redisContext *
connect_unix(const struct link_place *p, struct timeval wait)
{
	return redisConnectUnixWithTimeout(p->path, wait);
}

const struct link_transport LINK_TCP = { "tcp", connect_tcp, tune_tcp };
const struct link_transport LINK_UNIX = { "unix", connect_unix, NULL };
