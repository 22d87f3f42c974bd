/*
 * wire_why: why an MCP server gave no answer, and what to do about it, in
 * words.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli/wire.h"

/* What is done about what HTTP met on its way. */
static const char *const OF_CAUSES[HTTP_CAUSE_N] = {
	[HTTP_CAUSE_CA_FILE] = "name a readable PEM file as http.ca_file",
	[HTTP_CAUSE_AUTHORITY] = "set http.ca_file to the certificate of the "
				 "authority that signed it",
	[HTTP_CAUSE_OTHER_NAME] = "use the host's name that is in its "
				  "certificate",
	[HTTP_CAUSE_EARLY] = "correct this machine's clock",
	[HTTP_CAUSE_CERTIFICATE] = "correct the server's certificate",
	[HTTP_CAUSE_PROXY] = "start the proxy, or correct http.proxy",
	[HTTP_CAUSE_NEEDS_HTTPS] = "write https:// instead of http://",
	[HTTP_CAUSE_NEEDS_HTTP] = "write http:// instead of https://, or "
				  "correct the port",
	[HTTP_CAUSE_OLD_TLS] = "let the server speak TLS 1.2 or newer",
	[HTTP_CAUSE_NO_HOST] = "correct the host's name",
	[HTTP_CAUSE_CONNECT] = "start Dragoman, or correct the address (--url)",
};

#define A_KEY                                                   \
	"`dragoman key create --name NAME --role write` makes " \
	"one; give it in DRAGOMAN_KEY, or its file with --key-file"

const char *
wire_remedy(const struct wire *w, int status)
{
	switch (status) {
	case 401:
		return w->key.len == 0
		    ? "the server wants a key: " A_KEY
		    : "it does not take this key: `dragoman key list` shows "
		      "which there are; " A_KEY;
	case 403:
		return "use an address that the server serves to others, or a "
		       "key";
	case 404:
		return "Dragoman's address ends in /mcp";
	case 405:
		return "Dragoman's address ends in /mcp; another server may "
		       "speak an older form of MCP";
	case 413:
		return "raise mcp.body_max, and client_max_body_size of nginx";
	case 429:
		return "wait, or raise mcp.rate_limit or the key's --rate";
	case 502:
	case 503:
	case 504:
		return "`dragoman status` on the server says what is wrong";
	default:
		return "";
	}
}

static const char *
of_status(const struct wire *w, struct arena *mem, const struct wire_got *got,
    const char *said)
{
	const char *remedy = wire_remedy(w, got->status);

	if (got->location[0] != '\0' && got->status >= 300 && got->status < 400)
		return arena_printf(mem,
		    "the server sends to another address: use %s",
		    text_address_shown(mem,
			text_printable(mem, got->location)));
	if (said[0] == '\0')
		said = got->status < 300 ? "its answer is no message of MCP"
					 : "";
	return arena_printf(mem, "the server answered %d%s%s%s%s", got->status,
	    said[0] == '\0' ? "" : ": ", said, remedy[0] == '\0' ? "" : "; ",
	    remedy);
}

const char *
wire_why(const struct wire *w, struct arena *mem, const struct wire_got *got,
    const char *said)
{
	const char *at = text_address_shown(mem, w->url);
	const char *remedy = OF_CAUSES[got->cause];

	if (got->status != 0 && got->rc == HTTP_OK)
		return of_status(w, mem, got, said);
	if (got->rc == HTTP_UNREACHED || got->rc == HTTP_BLOCKED)
		return arena_printf(mem, "nobody answers at %s (%s)%s%s", at,
		    got->why, remedy == NULL ? "" : ": ",
		    remedy == NULL ? "" : remedy);
	return arena_printf(mem,
	    "no answer came from %s (%s)%s%s; whether it was done is not "
	    "known",
	    at, got->why, remedy == NULL ? "" : ": ",
	    remedy == NULL ? "" : remedy);
}
