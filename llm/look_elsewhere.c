/*
 * look_elsewhere: an address without /v1, or with too much behind it, is the
 * commonest mistake of all: the same server is asked at other paths.
 *
 * Nothing leaves for another host.  The key goes with it, as a gateway without
 * one says the same everywhere; so a path of somebody's own (a tenant's) is not
 * left: its neighbours are others.
 */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "llm/llm_priv.h"
#include "llm/look_priv.h"

#define EACH_MS 3000 /* a path that is none is answered at once */
#define ALL_MS 10000 /* somebody waits for it at a terminal */

/* Behind the host: OpenAI, Ollama, vLLM, llama.cpp and LM Studio; OpenRouter
 * and LibreChat's kind; Groq; Open WebUI; Gemini; DashScope; Zhipu; llama.cpp
 * and LocalAI also serve it at the root. */
static const char *const OPENAI_PATHS[] = { "/v1", "/api/v1", "/openai/v1",
	"/api", "/v1beta/openai", "/compatible-mode/v1", "/api/paas/v4", "" };
/* Anthropic itself, and who serves its API beside another. */
static const char *const ANTHROPIC_PATHS[] = { "", "/anthropic", "/api",
	"/api/anthropic" };

/* Parts of those paths, and what is written in their place. */
static const char *const PARTS[] = { "v1", "v2", "v3", "v4", "api", "openai",
	"anthropic", "v1beta", "v1beta1", "compatible-mode", "paas", "chat",
	"completions", "messages", "models", "responses", "ollama", "generate",
	"tags", "embeddings" };

static bool
is_a_part(const char *s, size_t len)
{
	for (size_t i = 0; i < NELEM(PARTS); i++)
		if (strlen(PARTS[i]) == len
		    && strncasecmp(s, PARTS[i], len) == 0)
			return true;
	return false;
}

/* Has ${path} a part that no API of these has? */
static bool
is_somebodys(const char *path)
{
	while (*path != '\0') {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len > 0 && !is_a_part(path, len))
			return true;
		path += len;
	}
	return false;
}

/* ${path} behind the first ${len} bytes of ${b}'s address; NULL: no list. */
static char *
try_at(const struct llm_backend *b, size_t len, const char *path,
    const volatile int *cancel, struct arena *mem, enum llm_rc *rc)
{
	struct llm_backend other = *b;
	struct llm_failure f;
	const json_t *doc;
	char *url = arena_printf(mem, "%.*s%s", (int)len, b->base_url, path);

	if (strcmp(url, b->base_url) == 0)
		return NULL;
	other.base_url = url;
	*rc = llm_list_ask(&other, EACH_MS, cancel, mem, &doc, &f);
	return (*rc == LLM_OK && doc != NULL) || *rc == LLM_DENIED ? url : NULL;
}

char *
llm_look_elsewhere(const struct llm_backend *b, const volatile int *cancel,
    struct arena *mem, enum llm_rc *rc)
{
	bool messages = llm_provider_of(b->host) == &LLM_ANTHROPIC;
	const char *const *paths = messages ? ANTHROPIC_PATHS : OPENAI_PATHS;
	size_t npaths = messages ? NELEM(ANTHROPIC_PATHS) : NELEM(OPENAI_PATHS);
	const char *url = b->base_url, *host = strstr(url, "://"), *extra;
	size_t root, len, nextra, i;
	int64_t until = clock_boot_ms() + ALL_MS;
	char *found;

	if (host == NULL || strchr(url, '?') != NULL)
		return NULL;
	root = (size_t)(host + 3 - url) + strcspn(host + 3, "/");
	len = llm_address_stem(b, &extra, &nextra);
	if (len > root) { /* below its own path, first */
		found = try_at(b, len, "", cancel, mem, rc);
		if (found == NULL && !messages
		    && !llm_address_has_version(url, len))
			found = try_at(b, len, "/v1", cancel, mem, rc);
		if (found != NULL)
			return found;
	}
	if (is_somebodys(url + root))
		return NULL;
	for (i = 0; i < npaths && clock_boot_ms() < until; i++) {
		found = try_at(b, root, paths[i], cancel, mem, rc);
		if (found != NULL)
			return found;
	}
	return NULL;
}
