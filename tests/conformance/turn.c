/*
 * turn: the same of a turn worker, where no fixture needs it.
 */
#include "tests/conformance/fixtures.h"

struct store *
fixture_store(void)
{
	return NULL;
}
