/*
 * A slow resolver: a name that takes its time holds up nothing but its own
 * request, and not even that past its deadline.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tests/unit/names.h"
#include "tests/unit/served_http.h"

#define SLOW_MANY 8

static const char *
scheme(void)
{
	return over_tls ? "https" : "http";
}

static void
wait_for_waiting(int n)
{
	struct timespec tick = { .tv_nsec = 5 * 1000000 };
	int64_t began = clock_boot_ms();

	while (atomic_load(&names_waiting) != n) {
		if (clock_boot_ms() - began > LONG_MS)
			fail_msg("%d names wait, not %d",
			    atomic_load(&names_waiting), n);
		nanosleep(&tick, NULL);
	}
}

static void *
ask_slow(void *arg)
{
	struct http_response resp;
	char url[64];
	struct http_request req = { .method = "GET",
		.url = url,
		.connect_ms = LONG_MS,
		.total_ms = LONG_MS,
		.flags = HTTP_OPERATOR };
	intptr_t rc;

	/* Names of their own: the same one is asked for once. */
	snprintf(url, sizeof(url), "%s://slow-%d.names.test:%d/ok", scheme(),
	    *(const int *)arg, srv.port);
	rc = http_send(&req, &resp);
	http_response_fini(&resp);
	return (void *)rc;
}

static void
others_go_on_meanwhile(void **state)
{
	static int numbers[SLOW_MANY];
	pthread_t threads[SLOW_MANY];
	struct http_request req = get("/ok");
	struct http_response resp;
	void *rc;
	int i;

	(void)state;
	names_hold();
	for (i = 0; i < SLOW_MANY; i++) {
		numbers[i] = i;
		assert_int_equal(
		    pthread_create(&threads[i], NULL, ask_slow, &numbers[i]),
		    0);
	}
	wait_for_waiting(SLOW_MANY);
	for (i = 0; i < 50; i++) {
		req.total_ms = PROMPT_MS;
		assert_int_equal(http_send(&req, &resp), HTTP_OK);
		http_response_fini(&resp);
	}
	assert_int_equal(atomic_load(&names_waiting), SLOW_MANY);
	names_let_go();
	for (i = 0; i < SLOW_MANY; i++) {
		pthread_join(threads[i], &rc);
		assert_int_equal((intptr_t)rc, HTTP_OK);
	}
}

/* The engine doesn't wait for the resolver's thread, which ends alone. */
static void
a_deadline_and_a_cancel_hold(void **state)
{
	struct http_request req = get("/ok");
	struct http_response resp;
	char url[64];
	int64_t began;

	(void)state;
	snprintf(url, sizeof(url), "%s://slow.names.test:%d/ok", scheme(),
	    srv.port);
	names_hold();
	req.url = url;
	req.connect_ms = 100;
	began = clock_boot_ms();
	assert_int_equal(http_send(&req, &resp), HTTP_UNREACHED);
	assert_non_null(strstr(resp.why, "connection"));
	http_response_fini(&resp);
	req.connect_ms = LONG_MS;
	req.cancel = &cancel_flag;
	set_cancel(1);
	assert_int_equal(http_send(&req, &resp), HTTP_CANCELLED);
	http_response_fini(&resp);
	set_cancel(0);
	req = get("/ok");
	assert_int_equal(http_send(&req, &resp), HTTP_OK);
	http_response_fini(&resp);
	assert_true(clock_boot_ms() - began < PROMPT_MS);
	names_let_go();
	wait_for_waiting(0);
}

static void
a_name_without_an_address_is_said(void **state)
{
	struct http_request req = get("/ok");
	struct http_response resp;
	char url[64];

	(void)state;
	snprintf(url, sizeof(url), "%s://nowhere.test:%d/ok", scheme(),
	    srv.port);
	req.url = url;
	assert_int_equal(http_send(&req, &resp), HTTP_UNREACHED);
	assert_string_equal(resp.why,
	    "cannot connect: the host's name has no address");
	assert_int_equal(resp.cause, HTTP_CAUSE_NO_HOST);
	http_response_fini(&resp);
}

static bool
resolves_beside(void)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if ((v->features & CURL_VERSION_ASYNCHDNS) != 0)
		return true;
	fprintf(stderr, "skipped: this libcurl resolves in its own thread\n");
	return false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_name_without_an_address_is_said),
		WITH_SERVER(others_go_on_meanwhile),
		WITH_SERVER(a_deadline_and_a_cancel_hold),
	};

	if (!resolves_beside())
		return 77;
	return RUN_BOTH(tests);
}
