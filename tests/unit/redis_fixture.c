#include "tests/unit/redis_fixture.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "nouns/metric.h"
#include "redis/due.h"

#define START_TRIES 3000 /* of 10 ms */
#define SKIPPED 77       /* automake: this test could not run */

static void
fail(const char *why)
{
	fprintf(stderr, "redis_fixture: %s\n", why);
	exit(1);
}

/* A port of loopback that is free now: a cluster's nodes have one each. */
static int
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&a, len) == -1
	    || getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		fail("no port");
	close(fd);
	return ntohs(a.sin_port);
}

/* redis-server on ${socket}; ${name}, unless NULL, is that of a node. */
static void
run(const char *socket, const char *folder, const char *name)
{
	int null = open("/dev/null", O_RDWR);
	char port[16], nodes[32], aof[32];
	const char *argv[40] = { "redis-server", "--port", "0", "--bind",
		"127.0.0.1", "--unixsocket", socket, "--dir", folder, "--save",
		"", "--appendonly", "yes",
		/* Its process dies here, not the machine: with "no" each write
		 * is with the kernel before its reply.  With "everysec" a slow
		 * disk may lose what was acknowledged (a write waits up to
		 * 2 s while the file is synced). */
		"--appendfsync", "no" };
	size_t n = 15;

	if (name != NULL) {
		snprintf(port, sizeof(port), "%d", free_port());
		snprintf(nodes, sizeof(nodes), "%s.nodes", name);
		snprintf(aof, sizeof(aof), "%s.aof", name);
		argv[n++] = "--cluster-enabled";
		argv[n++] = "yes";
		argv[n++] = "--cluster-port";
		argv[n++] = port;
		argv[n++] = "--cluster-config-file";
		argv[n++] = nodes;
		argv[n++] = "--cluster-require-full-coverage";
		argv[n++] = "no";
		argv[n++] = "--appenddirname";
		argv[n++] = aof;
	}
	/* A test that is killed takes its Redis along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(argv[0], (char *const *)argv);
	_exit(SKIPPED);
}

/* ${fmt} at ${socket} answers with something that has ${expected} in it. */
static bool
answers(const char *socket, const char *expected, const char *fmt, ...)
{
	redisContext *c = redisConnectUnix(socket);
	redisReply *r = NULL;
	va_list args;
	bool yes;

	va_start(args, fmt);
	if (c != NULL && c->err == 0)
		r = redisvCommand(c, fmt, args);
	va_end(args);
	yes = r != NULL
	    && (r->type == REDIS_REPLY_STATUS || r->type == REDIS_REPLY_STRING)
	    && strstr(r->str, expected) != NULL;
	freeReplyObject(r);
	if (c != NULL)
		redisFree(c);
	return yes;
}

/* Its process; ${name}, unless NULL, is a node of the slots ${from} to ${to}. */
static int
start_server(const char *socket, const char *folder, const char *name, int from,
    int to)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	bool asked = false;
	int pid = fork(), status;

	if (pid == -1)
		fail("fork failed");
	if (pid == 0)
		run(socket, folder, name);
	for (int i = 0; i < START_TRIES; i++) {
		if (!asked && name != NULL)
			asked = answers(socket, "OK",
			    "CLUSTER ADDSLOTSRANGE %d %d", from, to);
		/* A node serves 2 s after its start. */
		if (name == NULL
			? answers(socket, "PONG", "PING")
			: answers(socket, "cluster_state:ok", "CLUSTER INFO"))
			return pid;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
				exit(SKIPPED); /* no redis-server here */
			fail("redis-server ended at its start");
		}
		nanosleep(&moment, NULL);
	}
	fail("redis-server does not answer");
	return -1;
}

static void
start(struct redis_fixture *f)
{
	f->pid = start_server(f->socket, f->folder,
	    getenv(FIXTURE_CLUSTER) != NULL ? "one" : NULL, 0, 16383);
}

struct seal_ring *
redis_fixture_ring(const char *list)
{
	struct secret keys = { 0 }, none = { 0 };
	struct seal_ring *ring;
	const char *why = "";

	secret_set(&keys, list, strlen(list));
	ring = seal_ring_new(&keys, &none, "", &why);
	secret_clear(&keys);
	if (ring == NULL)
		fail(why);
	return ring;
}

struct store *
redis_fixture_open(struct redis_fixture *f, const struct seal_ring *ring)
{
	struct store_options o = { .url = f->url,
		.ring = ring,
		.timeout_ms = 5000 };
	const char *why = "";
	struct store *st = store_open(&o, &why);

	if (st == NULL)
		fail(why);
	return st;
}

int
redis_fixture_setup(void **state)
{
	struct redis_fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	if (f == NULL)
		fail("out of memory");
	signal(SIGPIPE, SIG_IGN); /* as every program of ours does */
	if (sodium_init() == -1)
		fail("sodium_init failed");
	if (metrics_open(NULL, METRICS, METRIC_N) == -1)
		fail("no metrics");
	/* A socket's path has room for 107 bytes. */
	if (tmp == NULL || strlen(tmp) > 40)
		tmp = "/tmp";
	snprintf(f->folder, sizeof(f->folder), "%s/dragoman-XXXXXX", tmp);
	if (mkdtemp(f->folder) == NULL)
		fail("no temporary folder");
	snprintf(f->socket, sizeof(f->socket), "%s/s", f->folder);
	snprintf(f->url, sizeof(f->url), "unix://%s", f->socket);
	start(f);
	f->ring = redis_fixture_ring(FIXTURE_KEY_1);
	f->store = redis_fixture_open(f, f->ring);
	*state = f;
	return 0;
}

static void
remove_folder(const char *folder)
{
	int status;
	int pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
}

int
redis_fixture_node(struct redis_fixture *f, const char *name, int from, int to,
    char url[96])
{
	char socket[80];

	snprintf(socket, sizeof(socket), "%s/%s", f->folder, name);
	snprintf(url, 96, "unix://%s", socket);
	return start_server(socket, f->folder, name, from, to);
}

/* Nothing of ours touched keys of two slots, or one that lies elsewhere. */
static int
kept_to_slots(struct redis_fixture *f)
{
	const char *found = redis_text(f, "INFO errorstats");
	static const char *const WORDS[] = { "CROSSSLOT", "MOVED" };
	int rc = 0;

	if (found == NULL)
		fail("no INFO");
	for (size_t i = 0; i < NELEM(WORDS); i++)
		if (strstr(found, WORDS[i]) != NULL)
			rc = -1;
	if (rc == -1)
		fprintf(stderr, "redis_fixture: %s\n", found);
	return rc;
}

int
redis_fixture_teardown(void **state)
{
	struct redis_fixture *f = *state;
	int rc = kept_to_slots(f);

	store_close(f->store);
	seal_ring_free(f->ring);
	redis_fixture_kill(f);
	remove_folder(f->folder);
	free(f);
	metrics_close();
	(void)redis_text(NULL, "");
	return rc;
}

int
redis_fixture_flush(void **state)
{
	(void)redis_text(*state, "FLUSHALL");
	return 0;
}

void
redis_fixture_kill(struct redis_fixture *f)
{
	int status;

	if (f->pid <= 0)
		return;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, &status, 0);
	f->pid = 0;
	unlink(f->socket);
}

void
redis_fixture_restart(struct redis_fixture *f)
{
	redis_fixture_kill(f);
	start(f);
}

static redisReply *
command(struct redis_fixture *f, const char *fmt, va_list args)
{
	redisContext *c = redisConnectUnix(f->socket);
	redisReply *r;

	if (c == NULL || c->err != 0)
		fail("no connection");
	r = redisvCommand(c, fmt, args);
	if (r == NULL)
		fail("no answer");
	redisFree(c);
	return r;
}

int64_t
redis_number(struct redis_fixture *f, const char *fmt, ...)
{
	va_list args;
	redisReply *r;
	int64_t n = -1;

	va_start(args, fmt);
	r = command(f, fmt, args);
	va_end(args);
	if (r->type == REDIS_REPLY_INTEGER)
		n = r->integer;
	else if (r->type == REDIS_REPLY_STRING)
		n = strtoll(r->str, NULL, 10);
	else if (r->type == REDIS_REPLY_ARRAY)
		n = (int64_t)r->elements;
	freeReplyObject(r);
	return n;
}

const char *
redis_text(struct redis_fixture *f, const char *fmt, ...)
{
	static char *text;
	va_list args;
	redisReply *r;

	free(text);
	text = NULL;
	if (f == NULL)
		return NULL;
	va_start(args, fmt);
	r = command(f, fmt, args);
	va_end(args);
	if (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS
	    || r->type == REDIS_REPLY_ERROR) {
		text = malloc(r->len + 2);
		if (text == NULL)
			fail("out of memory");
		snprintf(text, r->len + 2, "%s%s",
		    r->type == REDIS_REPLY_ERROR ? "!" : "", r->str);
	}
	freeReplyObject(r);
	return text;
}

const struct inbox_limits FIXTURE_UNLIMITED = { .per_minute = 0,
	.max = 100,
	.bytes = 1 << 20 };

struct chat_name
fixture_chat(const char *chat)
{
	struct chat_name name;

	if (chat_name_make(&name, "default", "http", chat) == -1)
		fail("not a chat name");
	return name;
}

enum store_rc
fixture_say(struct store *st, const struct chat_name *chat, const char *update,
    const char *text, const char *address)
{
	struct message m = { .update_id = update,
		.text = text,
		.address = address };
	struct inbox_answer answer;
	struct arena *mem = arena_new();
	enum store_rc rc = inbox_put(st, chat, &m, &FIXTURE_UNLIMITED, mem,
	    &answer);

	arena_free(mem);
	return rc;
}

struct job *
fixture_take(struct store *st, const struct chat_name *chat, int64_t lease_ms)
{
	struct job *job = NULL;
	unsigned partitions = 1u << chat->partition;

	if (due_take(st, NULL, &partitions, 1, lease_ms, 0, &job, NULL) != 1)
		return NULL;
	return job;
}

int
fixture_take_all(struct store *st, int n, int64_t lease_ms, struct job **jobs)
{
	unsigned partitions;
	int64_t next;

	if (due_look(st, NULL, &partitions, &next) == -1)
		return -1;
	return due_take(st, NULL, &partitions, n, lease_ms, 0, jobs, NULL);
}

unsigned
fixture_hear(struct wake *w, int wait_ms)
{
	int64_t until = clock_boot_ms() + wait_ms, left = wait_ms;
	unsigned heard = 0;

	while (heard == 0 && left >= 0) {
		(void)!wake_wait(w, (int)left);
		heard = wake_heard(w);
		left = until - clock_boot_ms();
	}
	return heard;
}

struct wake *
fixture_ear_at(struct store *st, const char *id, unsigned places)
{
	struct wake *w = wake_new(st, id, places);
	int64_t until = clock_boot_ms() + 5000, next;
	unsigned due;

	if (w == NULL)
		fail("no ear");
	while (!wake_is_out(w))
		if (wake_wait(w, 50) == -1 || clock_boot_ms() > until)
			fail("the ear does not hear");
	if (due_look(st, w, &due, &next) == -1 || wake_is_out(w))
		fail("the ear is in no set");
	return w;
}

struct wake *
fixture_ear(struct store *st, const char *id)
{
	return fixture_ear_at(st, id, DUE_ALL);
}

void
fixture_hurry(struct redis_fixture *f)
{
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		(void)redis_text(f, "EVAL %s 1 {p%d}:due",
		    "for _, n in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) "
		    "do redis.call('ZADD', KEYS[1], 1, n) end",
		    p);
}

enum store_rc
fixture_finish(struct store *st, struct job *job, enum turn_end end,
    const char *reply)
{
	struct history_entry line = { .user = job->given->message.text,
		.assistant = reply };
	struct turn_outcome o = { .end = end,
		.reply = reply,
		.reply_keep_ms = 60000,
		.add = end == END_REPLIED && reply != NULL ? &line : NULL,
		.history_max = 10,
		.set_state = true,
		.state = SESSION_ACTIVE,
		.why = end == END_DEAD ? "crashes" : NULL };

	return journal_finish(st, job, &o);
}
