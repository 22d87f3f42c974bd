/*
 * settings_llm: what the table has no type for, of the models: llm.backends,
 * headers, quirks, and the list of fall-backs.
 *
 * Keys are read, and ${NAME}s looked up, only where models are asked: the edge
 * reads the same file, and is given no key.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/paste.h"
#include "base/text.h"
#include "nouns/settings_priv.h"

#define KEY_MAX (64 * KIB) /* as of any secret in a file */
#define PATH_BYTES 4096

/* A part of a setting that is looked at, for its errors: KEY: [NAME: ]. */
struct place {
	struct findings *f;
	struct settings *s;
	const char *key;
	const char *name; /* of a row of llm.backends; NULL: none */
	struct arena *mem;
};

static void wrong(const struct place *at, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

static void
wrong(const struct place *at, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	settings_error(at->f, at->s, at->key, "%.64s%s%s",
	    at->name == NULL ? "" : at->name, at->name == NULL ? "" : ": ",
	    text);
}

/* ${NAME}s of ${text}; NULL: one is not set, and this was said. */
static const char *
expand(const struct place *at, const char *what, const char *text)
{
	const char *unknown = NULL;
	const char *out = text_expand(at->mem, text, config_variable,
	    at->s->config, &unknown);

	if (out == NULL)
		wrong(at,
		    "%s: ${%s} is not set, neither in the environment "
		    "nor in an env file",
		    what, unknown);
	return out;
}

/* Looks at headers; with ${out} (LLM_HEADERS_MAX + 1 places) they are also
 * filled in. */
static void
headers(const struct place *at, const json_t *tree, const char **out)
{
	const char *name, *text;
	size_t n = 0, filled = 0;
	json_t *v;

	json_object_foreach((json_t *)tree, name, v) {
		text = json_string_value(v);
		if (name[0] == '\0' || strpbrk(name, "\r\n: ") != NULL) {
			wrong(at,
			    "expected the name of a header, not "
			    "\"%.100s\"",
			    name);
			continue;
		}
		if (++n == LLM_HEADERS_MAX + 1)
			wrong(at, "expected at most %d headers",
			    LLM_HEADERS_MAX);
		if (text != NULL && strpbrk(text, "\r\n") == NULL) {
			if (!at->s->asks_models)
				continue;
			text = expand(at, name, text);
			if (text == NULL)
				continue;
		}
		/* One from the environment, too. */
		if (text == NULL || strpbrk(text, "\r\n") != NULL)
			wrong(at,
			    "expected the header %.100s to be a text of "
			    "one line: put it in quotes",
			    name);
		else if (out != NULL && n <= LLM_HEADERS_MAX)
			out[filled++] = config_keep(at->s->config,
			    arena_printf(at->mem, "%s: %s", name, text));
	}
}

/* A key from what was written, without what was pasted along with it. */
static void
take_key(const struct place *at, const char *what, const char *text, size_t len,
    struct secret *out)
{
	const char *around = paste_trim(&text, &len);
	const char *flaw = len == 0 ? "nothing" : paste_flaw(text, len);

	if (around != NULL)
		settings_warn(at->f, at->s, at->key,
		    "%.64s: %s: was given with %s; that was left out", at->name,
		    what, around);
	if (!paste_is_ascii(text, len))
		settings_warn(at->f, at->s, at->key,
		    "%.64s: %s: " PASTE_NOT_ASCII, at->name, what);
	if (flaw != NULL && strcmp(flaw, "a blank") != 0)
		wrong(at,
		    "%s: expected one key, as one line without quotes; it has "
		    "%s in it (%zu characters)",
		    what, flaw, len);
	else
		secret_set(out, text, len);
}

/* A relative path is beside the configuration, as of any NAME_file there. */
static const char *
beside_file(const struct place *at, const char *path)
{
	const char *slash = strrchr(at->s->file, '/');

	if (path[0] == '/' || slash == NULL)
		return path;
	return arena_printf(at->mem, "%.*s%s", (int)(slash - at->s->file + 1),
	    at->s->file, path);
}

static void
read_key(const struct place *at, const char *text, const char *file,
    struct secret *out)
{
	struct buf bytes = BUF_INIT(KEY_MAX);
	char why[PATH_BYTES + 160];

	if (text != NULL && file != NULL) {
		wrong(at, "expected api_key or api_key_file, not both");
		return;
	}
	if (!at->s->asks_models)
		return;
	if (text != NULL) {
		text = expand(at, "api_key", text);
		if (text != NULL)
			take_key(at, "api_key", text, strlen(text), out);
		return;
	}
	file = file == NULL ? NULL : expand(at, "api_key_file", file);
	if (file == NULL)
		return;
	if (config_read_value(beside_file(at, file), &bytes, why, sizeof(why))
	    == -1)
		wrong(at, "api_key_file: %s", why);
	else
		take_key(at, "api_key_file", bytes.data, bytes.len, out);
	buf_wipe(&bytes);
}

static bool
is_name(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= SETTINGS_BACKEND_NAME_MAX
	    && strspn(s,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789_.-")
	    == len;
}

static bool
is_url(const char *s)
{
	size_t scheme = strncasecmp(s, "http://", 7) == 0 ? 7
	    : strncasecmp(s, "https://", 8) == 0          ? 8
							  : 0;

	return scheme > 0 && s[scheme] != '\0' && s[scheme] != '/'
	    && strpbrk(s, " \t\r\n") == NULL;
}

static int
host_of(const char *word)
{
	int host;

	for (host = HOST_OPENAI; word != NULL && host <= HOST_ANTHROPIC; host++)
		if (strcmp(word, settings_host_name(host)) == 0)
			return host;
	return HOST_DIRECT;
}

/* The members of a row. */
enum { HOST, MODEL, BASE_URL, API_KEY, API_KEY_FILE, HEADERS, MEMBERS_N };
static const char *const MEMBERS[MEMBERS_N] = { "host", "model", "base_url",
	"api_key", "api_key_file", "headers" };

/* The texts of ${doc}; NULL where there is none. */
static void
read_members(const struct place *at, const json_t *doc,
    const char *texts[MEMBERS_N])
{
	const char *name;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)doc, name, v) {
		for (i = 0; i < MEMBERS_N; i++)
			if (strcmp(name, MEMBERS[i]) == 0)
				break;
		if (i == MEMBERS_N)
			wrong(at,
			    "expected host, model, base_url, api_key, "
			    "api_key_file or headers, found \"%.100s\"",
			    name);
		else if (json_is_null(v))
			continue;
		else if (i == HEADERS && !json_is_object(v))
			wrong(at, "expected headers to be a mapping");
		else if (i != HEADERS && !json_is_string(v))
			wrong(at, "expected %s to be a text: put it in quotes",
			    name);
		else if (i != HEADERS && json_string_length(v) > 0)
			texts[i] = json_string_value(v);
	}
}

static void
read_backend(const struct place *at, const json_t *doc,
    struct settings_backend *b)
{
	const char *texts[MEMBERS_N] = { NULL };

	b->headers = calloc(LLM_HEADERS_MAX + 1, sizeof(*b->headers));
	if (b->headers == NULL)
		abort();
	b->name = at->name;
	b->model = b->base_url = "";
	if (!is_name(at->name))
		wrong(at, "expected a name of 1 to %d letters, digits, _ . -",
		    SETTINGS_BACKEND_NAME_MAX);
	if (!json_is_object(doc)) {
		wrong(at, "expected a mapping with host and model");
		return;
	}
	read_members(at, doc, texts);
	b->host = host_of(texts[HOST]);
	if (b->host == HOST_DIRECT)
		wrong(at,
		    "expected host to be openai, groq, ollama or "
		    "anthropic: what the server speaks (most speak "
		    "openai)");
	if (texts[MODEL] == NULL)
		wrong(at, "expected model, the model's name");
	else
		b->model = texts[MODEL];
	if (texts[BASE_URL] != NULL && !is_url(texts[BASE_URL]))
		wrong(at,
		    "expected base_url to begin with http:// or "
		    "https://");
	else if (texts[BASE_URL] != NULL)
		b->base_url = texts[BASE_URL];
	read_key(at, texts[API_KEY], texts[API_KEY_FILE], &b->key);
	headers(at, json_object_get(doc, "headers"), b->headers);
}

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

static void
read_backends(struct findings *f, struct settings *s, struct arena *mem)
{
	struct place at = { f, s, "llm.backends", NULL, mem };
	struct settings_backend *b;
	json_t *doc;

	s->backends = calloc(json_object_size(s->llm_backends) + 1,
	    sizeof(*s->backends));
	if (s->backends == NULL)
		abort();
	json_object_foreach(s->llm_backends, at.name, doc) {
		b = &s->backends[s->nbackends++];
		read_backend(&at, doc, b);
		if (!is_fallback(s, b->name))
			settings_warn(f, s, "llm.backends",
			    "%.64s is not asked: name it in llm.fallback",
			    b->name);
		else if (b->host != HOST_DIRECT && lacks_key(s, b))
			settings_warn(f, s, "llm.backends",
			    "%.64s has no API key (api_key_file): %s will "
			    "refuse us",
			    b->name, settings_host_name(b->host));
	}
}

/* "HOST/MODEL": the length of HOST; 0: it begins with no host's name. */
static size_t
host_length(const char *word)
{
	static const int HOSTS[] = { HOST_OPENAI, HOST_GROQ, HOST_OLLAMA,
		HOST_ANTHROPIC };
	size_t i, len;

	for (i = 0; i < NELEM(HOSTS); i++) {
		len = strlen(settings_host_name(HOSTS[i]));
		if (strncmp(word, settings_host_name(HOSTS[i]), len) == 0
		    && (word[len] == '/' || word[len] == '\0'))
			return len;
	}
	return 0;
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
		len = host_length(word);
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

		host = host_length(item);
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

static void
check_quirks(struct findings *f, const struct settings *s)
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

/* Of those who ask no model: what was written in the configuration itself. */
static void
wipe(json_t *text)
{
	struct secret s = { 0 };

	if (!json_is_string(text))
		return;
	s.bytes = (char *)json_string_value(text);
	s.len = json_string_length(text);
	secret_wipe(&s);
}

static void
wipe_keys(struct settings *s)
{
	const char *name;
	json_t *row, *v;

	json_object_foreach(s->llm_headers, name, v)
		wipe(v);
	json_object_foreach(s->llm_backends, name, row) {
		const char *header;

		wipe(json_object_get(row, "api_key"));
		json_object_foreach(json_object_get(row, "headers"), header, v)
			wipe(v);
	}
}

void
settings_llm(struct findings *f, struct settings *s)
{
	struct arena *mem = arena_new();
	struct place at = { f, s, "llm.headers", NULL, mem };

	headers(&at, s->llm_headers, NULL);
	if (s->policy.fallback.n > LLM_FALLBACKS_MAX)
		settings_error(f, s, "llm.fallback",
		    "expected at most %d models", LLM_FALLBACKS_MAX);
	read_backends(f, s, mem);
	check_fallback(f, s);
	check_quirks(f, s);
	if (!s->asks_models)
		wipe_keys(s);
	arena_free(mem);
}

void
settings_llm_free(struct settings *s)
{
	size_t i;

	for (i = 0; i < s->nbackends; i++) {
		secret_clear(&s->backends[i].key);
		free(s->backends[i].headers);
	}
	free(s->backends);
}
