#include "mcp/session_id.h"

#include <sodium.h>
#include <string.h>

#include "base/seal.h"
#include "mcp/revision.h"

#define FORMAT 1
#define KEY_BYTES 8 /* of a digest: enough to tell keys apart */
#define EARLY_S 300 /* clocks of two hosts differ */
#define MAC_NOUN "mcp-session"
#define KEY_NOUN "mcp-session-key"
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define TEXT_LEN 43 /* base64url of RAW */

/* 1 format, 1 revision, 1 capabilities, 5 time, 8 key, 16 random */
#define RAW 32
#define AT_REVISION 1
#define AT_CLIENT 2
#define AT_TIME 3
#define AT_KEY 8
#define AT_RANDOM 16
#define TIME_BYTES 5

static void
digest_of(const char *key, unsigned char out[KEY_BYTES])
{
	char hex[SEAL_DIGEST_MAX];
	size_t len;

	seal_digest(KEY_NOUN, key, strlen(key), hex);
	(void)sodium_hex2bin(out, KEY_BYTES, hex, 2 * KEY_BYTES, NULL, &len,
	    NULL);
}

void
mcp_session_id_make(const struct seal_ring *ring, const char *key, int revision,
    unsigned client, int64_t now_s, char out[MCP_SESSION_ID_MAX])
{
	unsigned char raw[RAW] = { FORMAT };
	char mac[SEAL_DIGEST_MAX];
	int i;

	raw[AT_REVISION] = (unsigned char)revision;
	raw[AT_CLIENT] = (unsigned char)client;
	for (i = 0; i < TIME_BYTES; i++)
		raw[AT_TIME + i] = (unsigned char)(now_s
		    >> (8 * (TIME_BYTES - 1 - i)));
	digest_of(key, raw + AT_KEY);
	randombytes_buf(raw + AT_RANDOM, MCP_SESSION_RANDOM);
	sodium_bin2base64(out, TEXT_LEN + 1, raw, RAW, VARIANT);
	seal_mac(ring, MAC_NOUN, out, TEXT_LEN, mac);
	out[TEXT_LEN] = '.';
	memcpy(out + TEXT_LEN + 1, mac, sizeof(mac));
}

bool
mcp_session_id_read(const struct seal_ring *ring, const char *text,
    const char *key, int64_t now_s, int64_t max_s, struct mcp_session *out)
{
	unsigned char raw[RAW], whose[KEY_BYTES];
	size_t len;
	int i;

	/* The MAC first: what follows reads only what we wrote. */
	if (strlen(text) != MCP_SESSION_ID_MAX - 1 || text[TEXT_LEN] != '.'
	    || !seal_mac_matches(ring, MAC_NOUN, text, TEXT_LEN,
		text + TEXT_LEN + 1)
	    || sodium_base642bin(raw, sizeof(raw), text, TEXT_LEN, NULL, &len,
		   NULL, VARIANT)
		== -1
	    || len != RAW || raw[0] != FORMAT
	    || raw[AT_REVISION] > MCP_NEWEST_LEGACY)
		return false;
	*out = (struct mcp_session){ .revision = raw[AT_REVISION],
		.client = raw[AT_CLIENT] };
	for (i = 0; i < TIME_BYTES; i++)
		out->created_s = out->created_s << 8 | raw[AT_TIME + i];
	memcpy(out->random, raw + AT_RANDOM, MCP_SESSION_RANDOM);
	digest_of(key, whose);
	return sodium_memcmp(whose, raw + AT_KEY, KEY_BYTES) == 0
	    && out->created_s <= now_s + EARLY_S
	    && now_s - out->created_s < max_s;
}

void
mcp_session_name(const char *text, char out[MCP_SESSION_NAME_MAX])
{
	unsigned char raw[RAW];
	size_t len;

	out[0] = '\0';
	if (strlen(text) == MCP_SESSION_ID_MAX - 1
	    && sodium_base642bin(raw, sizeof(raw), text, TEXT_LEN, NULL, &len,
		   NULL, VARIANT)
		== 0
	    && len == RAW)
		sodium_bin2hex(out, MCP_SESSION_NAME_MAX, raw + AT_RANDOM,
		    MCP_SESSION_RANDOM);
}
