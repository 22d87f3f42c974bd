/*
 * remedy: what the operator does about a model that did not answer.  The log,
 * doctor and `models --test` say the same.
 */
#include <string.h>

#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/look_priv.h"

const char *
llm_place_setting(const struct llm_backend *b, struct arena *mem)
{
	if (b->name != NULL)
		return arena_printf(mem, "base_url of llm.backends.%s",
		    b->name);
	return b->host == HOST_OLLAMA && !b->moved
	    ? "chat.ollama_url (OLLAMA_URL)"
	    : "llm.base_url (LLM_BASE_URL)";
}

const char *
llm_model_setting(const struct llm_backend *b, struct arena *mem)
{
	if (b->name != NULL)
		return arena_printf(mem, "the model of llm.backends.%s",
		    b->name);
	return b->is_fallback ? "llm.fallback (LLM_FALLBACK)"
			      : "chat.model (LLM_MODEL)";
}

static const char *
key_of(const struct llm_backend *b, struct arena *mem)
{
	if (b->name != NULL)
		return arena_printf(mem, "the API key of llm.backends.%s",
		    b->name);
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

#define CORRECT_HOST "correct the host in "
#define CORRECT_PORT "correct the port, or http:// and https://, in "

/* No answer at all.  ${after} NULL: the setting of the address is not named. */
static const struct {
	const char *before, *after;
} OF_THE_WAY[HTTP_CAUSE_N] = {
	[HTTP_CAUSE_OTHER] = { "nothing if it passes; else look at the server",
	    NULL },
	[HTTP_CAUSE_CA_FILE] = { "name a readable PEM file as http.ca_file "
				 "(DRAGOMAN_CA_FILE)",
	    NULL },
	[HTTP_CAUSE_AUTHORITY]
	= { "name a file with the certificate of the server's authority as "
	    "http.ca_file (DRAGOMAN_CA_FILE)",
	    NULL },
	[HTTP_CAUSE_OTHER_NAME] = { CORRECT_HOST, "" },
	[HTTP_CAUSE_EARLY] = { "correct this machine's clock", NULL },
	[HTTP_CAUSE_CERTIFICATE] = { "correct the server's certificate", NULL },
	[HTTP_CAUSE_PROXYS_CERTIFICATE] = { "correct the proxy's certificate",
	    NULL },
	[HTTP_CAUSE_CLIENTS_CERTIFICATE]
	= { "let the server take clients without a certificate, or put a "
	    "gateway before it that has one",
	    NULL },
	[HTTP_CAUSE_PROXY] = { "start the proxy, or correct http.proxy "
			       "(HTTPS_PROXY) or http.no_proxy (NO_PROXY)",
	    NULL },
	[HTTP_CAUSE_PROXY_LOGIN]
	= { "write the proxy's user and password into http.proxy "
	    "(HTTPS_PROXY)",
	    NULL },
	[HTTP_CAUSE_NEEDS_HTTPS] = { "write https:// in ", "" },
	[HTTP_CAUSE_NEEDS_HTTP] = { "correct the port, or write http:// in ",
	    "" },
	[HTTP_CAUSE_OLD_TLS]
	= { "update the server, or what serves its TLS: it must speak TLS 1.2 "
	    "or newer",
	    NULL },
	[HTTP_CAUSE_TLS] = { CORRECT_PORT, "" },
	[HTTP_CAUSE_NO_HOST] = { CORRECT_HOST,
	    ", or look at this machine's DNS" },
	[HTTP_CAUSE_NOT_ITS_HOST] = { CORRECT_HOST, "" },
	[HTTP_CAUSE_CONNECT] = { "start the server, or correct ", "" },
	[HTTP_CAUSE_CUT] = { "nothing if it passes; else look at the server",
	    NULL },
};

static const char *
of_the_way(const struct llm_failure *f, const struct llm_backend *b,
    struct arena *mem)
{
	if (f->country)
		return "ask through a proxy in a country that the provider "
		       "serves (http.proxy, HTTPS_PROXY), or choose another "
		       "provider";
	if (f->cause == HTTP_CAUSE_CUT && strncmp(b->base_url, "http:", 5) == 0)
		return arena_printf(mem,
		    "%s, or write https:// in %s if it speaks TLS",
		    OF_THE_WAY[f->cause].before, llm_place_setting(b, mem));
	return OF_THE_WAY[f->cause].after == NULL
	    ? OF_THE_WAY[f->cause].before
	    : arena_printf(mem, "%s%s%s", OF_THE_WAY[f->cause].before,
		llm_place_setting(b, mem), OF_THE_WAY[f->cause].after);
}

/* Something else is at that address: what was perhaps written too much. */
static const char *
of_an_address(const struct llm_failure *f, const struct llm_backend *b,
    struct arena *mem)
{
	const char *place = llm_place_setting(b, mem), *extra;
	size_t nextra, len = llm_address_stem(b, &extra, &nextra);

	if (f->status >= 300 && f->status <= 399)
		return arena_printf(mem,
		    "set %s to the address that the server names, without "
		    "/chat/completions or /v1/messages",
		    place);
	if (f->is_page)
		return arena_printf(mem,
		    "correct %s: a web site answers there, not this API; "
		    "dragoman doctor tries other addresses",
		    place);
	if (nextra > 0)
		return arena_printf(mem,
		    "leave %.*s off the end of %s: it is added by itself",
		    (int)nextra, extra, place);
	return arena_printf(mem,
	    "correct %s%s; dragoman doctor tries other addresses", place,
	    b->host == HOST_ANTHROPIC
		    || llm_address_has_version(b->base_url, len)
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
		return of_the_way(f, b, mem);
	default:
		if (f->status == 429)
			return "nothing if it passes; else raise the rate "
			       "limit at the provider, or add a model of "
			       "another one to llm.fallback";
		return f->status != 0
		    ? "nothing if it passes; else look at the server"
		    : of_the_way(f, b, mem);
	}
}
