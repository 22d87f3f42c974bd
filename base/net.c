#include "base/net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define ALL_BITS (8 * NET_BYTES)
#define MAPPED_BITS 96 /* in front of an IPv4 address */

static const unsigned char MAPPED[MAPPED_BITS / 8] = { 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0xff, 0xff };

static bool
is_mapped(const unsigned char bytes[NET_BYTES])
{
	return memcmp(bytes, MAPPED, sizeof(MAPPED)) == 0;
}

int
net_address(unsigned char out[NET_BYTES], const char *text)
{
	if (inet_pton(AF_INET6, text, out) == 1)
		return 0;
	memcpy(out, MAPPED, sizeof(MAPPED));
	return inet_pton(AF_INET, text, out + sizeof(MAPPED)) == 1 ? 0 : -1;
}

/* Of byte ${i}, those of the prefix. */
static unsigned char
mask_of(const struct net *net, int i)
{
	int bits = net->bits - 8 * i;

	return bits >= 8 ? 0xff
	    : bits <= 0  ? 0
			 : (unsigned char)(0xff << (8 - bits));
}

int
net_parse(struct net *out, const char *text, const char **why)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	int front = strchr(text, ':') != NULL ? 0 : MAPPED_BITS, i;
	int64_t bits = ALL_BITS - front;

	*why = "expected an address or a range, such as 10.0.0.7, 10.0.0.0/8 "
	       "or 2001:db8::/32";
	if (len >= sizeof(address))
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (net_address(out->bytes, address) == -1)
		return -1;
	if (text[len] == '/'
	    && (strspn(text + len + 1, "0123456789") != strlen(text + len + 1)
		|| text_int(text + len + 1, &bits) == -1 || bits < 0
		|| bits > ALL_BITS - front)) {
		*why = front > 0
		    ? "expected a number from 0 to 32 behind the /"
		    : "expected a number from 0 to 128 behind the /";
		return -1;
	}
	out->bits = front + (int)bits;
	*why = "the address does not begin the range: write the first address "
	       "of the range, or leave out the / and what follows it";
	for (i = 0; i < NET_BYTES; i++)
		if ((out->bytes[i] & ~mask_of(out, i)) != 0)
			return -1;
	return 0;
}

bool
net_has(const struct net *net, const unsigned char address[NET_BYTES])
{
	int i;

	for (i = 0; i < NET_BYTES && 8 * i < net->bits; i++)
		if (((net->bytes[i] ^ address[i]) & mask_of(net, i)) != 0)
			return false;
	return true;
}

void
net_text(const struct net *net, char out[NET_TEXT_MAX])
{
	bool v4 = net->bits >= MAPPED_BITS && is_mapped(net->bytes);
	int front = v4 ? MAPPED_BITS : 0;
	char address[INET6_ADDRSTRLEN];

	if (inet_ntop(v4 ? AF_INET : AF_INET6, net->bytes + front / 8, address,
		sizeof(address))
	    == NULL)
		address[0] = '\0';
	if (net->bits == ALL_BITS)
		(void)snprintf(out, NET_TEXT_MAX, "%s", address);
	else
		(void)snprintf(out, NET_TEXT_MAX, "%s/%d", address,
		    net->bits - front);
}
