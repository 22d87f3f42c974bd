/*
 * JSON from anyone: what is read quickly is what jansson reads, what is read
 * strictly is read leniently as the same, and what was read is written so that
 * it reads back.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_quick.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes, *again;
	const json_t *lenient;
	struct arena *mem = arena_new();
	json_t *quick = json_quick(text, len), *doc;

	doc = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
	    NULL);
	if (quick != NULL && !json_equal(quick, doc))
		abort();
	json_decref(quick);
	json_decref(doc);

	doc = json_read(mem, text, len, NULL, NULL);
	lenient = json_read_lenient(mem, text, len);
	if (doc != NULL && !json_equal(doc, lenient))
		abort();
	if (lenient != NULL) {
		again = json_text(mem, lenient);
		if (again == NULL
		    || !json_equal(lenient,
			json_read(mem, again, strlen(again), NULL, NULL)))
			abort();
	}
	arena_free(mem);
	return 0;
}
