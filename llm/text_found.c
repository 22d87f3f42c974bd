/*
 * text_found: calls that were found in words, put together.
 */
#include "base/text.h"
#include "llm/text_calls.h"

bool
text_found_add(struct text_calls *f, const char *name, const char *arguments)
{
	const char *tool = name == NULL ? NULL
					: llm_tool_meant(f->q, f->mem, name);

	if (!f->own && (tool == NULL || arguments == NULL))
		return false;
	if (f->n == TOOL_CALLS_MAX)
		return true; /* more than anyone may ask for at once */
	f->calls[f->n++] = (struct tool_call){ .name = name == NULL ? "unknown"
		    : tool != NULL                                  ? tool
				   : text_cut(f->mem, name, TOOL_NAME_MAX - 1),
		.arguments = arguments == NULL
		    ? ""
		    : llm_arguments(f->mem, arguments) };
	return true;
}
