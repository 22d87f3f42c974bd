/*
 * fuzz_anthropic: what a model answers over this API (model.h).
 */
#include "tests/fuzz/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	return fuzz_model(&LLM_ANTHROPIC, bytes, len);
}
