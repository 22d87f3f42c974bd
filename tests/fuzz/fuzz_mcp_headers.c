/*
 * What a header repeats of a body, and Accept: the first byte is the type of
 * the value; what follows is the header, a newline, and the value.  A text that
 * a client encodes is understood.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "mcp/headers.h"
#include "mcp/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	char *text = arena_memdup(mem, bytes, len), *header;
	json_t *value;

	(void)mcp_accepts(text);
	header = strsep(&text, "\n");
	if (text == NULL)
		text = header;
	value = json_keep(mem,
	    json_string(text_clean(mem, text, strlen(text))));
	(void)mcp_header_says(mem, header, value);
	if (!mcp_header_says(mem,
		params_header_value(mem, json_string_value(value)), value))
		abort();
	value = json_read(mem, text, strlen(text), NULL, NULL);
	(void)mcp_header_says(mem, header, value);
	arena_free(mem);
	return 0;
}
