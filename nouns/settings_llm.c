/*
 * settings_llm: the rows of llm.backends, and the list of fall-backs.
 *
 * Keys are read, and ${NAME}s looked up, only where models are asked: the edge
 * reads the same file, and is given no key.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "nouns/settings_priv.h"

static bool
is_fallback(const struct settings *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->policy.fallback.n; i++)
		if (strcmp(s->policy.fallback.items[i], name) == 0)
			return true;
	return false;
}

/* Without a key of its own, and none that may be sent there. */
static bool
lacks_key(const struct settings *s, const struct settings_backend *b)
{
	const struct secret *usual = b->host == HOST_OPENAI ? &s->openai_api_key
	    : b->host == HOST_GROQ                          ? &s->groq_api_key
	    : b->host == HOST_ANTHROPIC ? &s->anthropic_api_key
					: NULL;
	const char *own;

	if (!s->asks_models || usual == NULL || b->base_url[0] != '\0'
	    || secret_is_set(&b->key) || b->headers[0] != NULL)
		return false;
	own = b->host == HOST_OPENAI    ? s->openai_base_url
	    : b->host == HOST_ANTHROPIC ? s->anthropic_base_url
					: "";
	return !secret_is_set(usual)
	    || (s->llm_base_url[0] != '\0' && b->host == s->policy.host
		&& strcmp(s->llm_base_url, own) != 0);
}

/* Where ${key} was set, for errors. */
static struct config_record_source
source_of(struct findings *f, const struct settings *s, const char *key)
{
	const char *where = config_origin(s->config, key);

	return (struct config_record_source){
		.where = strcmp(where, "default") == 0 ? "" : where,
		.key = key,
		.file = s->file,
		.config = s->config,
		.reads_secrets = s->asks_models,
		.errors = f->errors,
		.warnings = f->warnings
	};
}

static void
read_backends(struct findings *f, struct settings *s)
{
	static const char *const NO_HEADERS[] = { NULL };
	struct config_record_source src = source_of(f, s, "llm.backends");
	struct settings_backend *b;
	size_t i, nerrors;

	s->records.mem = arena_new();
	nerrors = config_records_read(&SETTINGS_BACKEND, s->llm_backends, &src,
	    &s->records);
	s->backends = s->records.items;
	s->nbackends = s->records.n;
	f->nerrors += nerrors;
	for (i = 0; i < s->nbackends; i++) {
		b = &s->backends[i];
		b->host += HOST_OPENAI; /* the first of the words */
		if (b->headers == NULL)
			b->headers = (const char **)NO_HEADERS;
		if (nerrors > 0)
			continue;
		if (!is_fallback(s, b->name))
			settings_warn(f, s, "llm.backends",
			    "%.64s is not asked: name it in llm.fallback",
			    b->name);
		else if (lacks_key(s, b))
			settings_warn(f, s, "llm.backends",
			    "%.64s has no API key (api_key_file): %s will "
			    "refuse us",
			    b->name, settings_host_name(b->host));
	}
}

int
settings_host_of(const char *word, size_t *len)
{
	static const int HOSTS[] = { HOST_OPENAI, HOST_GROQ, HOST_OLLAMA,
		HOST_ANTHROPIC };
	size_t i;

	*len = strcspn(word, "/");
	for (i = 0; i < NELEM(HOSTS); i++) {
		const char *name = settings_host_name(HOSTS[i]);

		if (strlen(name) == *len && memcmp(name, word, *len) == 0)
			return HOSTS[i];
	}
	*len = 0;
	return -1;
}

static bool
is_row(const struct settings *s, const char *word)
{
	size_t i;

	for (i = 0; i < s->nbackends; i++)
		if (strcmp(s->backends[i].name, word) == 0)
			return true;
	return false;
}

/* What llm/backends.c would ask, and nobody meant. */
static void
check_fallback(struct findings *f, const struct settings *s)
{
	size_t i, len;

	for (i = 0; i < s->policy.fallback.n; i++) {
		const char *word = s->policy.fallback.items[i];

		if (is_row(s, word))
			continue;
		(void)settings_host_of(word, &len);
		if (len > 0 && (word[len] == '\0' || word[len + 1] == '\0'))
			settings_error(f, s, "llm.fallback",
			    "\"%.100s\" names no model: expected HOST/MODEL, "
			    "or a name of llm.backends",
			    word);
		else if (len == 0 && s->asks_models
		    && s->policy.host != HOST_DIRECT
		    && settings_are_certain(s, "llm.backends chat.host"))
			settings_warn(f, s, "llm.fallback",
			    "\"%.100s\" is no name in llm.backends, so it is "
			    "asked as a model of %s: if that is meant, write "
			    "%s/%.100s",
			    word, settings_host_name(s->policy.host),
			    settings_host_name(s->policy.host), word);
	}
}

void
settings_llm(struct findings *f, struct settings *s)
{
	struct config_record_source src = source_of(f, s, "llm.headers");
	struct arena *mem = arena_new();

	f->nerrors += config_map_check("llm.headers", s->llm_headers, &src,
	    mem);
	arena_free(mem);
	if (s->policy.fallback.n > LLM_FALLBACKS_MAX)
		settings_error(f, s, "llm.fallback",
		    "expected at most %d models", LLM_FALLBACKS_MAX);
	read_backends(f, s);
	check_fallback(f, s);
}
