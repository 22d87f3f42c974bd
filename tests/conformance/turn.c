/*
 * turn: the same of a turn worker, where no fixture needs it.
 */
#include "tests/conformance/fixtures.h"

struct store *
fixture_store(void)
{
	return NULL;
}

void
fixture_close(const struct tool_ctx *ctx)
{
	(void)ctx;
}
