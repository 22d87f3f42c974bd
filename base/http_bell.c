/*
 * http_bell: the word on which the owner of a transfer sleeps.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/http_priv.h"

void
http_bell_wake(atomic_uint *bell)
{
	(void)syscall(SYS_futex, bell, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL,
	    0);
}

void
http_bell_wait(struct transfer *t, unsigned seen, int64_t wait_ms)
{
	struct timespec ts, *limit = NULL;
	unsigned expected = seen;

	if (!atomic_compare_exchange_strong(&t->bell, &expected,
		seen | BELL_WAITING)
	    && expected != (seen | BELL_WAITING))
		return; /* rung meanwhile */
	if (wait_ms >= 0) {
		ts.tv_sec = wait_ms / 1000;
		ts.tv_nsec = wait_ms % 1000 * 1000000;
		limit = &ts;
	}
	(void)syscall(SYS_futex, &t->bell, FUTEX_WAIT_PRIVATE,
	    seen | BELL_WAITING, limit, NULL, 0);
	atomic_fetch_and(&t->bell, ~BELL_WAITING);
}

bool
http_bell_set(struct transfer *t, unsigned bits)
{
	unsigned old = bits == BELL_STEP ? atomic_fetch_add(&t->bell, bits)
					 : atomic_fetch_or(&t->bell, bits);

	return (old & BELL_WAITING) != 0;
}
