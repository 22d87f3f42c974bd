#include "base/memory.h"

#include <malloc.h>
#include <stddef.h>

/*
 * What jemalloc reads at its start, by this name; with the C library's malloc
 * a string that nobody reads.  Against jemalloc's defaults: few arenas, so that
 * threads find memory that another one has just used; small caches, as each
 * thread has one (a thousand conversations take 230 MB otherwise, and 105 so);
 * free pages are given back after a second instead of ten.
 */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:2,tcache_max:512,tcache_nslots_small_max:16,"
			  "dirty_decay_ms:1000,muzzy_decay_ms:0";
_Static_assert(MEMORY_ARENAS == 2, "as in malloc_conf");

/* jemalloc's; NULL: this program is not linked with it. */
extern int mallctl(const char *name, void *old, size_t *old_len, void *new,
    size_t new_len) __attribute__((weak));
#define PURGE_ALL_ARENAS "arena.4096.purge" /* MALLCTL_ARENAS_ALL */

void
memory_init(void)
{
	if (mallctl == NULL)
		(void)mallopt(M_ARENA_MAX, MEMORY_ARENAS);
}

void
memory_trim(void)
{
	if (mallctl == NULL)
		(void)malloc_trim(0);
	else
		(void)mallctl(PURGE_ALL_ARENAS, NULL, NULL, NULL, 0);
}
