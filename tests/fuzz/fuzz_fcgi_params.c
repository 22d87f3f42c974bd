/*
 * fuzz_fcgi_params: the parameters of a request, a line each as NAME=value.
 * What is taken is valid UTF-8 without NUL, whatever came.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fcgi/request_priv.h"

#define PARAMS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	struct request req = { .mem = mem };
	char *text = arena_memdup(mem, bytes, len);
	char *envp[PARAMS_MAX + 1];
	const char *why = "", *value;
	size_t n = 0;

	while (n < PARAMS_MAX && text != NULL)
		envp[n++] = strsep(&text, "\n");
	envp[n] = NULL;
	if (request_begin(&req, envp, &why) == 0)
		must(text_is_utf8(req.path, strlen(req.path)));
	else
		must(why[0] != '\0');
	must(req.id[0] != '\0' && strlen(req.id) < REQUEST_ID_MAX);
	must(strlen(req.remote) < sizeof(req.remote));
	value = request_query(&req, "q");
	must(value == NULL || text_is_utf8(value, strlen(value)));
	(void)request_header(&req, "X-Proxy-Secret");
	(void)request_accepts(&req, "text/event-stream");
	must(req.announced >= -1);
	arena_free(mem);
	return 0;
}
