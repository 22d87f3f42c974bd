#include "base/memory.h"

#include <malloc.h>

void
memory_init(void)
{
	(void)mallopt(M_ARENA_MAX, MEMORY_ARENAS);
}

void
memory_trim(void)
{
	(void)malloc_trim(0);
}
