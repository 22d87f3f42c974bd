/*
 * settings_use: what is asked of settings that were loaded, and their end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "nouns/settings_priv.h"

static const char *const HOSTS[] = {
	[HOST_DIRECT] = "direct",
	[HOST_OPENAI] = "openai",
	[HOST_GROQ] = "groq",
	[HOST_OLLAMA] = "ollama",
	[HOST_ANTHROPIC] = "anthropic",
};

const char *
settings_host_name(int host)
{
	return host >= 0 && host < (int)NELEM(HOSTS) ? HOSTS[host] : "direct";
}

bool
settings_lacks_model(const struct settings *s)
{
	return s->policy.host != HOST_DIRECT && s->policy.model[0] == '\0';
}

void
settings_backend(const struct settings *s, char *out, size_t out_max)
{
	size_t len;
	int all;

	if (s->policy.host == HOST_DIRECT) {
		snprintf(out, out_max, "direct");
		return;
	}
	all = snprintf(out, out_max, "%s%s%s",
	    settings_host_name(s->policy.host),
	    s->policy.model[0] == '\0' ? "" : "/", s->policy.model);
	if (all < 0 || (size_t)all < out_max)
		return;
	/* Not in the middle of a character: it goes into JSON. */
	for (len = strlen(out); len > 0 && !text_is_utf8(out, len); len--)
		out[len - 1] = '\0';
}

struct http_options
settings_http(const struct settings *s)
{
	return (struct http_options){ .ca_file = s->http_ca_file,
		.proxy = s->http_proxy,
		.no_proxy = s->http_no_proxy.items };
}

struct settings *
settings_ref(struct settings *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void
settings_unref(struct settings *s)
{
	if (s == NULL || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	config_records_fini(&s->records);
	arena_free(s->records.mem);
	config_free(s->config);
	free(s);
}
