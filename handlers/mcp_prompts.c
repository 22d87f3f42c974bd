/*
 * mcp_prompts: texts that a person chooses, with what they fill in; and the
 * values that are offered for that (and for the variables of resources).
 */
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_content.h"

int
mcp_prompts_list(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	return mcp_content_list(w, out, fault, CONTENT_LIST_PROMPTS, "prompts");
}

/* ---- one prompt ---------------------------------------------------------- */

/* An object of texts; NULL: ${fault}. */
static const json_t *
arguments_of(const struct mcp_work *w, struct mcp_fault *fault)
{
	const json_t *arguments = json_object_get(w->call.params, "arguments");
	const char *key;
	json_t *value;

	if (arguments == NULL || json_is_null(arguments))
		arguments = json_keep(w->mem, json_object());
	json_object_foreach((json_t *)(uintptr_t)arguments, key, value) {
		if (json_is_string(value))
			continue;
		(void)mcp_fail(fault, RPC_BAD_PARAMS,
		    arena_printf(w->mem, "params.arguments.%.64s is no string",
			key));
		return NULL;
	}
	if (json_is_object(arguments))
		return arguments;
	(void)mcp_fail(fault, RPC_BAD_PARAMS, "params.arguments is no object");
	return NULL;
}

static int
write_prompt(struct buf *out, const struct mcp_call *call,
    const struct content_answer *answer)
{
	if (mcp_result_begin(out, call) == -1)
		return MCP_FAILED;
	if (answer->description != NULL
	    && (mcp_member(out, "description") == -1
		|| json_add_str(out, answer->description,
		       strlen(answer->description))
		    == -1))
		return MCP_FAILED;
	if (mcp_member(out, "messages") == -1
	    || json_add(out, answer->messages) == -1)
		return MCP_FAILED;
	return mcp_result_end(out, call, NULL);
}

int
mcp_prompts_get(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	const char *name = json_member_str(w->call.params, "name");
	struct content_answer answer;
	struct content_ctx ctx;
	const json_t *arguments;
	enum content_rc rc;

	if (name == NULL)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.name, a string, is missing");
	arguments = arguments_of(w, fault);
	if (arguments == NULL || !mcp_ask_read(w, fault))
		return MCP_FAILED;
	mcp_content_ctx(w, &ctx);
	rc = content_get(w->post->edge->mcp->content, &ctx, name, arguments,
	    &answer);
	if (rc == CONTENT_OK)
		return write_prompt(out, &w->call, &answer);
	if (rc == CONTENT_ASKS)
		return mcp_ask_write(w, answer.questions, answer.state, out,
		    fault);
	return mcp_content_end(w, rc, &answer,
	    arena_printf(w->mem, "Unknown prompt: %.128s", name), fault);
}

/* ---- values -------------------------------------------------------------- */

/* False: ${fault} says what is missing. */
static bool
read_ref(const struct mcp_work *w, struct content_ref *ref,
    struct mcp_fault *fault)
{
	const json_t *params = w->call.params,
		     *argument = json_object_get(params, "argument"),
		     *of = json_object_get(params, "ref"),
		     *context = json_object_get(
			 json_object_get(params, "context"), "arguments");
	const char *type = json_member_str(of, "type");

	ref->is_prompt = type != NULL && strcmp(type, "ref/prompt") == 0;
	if (!ref->is_prompt
	    && (type == NULL || strcmp(type, "ref/resource") != 0)) {
		(void)mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.ref.type is neither ref/prompt nor ref/resource");
		return false;
	}
	ref->of = json_member_str(of, ref->is_prompt ? "name" : "uri");
	ref->argument = json_member_str(argument, "name");
	ref->value = json_member_str(argument, "value");
	ref->context = json_is_object(context) ? context : NULL;
	if (ref->of != NULL && ref->argument != NULL && ref->value != NULL)
		return true;
	(void)mcp_fail(fault, RPC_BAD_PARAMS,
	    ref->of == NULL
		? "params.ref lacks its name or uri, a string"
		: "params.argument lacks its name or value, a string");
	return false;
}

static int
write_values(struct buf *out, const struct mcp_call *call,
    const struct content_answer *answer)
{
	size_t i;

	if (mcp_result_begin(out, call) == -1
	    || mcp_member(out, "completion") == -1
	    || buf_add_str(out, "{\"values\":[") == -1)
		return MCP_FAILED;
	for (i = 0; i < answer->nvalues; i++)
		if ((i > 0 && buf_add_char(out, ',') == -1)
		    || json_add_str(out, answer->values[i],
			   strlen(answer->values[i]))
			== -1)
			return MCP_FAILED;
	if (buf_printf(out, "],\"total\":%zu,\"hasMore\":%s}", answer->total,
		answer->total > answer->nvalues ? "true" : "false")
	    == -1)
		return MCP_FAILED;
	return mcp_result_end(out, call, NULL);
}

int
mcp_complete(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	struct content_answer answer;
	struct content_ref ref;
	struct content_ctx ctx;
	enum content_rc rc;

	if (!read_ref(w, &ref, fault))
		return MCP_FAILED;
	mcp_content_ctx(w, &ctx);
	rc = content_complete(w->post->edge->mcp->content, &ctx, &ref, &answer);
	if (rc == CONTENT_OK)
		return write_values(out, &w->call, &answer);
	return mcp_content_end(w, rc, &answer,
	    arena_printf(w->mem, "Unknown %s: %.128s",
		ref.is_prompt ? "prompt" : "resource template", ref.of),
	    fault);
}
