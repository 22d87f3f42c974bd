#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/http.h"
#include "base/http_priv.h"

/* What is not the public internet, by IANA's registries of special ranges. */
static const struct {
	uint32_t net;
	int bits;
} private_v4[] = {
	{ 0x00000000, 8 },  /* this network */
	{ 0x0a000000, 8 },  /* private */
	{ 0x64400000, 10 }, /* carrier-grade NAT */
	{ 0x7f000000, 8 },  /* loopback */
	{ 0xa9fe0000, 16 }, /* link-local, cloud metadata */
	{ 0xac100000, 12 }, /* private */
	{ 0xc0000000, 24 }, /* protocol assignments */
	{ 0xc0000200, 24 }, /* documentation */
	{ 0xc0586300, 24 }, /* 6to4 relays */
	{ 0xc0a80000, 16 }, /* private */
	{ 0xc6120000, 15 }, /* benchmarks */
	{ 0xc6336400, 24 }, /* documentation */
	{ 0xcb007100, 24 }, /* documentation */
	{ 0xe0000000, 4 },  /* multicast */
	{ 0xf0000000, 4 },  /* reserved, broadcast */
};

static bool
v4_is_private(uint32_t addr)
{
	size_t i;

	for (i = 0; i < NELEM(private_v4); i++)
		if ((addr ^ private_v4[i].net) >> (32 - private_v4[i].bits)
		    == 0)
			return true;
	return false;
}

static uint32_t
v4_of(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16
	    | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool
v6_is_private(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	/* Another way to write an IPv4 address: the same rules. */
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return v4_is_private(v4_of(a + 12));
	/* Only 2000::/3 is global unicast. */
	if ((a[0] & 0xe0) != 0x20)
		return true;
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4: an IPv4 host behind it */
		return true;
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02) /* Teredo, ORCHID */
		return true;
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8)
		return true; /* documentation */
	if (a[0] == 0x3f && a[1] == 0xff && (a[2] & 0xf0) == 0)
		return true; /* documentation */
	return false;
}

bool
http_address_is_private(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, (const void *)sa, sizeof(in));
		return v4_is_private(ntohl(in.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&in6, (const void *)sa, sizeof(in6));
		return v6_is_private(in6.sin6_addr.s6_addr);
	default:
		return true;
	}
}

const char *
http_guard_refuses(const struct http_request *req)
{
	size_t i;

	if (req->url == NULL || req->method == NULL)
		return "no address";
	if (strncasecmp(req->url, "http://", 7) == 0) {
		if ((req->flags & HTTP_OPERATOR) == 0)
			return "an address must begin with https://";
	} else if (strncasecmp(req->url, "https://", 8) != 0) {
		return "not an http address";
	}
	for (i = 0; req->method[i] != '\0'; i++)
		if (req->method[i] < 'A' || req->method[i] > 'Z')
			return "not an HTTP method";
	/* A line break in a value would begin a header of its sender's. */
	for (i = 0; i < HTTP_HEADERS_MAX && req->headers[i] != NULL; i++)
		if (strpbrk(req->headers[i], "\r\n") != NULL
		    || strchr(req->headers[i], ':') == NULL)
			return "a header that is no header line";
	return NULL;
}
