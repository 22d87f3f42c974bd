/*
 * dragoman-edge: answers HTTP behind nginx.
 *
 * Everything is opened before the first request: the subscription above all,
 * for a reply may come faster than its handler returns.  Exit codes: 0 ended
 * by SIGTERM, 1 could not serve, 2 wrong use or configuration.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/text.h"
#include "config.h"
#include "fcgi/edge.h"
#include "fcgi/park.h"
#include "handlers/handlers.h"
#include "nouns/metric.h"
#include "nouns/settings.h"
#include "redis/process.h"
#include "redis/store.h"

#define EXIT_WRONG 2
#define LINES_MAX (256 * KIB) /* findings in one configuration */
#define LISTEN_WAIT_MS 2000   /* for the subscription; it goes on trying */

extern char **environ;

static struct settings_source source; /* SIGHUP reads it again */
static struct seal_ring *ring;        /* of the store, while it is open */

static const char HELP[]
    = "Usage: dragoman-edge [--config FILE] [--env-file FILE]\n"
      "Serves HTTP behind nginx: FastCGI on server.listen, or one request as\n"
      "plain CGI when started so, GATEWAY_INTERFACE set: then without options.\n\n"
      "  -c, --config FILE    configuration (default: $DRAGOMAN_CONFIG,\n"
      "                       $CONFIG_PATH, " DRAGOMAN_SYSCONFDIR ")\n"
      "  -e, --env-file FILE  NAME=value lines, below the environment\n"
      "  -h, --help           this text\n"
      "  -V, --version        the version\n\n"
      "SIGHUP reads the configuration again, SIGTERM ends after what runs.\n"
      "Exit codes: 0 ended, 1 cannot serve, 2 wrong use or configuration.\n";

/* ${lines} one by one, each as ${write} likes it. */
static void
each_line(struct buf *lines, void (*write)(const char *line))
{
	char *line, *rest = lines->data;

	while (rest != NULL && *rest != '\0') {
		line = strsep(&rest, "\n");
		if (*line != '\0')
			write(line);
	}
}

static void
log_wrong(const char *line)
{
	log_event(LOG_ERROR, "config_refused", F_STR("what", line),
	    F_STR("remedy",
		"correct it; dragoman config check shows all errors"));
}

static void
log_warning(const char *line)
{
	log_event(LOG_WARN, "config_warned", F_STR("what", line));
}

/*
 * Turn workers speak to models; this process is the one that strangers reach.
 * Their keys (the configuration's own memory) are wiped from the settings and
 * from the environment, which /proc shows as it was given; those of
 * llm.backends and llm.headers are not kept to begin with (settings_llm.c).
 */
static void
drop_model_keys(struct settings *s)
{
	static const char *const NAMES[] = { "OPENAI_API_KEY", "GROQ_API_KEY",
		"ANTHROPIC_API_KEY", "OLLAMA_API_KEY", "LLM_BACKENDS",
		"LLM_HEADERS" };
	size_t i;

	secret_wipe(&s->openai_api_key);
	secret_wipe(&s->groq_api_key);
	secret_wipe(&s->anthropic_api_key);
	secret_wipe(&s->ollama_api_key);
	for (i = 0; i < NELEM(NAMES); i++) {
		char *value = getenv(NAMES[i]);

		if (value != NULL)
			sodium_memzero(value, strlen(value));
	}
}

static struct settings *
load(struct buf *warnings)
{
	struct buf errors = BUF_INIT(LINES_MAX);
	struct settings *s;

	source.environ = environ;
	s = settings_load(&source, &errors, warnings);
	if (s == NULL) {
		/* A misspelt name is often the cause; the last line has a
		 * remedy. */
		each_line(warnings, log_warning);
		buf_reset(warnings);
		each_line(&errors, log_wrong);
	} else
		drop_model_keys(s);
	buf_fini(&errors);
	return s;
}

static void
warn(const struct settings *s)
{
	if (secret_is_set(&s->proxy_secret))
		return;
	if (s->chat_open)
		log_event(LOG_WARN, "chat_open",
		    F_STR("what",
			"chat.open is true and no PROXY_SECRET is set: every "
			"program on this machine may use /chat"));
	else
		log_event(LOG_WARN, "chat_closed",
		    F_STR("what",
			"no PROXY_SECRET is set: /chat refuses "
			"everybody"),
		    F_STR("remedy",
			"set PROXY_SECRET or PROXY_SECRET_FILE; or chat.open: "
			"true to serve this machine only"));
}

static void
reload(struct edge *e)
{
	struct buf warnings = BUF_INIT(LINES_MAX);
	struct settings *s;
	enum log_level level;
	bool known;

	log_reopen();
	s = load(&warnings);
	each_line(&warnings, log_warning);
	buf_fini(&warnings);
	if (s == NULL) {
		log_event(LOG_ERROR, "config_kept",
		    F_STR("what",
			"the new configuration is wrong; the old "
			"one stays in force"),
		    F_STR("remedy",
			"correct the errors above and send SIGHUP again"));
		return;
	}
	level = log_level_parse(s->log_level, &known);
	(void)!log_open("edge", level, *s->log_file ? s->log_file : NULL);
	warn(s);
	store_reload_keys(e->store, ring, &s->encryption_key);
	edge_set_settings(e, s);
	fleet_watch_reload(e);
	log_event(LOG_INFO, "config_loaded", F_STR("by", "SIGHUP"));
}

/* Each parked call and stream is a descriptor. */
static void
raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static struct store *
open_store(const struct settings *s)
{
	struct store_options o = { .url = s->redis_url,
		.prefix = s->redis_prefix,
		.timeout_ms = (int)s->redis_timeout_ms,
		.echo = s->sql_echo,
		.replicas = s->redis_durability == 1 ? 1 : 0,
		.wait_ms = (int)s->redis_wait_ms };
	const char *why = "";
	struct store *st;

	ring = seal_ring_new(&s->encryption_key, &s->master_password,
	    s->encryption_salt, &why);
	if (ring == NULL) {
		log_event(LOG_ERROR, "key_missing", F_STR("why", why),
		    F_STR("remedy",
			"set ENCRYPTION_KEY (dragoman init makes one) or "
			"MASTER_PASSWORD"));
		return NULL;
	}
	o.ring = ring;
	st = store_open(&o, &why);
	if (st == NULL)
		log_event(LOG_ERROR, "redis_refused", F_STR("why", why),
		    F_STR("remedy", "correct redis.url (REDIS_URL)"));
	return st;
}

static int
serve(struct edge *e)
{
	struct settings *s = edge_settings(e);
	struct process_listener *listener = NULL;
	sigset_t signals;
	int code = 1;

	/* One that comes before edge_run waits for it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	e->park = park_new(s->server_parked, s->server_parked_per_owner);
	if (e->park == NULL || park_start(e->park) == -1) {
		log_event(LOG_ERROR, "park_failed",
		    F_STR("remedy", "more processes or memory are needed"));
		goto out;
	}
	listener = process_listen(e->store, e->process_id, &PARK_EAR, e->park,
	    LISTEN_WAIT_MS);
	if (listener == NULL || fleet_watch_start(e) == -1) {
		log_event(LOG_ERROR, "thread_failed",
		    F_STR("remedy", "more processes are needed"));
		goto out;
	}
	code = edge_run(e, ROUTES, reload);
out:
	settings_unref(s);
	fleet_watch_stop(e);
	process_unlisten(listener);
	park_free(e->park);
	return code;
}

static int
serve_cgi(struct edge *e)
{
	int code = 1;

	if (fleet_watch_start(e) == 0)
		code = edge_run_cgi(e, ROUTES);
	fleet_watch_stop(e);
	return code;
}

/* -1: go on; else the exit code. */
static int
read_options(int argc, char **argv)
{
	static const struct option OPTIONS[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "env-file", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:e:hV", OPTIONS, NULL)) != -1)
		switch (c) {
		case 'c':
			source.file = optarg;
			break;
		case 'e':
			source.env_file = optarg;
			break;
		case 'h':
			fputs(HELP, stdout);
			return 0;
		case 'V':
			printf("dragoman-edge %s\n", PACKAGE_VERSION);
			return 0;
		default:
			fputs(HELP, stderr);
			return EXIT_WRONG;
		}
	if (optind == argc)
		return -1;
	fprintf(stderr, "dragoman-edge: what is %s? See --help.\n",
	    argv[optind]);
	return EXIT_WRONG;
}

int
main(int argc, char **argv)
{
	static struct edge edge;
	struct buf warnings = BUF_INIT(LINES_MAX);
	struct settings *s;
	enum log_level level;
	bool known;
	int code;

	/* A supervisor that opened the program before has no name for it. */
	(void)prctl(PR_SET_NAME, "dragoman-edge");
	secret_protect_process();
	memory_init();
	/* A web server's program has no options: arguments are the query of
	 * whoever asks (RFC 3875, 4.4). */
	code = getenv("GATEWAY_INTERFACE") == NULL ? read_options(argc, argv)
						   : -1;
	if (code != -1)
		return code;
	if (sodium_init() == -1) {
		fputs("dragoman-edge: libsodium finds no randomness\n", stderr);
		return 1;
	}
	(void)!log_open("edge", LOG_INFO, NULL);
	s = load(&warnings);
	if (s == NULL) {
		buf_fini(&warnings);
		return EXIT_WRONG;
	}
	level = log_level_parse(s->log_level, &known);
	(void)!log_open("edge", level, *s->log_file ? s->log_file : NULL);
	each_line(&warnings, log_warning);
	buf_fini(&warnings);
	raise_files();
	(void)!metrics_open(*s->server_metrics_file ? s->server_metrics_file
						    : NULL,
	    METRICS, METRIC_N);

	edge_set_settings(&edge, s);
	text_random_hex(8, edge.process_id);
	edge.store = open_store(s);
	if (edge.store == NULL)
		code = EXIT_WRONG;
	else if (store_canary(edge.store) == STORE_UNKNOWN_KEY) {
		store_log_other_key();
		code = EXIT_WRONG;
	} else if (edge_is_cgi())
		code = serve_cgi(&edge);
	else {
		warn(s);
		code = serve(&edge);
	}
	store_close(edge.store);
	seal_ring_free(ring);
	metrics_close();
	edge_set_settings(&edge, NULL);
	return code;
}
