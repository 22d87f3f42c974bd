#include "base/signals.h"

#include <signal.h>
#include <time.h>

static void
ending(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

static void
obeyed(sigset_t *set)
{
	ending(set);
	sigaddset(set, SIGHUP);
}

void
signals_block(void)
{
	sigset_t set;

	obeyed(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void
signals_unblock(void)
{
	sigset_t set;

	obeyed(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int
wait_for(const sigset_t *set, int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	return sigtimedwait(set, NULL, &ts);
}

enum signals_came
signals_wait(int ms)
{
	sigset_t set;

	obeyed(&set);
	switch (wait_for(&set, ms)) {
	case SIGHUP:
		return SIGNALS_RELOAD;
	case SIGTERM:
	case SIGINT:
		return SIGNALS_END;
	default:
		return SIGNALS_NONE;
	}
}

bool
signals_end_came(int ms)
{
	sigset_t set;

	ending(&set);
	return wait_for(&set, ms) > 0;
}
