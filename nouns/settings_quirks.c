/*
 * settings_quirks: llm.quirks, which state what a model's server can do.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "nouns/settings_priv.h"

/* True if ${len} bytes at ${word} are HOST/MODEL of these, or of its host. */
static bool
means(const char *word, size_t len, int host, const char *model)
{
	const char *name = settings_host_name(host);
	size_t n = strlen(name);

	if (len < n || memcmp(word, name, n) != 0)
		return false;
	return len == n
	    || (word[n] == '/' && strlen(model) == len - n - 1
		&& memcmp(word + n + 1, model, len - n - 1) == 0);
}

/* As llm_quirks_stated looks it up. */
static bool
is_asked(const struct settings *s, const char *word, size_t len)
{
	size_t i, host;

	if (means(word, len, s->policy.host, s->policy.model))
		return true;
	for (i = 0; i < s->nbackends; i++)
		if ((strlen(s->backends[i].name) == len
			&& memcmp(s->backends[i].name, word, len) == 0)
		    || means(word, len, s->backends[i].host,
			s->backends[i].model))
			return true;
	for (i = 0; i < s->policy.fallback.n; i++) {
		const char *item = s->policy.fallback.items[i];

		(void)settings_host_of(item, &host);
		if (host == 0 && means(word, len, s->policy.host, item))
			return true;
		if (host > 0 && strncmp(item, word, len) == 0
		    && (len == host || item[len] == '\0'))
			return true;
	}
	return false;
}

/* The names of llm/quirks.c, where what they mean stands; a test compares. */
static bool
is_quirk(const char *name, size_t len, const char *value)
{
	static const char *const FEATURES[] = { "stream", "stream_options",
		"max_tokens", "max_completion_tokens", "temperature",
		"tool_choice", "tools", "tools_with_effort", "parallel_calls",
		"system", "images", "repeated_roles", "user_after_tool",
		"any_call_id", "empty_content", "thoughts",
		"missing_thoughts" };
	static const char *const NUMBERS[] = { "max_tokens_value",
		"max_tokens_least", "context", "tools_max" };
	int64_t n;
	char *end;
	size_t i;

	for (i = 0; i < NELEM(FEATURES); i++)
		if (strlen(FEATURES[i]) == len
		    && memcmp(FEATURES[i], name, len) == 0)
			return strcmp(value, "yes") == 0
			    || strcmp(value, "no") == 0;
	for (i = 0; i < NELEM(NUMBERS); i++)
		if (strlen(NUMBERS[i]) == len
		    && memcmp(NUMBERS[i], name, len) == 0)
			return text_int(value, &n) == 0 && n >= 1
			    && n <= 100000000;
	if (len != strlen("temperature_value")
	    || memcmp(name, "temperature_value", len) != 0)
		return false;
	return value[0] != '\0' && strtod(value, &end) >= 0
	    && strtod(value, &end) <= 2 && *end == '\0';
}

void
settings_quirks(struct findings *f, const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->llm_quirks.n; i++) {
		const char *item = s->llm_quirks.items[i];
		const char *value = strrchr(item, '='), *name = value;

		while (name != NULL && name > item && name[-1] != ':')
			name--;
		if (value != NULL
		    && is_quirk(name, (size_t)(value - name), value + 1)) {
			if (name > item && s->asks_models
			    && s->policy.host != HOST_DIRECT
			    && settings_are_certain(s,
				"llm.backends llm.fallback chat.host "
				"chat.model")
			    && !settings_lacks_model(s)
			    && !is_asked(s, item, (size_t)(name - item) - 1))
				settings_warn(f, s, "llm.quirks",
				    "\"%.100s\" has no effect: no model that is "
				    "asked has that name",
				    item);
			continue;
		}
		settings_error(f, s, "llm.quirks",
		    "\"%.100s\" is none: [BACKEND:]NAME=VALUE with yes or no "
		    "for stream, stream_options, max_tokens, "
		    "max_completion_tokens, temperature, tool_choice, tools, "
		    "tools_with_effort, parallel_calls, system, images, "
		    "repeated_roles, "
		    "user_after_tool, any_call_id, empty_content, thoughts, "
		    "missing_thoughts; a number for max_tokens_value, "
		    "max_tokens_least, temperature_value, context, tools_max",
		    item);
	}
}
