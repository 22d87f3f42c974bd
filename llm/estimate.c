/*
 * estimate: tokens, roughly, where nobody counted them.
 */
#include <string.h>

#include "llm/llm.h"

int64_t
llm_estimate(const struct llm_message *messages, size_t n,
    const struct tool_spec *tools, size_t ntools)
{
	int64_t bytes = 0, images = 0;
	size_t i, j;

	for (i = 0; i < n; i++) {
		bytes += (int64_t)strlen(messages[i].text) + 12;
		images += (int64_t)messages[i].nimages;
		for (j = 0; j < messages[i].ncalls; j++)
			bytes += (int64_t)strlen(messages[i].calls[j].name)
			    + (int64_t)strlen(messages[i].calls[j].arguments);
	}
	for (i = 0; i < ntools; i++)
		bytes += (int64_t)strlen(tools[i].name)
		    + (int64_t)strlen(tools[i].description) + 150;
	return bytes / 3 + images * 1000;
}
