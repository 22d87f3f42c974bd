/*
 * clock: the three times there are.
 *
 * wall: Unix time, for records.  boot: CLOCK_BOOTTIME, for leases and
 * deadlines (it counts while the machine sleeps).  Both in milliseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

#define CLOCK_ISO_MAX 32

int64_t clock_wall_ms(void);
int64_t clock_boot_ms(void);
int64_t clock_boot_us(void); /* for measuring */

/* "2026-11-20T10:00:00.123Z" into ${out}; returns ${out}. */
char *clock_iso(int64_t wall_ms, char out[CLOCK_ISO_MAX]);

#endif
