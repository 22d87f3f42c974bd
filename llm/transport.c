/*
 * transport: what it means that a question got no status at all.
 */
#include "base/http.h"
#include "base/text.h"
#include "llm/llm_priv.h"

enum llm_rc
llm_transport_rc(const struct http_response *resp, bool shown,
    struct llm_failure *f)
{
	text_format(f->why, sizeof(f->why), "%s", resp->why);
	f->cause = resp->cause;
	if (resp->rc == HTTP_CANCELLED)
		return LLM_CANCELLED;
	if (resp->rc == HTTP_BLOCKED)
		return LLM_INVALID;
	if (resp->lasting)
		return LLM_UNREACHABLE;
	/* Servers end connections for many reasons. */
	f->counts = !resp->conn_ended;
	return shown ? LLM_BROKEN : LLM_RETRY;
}
