/*
 * call_names: the tool that a model means.
 *
 * Names come with what the server's parser left around them (a namespace, a
 * token, a number, blanks), again and again, since the model sees its own name
 * in the history: anomalyco/opencode#4279, vllm-project/vllm#32587,
 * tontinton/maki#518.  A name that is offered is itself; else, where exactly
 * one offered tool is left without the dirt, it is that.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "llm/llm_priv.h"

bool
llm_is_offered(const struct llm_question *q, const char *name)
{
	size_t i;

	for (i = 0; q != NULL && i < q->ntools; i++)
		if (strcmp(q->tools[i].name, name) == 0)
			return true;
	return false;
}

/* ${name} without what stands before it. */
static const char *
without_front(const char *name)
{
	static const char *const FRONTS[] = { "commentary ",
		"to=", "functions.", "function.", "functions:", "tools.",
		"tool.", "default_api.", "default_api:" };
	size_t i;

	name += strspn(name, " \t\r\n");
	for (i = 0; i < NELEM(FRONTS); i++)
		if (strncasecmp(name, FRONTS[i], strlen(FRONTS[i])) == 0)
			return without_front(name + strlen(FRONTS[i]));
	return name;
}

/* How much of ${name} stands before a token, a number, or brackets. */
static size_t
without_end(const char *name)
{
	const char *token = strstr(name, "<|");
	size_t len = token == NULL ? strlen(name) : (size_t)(token - name), n;

	while (len > 0 && isspace((unsigned char)name[len - 1]))
		len--;
	if (len > 2 && strncmp(name + len - 2, "()", 2) == 0)
		len -= 2;
	for (n = len; n > 0 && isdigit((unsigned char)name[n - 1]); n--)
		;
	if (n > 1 && n < len && name[n - 1] == ':')
		len = n - 1; /* Kimi's functions.NAME:0 */
	return len;
}

/* The only tool of that name, however it is written; NULL: none or several. */
static const char *
only(const struct llm_question *q, const char *name)
{
	const char *found = NULL;
	size_t i;

	for (i = 0; i < q->ntools; i++) {
		if (strcasecmp(q->tools[i].name, name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = q->tools[i].name;
	}
	return found;
}

const char *
llm_tool_meant(const struct llm_question *q, struct arena *mem,
    const char *name)
{
	const char *clean;

	if (q == NULL || strlen(name) > LLM_NAME_MAX)
		return NULL;
	if (llm_is_offered(q, name))
		return arena_strdup(mem, name);
	clean = without_front(name);
	clean = arena_memdup(mem, clean, without_end(clean));
	if (llm_is_offered(q, clean))
		return clean;
	return only(q, clean);
}
