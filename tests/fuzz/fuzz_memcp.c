/*
 * fuzz_memcp: what a meMCP server answers, at each of its paths and with any
 * status (the first byte).
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tools/memcp_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int STATUS[] = { 200, 400, 401, 403, 404, 500 };
	struct arena *mem = arena_new();
	struct session_token token = { 0 };
	struct tool_result r;
	int status = 200, how = len > 0 ? bytes[0] : 0;
	char *body;

	if (len > 0) {
		status = STATUS[how % (int)NELEM(STATUS)];
		bytes++;
		len--;
	}
	body = arena_memdup(mem, bytes, len);
	(void)memcp_read_verified(mem, status, body, len);
	if (memcp_read_derived(mem, body, len, &token)
	    && strpbrk(token.derived, "\r\n ") != NULL)
		abort();
	json_decref(memcp_read_list(mem, body, len));
	memcp_read_result(mem, status, body, len, how < 128, &r);
	if (r.n != 1 || r.content[0].text == NULL
	    || !text_is_utf8(r.content[0].text, strlen(r.content[0].text)))
		abort();
	arena_free(mem);
	return 0;
}
