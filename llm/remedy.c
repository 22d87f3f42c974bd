/*
 * remedy: what the operator does about a model that did not answer.  The log,
 * doctor and `models --test` say the same.
 */
#include <string.h>

#include "base/text.h"
#include "llm/llm_priv.h"

const char *
llm_place_setting(const struct llm_backend *b, struct arena *mem)
{
	if (b->name != NULL)
		return arena_printf(
		    mem, "base_url of llm.backends.%s", b->name);
	return b->host == HOST_OLLAMA && !b->moved
	    ? "chat.ollama_url (OLLAMA_URL)"
	    : "llm.base_url (LLM_BASE_URL)";
}

/* The setting that names the model of ${b}. */
const char *
llm_model_setting(const struct llm_backend *b, struct arena *mem)
{
	if (b->name != NULL)
		return arena_printf(
		    mem, "the model of llm.backends.%s", b->name);
	return b->is_fallback ? "llm.fallback (LLM_FALLBACK)"
			      : "chat.model (LLM_MODEL)";
}

static const char *
key_of(const struct llm_backend *b, struct arena *mem)
{
	if (b->name != NULL)
		return arena_printf(
		    mem, "the API key of llm.backends.%s", b->name);
	switch (b->host) {
	case HOST_GROQ:
		return "the API key (GROQ_API_KEY)";
	case HOST_ANTHROPIC:
		return "the API key (ANTHROPIC_API_KEY)";
	case HOST_OLLAMA:
		return "the API key (OLLAMA_API_KEY)";
	default:
		return "the API key (OPENAI_API_KEY)";
	}
}

/* No answer at all, or another one's: by the words of base/http_end.  A %s is
 * the setting of the address. */
static const char *
of_the_way(const char *why, const struct llm_backend *b, struct arena *mem)
{
	static const struct {
		const char *words, *before, *after;
	} ROWS[] = {
		{ "redirected to", "set ",
		    " to the address that the server names, without "
		    "/chat/completions or /v1/messages" },
		{ "file of trusted",
		    "name a readable PEM file as http.ca_file "
		    "(DRAGOMAN_CA_FILE)",
		    NULL },
		{ "http.ca_file",
		    "name a file with the certificate of the "
		    "server's authority as http.ca_file "
		    "(DRAGOMAN_CA_FILE)",
		    NULL },
		{ "another name", "correct the host in ", "" },
		{ "not valid yet", "correct this machine's clock", NULL },
		{ "proxy's certificate", "correct the proxy's certificate",
		    NULL },
		{ "certificate", "correct the server's certificate", NULL },
		{ "proxy wants",
		    "write the proxy's user and password into "
		    "http.proxy (HTTPS_PROXY)",
		    NULL },
		{ "proxy",
		    "start the proxy, or correct http.proxy "
		    "(HTTPS_PROXY) or http.no_proxy (NO_PROXY)",
		    NULL },
		{ "with https://", "write https:// in ", "" },
		{ "with http://", "correct the port, or write http:// in ",
		    "" },
		{ LLM_WHY_PAGE, "correct ",
		    ": a web site answers there, not this API; dragoman "
		    "doctor tries other addresses" },
		{ "TLS", "correct the port, or http:// and https://, in ", "" },
		{ "has no address", "correct the host in ",
		    ", or look at this "
		    "machine's DNS" },
		{ "host's name", "correct the host in ", "" },
		{ "cannot connect", "start the server, or correct ", "" },
	};
	size_t i;

	for (i = 0; i < NELEM(ROWS); i++)
		if (strstr(why, ROWS[i].words) != NULL)
			return ROWS[i].after == NULL
			    ? ROWS[i].before
			    : arena_printf(mem, "%s%s%s", ROWS[i].before,
				llm_place_setting(b, mem), ROWS[i].after);
	return strstr(why, "cut before an answer") != NULL
		&& strncmp(b->base_url, "http:", 5) == 0
	    ? arena_printf(mem,
		"nothing if it passes; else look at the "
		"server, or write https:// in %s if it speaks "
		"TLS",
		llm_place_setting(b, mem))
	    : "nothing if it passes; else look at the server";
}

/* ".../v1", ".../v1beta/openai", ".../v4": a part of the path is a version. */
static bool
ends_in_version(const char *url, size_t len)
{
	size_t i;

	for (i = 0; i + 2 < len; i++)
		if (url[i] == '/' && url[i + 1] == 'v' && url[i + 2] >= '0'
		    && url[i + 2] <= '9')
			return true;
	return false;
}

/* Something else is at that address: what was perhaps written too much. */
static const char *
of_an_address(
    const struct llm_failure *f, const struct llm_backend *b, struct arena *mem)
{
	static const char *const ENDS[] = { "/chat/completions", "/messages",
		"/models", "/completions", "/responses" };
	const char *place = llm_place_setting(b, mem), *url = b->base_url;
	size_t i, len = strcspn(url, "?"), n;

	if (f->status >= 300 && f->status <= 399)
		return of_the_way(f->why, b, mem);
	if (strstr(f->why, LLM_WHY_PAGE) != NULL)
		return of_the_way(LLM_WHY_PAGE, b, mem);

	while (len > 0 && url[len - 1] == '/')
		len--;
	for (i = 0; i < NELEM(ENDS); i++) {
		n = strlen(ENDS[i]);
		if (len > n && strncmp(url + len - n, ENDS[i], n) == 0)
			return arena_printf(mem,
			    "leave %s off the end of %s: it is added by itself",
			    ENDS[i], place);
	}
	if (b->host == HOST_ANTHROPIC && len > 3
	    && strncmp(url + len - 3, "/v1", 3) == 0)
		return arena_printf(mem,
		    "leave /v1 off the end of %s: it is added by itself",
		    place);
	return arena_printf(mem,
	    "correct %s%s; dragoman doctor tries other addresses", place,
	    b->host == HOST_ANTHROPIC || ends_in_version(url, len)
		? ""
		: ": most end in /v1");
}

static const char *
of_a_model(const struct llm_backend *b, struct arena *mem)
{
	const char *setting = llm_model_setting(b, mem);

	if (b->host == HOST_OLLAMA)
		return arena_printf(mem,
		    "run `ollama pull %s` on that server, or correct %s; "
		    "dragoman doctor shows the models that are there",
		    b->model, setting);
	return arena_printf(mem,
	    "correct %s: the server does not offer %s to this account; "
	    "dragoman doctor shows the models that are there",
	    setting, b->model);
}

static const char *
of_a_limit(const struct llm_failure *f, struct arena *mem)
{
	char span[LLM_SPAN_MAX];

	if (f->credit)
		return "add credit at the provider";
	if (f->told_ms <= 0)
		return "add credit, or raise the limit at the provider";
	llm_span(f->told_ms, span);
	return arena_printf(mem,
	    "wait %s, as the provider says, or raise the limit there; models "
	    "of llm.fallback answer meanwhile",
	    span);
}

void
llm_span(int64_t ms, char out[LLM_SPAN_MAX])
{
	int64_t minutes = (ms + 59999) / 60000, hours = (minutes + 59) / 60;

	if (minutes <= 1)
		text_format(out, LLM_SPAN_MAX, "about a minute");
	else if (minutes < 120)
		text_format(out, LLM_SPAN_MAX, "about %lld minutes",
		    (long long)minutes);
	else if (ms < LLM_HINT_FAR_MS)
		text_format(out, LLM_SPAN_MAX, "about %lld hours",
		    (long long)hours);
	else
		text_format(out, LLM_SPAN_MAX, "a day or more");
}

const char *
llm_remedy(enum llm_rc rc, const struct llm_failure *f,
    const struct llm_backend *b, struct arena *mem)
{
	switch (rc) {
	case LLM_DENIED:
		return arena_printf(mem, "correct %s", key_of(b, mem));
	case LLM_QUOTA:
		return of_a_limit(f, mem);
	case LLM_MODEL:
		return of_a_model(b, mem);
	case LLM_ADDRESS:
		return of_an_address(f, b, mem);
	case LLM_UNCHOSEN:
		return "set LLM_MODEL (chat.model) to one of its models";
	case LLM_INVALID:
		return f->status == 404
		    ? arena_printf(mem,
			"correct the address in %s, or the model's name in "
			"%s; dragoman doctor looks at both",
			llm_place_setting(b, mem), llm_model_setting(b, mem))
		    : "read the server's message; dragoman models --test asks "
		      "it";
	case LLM_CONTEXT:
		return "lower chat.history_tokens, or raise the server's "
		       "context";
	case LLM_FILTERED:
		return "nothing: the provider's filter declined this message";
	case LLM_LOADING:
		return "wait until the server has loaded the model";
	case LLM_UNREACHABLE:
		return of_the_way(f->why, b, mem);
	default:
		if (f->status == 429)
			return "nothing if it passes; else raise the rate "
			       "limit at the provider, or add a model of "
			       "another one to llm.fallback";
		return f->status != 0
		    ? "nothing if it passes; else look at the server"
		    : of_the_way(f->why, b, mem);
	}
}
