/*
 * doctor_fleet: Redis, the turn workers, what became of messages, the edge.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/seal.h"
#include "cli/doctor.h"
#include "cli/units.h"
#include "cli/workers.h"
#include "config.h"
#include "redis/damage.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "redis/store.h"

#define CHECK_MAX (16 * KIB)
#define PING_SLOW_MS 20	     /* a turn is six round trips */
#define PINGS 3
#define QUEUE_OLD_MS 60000   /* nobody should wait that long for a worker */
#define EDGE_MS 5000
#define DAMAGE_SHOWN 20	     /* one script can damage thousands */
#define BODY_MAX (256 * KIB)

/* "error TEXT; what to do" and "warn TEXT", a line each. */
static void
find_checks(struct doctor *d, const struct buf *text)
{
	const char *p = buf_str(text);

	while (*p != '\0') {
		size_t len = strcspn(p, "\n"), word = strcspn(p, " \n");
		const char *rest = p + word + (p[word] == ' ');
		const char *line = arena_memdup(d->cli->mem, rest,
		    len - (size_t)(rest - p));
		const char *colon = strstr(line, ": ");

		doctor_find(d, strncmp(p, "error", 5) == 0 ? DOCTOR_ERROR :
							     DOCTOR_WARN,
		    "redis", colon != NULL ? colon + 2 : line, "%.*s",
		    colon != NULL ? (int)(colon - line) : (int)strlen(line),
		    line);
		p += len + (p[len] == '\n');
	}
}

/* The command that reaches our Redis, without a login. */
static const char *
redis_cli(struct doctor *d)
{
	const char *path = strstr(d->s->redis_url, ":///");

	if (strncmp(d->s->redis_url, "unix:///", 8) != 0 || path == NULL ||
	    strpbrk(path, "%@' ") != NULL)
		return "redis-cli";
	path += strlen("://");
	return arena_printf(d->cli->mem, "redis-cli -s %.*s",
	    (int)strcspn(path, "?"), path);
}

static bool
reach(struct doctor *d)
{
	struct store_options o = { .url = d->s->redis_url,
		.prefix = d->s->redis_prefix,
		.ring = d->cli->ring,
		.timeout_ms = (int)d->s->redis_timeout_ms,
		.echo = d->s->sql_echo,
		.replicas = d->s->redis_durability,
		.wait_ms = (int)d->s->redis_wait_ms };
	const char *why = "";
	int ms = 0, best, i;

	d->cli->store = store_open(&o, &why);
	if (d->cli->store == NULL) {
		doctor_find(d, DOCTOR_ERROR, "redis",
		    "correct redis.url (REDIS_URL)", "redis.url: %s", why);
		return false;
	}
	if (store_ping(d->cli->store, &ms) != STORE_OK) {
		doctor_find(d, DOCTOR_ERROR, "redis",
		    arena_printf(d->cli->mem,
			"%s; or correct redis.url (REDIS_URL)",
			cli_do(d->cli, CLI_START_REDIS)),
		    "does not answer at redis.url");
		return false;
	}
	/* One may be late because this machine is busy. */
	for (best = ms, i = 1; i < PINGS && best > PING_SLOW_MS; i++)
		if (store_ping(d->cli->store, &ms) == STORE_OK && ms < best)
			best = ms;
	if (best > PING_SLOW_MS)
		doctor_find(d, DOCTOR_WARN, "redis",
		    arena_printf(d->cli->mem,
			"put it nearer, or look at its load (%s --latency)",
			redis_cli(d)),
		    "answers in %d ms: a turn needs six round trips",
		    best);
	else
		doctor_find(d, DOCTOR_OK, "redis", NULL, "answers in %d ms",
		    best);
	return true;
}

void
doctor_redis(struct doctor *d)
{
	struct buf text = BUF_INIT(CHECK_MAX);
	const char *why = "";
	int n;

	if (d->s == NULL)
		return;
	d->cli->ring = seal_ring_new(&d->s->encryption_key,
	    &d->s->master_password, d->s->encryption_salt, &why);
	if (d->cli->ring == NULL) {
		doctor_find(d, DOCTOR_ERROR, "keys",
		    "correct encryption_key", "%s", why);
		return;
	}
	if (!reach(d))
		return;
	d->store = d->cli->store;
	n = store_check(d->store, &text);
	if (n > 0)
		find_checks(d, &text);
	else if (n == 0)
		doctor_find(d, DOCTOR_OK, "redis", NULL,
		    "version, persistence, memory and clock are right");
	buf_fini(&text);
	switch (store_canary(d->store)) {
	case STORE_OK:
		doctor_find(d, DOCTOR_OK, "keys", NULL,
		    "our sealing key opens what lies in Redis");
		break;
	case STORE_UNKNOWN_KEY:
		doctor_find(d, DOCTOR_ERROR, "keys",
		    "set the encryption_key that this Redis was filled with, "
		    "or use another Redis",
		    "what lies in Redis was sealed with another key");
		break;
	default:
		doctor_find(d, DOCTOR_ERROR, "keys",
		    "look at Redis's log: can it write?",
		    "the canary of our key cannot be read or written");
		break;
	}
}

/* One finding for all of them: what is wrong is the server's. */
static void
find_left_out(struct doctor *d, const char *worker, const char *name,
    const json_t *source)
{
	const json_t *list = json_object_get(source, "left_out_tools");
	int64_t n = json_member_int(source, "left_out", 0);
	struct buf b = BUF_INIT(2 * KIB);
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		const char *tool = json_member_str(one, "tool");
		const char *why = json_member_str(one, "why");

		if (tool != NULL && why != NULL)
			(void)!buf_printf(&b, "%s%s (%s)", b.len > 0 ? ", "
								     : ": ",
			    tool, why);
	}
	if (n > 0)
		doctor_find(d, DOCTOR_WARN, "tools",
		    "name the tools that chats need in chat.tools; a schema "
		    "that is too large must be made smaller on that server",
		    "worker %s does not offer %lld tools of %s to the model%s",
		    worker, (long long)n, name == NULL ? "a server" : name,
		    buf_str(&b));
	buf_fini(&b);
}

static void
find_sources(struct doctor *d, const char *worker, const json_t *sources)
{
	json_t *source;
	size_t i;

	json_array_foreach((json_t *)sources, i, source) {
		const char *name = json_member_str(source, "name");
		const char *error = json_member_str(source, "error");

		find_left_out(d, worker, name, source);
		if (json_member_bool(source, "ok", true))
			continue;
		if (!json_member_bool(source, "served", true)) {
			doctor_find(d, DOCTOR_WARN, "tools",
			    "give it a url, or set \"disabled\": true; the "
			    "other servers work",
			    "%s offers no tools: %s",
			    name == NULL ? "a server" : name,
			    error != NULL ? error : "it is not served");
			continue;
		}
		doctor_find(d, DOCTOR_WARN, "tools",
		    "start that server, or correct its url and headers; it "
		    "is asked again within a minute",
		    "%s does not answer worker %s%s%s%s",
		    name == NULL ? "a server" : name, worker,
		    error != NULL ? ": " : "", error != NULL ? error : "",
		    json_member_int(source, "offered", 0) > 0
			? "; its last tools are still offered, for a minute"
			: "");
	}
}

static void
find_backends(struct doctor *d, const char *worker, const json_t *backends)
{
	int64_t now = clock_wall_ms();
	json_t *backend;
	size_t i;

	json_array_foreach((json_t *)backends, i, backend) {
		const char *name = json_member_str(backend, "name");
		int64_t until =
		    json_member_int(backend, "breaker_open_until_ms", 0);

		if (until > now)
			doctor_find(d, DOCTOR_WARN, "model",
			    "look at the provider's status page; it is asked "
			    "again by itself",
			    "worker %s leaves %s alone for %s after failures",
			    worker, name == NULL ? "it" : name,
			    cli_ago(d->cli, until - now));
	}
}

static void
find_worker(struct doctor *d, const json_t *record)
{
	const char *id = json_member_str(record, "id");
	const char *host = json_member_str(record, "host");
	const char *version = json_member_str(record, "version");
	const char *backend = json_member_str(record, "backend");
	int64_t running = json_member_int(record, "running", 0);
	int64_t slots = json_member_int(record, "slots", 0);

	id = arena_printf(d->cli->mem, "%.8s@%s", id == NULL ? "?" : id,
	    host == NULL ? "?" : host);
	doctor_find(d, DOCTOR_OK, "workers", NULL,
	    "%s runs: model %s, %lld tools, %lld of %lld turns", id,
	    backend == NULL ? "?" : backend,
	    (long long)json_member_int(record, "tools_loaded", 0),
	    (long long)running, (long long)slots);
	if (version != NULL && strcmp(version, PACKAGE_VERSION) != 0)
		doctor_find(d, DOCTOR_WARN, "workers",
		    cli_do(d->cli, CLI_RENEW),
		    "%s is version %s, this is " PACKAGE_VERSION, id, version);
	if (slots > 0 && running >= slots)
		doctor_find(d, DOCTOR_WARN, "workers",
		    "start more workers, or raise turns.slots",
		    "%s has no free slot", id);
	if (json_member_bool(record, "paused", false))
		doctor_find(d, DOCTOR_WARN, "workers",
		    "unset chat.paused when you are ready",
		    "%s takes no turns (chat.paused)", id);
	find_backends(d, id, json_object_get(record, "backends"));
	find_sources(d, id, json_object_get(record, "sources"));
}

/* Is the newest version written, and does everybody read what is? */
static void
find_format(struct doctor *d, const json_t *records)
{
	int64_t stored, oldest = FORMAT_NEWEST;
	const json_t *record;
	size_t i;
	enum store_rc rc = format_read(d->store, &stored);

	json_array_foreach((json_t *)records, i, record) {
		int64_t reads = json_member_int(record, "format",
		    FORMAT_FIRST);

		if (reads < oldest)
			oldest = reads;
	}
	if (rc == STORE_NONE)
		doctor_find(d, DOCTOR_ERROR, "redis",
		    "dragoman format set 1, or the version you had set",
		    "{fleet}:format, the version of records, is damaged");
	else if (rc == STORE_OK && stored > oldest)
		doctor_find(d, DOCTOR_ERROR, "workers",
		    "restart them with the newer release",
		    "some worker or this command reads records up to version "
		    "%lld, but %lld is written",
		    (long long)oldest, (long long)stored);
	else if (rc == STORE_OK && format_now(d->store) < oldest)
		doctor_find(d, DOCTOR_WARN, "workers",
		    arena_printf(d->cli->mem,
			"once no older worker can come back: dragoman format "
			"set %lld",
			(long long)oldest),
		    "records are still written as version %d",
		    format_now(d->store));
}

static const char *
start_advice(const struct doctor *d)
{
	if (d->units_failed > 0)
		return "repair what is said of its unit above";
	if (workers_are_quickstarts())
		return "deploy/quickstart starts it; its supervisor/log says "
		       "why it ends";
	if (units_are_here())
		return "systemctl start dragoman-turn@1";
	return "start one: dragoman-turn --config FILE";
}

void
doctor_workers(struct doctor *d)
{
	json_t *records = NULL, *record;
	bool paused = false;
	size_t i;

	if (d->store == NULL)
		return;
	if (fleet_read(d->store, d->cli->mem, &records) != STORE_OK) {
		doctor_find(d, DOCTOR_ERROR, "workers",
		    "fix what is said of Redis above, or look at its log",
		    "their records cannot be read");
		return;
	}
	json_array_foreach(records, i, record)
		find_worker(d, record);
	find_format(d, records);
	if (json_array_size(records) == 0)
		doctor_find(d, DOCTOR_ERROR, "workers", start_advice(d),
		    "no turn worker runs: messages wait unanswered");
	if (fleet_is_paused(d->store, &paused) == STORE_OK && paused)
		doctor_find(d, DOCTOR_WARN, "workers", "dragoman resume",
		    "turns are paused (dragoman pause)");
}

static void
find_damage(struct doctor *d, const json_t *one)
{
	const char *key = json_member_str(one, "key");
	const char *what = json_member_str(one, "what");

	if (key == NULL || what == NULL)
		return;
	key = cli_clean(d->cli, key, true);
	if (strcmp(what, "mended") == 0)
		doctor_find(d, DOCTOR_WARN, "redis",
		    "find out who else writes to this Redis; its message is "
		    "in dragoman turns dead",
		    "%s was damaged and was mended", key);
	else if (strcmp(what, "set aside") == 0)
		doctor_find(d, DOCTOR_WARN, "redis",
		    arena_printf(d->cli->mem,
			"find out who else writes to this Redis, then: "
			"%s DEL '%s'",
			redis_cli(d), key),
		    "%s: a key of another type was in the way of a chat, and "
		    "was renamed",
		    key);
	else
		doctor_find(d, DOCTOR_ERROR, "redis",
		    arena_printf(d->cli->mem,
			"find out who else writes to this Redis, then: "
			"%s DEL '%s'; the workers make it anew",
			redis_cli(d), key),
		    "%s is damaged: it %s", key, what);
}

/* Keys that others wrote to. */
void
doctor_damage(struct doctor *d)
{
	json_t *list, *one;
	size_t i, n;

	if (d->store == NULL ||
	    damage_find(d->store, d->cli->mem, &list) != STORE_OK)
		return; /* that Redis fails is found elsewhere */
	n = json_array_size(list);
	json_array_foreach(list, i, one)
		if (i < DAMAGE_SHOWN)
			find_damage(d, one);
	if (n > DAMAGE_SHOWN)
		doctor_find(d, DOCTOR_WARN, "redis", "fix these first",
		    "%zu more damaged keys are not shown", n - DAMAGE_SHOWN);
}

void
doctor_messages(struct doctor *d)
{
	struct fleet_counts counts = { 0 };
	int before = d->warnings + d->errors;

	if (d->store == NULL)
		return;
	if (fleet_count(d->store, &counts) != STORE_OK) {
		doctor_find(d, DOCTOR_ERROR, "messages",
		    "look at Redis's log", "they cannot be counted");
		return;
	}
	if (counts.damaged > 0)
		doctor_find(d, DOCTOR_ERROR, "messages",
		    "delete the damaged keys that are named above",
		    "those of %d partitions cannot be counted",
		    counts.damaged);
	if (counts.unaccounted != 0)
		doctor_find(d, DOCTOR_ERROR, "messages",
		    "after a lost Redis this is what was lost; else report "
		    "it, with dragoman turns list --json",
		    "%lld accepted messages are unaccounted for",
		    (long long)counts.unaccounted);
	if (counts.dead > 0)
		doctor_find(d, DOCTOR_WARN, "messages",
		    "dragoman turns dead --text, then dragoman turns replay "
		    "ID",
		    "%lld could not be answered (dead)",
		    (long long)counts.dead);
	if (counts.oldest_ms > QUEUE_OLD_MS)
		doctor_find(d, DOCTOR_WARN, "messages",
		    "start more turn workers, or look at the model's "
		    "latency",
		    "a chat has waited %s for a worker",
		    cli_ago(d->cli, counts.oldest_ms));
	if (d->warnings + d->errors == before)
		doctor_find(d, DOCTOR_OK, "messages", NULL,
		    "%lld accepted, all accounted for; %lld wait",
		    (long long)counts.accepted, (long long)counts.waiting);
}

/* GET ${path}; NULL: found and said. */
static const json_t *
get(struct doctor *d, const char *path, int *status)
{
	const struct http_request req = { .method = "GET",
		.url = arena_printf(d->cli->mem, "%s%s", d->url, path),
		.body_max = BODY_MAX,
		.total_ms = EDGE_MS,
		.flags = HTTP_OPERATOR };
	struct http_response resp;
	const json_t *doc = NULL;
	enum http_rc rc = http_send(&req, &resp);

	*status = resp.status;
	if (rc == HTTP_OK)
		doc = json_read(d->cli->mem, buf_str(&resp.body),
		    resp.body.len, NULL, NULL);
	if (rc != HTTP_OK)
		doctor_find(d, d->url_guessed ? DOCTOR_WARN : DOCTOR_ERROR,
		    "edge",
		    arena_printf(d->cli->mem,
			"%s; if it listens elsewhere: dragoman doctor --url "
			"URL",
			cli_do(d->cli, CLI_START_NGINX)),
		    "%s does not answer: %s", req.url, resp.why);
	else if (resp.status >= 500 && doc == NULL)
		doctor_find(d, DOCTOR_ERROR, "edge",
		    cli_do(d->cli, CLI_START_EDGE),
		    "%s: nginx answers %d, nobody is behind it", req.url,
		    resp.status);
	else if (doc == NULL)
		doctor_find(d, DOCTOR_ERROR, "edge",
		    "another program listens there: dragoman doctor --url URL "
		    "names another address",
		    "%s answers %d and no JSON", req.url, resp.status);
	http_response_fini(&resp);
	return doc;
}

void
doctor_edge(struct doctor *d)
{
	const char *version, *auth, *detail;
	const json_t *doc;
	int status;

	doc = get(d, "/health", &status);
	if (doc == NULL)
		return;
	version = json_member_str(doc, "version");
	auth = json_member_str(doc, "auth");
	if (version != NULL && strcmp(version, PACKAGE_VERSION) != 0)
		doctor_find(d, DOCTOR_WARN, "edge", cli_do(d->cli, CLI_RENEW),
		    "the edge is version %s, this is " PACKAGE_VERSION,
		    version);
	if (status != 200) {
		detail = json_member_str(doc, "detail");
		doctor_find(d, DOCTOR_ERROR, "edge",
		    cli_do(d->cli, CLI_START_EDGE), "%s/health answers %d%s%s",
		    d->url, status, detail != NULL ? ": " : "",
		    detail != NULL ? detail : "");
		return;
	}
	doctor_find(d, DOCTOR_OK, "edge", NULL, "%s answers; auth: %s",
	    d->url, auth == NULL ? "?" : auth);
	doc = get(d, "/ready", &status);
	if (doc != NULL && status != 200)
		doctor_find(d, DOCTOR_ERROR, "edge",
		    "the other findings say why, or curl the address above",
		    "%s/ready answers %d: a message could not be answered",
		    d->url, status);
}
