/*
 * served_http: a server that does what HTTP allows and what it does not, a
 * path for each, for the tests of base/http.
 */
#ifndef TESTS_UNIT_SERVED_HTTP_H
#define TESTS_UNIT_SERVED_HTTP_H

#include "base/http.h"
#include "tests/unit/served_tls.h"

#define LONG_MS 60000   /* longer than a test may take: never waited out */
#define PROMPT_MS 20000 /* what must not take LONG_MS takes less than this */

extern struct served srv;
extern bool over_tls;         /* the tests that follow */
extern struct served_tls how; /* then: how the server speaks it */
extern int cancel_flag;       /* set by /cancel-* paths too */
void set_cancel(int value);
extern atomic_int flooded; /* lines that /flood sent */

/* http:// or https:// by over_tls; valid until this thread's next call. */
const char *url_of(const char *path);
struct http_request get(const char *path);

/* Of each test: a server of its own, and the engine. */
int start(void **state);
int stop(void **state);
/* Of a test of its own server: the engine alone, with the test's authority. */
int start_engine(void);
/* All tests in the clear, and once more over TLS. */
#define RUN_BOTH(tests)                                                   \
	(cmocka_run_group_tests_name("in the clear", tests, NULL, NULL)   \
	    + (set_tls() ? cmocka_run_group_tests_name("over TLS", tests, \
		   NULL, NULL)                                            \
			 : 0))
bool set_tls(void);
#define WITH_SERVER(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

#endif
