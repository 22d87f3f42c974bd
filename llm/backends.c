/*
 * backends: from the settings to the places where a model answers.
 */
#include <string.h>

#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/quirks.h"

/* So that host and name fit beside it. */
#define LABEL_MODEL_MAX (LLM_BACKEND_NAME_MAX - 16 - SETTINGS_BACKEND_NAME_MAX)
#define NAME_MODEL_MAX 200
_Static_assert(NAME_MODEL_MAX + 32 <= LLM_BACKEND_NAME_MAX, "host and address");

static const char GROQ_URL[] = "https://api.groq.com/openai/v1";

static const struct secret *
key_of(const struct settings *s, int host)
{
	switch (host) {
	case HOST_OPENAI:
		return &s->openai_api_key;
	case HOST_GROQ:
		return &s->groq_api_key;
	case HOST_ANTHROPIC:
		return &s->anthropic_api_key;
	case HOST_OLLAMA:
		return &s->ollama_api_key;
	default:
		return NULL;
	}
}

/* Where a host usually is; "": its provider's own address. */
static const char *
usual_url(const struct settings *s, int host, struct arena *mem)
{
	size_t len;

	if (host == HOST_GROQ)
		return GROQ_URL;
	if (host == HOST_OPENAI && s->openai_base_url != NULL)
		return s->openai_base_url;
	if (host == HOST_ANTHROPIC && s->anthropic_base_url != NULL)
		return s->anthropic_base_url;
	if (host != HOST_OLLAMA)
		return "";
	len = strlen(s->chat_ollama_url);
	while (len > 0 && s->chat_ollama_url[len - 1] == '/')
		len--;
	return arena_printf(mem, "%.*s/v1", (int)len, s->chat_ollama_url);
}

/* LLM_BASE_URL is the operator's word for the host of chat.host. */
static bool
is_elsewhere(const struct settings *s, int host)
{
	return s->llm_base_url[0] != '\0' && host == policy_of(s, NULL)->host;
}

static const char *
url_of(const struct settings *s, int host, struct arena *mem)
{
	return is_elsewhere(s, host) ? s->llm_base_url
				     : usual_url(s, host, mem);
}

/* The operator's own, for the server of chat.host alone: a key in them is
 * nobody else's. */
static const char *const *
headers_of(const struct settings *s, int host, struct arena *mem)
{
	const char **list, *name, *text, *unknown;
	size_t n = 0;
	json_t *v;

	if (s->llm_headers == NULL || host != policy_of(s, NULL)->host)
		return NULL;
	list = arena_alloc(mem, (LLM_HEADERS_MAX + 1) * sizeof(*list));
	json_object_foreach(s->llm_headers, name, v)
		if (n < LLM_HEADERS_MAX && json_is_string(v)) {
			text = text_expand(mem, json_string_value(v),
			    config_variable, s->config, &unknown);
			if (text != NULL && strpbrk(text, "\r\n") == NULL)
				list[n++] = arena_secret(mem,
				    arena_printf(mem, "%s: %s", name, text));
		}
	list[n] = NULL;
	return list;
}

static void
fill(const struct settings *s, const struct policy *p, int host,
    const char *model, struct arena *mem, struct llm_backend *b)
{
	*b = (struct llm_backend){ .host = host,
		.model = model,
		.base_url = url_of(s, host, mem),
		.moved = is_elsewhere(s, host),
		.headers = headers_of(s, host, mem),
		.key = key_of(s, host),
		.tools = s->llm_tools,
		.max_tokens = p->max_tokens,
		.max_tokens_name = s->llm_max_tokens_name,
		.temperature = s->llm_temperature,
		.connect_ms = (int)s->llm_connect_ms,
		.first_byte_ms = (int)(s->llm_first_byte_ms < s->llm_total_ms
			? s->llm_first_byte_ms
			: s->llm_total_ms),
		.idle_ms = (int)s->llm_idle_ms,
		.total_ms = (int)s->llm_total_ms };
}

/* A row of llm.backends.  The key of a host goes to that host's usual address
 * and nowhere else; of a host that llm.base_url moved, it is that server's. */
static void
named(const struct settings *s, const struct policy *p,
    const struct settings_backend *of, struct arena *mem, struct llm_backend *b)
{
	bool usual = of->base_url[0] == '\0';

	fill(s, p, of->host, of->model, mem, b);
	b->name = of->name;
	b->base_url = usual ? usual_url(s, of->host, mem) : of->base_url;
	b->headers = of->headers;
	if (secret_is_set(&of->key))
		b->key = &of->key;
	else if (!usual
	    || (is_elsewhere(s, of->host)
		&& strcmp(b->base_url, s->llm_base_url) != 0))
		b->key = NULL;
}

/* The name of a row; else "host/model" when the first word is a host; else the
 * whole is a model (its own name may hold slashes). */
static void
fallback(const struct settings *s, const struct policy *p, const char *word,
    struct arena *mem, struct llm_backend *b)
{
	size_t i, len;
	int host;

	for (i = 0; i < s->nbackends; i++)
		if (strcmp(s->backends[i].name, word) == 0) {
			named(s, p, &s->backends[i], mem, b);
			return;
		}
	host = settings_host_of(word, &len);
	if (host != -1 && word[len] == '/')
		fill(s, p, host, word + len + 1, mem, b);
	else
		fill(s, p, p->host, word, mem, b);
}

size_t
llm_backends(const struct settings *s, const struct policy *p,
    struct arena *mem, struct llm_backend **out)
{
	struct llm_backend *list;
	size_t i, n = 0;

	*out = NULL;
	if (p->host == HOST_DIRECT)
		return 0;
	list = arena_alloc(mem, (p->fallback.n + 1) * sizeof(*list));
	fill(s, p, p->host, p->model, mem, &list[n++]);
	for (i = 0; i < p->fallback.n; i++) {
		fallback(s, p, p->fallback.items[i], mem, &list[n]);
		list[n++].is_fallback = true;
	}
	*out = list;
	return n;
}

static uint32_t
address_hash(const struct llm_backend *b)
{
	const char *url = b->base_url[0] != '\0'
	    ? b->base_url
	    : llm_provider_of(b->host)->base_url;
	uint32_t h = 2166136261U; /* FNV-1a */

	for (; *url != '\0'; url++)
		h = (h ^ (unsigned char)*url) * 16777619U;
	return h;
}

/* A name is made several times for each answer: printf would take a good part
 * of what reading that answer takes. */
static char *
put(char *out, const char *s, size_t len)
{
	memcpy(out, s, len);
	return out + len;
}

static char *
put_str(char *out, const char *s)
{
	return put(out, s, strlen(s));
}

/* "/" and the address. */
static void
put_address(char *out, const struct llm_backend *b)
{
	static const char HEX[] = "0123456789abcdef";
	uint32_t h = address_hash(b);
	int i;

	*out++ = '/';
	for (i = 28; i >= 0; i -= 4)
		*out++ = HEX[h >> i & 15];
	*out = '\0';
}

void
llm_backend_name(const struct llm_backend *b, char out[LLM_BACKEND_NAME_MAX])
{
	char *at = put_str(out, settings_host_name(b->host));

	*at++ = '/';
	at = put(at, b->model, strnlen(b->model, NAME_MODEL_MAX));
	put_address(at, b);
}

/* Returns its end. */
static char *
put_label(char *out, const struct llm_backend *b)
{
	char *at = put_str(out, settings_host_name(b->host));
	size_t len = strlen(b->model);

	*at++ = '/';
	if (len >= LABEL_MODEL_MAX)
		len = text_whole(b->model, LABEL_MODEL_MAX - 1);
	at = put(at, b->model, len);
	if (b->name != NULL) {
		*at++ = '@';
		at = put(at, b->name,
		    strnlen(b->name, SETTINGS_BACKEND_NAME_MAX));
	}
	*at = '\0';
	return at;
}

void
llm_backend_label(const struct llm_backend *b, char out[LLM_BACKEND_NAME_MAX])
{
	(void)put_label(out, b);
}

void
llm_breaker_name(const struct llm_backend *b, char out[LLM_BREAKER_NAME_MAX])
{
	put_address(put_label(out, b), b);
}

/* True if NAME, "HOST" or "HOST/MODEL" in ${word} is ${b}. */
static bool
is_backend(const char *word, size_t len, const struct llm_backend *b)
{
	const char *host = settings_host_name(b->host);
	size_t n = strlen(host);

	if (b->name != NULL && strlen(b->name) == len
	    && memcmp(word, b->name, len) == 0)
		return true;
	if (len < n || memcmp(word, host, n) != 0)
		return false;
	return len == n
	    || (word[n] == '/' && strlen(b->model) == len - n - 1
		&& memcmp(word + n + 1, b->model, len - n - 1) == 0);
}

void
llm_quirks_stated(const struct settings *s, const struct llm_backend *b,
    struct llm_quirks *out)
{
	char name[LLM_QUIRK_NAME_MAX];
	size_t i, len;

	for (i = 0; i < s->llm_quirks.n; i++) {
		const char *item = s->llm_quirks.items[i];
		const char *value = strrchr(item, '='), *colon;

		if (value == NULL)
			continue; /* said by the check of the settings */
		/* Models' names may hold colons, too. */
		for (colon = value; colon > item && colon[-1] != ':'; colon--)
			;
		len = (size_t)(value - colon);
		if (len >= sizeof(name)
		    || (colon > item
			&& !is_backend(item, (size_t)(colon - item) - 1, b)))
			continue;
		memcpy(name, colon, len);
		name[len] = '\0';
		(void)llm_quirks_state(out, name, value + 1);
	}
}

static bool
has(const struct llm_backend *list, size_t n, const struct llm_backend *b)
{
	char name[LLM_BREAKER_NAME_MAX], other[LLM_BREAKER_NAME_MAX];
	size_t i;

	llm_breaker_name(b, name);
	for (i = 0; i < n; i++) {
		llm_breaker_name(&list[i], other);
		if (strcmp(name, other) == 0)
			return true;
	}
	return false;
}

size_t
llm_backends_all(const struct settings *s, struct arena *mem,
    struct llm_backend **out)
{
	size_t n = llm_backends(s, policy_at(s, 0), mem, out), i;

	for (i = 1; policy_at(s, i) != NULL; i++) {
		struct llm_backend *more, *all;
		size_t nmore = llm_backends(s, policy_at(s, i), mem, &more), k;

		all = arena_alloc(mem, (n + nmore) * sizeof(*all));
		if (n > 0)
			memcpy(all, *out, n * sizeof(*all));
		for (k = 0; k < nmore; k++)
			if (!has(all, n, &more[k]))
				all[n++] = more[k];
		*out = all;
	}
	return n;
}
