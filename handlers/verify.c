/*
 * verify: who is asking.  Closed until opened: without a secret nobody is let
 * in, unless the operator said chat.open, and then only this machine is.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/edge.h"
#include "handlers/handlers.h"
#include "handlers/verify_priv.h"
#include "nouns/settings.h"

#define LOG_AGAIN_MS 60000 /* what to set is said once a minute */

static const char REFUSED[] = "Invalid or missing X-Proxy-Secret header";

bool
verify_host_is_loopback(const char *host)
{
	size_t len;

	if (host == NULL || *host == '\0')
		return true; /* HTTP/1.0 and unix sockets; no browser */
	if (*host == '[')
		return strncmp(host, "[::1]", 5) == 0
		    && (host[5] == '\0' || host[5] == ':');
	len = strcspn(host, ":");
	if (len == strlen("localhost")
	    && strncasecmp(host, "localhost", len) == 0)
		return true;
	return len <= strlen("127.255.255.255") && strncmp(host, "127.", 4) == 0
	    && strspn(host, "0123456789.") == len;
}

static void
say_what_to_set(const char *why)
{
	static _Atomic int64_t said_ms;
	int64_t now = clock_boot_ms(), last = atomic_load(&said_ms);

	if (last != 0 && now - last < LOG_AGAIN_MS)
		return;
	if (atomic_compare_exchange_strong(&said_ms, &last, now))
		log_event(LOG_WARN, "chat_closed", F_STR("why", why),
		    F_STR("remedy",
			"set PROXY_SECRET (or PROXY_SECRET_FILE) and send it "
			"in the header X-Proxy-Secret; chat.open: true serves "
			"this machine only"));
}

/* Whoever has the secret speaks for all people of HTTP's connection. */
static int
let_in(struct request *req)
{
	req->caller = (struct caller){ .tenant = "default",
		.connection = "http",
		.role = "client" };
	return 0;
}

int
verify_proxy_secret(struct request *req, struct refusal *why)
{
	const struct settings *s = req->settings;

	if (secret_is_set(&s->proxy_secret)) {
		const char *given = request_header(req, "X-Proxy-Secret");

		if (given != NULL && secret_list_has(&s->proxy_secret, given))
			return let_in(req);
	} else if (!s->chat_open)
		say_what_to_set("no PROXY_SECRET is set");
	else if (atomic_load(&req->edge->is_public) || !req->local
	    || !verify_host_is_loopback(request_header(req, "Host")))
		say_what_to_set("chat.open serves loopback only");
	else
		return let_in(req);
	*why = (struct refusal){ .status = 401, .detail = REFUSED };
	return -1;
}

/* Is ${address} in ${range}, "10.0.0.0/8" or one address? */
static bool
range_has(const char *range, const char *address)
{
	unsigned char want[16], have[16], mask;
	char text[64];
	const char *slash = strchr(range, '/');
	size_t len = slash != NULL ? (size_t)(slash - range) : strlen(range);
	int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	long bits = family == AF_INET6 ? 128 : 32;

	if (len >= sizeof(text))
		return false;
	memcpy(text, range, len);
	text[len] = '\0';
	if (inet_pton(family, text, want) != 1
	    || inet_pton(family, address, have) != 1)
		return false;
	if (slash != NULL) {
		char *end;
		long n = strtol(slash + 1, &end, 10);

		if (!isdigit((unsigned char)slash[1]) || *end != '\0' || n < 0
		    || n > bits)
			return false;
		bits = n;
	}
	if (memcmp(want, have, (size_t)bits / 8) != 0)
		return false;
	if (bits % 8 == 0)
		return true;
	mask = (unsigned char)(0xff << (8 - bits % 8));
	return (want[bits / 8] & mask) == (have[bits / 8] & mask);
}

int
verify_metrics(struct request *req, struct refusal *why)
{
	const struct config_list *list = &req->settings->server_metrics_allow;
	size_t i;

	if (req->local)
		return 0;
	for (i = 0; i < list->n; i++)
		if (range_has(list->items[i], req->remote))
			return 0;
	*why = (struct refusal){ .status = 403,
		.detail = "metrics are for loopback and the addresses in "
			  "server.metrics_allow" };
	return -1;
}
