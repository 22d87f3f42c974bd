/*
 * kept_members: THE table of members for thoughts: kept, sent back, left out
 * for backends that take none back, and known in the words of their refusals.
 */
#include "llm/llm_priv.h"

const struct llm_kept_member LLM_KEPT_MEMBERS[] = {
	{ LLM_THOUGHTS_MEMBER, KEEP_JOINED },  /* DeepSeek, Kimi, Qwen, vLLM */
	{ "reasoning", KEEP_JOINED },          /* OpenRouter, Groq, Ollama */
	{ "reasoning_text", KEEP_JOINED },     /* GitHub Copilot */
	{ "reasoning_opaque", KEEP_LAST },     /* the same, signed */
	{ "reasoning_details", KEEP_DETAILS }, /* OpenRouter, MiniMax */
	{ "thinking", KEEP_JOINED },
	{ "thinking_blocks", KEEP_DETAILS }, /* LiteLLM before Anthropic */
	{ "thought_signature", KEEP_LAST },
	{ "provider_specific_fields", KEEP_LAST }, /* LiteLLM */
	{ "extra_content", KEEP_LAST },            /* Gemini */
};

_Static_assert(NELEM(LLM_KEPT_MEMBERS) == LLM_KEPT_MAX, "a place for each");
