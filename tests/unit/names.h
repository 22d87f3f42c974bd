/*
 * names: the host names of a unit test.
 *
 * A program with this file resolves what ends in ".test" to 127.0.0.1, and
 * nothing that ends in "nowhere.test"; what begins with "slow" waits until it
 * is let go.  All other names go to libc.
 */
#ifndef TESTS_UNIT_NAMES_H
#define TESTS_UNIT_NAMES_H

#include <stdatomic.h>

extern atomic_int names_asked;   /* so far, of the test's */
extern atomic_int names_waiting; /* slow ones, now */
/* Slow names wait from now on, or those that wait go on. */
void names_hold(void);
void names_let_go(void);

#endif
