/*
 * end: one record of each request, also of one that its client left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "fcgi/end.h"
#include "fcgi/request_priv.h"
#include "fcgi/route.h"
#include "nouns/metric.h"

static const struct route PROBE = { .pattern = "/health",
	.class = CLASS_PROBE };

static struct request
request(struct arena *mem)
{
	struct request req = { .mem = mem,
		.method = M_POST,
		.path = arena_strdup(mem, "/chat"),
		.chat = arena_strdup(mem, "default/http/a"),
		.caller = { .tenant = arena_strdup(mem, "default"),
		    .connection = arena_strdup(mem, "http"),
		    .key = arena_strdup(mem, "k1"),
		    .role = arena_strdup(mem, "client"),
		    .person = arena_strdup(mem, "anna") },
		.status = 200,
		.sent = 7 };

	snprintf(req.remote, sizeof(req.remote), "127.0.0.1");
	return req;
}

static void
is_kept_beyond_its_request(void **state)
{
	struct arena *mem = arena_new();
	struct request req = request(mem);
	struct end end;
	char *texts;

	(void)state;
	req.message = arena_strdup(mem, "m");
	texts = calloc(1, end_texts_size(&req));
	end_keep(&end, texts, &req);
	/* Each lies in ${texts}, not in the request, which is gone now. */
	memset(&req.remote, 'x', sizeof(req.remote));
	arena_free(mem);
	assert_string_equal(end.method, "POST");
	assert_string_equal(end.path, "/chat");
	assert_string_equal(end.remote, "127.0.0.1");
	assert_string_equal(end.chat, "default/http/a");
	assert_string_equal(end.message, "m");
	assert_string_equal(end.caller.tenant, "default");
	assert_string_equal(end.caller.connection, "http");
	assert_string_equal(end.caller.key, "k1");
	assert_string_equal(end.caller.role, "client");
	assert_string_equal(end.caller.person, "anna");
	assert_int_equal(end.status, 200);
	free(texts);
}

/* What /metrics and the log say of ${end}. */
static void
said(const struct end *end, const char *file, struct buf *log,
    struct buf *metrics)
{
	char bytes[4096];
	size_t n;
	FILE *f;

	assert_int_equal(log_open("test", LOG_INFO, file), 0);
	end_write(end);
	f = fopen(file, "r");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	buf_reset(log);
	buf_reset(metrics);
	assert_int_equal(buf_add(log, bytes, n), 0);
	assert_int_equal(metrics_write(metrics), 0);
	unlink(file);
}

static void
is_counted_and_logged_once(void **state)
{
	char folder[] = "/tmp/test_end.XXXXXX", file[64];
	struct buf log = BUF_INIT(MIB), metrics = BUF_INIT(MIB);
	struct arena *mem = arena_new();
	struct request req = request(mem);
	struct end end;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/log", folder);
	assert_int_equal(metrics_open(NULL, METRICS, METRIC_N), 0);

	end_of(&end, &req);
	said(&end, file, &log, &metrics);
	assert_non_null(strstr(buf_str(&log), "\"request_done\""));
	assert_non_null(strstr(buf_str(&log), "\"status\":200"));
	assert_null(strstr(buf_str(&log), "\"refused\""));
	assert_non_null(strstr(buf_str(&log), "\"chat\":\"default/http/a\""));
	assert_non_null(strstr(buf_str(&metrics),
	    "dragoman_requests_total{class=\"2xx\"} 1\n"));

	/* Parked, and its client left: nobody answered. */
	end.status = 0;
	end.gone = true;
	said(&end, file, &log, &metrics);
	assert_non_null(strstr(buf_str(&log), "\"status\":499"));
	assert_non_null(strstr(buf_str(&log), "\"gone\":true"));
	assert_non_null(strstr(buf_str(&metrics),
	    "dragoman_requests_total{class=\"4xx\"} 1\n"));

	req.status = 401;
	end_of(&end, &req);
	end.refused = "who";
	said(&end, file, &log, &metrics);
	assert_non_null(strstr(buf_str(&metrics),
	    "dragoman_refused_total{reason=\"unauthenticated\"} 1\n"));
	assert_non_null(strstr(buf_str(&log), "\"refused\":\"who\""));

	/* A probe's 503 is nobody's failed request, and no line. */
	req.status = 503;
	req.route = &PROBE;
	end_of(&end, &req);
	said(&end, file, &log, &metrics);
	assert_null(strstr(buf_str(&log), "request_done"));
	assert_non_null(strstr(buf_str(&metrics),
	    "dragoman_requests_total{class=\"probe\"} 1\n"));

	metrics_close();
	(void)!log_open("test", LOG_INFO, NULL);
	rmdir(folder);
	buf_fini(&log);
	buf_fini(&metrics);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_kept_beyond_its_request),
		cmocka_unit_test(is_counted_and_logged_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
