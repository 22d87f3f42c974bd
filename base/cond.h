/*
 * cond: condition variables that wait by the monotonic clock, so that a wall
 * clock which is set makes nobody wait longer.
 */
#ifndef BASE_COND_H
#define BASE_COND_H

#include <pthread.h>

#include "base/base.h"

void cond_init(pthread_cond_t *cond);

/* ${ms} from now, for pthread_cond_timedwait on such a condition. */
struct timespec cond_after(int64_t ms);

/* Until it is signalled, or ${ms} have passed; the caller holds ${mu} and
 * looks itself at what it waits for.  Returns 0 or ETIMEDOUT. */
int cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *mu, int64_t ms);

#endif
