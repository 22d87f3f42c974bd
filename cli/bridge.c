#include "cli/bridge.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "mcp/rpc.h"

#define LINE_MAX_BYTES WIRE_MESSAGE_MAX
#define PIECE (64 * KIB)
#define END_MS 30000 /* input ended: so long what runs may take */
#define CUT_MS 3000  /* what was cut off ends at once */

static void
run_call(void *arg)
{
	struct call *c = arg;

	call_run(c);
	call_free(c);
}

/* ---- a line -------------------------------------------------------------- */

/* notifications/cancelled: of 2026-07-28 a closed connection says so, of the
 * revisions before the notification does.  True: it was that. */
static bool
was_cancel(struct bridge *b, const json_t *doc)
{
	const char *method = json_member_str(doc, "method");
	const json_t *id = json_object_get(json_object_get(doc, "params"),
	    "requestId");
	bool passes = false;
	struct call *c;

	if (method == NULL || id == NULL
	    || strcmp(method, "notifications/cancelled") != 0)
		return false;
	pthread_mutex_lock(&b->mu);
	for (c = b->calls; c != NULL; c = c->next) {
		if (c->id == NULL || !json_equal(c->id, id))
			continue;
		__atomic_store_n(&c->told, 1, __ATOMIC_RELAXED);
		if (c->modern != NULL)
			__atomic_store_n(&c->cancel, 1, __ATOMIC_RELAXED);
		passes = passes || c->modern == NULL;
	}
	pthread_mutex_unlock(&b->mu);
	return !passes;
}

/* What later messages rest on, and what has no answer: in its place. */
static bool
is_awaited(const struct call *c)
{
	return c->method != NULL
	    && (c->id == NULL || strcmp(c->method, "initialize") == 0);
}

static void
take_line(struct bridge *b, const char *line, size_t len)
{
	struct arena *mem = arena_new();
	char *text = arena_memdup(mem, line, len);
	const char *why = "";
	json_t *doc = json_read(mem, text, len, &why, NULL);
	struct call *c;

	if (doc == NULL)
		bridge_error(b, NULL, RPC_PARSE,
		    arena_printf(mem, "Parse error: %s", why), NULL);
	else if (!json_is_object(doc) && json_array_size(doc) == 0)
		bridge_error(b, NULL, RPC_INVALID_REQUEST,
		    "a line is one JSON-RPC message, or several in an array",
		    NULL);
	if (doc == NULL || (!json_is_object(doc) && json_array_size(doc) == 0)
	    || was_cancel(b, doc)) {
		arena_free(mem);
		return;
	}
	c = call_new(b, mem, text, len, doc);
	if (is_awaited(c)) {
		call_run(c);
		if (strcmp(c->method, "notifications/initialized") == 0)
			listen_start(b);
	} else if (pool_run(b->pool, run_call, c) == 0)
		return;
	else
		bridge_error(b, c->id, 429,
		    "too many calls at once; wait until one has ended", NULL);
	call_free(c);
}

/* ---- input --------------------------------------------------------------- */

/* Whole lines of ${in}, which keeps the rest; ${skips}: the line is too long,
 * and its rest is not looked at. */
static void
take_lines(struct bridge *b, struct buf *in, size_t *looked, bool *skips)
{
	const char *end;

	while ((end = memchr(buf_str(in) + *looked, '\n', in->len - *looked))
	    != NULL) {
		size_t len = (size_t)(end - buf_str(in));

		if (!*skips
		    && strspn(buf_str(in), " \t\r") < len) /* a blank one */
			take_line(b, buf_str(in), len);
		*skips = false;
		buf_drop(in, len + 1);
		*looked = 0;
	}
	*looked = in->len;
}

/* What begins here and has no end is no message. */
static void
refuse_line(struct bridge *b, struct buf *in, size_t *looked, bool *skips)
{
	if (!*skips)
		bridge_error(b, NULL, RPC_INVALID_REQUEST,
		    "the message is too long", NULL);
	*skips = true;
	*looked = 0;
	buf_reset(in);
}

/* False: input ended, or nobody reads our output. */
static bool
wait_input(struct bridge *b)
{
	struct pollfd p[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = STDOUT_FILENO } };

	while (poll(p, 2, -1) == -1 && errno == EINTR)
		;
	if (p[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		atomic_store(&b->gone, true);
	return !atomic_load(&b->gone);
}

static void
read_input(struct bridge *b)
{
	struct buf in = BUF_INIT(LINE_MAX_BYTES);
	char piece[PIECE];
	size_t looked = 0;
	bool skips = false;
	ssize_t n = 1;

	while (n > 0 && wait_input(b)) {
		do
			n = read(STDIN_FILENO, piece, sizeof(piece));
		while (n == -1 && errno == EINTR);
		if (n <= 0)
			break;
		if (buf_add(&in, piece, (size_t)n) == -1)
			refuse_line(b, &in, &looked, &skips);
		else
			take_lines(b, &in, &looked, &skips);
	}
	if (in.len > 0 && !skips) /* whose end is the input's */
		take_line(b, buf_str(&in), in.len);
	buf_fini(&in);
}

/* ---- the command --------------------------------------------------------- */

/* Those that listen, or all. */
static void
cut(struct bridge *b, bool all)
{
	struct call *c;

	pthread_mutex_lock(&b->mu);
	for (c = b->calls; c != NULL; c = c->next) {
		if (!all && !c->is_listen)
			continue;
		__atomic_store_n(&c->told, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&c->cancel, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&b->mu);
}

static void
end(struct bridge *b)
{
	const struct timespec slice = { .tv_nsec = 20 * 1000000L };
	int64_t until = clock_boot_ms() + END_MS;

	cut(b, false);
	while (pool_busy(b->pool) > 0 && !atomic_load(&b->gone)
	    && clock_boot_ms() < until)
		nanosleep(&slice, NULL);
	cut(b, true);
	if (pool_drain(b->pool, CUT_MS) == 0)
		pool_free(b->pool);
	/* With the answers of the last calls come their notifications. */
	listen_stop(b);
	session_end(b);
}

/* A key goes over the network in plain text. */
static void
warn_of_network(const struct bridge *b)
{
	const char *host = b->wire->url + strlen("http://");

	if (b->wire->key.len > 0 && strncmp(b->wire->url, "http://", 7) == 0
	    && strncmp(host, "127.", 4) != 0
	    && strncmp(host, "localhost", 9) != 0
	    && strncmp(host, "[::1]", 5) != 0)
		bridge_say(b,
		    "warning: the key goes over the network in plain text; "
		    "use an https:// address");
}

int
cmd_mcp(struct cli *cli)
{
	const char *url = NULL, *key_file = NULL;
	struct wire wire;
	struct bridge b = { .cli = cli,
		.wire = &wire,
		.out = PTHREAD_MUTEX_INITIALIZER,
		.mu = PTHREAD_MUTEX_INITIALIZER };
	int code;

	cli->json = false; /* standard output is the client's */
	if (!cli_option(cli, "--url", &url)
	    || !cli_option(cli, "--key-file", &key_file)
	    || !cli_args(cli, 0, 0))
		return CLI_USAGE;
	if (!wire_open(cli, url, key_file, &wire, &code))
		return code;
	cond_init(&b.changed);
	b.schemas = json_object();
	b.session.resources = json_object();
	b.pool = pool_new("mcp", BRIDGE_CALLS_MAX);
	warn_of_network(&b);
	read_input(&b);
	end(&b);
	json_decref(b.schemas);
	wire_close(&wire);
	return CLI_OK;
}
