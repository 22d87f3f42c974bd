#include "tests/unit/names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define HELD_MAX_S 20 /* a test that failed goes on */

atomic_int names_asked, names_waiting;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool hold;
} N = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

typedef int resolver(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res);

static void
set_hold(bool hold)
{
	pthread_mutex_lock(&N.lock);
	N.hold = hold;
	pthread_cond_broadcast(&N.changed);
	pthread_mutex_unlock(&N.lock);
}

void
names_hold(void)
{
	set_hold(true);
}

void
names_let_go(void)
{
	set_hold(false);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static void
wait_if_slow(const char *name)
{
	struct timespec until;

	if (strncmp(name, "slow", 4) != 0)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HELD_MAX_S;
	atomic_fetch_add(&names_waiting, 1);
	pthread_mutex_lock(&N.lock);
	while (
	    N.hold && pthread_cond_timedwait(&N.changed, &N.lock, &until) == 0)
		;
	pthread_mutex_unlock(&N.lock);
	atomic_fetch_sub(&names_waiting, 1);
}

/* In libc's place, for libcurl, too. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **res)
{
	resolver *libcs;
	void *found = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&libcs, &found, sizeof(libcs)); /* as POSIX has it */
	if (node == NULL || !ends_with(node, ".test"))
		return libcs(node, service, hints, res);
	atomic_fetch_add(&names_asked, 1);
	wait_if_slow(node);
	if (ends_with(node, "nowhere.test"))
		return EAI_NONAME;
	return libcs("127.0.0.1", service, hints, res);
}
