#include "redis/access.h"

#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "redis/tenant_priv.h"

_Static_assert(ACCESS_UNKNOWN == 1 && ACCESS_EXPIRED == 2 && ACCESS_REVOKED == 3
	&& ACCESS_ELSEWHERE == 4 && ACCESS_LIMITED == 5
	&& ACCESS_TOOL_LIMITED == 6 && ACCESS_DAMAGED == 7,
    "lua/access.lua has these numbers too");

#define WINDOW_SECONDS 60
#define NOBODY "nobody"           /* whose limit it is who needs no key */
#define CONFIGURED "mcp_api_keys" /* the name of such a key, for people */

/* What the script answers. */
enum { VERDICT, DOC, QUOTA, LEFT, RESET, WAIT, NOW, ENDS };

const char *
access_verdict_name(enum access_verdict v)
{
	static const char *const NAMES[] = {
		[ACCESS_OK] = "ok",
		[ACCESS_UNKNOWN] = "unknown",
		[ACCESS_EXPIRED] = "expired",
		[ACCESS_REVOKED] = "revoked",
		[ACCESS_ELSEWHERE] = "address",
		[ACCESS_LIMITED] = "limited",
		[ACCESS_TOOL_LIMITED] = "tool_limited",
		[ACCESS_DAMAGED] = "damaged",
		[ACCESS_DOWN] = "down",
	};

	return (size_t)v < NELEM(NAMES) ? NAMES[v] : "none";
}

/* Who asks: the key's id, or what stands for it. */
static const char *
id_of(struct store *st, const struct api_key_given *key, struct arena *mem)
{
	char mac[SEAL_DIGEST_MAX];

	switch (key->kind) {
	case API_KEY_STORED:
		return key->id;
	case API_KEY_CONFIGURED:
		seal_mac(st->ring, "api_key", key->text, strlen(key->text),
		    mac);
		return arena_strdup(mem, mac);
	default:
		return NOBODY;
	}
}

/* 32 hex digits, as lua/access.lua compares them; "": none. */
static const char *
hex_address(struct arena *mem, const char *address)
{
	unsigned char bytes[NET_BYTES];
	char *hex;

	if (net_address(bytes, address) == -1)
		return "";
	hex = arena_alloc(mem, 2 * sizeof(bytes) + 1);
	text_hex(bytes, sizeof(bytes), hex);
	return hex;
}

static void
batch_ask(struct batch *b, const struct access_ask *ask, const char *id,
    const char *address)
{
	const char *tenant = ask->key->tenant;
	char tool[SEAL_DIGEST_MAX];
	bool of_tool = ask->counts && ask->tool != NULL;

	batch_script(b, SCRIPT_ACCESS, 1 + 2 * ask->counts + 2 * of_tool, 5);
	tenant_key(b, tenant, "key", id, NULL);
	if (ask->counts) {
		tenant_key(b, tenant, "window", id, NULL);
		tenant_key(b, tenant, "rate", id, NULL);
	}
	if (of_tool) {
		seal_digest("tool", ask->tool, strlen(ask->tool), tool);
		tenant_key(b, tenant, "window", id, tool);
		tenant_key(b, tenant, "rate", id, tool);
	}
	batch_str(b, ask->key->kind == API_KEY_STORED ? "1" : "0");
	batch_str(b, ask->counts ? "1" : "0");
	batch_str(b, address);
	batch_int(b, ask->per_minute);
	batch_int(b, ask->tool_per_minute);
}

/*
 * What a stored key may, from its record.  What the script went by stands in
 * clear beside it: where the two differ, others wrote it, and the sealed one
 * is right.
 */
static enum access_verdict
open_key(struct store *st, const struct access_ask *ask, const char *id,
    const redisReply *r, struct arena *mem, struct api_key *out)
{
	const redisReply *doc = reply_string(r, DOC);
	int64_t ends = reply_int(r, ENDS);

	if (doc == NULL)
		return ACCESS_DAMAGED;
	switch (tenant_key_open(st, ask->key->tenant, id, doc, mem, out)) {
	case STORE_OK:
		break;
	case STORE_UNKNOWN_KEY:
		return ACCESS_DOWN; /* another process may have the key */
	default:
		return ACCESS_DAMAGED;
	}
	if (ends > 0 && (out->expires_ms == 0 || ends < out->expires_ms))
		out->expires_ms = ends; /* an overlap's end */
	if (out->expires_ms > 0 && out->expires_ms <= reply_int(r, NOW))
		return ACCESS_EXPIRED;
	return api_key_is_for(out, ask->address) ? ACCESS_OK : ACCESS_ELSEWHERE;
}

static void
read_answer(struct store *st, const struct access_ask *ask, const char *id,
    const redisReply *r, struct arena *mem, struct access *out)
{
	int64_t verdict = reply_int(r, VERDICT);
	enum access_verdict opened;

	if (reply_is_error(st, r, "access") || reply_at(r, VERDICT) == NULL
	    || verdict < ACCESS_OK || verdict > ACCESS_DAMAGED)
		return;
	out->verdict = (enum access_verdict)verdict;
	if (reply_at(r, NOW) == NULL) { /* no key: nothing was counted */
		if (out->verdict == ACCESS_DAMAGED)
			log_event(LOG_ERROR, "api_key_damaged",
			    F_STR("key", id),
			    F_STR("remedy", LOG_REMEDY_DAMAGED));
		return;
	}
	if (ask->key->kind == API_KEY_STORED) {
		opened = open_key(st, ask, id, r, mem, &out->key);
		if (opened != ACCESS_OK) {
			out->verdict = opened;
			return;
		}
	}
	out->quota = reply_int(r, QUOTA);
	out->left = reply_int(r, LEFT);
	out->reset_ms = reply_int(r, RESET);
	out->wait_ms = reply_int(r, WAIT);
}

/* What needs no Redis to be known; else as if that were down. */
static void
begin_answer(const struct access_ask *ask, const char *id, struct access *out)
{
	bool stored = ask->key->kind == API_KEY_STORED;

	*out = (struct access){
		.verdict = stored ? ACCESS_DOWN : ACCESS_OK,
		.key = { .id = id,
		    .tenant = ask->key->tenant,
		    .name = stored                             ? ""
			: ask->key->kind == API_KEY_CONFIGURED ? CONFIGURED
							       : NOBODY,
		    .role = stored ? ROLE_READ : ROLE_WRITE,
		    .rate = -1 },
	};
}

void
access_take(struct store *st, const struct access_ask *ask, size_t n,
    struct arena *mem, struct access *out)
{
	redisReply **r = arena_alloc(mem,
	    (n + MCPS_COMMANDS) * sizeof(redisReply *));
	const char **ids = arena_alloc(mem, n * sizeof(*ids));
	struct batch b;

	if (n == 0)
		return;
	batch_init(&b, st);
	for (size_t i = 0; i < n; i++) {
		ids[i] = id_of(st, ask[i].key, mem);
		begin_answer(&ask[i], ids[i], &out[i]);
		batch_ask(&b, &ask[i], ids[i],
		    hex_address(mem, ask[i].address));
	}
	if (ask[0].session != NULL && ask[0].session[0] != '\0')
		mcps_batch(&b, ask[0].session);
	if (store_run(st, &b, r) == 0) {
		for (size_t i = 0; i < n; i++)
			read_answer(st, &ask[i], ids[i], r[i], mem, &out[i]);
		if (b.n > n)
			mcps_read_reply(r[n], &out[0].mcps);
		replies_free(r, b.n);
	}
	batch_fini(&b);
}

void
access_policy(const struct access *a, char out[ACCESS_HEADER_MAX])
{
	out[0] = '\0';
	if (a->quota > 0)
		(void)snprintf(out, ACCESS_HEADER_MAX, "\"key\";q=%lld;w=%d",
		    (long long)a->quota, WINDOW_SECONDS);
}

static long long
seconds(int64_t ms)
{
	return (long long)((ms + 999) / 1000);
}

void
access_rate(const struct access *a, char out[ACCESS_HEADER_MAX])
{
	long long t = seconds(a->reset_ms); /* the window, and a millisecond */

	out[0] = '\0';
	if (a->quota > 0)
		(void)snprintf(out, ACCESS_HEADER_MAX, "\"key\";r=%lld;t=%lld",
		    (long long)a->left,
		    t < WINDOW_SECONDS ? t : WINDOW_SECONDS);
}

int64_t
access_retry_after(const struct access *a)
{
	return a->wait_ms > 1000 ? seconds(a->wait_ms) : 1;
}
