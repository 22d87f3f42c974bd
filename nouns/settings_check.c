/*
 * settings_check: what must hold across settings, and forms that the table
 * has no type for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/glob.h"
#include "base/inherit.h"
#include "base/text.h"
#include "nouns/redis_url.h"
#include "nouns/settings_priv.h"

#define PROMPT_MAX (64 * KIB) /* it is paid with each question */
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)
/* hiredis 1.2 needs room for a NUL that it does not write. */
#define REDIS_PATH_MAX (SOCKET_PATH_MAX - 1)
#define REDIS_PREFIX_MAX ((size_t)32)
/* No braces (hash tags are ours), nothing that a pattern of Redis means. */
#define PREFIX_CHARS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-"
/* What keys begin with behind it, those with a brace aside: redis/prefix.c. */
static const char *const KEYS_BEGIN[] = { "budget:", "breaker:", "canary" };

/* HOST:PORT or [V6]:PORT; ${host} gets the host without brackets. */
static int
host_port(const char *text, char *host, size_t max)
{
	const char *colon = strrchr(text, ':');
	size_t len;
	int64_t port;

	if (colon == NULL || text_int(colon + 1, &port) == -1 || port < 1
	    || port > 65535)
		return -1;
	len = (size_t)(colon - text);
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len) != NULL)
		return -1; /* a bare IPv6 address: where does the port begin? */
	if (len >= max)
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	return 0;
}

static bool
host_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void
check_listen(struct findings *f, const struct settings *s)
{
	const char *listen = s->server_listen;
	char host[256];
	int64_t fd;

	if (strncmp(listen, "unix:", 5) == 0) {
		if (listen[5] != '/')
			settings_error(f, s, "server.listen",
			    "expected a whole path after unix:, found \"%s\"",
			    listen);
		else if (strlen(listen + 5) > SOCKET_PATH_MAX)
			settings_error(f, s, "server.listen",
			    "is longer than a socket's path may be (%zu bytes)",
			    SOCKET_PATH_MAX);
		return;
	}
	if (strncmp(listen, "fd:", 3) == 0) {
		if (text_int(listen + 3, &fd) == -1 || fd < 0 || fd > 1023)
			settings_error(f, s, "server.listen",
			    "expected a descriptor after fd:, found \"%s\"",
			    listen);
		return;
	}
	if (strncmp(listen, "socket:", 7) == 0) {
		if (!inherit_is_name(listen + 7))
			settings_error(f, s, "server.listen",
			    "expected a name after socket:, found \"%s\"",
			    listen);
		return;
	}
	if (host_port(listen, host, sizeof(host)) == -1) {
		settings_error(f, s, "server.listen",
		    "expected unix:/PATH, HOST:PORT, [IPV6]:PORT, "
		    "socket:NAME or fd:N, found \"%s\"",
		    listen);
		return;
	}
	if (s->chat_open && !host_is_loopback(host))
		settings_error(f, s, "chat.open",
		    "is for loopback only, but server.listen is %s: set a "
		    "proxy secret instead (PROXY_SECRET_FILE)",
		    listen);
	if (s->mcp_auth == MCP_AUTH_NONE && !host_is_loopback(host))
		settings_error(f, s, "mcp.auth",
		    "none is for this machine only, but server.listen is %s: "
		    "use keys",
		    listen);
}

static void
check_allow(struct findings *f, const struct settings *s)
{
	unsigned char address[sizeof(struct in6_addr)];
	char host[64];
	size_t i, len;
	int64_t bits;

	for (i = 0; i < s->server_metrics_allow.n; i++) {
		const char *item = s->server_metrics_allow.items[i];
		int family = strchr(item, ':') != NULL ? AF_INET6 : AF_INET;

		len = strcspn(item, "/");
		snprintf(host, sizeof(host), "%.*s", (int)len, item);
		if (len < sizeof(host) && inet_pton(family, host, address) == 1
		    && (item[len] == '\0'
			|| (text_int(item + len + 1, &bits) == 0 && bits >= 0
			    && bits <= (family == AF_INET ? 32 : 128))))
			continue;
		settings_error(f, s, "server.metrics_allow",
		    "expected addresses such as 10.0.0.7 or 10.0.0.0/8, "
		    "found \"%s\"",
		    item);
	}
}

static void
check_globs(struct findings *f, const struct settings *s, const char *name,
    const struct config_list *globs)
{
	const char *why;
	size_t i;

	for (i = 0; i < globs->n; i++)
		if (!glob_is_valid(globs->items[i], &why))
			settings_error(f, s, name, "\"%s\": %s",
			    globs->items[i], why);
}

static void
check_redis(struct findings *f, const struct settings *s)
{
	struct redis_url url;
	const char *why = NULL;

	if (redis_url_parse(s->redis_url, &url, &why) == -1)
		settings_error(f, s, "redis.url", "%s", why);
	else if (url.path != NULL && strlen(url.path) > REDIS_PATH_MAX)
		settings_error(f, s, "redis.url",
		    "the path is longer than a Redis client takes (%zu bytes): "
		    "give Redis's unixsocket a shorter one",
		    REDIS_PATH_MAX);
	redis_url_free(&url);
	if (strlen(s->redis_prefix) > REDIS_PREFIX_MAX
	    || strspn(s->redis_prefix, PREFIX_CHARS) != strlen(s->redis_prefix))
		settings_error(f, s, "redis.prefix",
		    "expected at most %zu letters, digits and . : _ -, such as "
		    "dragoman:",
		    REDIS_PREFIX_MAX);
	for (size_t i = 0; i < NELEM(KEYS_BEGIN); i++)
		if (strstr(s->redis_prefix, KEYS_BEGIN[i]) != NULL)
			settings_error(f, s, "redis.prefix",
			    "may not hold %s: keys begin so behind it",
			    KEYS_BEGIN[i]);
	if (s->redis_timeout_ms >= s->turns_lease_ms)
		settings_warn(f, s, "redis.timeout",
		    "is not shorter than turns.lease: one slow command loses "
		    "a turn to another worker");
}

static void
check_spans(struct findings *f, const struct settings *s)
{
	if (!settings_are_certain(s,
		"turns.max_time turns.lease llm.connect llm.total "
		"llm.first_byte mcp.timeout chat.reply_keep chat.wait"))
		return; /* one of them is wrong: that is what to correct */
	if (s->turns_max_time_ms < 2 * s->turns_lease_ms)
		settings_error(f, s, "turns.max_time",
		    "must be at least twice turns.lease");
	if (s->llm_connect_ms > s->llm_total_ms)
		settings_error(f, s, "llm.connect", "is longer than llm.total");
	/* Who shortens llm.total alone means both (llm/backends.c). */
	if (s->llm_first_byte_ms > s->llm_total_ms
	    && strcmp(config_origin(s->config, "llm.first_byte"), "default")
		!= 0)
		settings_error(f, s, "llm.first_byte",
		    "is longer than llm.total");
	if (s->llm_total_ms > s->turns_max_time_ms)
		settings_warn(f, s, "llm.total",
		    "is longer than turns.max_time, which ends first");
	if (s->mcp_timeout_ms > s->turns_max_time_ms)
		settings_warn(f, s, "mcp.timeout",
		    "is longer than turns.max_time, which ends first");
	if (s->chat_reply_keep_ms < s->chat_wait_ms)
		settings_warn(f, s, "chat.reply_keep",
		    "is shorter than chat.wait: a client may find its reply "
		    "gone");
}

static void
check_budgets(struct findings *f, const struct settings *s)
{
	if (!settings_are_certain(s, "budget.turn budget.chat budget.day"))
		return;
	if (s->policy.budget_turn > 0 && s->policy.budget_chat > 0
	    && s->policy.budget_turn > s->policy.budget_chat)
		settings_warn(f, s, "budget.turn",
		    "is more than budget.chat, which ends first");
	if (s->policy.budget_chat > 0 && s->policy.budget_day > 0
	    && s->policy.budget_chat > s->policy.budget_day)
		settings_warn(f, s, "budget.chat",
		    "is more than budget.day, which ends first");
}

static void
check_chat(struct findings *f, const struct settings *s)
{
	const struct secret *key = NULL;

	if (strlen(s->chat_prompt) > PROMPT_MAX
	    || !text_is_utf8(s->chat_prompt, strlen(s->chat_prompt)))
		settings_error(f, s, "chat.prompt",
		    "expected a text in UTF-8 of at most %d KiB: each question "
		    "pays for it",
		    (int)(PROMPT_MAX / KIB));
	if (s->chat_auth == CHAT_AUTH_MEMCP && s->chat_memcp_url[0] == '\0'
	    && settings_are_certain(s, "chat.auth chat.memcp_url"))
		settings_error(f, s, "chat.auth",
		    "memcp needs chat.memcp_url (MEMCP_URL)");
	if (s->chat_open && secret_is_set(&s->proxy_secret))
		settings_warn(f, s, "chat.open",
		    "has no effect: a proxy secret is set");
	else if (s->chat_open)
		settings_warn(f, s, "chat.open",
		    "anybody on this machine can use /chat without a secret");
	if (s->policy.host == HOST_DIRECT) {
		if (f->nerrors == 0 && /* it may be what is wrong */
		    s->asks_models &&  /* who has no key sees no other host */
		    (s->llm_base_url[0] != '\0' || s->policy.model[0] != '\0'
			|| s->policy.fallback.n > 0))
			settings_warn(f, s, "chat.host",
			    strcmp(config_origin(s->config, "chat.host"),
				SETTINGS_NO_KEY)
				    != 0
				? "is direct, so no model is asked: "
				  "llm.base_url, chat.model and llm.fallback "
				  "are not used"
				: "no model is asked, although chat.model or "
				  "llm.fallback is set: " SETTINGS_HOW_TO_SET_MODEL);
		return;
	}
	if (s->policy.host == HOST_OPENAI && s->llm_base_url[0] == '\0')
		key = &s->openai_api_key;
	else if (s->policy.host == HOST_GROQ && s->llm_base_url[0] == '\0')
		key = &s->groq_api_key;
	else if (s->policy.host == HOST_ANTHROPIC && s->llm_base_url[0] == '\0')
		key = &s->anthropic_api_key;
	if (s->asks_models && key != NULL && !secret_is_set(key)
	    && settings_are_certain(s,
		"openai_api_key groq_api_key anthropic_api_key "
		"llm.base_url chat.host"))
		settings_warn(f, s, "chat.host",
		    "is %s, but no API key of it is set: it will refuse us",
		    settings_host_name(s->policy.host));
}

void
settings_check(struct findings *f, const struct settings *s)
{
	settings_keys(f, s);
	check_chat(f, s);
	check_listen(f, s);
	check_allow(f, s);
	check_globs(f, s, "mcp.read_only", &s->policy.read_only);
	check_globs(f, s, "mcp.tasks", &s->policy.tasks);
	check_redis(f, s);
	check_spans(f, s);
	check_budgets(f, s);
	settings_served(f, s);
}
