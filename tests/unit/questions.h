/*
 * questions: a question with all that some server does not take: a system text,
 * a picture, two calls in one answer with thoughts, words right after results.
 */
#ifndef TESTS_UNIT_QUESTIONS_H
#define TESTS_UNIT_QUESTIONS_H

#include "llm/llm.h"

static const struct image PICTURE = { "image/png", "aGk=" };
static const struct tool_call CALLS[] = {
	{ "call_1", "echo", "{}" },
	{ "call_2", "time", "{}" },
};
static const struct llm_message MESSAGES[] = {
	{ .role = LLM_SYSTEM, .text = "Be kind." },
	{ .role = LLM_USER, .text = "Look", .images = &PICTURE, .nimages = 1 },
	{ .role = LLM_ASSISTANT,
	    .text = "",
	    .calls = CALLS,
	    .ncalls = 2,
	    .extra = "{\"message\":{\"reasoning_content\":\"Hm.\"}}" },
	{ .role = LLM_TOOL, .text = "hi", .call_id = "call_1", .tool = "echo" },
	{ .role = LLM_TOOL,
	    .text = "12:00",
	    .call_id = "call_2",
	    .tool = "time" },
	{ .role = LLM_USER, .text = "Well?" },
};

#endif
