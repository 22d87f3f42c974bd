/*
 * dragoman-turn: takes turns from Redis and runs them.  No listening socket.
 */
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/notify.h"
#include "base/pool.h"
#include "base/seal.h"
#include "base/text.h"
#include "chat/chats.h"
#include "chat/trouble.h"
#include "config.h"
#include "nouns/metric.h"
#include "redis/due.h"
#include "redis/store.h"
#include "tools/tool.h"
#include "work/heartbeat.h"
#include "work/lease.h"
#include "work/take.h"
#include "work/worker.h"

#define REPORT_MAX (64 * KIB)
#define CALLS_MAX 256        /* further calls of answers with several */
#define SOURCES_WAIT_MS 3000 /* for the first lists, before the first turn */
#define EXIT_USAGE 2
#define PICK_EVERY_S 10 /* a server of one's own may be started later */

extern char **environ;

struct program {
	struct worker w;
	struct chats chats;
	struct settings_source source;
	struct seal_ring *ring;
	sigset_t signals;
	_Atomic bool started; /* the signals' thread may use the worker */
	_Atomic bool ending;
	_Atomic bool lacks_model; /* SIGHUP's thread looks again */
	char *model;              /* of source */
	char *told;               /* why there is none; logged once */
};

static const char USAGE[]
    = "Usage: dragoman-turn [--config FILE] [--env-file FILE]\n"
      "\n"
      "Takes turns from Redis: asks the model, calls tools, replies.\n"
      "SIGTERM: ends the running steps and hands the rest back.\n"
      "SIGHUP: reads the configuration again and opens the log file anew.\n"
      "Exit codes: 0 ended on request, 1 failed, 2 wrong configuration.\n";

static void
report(enum log_level level, const char *event, const struct buf *lines)
{
	const char *at = buf_str(lines), *end;

	for (; *at != '\0'; at = *end == '\0' ? end : end + 1) {
		char line[LOG_STR_MAX];

		end = strchrnul(at, '\n');
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		if (line[0] != '\0')
			log_event(level, event, F_STR("what", line),
			    F_STR("remedy",
				level == LOG_ERROR
				    ? "correct it; dragoman config check "
				      "shows all errors"
				    : NULL));
	}
}

static void
open_log(const struct settings *s)
{
	(void)!log_open("turn", log_level_parse(s->log_level, NULL),
	    s->log_file[0] == '\0' ? NULL : s->log_file);
}

static struct settings *
load(struct program *p)
{
	struct buf errors = BUF_INIT(REPORT_MAX);
	struct buf warnings = BUF_INIT(REPORT_MAX);
	struct settings *s = settings_load(&p->source, &errors, &warnings);

	if (s != NULL && !atomic_load(&p->started))
		open_log(s); /* so that it has the warnings, too */
	report(LOG_WARN, "config_warned", &warnings);
	report(LOG_ERROR, "config_refused", &errors);
	buf_fini(&errors);
	buf_fini(&warnings);
	return s;
}

/* What ${picked} says, once while it stays so. */
static void
tell_no_model(struct program *p, const struct llm_pick *picked)
{
	if (p->told != NULL && strcmp(p->told, picked->why) == 0)
		return;
	free(p->told);
	p->told = strdup(picked->why);
	log_event(LOG_ERROR, "model_unchosen", F_STR("why", picked->why),
	    F_STR("remedy", picked->remedy));
}

/* The same configuration with a model: it was read a moment ago. */
static struct settings *
load_with(struct program *p, const char *model)
{
	struct buf errors = BUF_INIT(REPORT_MAX);
	struct buf warnings = BUF_INIT(REPORT_MAX);
	struct settings *s;

	free(p->model);
	p->model = strdup(model);
	p->source.model = p->model;
	s = settings_load(&p->source, &errors, &warnings);
	buf_fini(&errors);
	buf_fini(&warnings);
	return s;
}

/* ${s}, or settings with the model that is meant. */
static struct settings *
choose_model(struct program *p, struct settings *s)
{
	struct arena *mem;
	struct llm_backend *list;
	struct llm_pick picked;
	struct settings *chosen = NULL;

	if (s->llm_base_url[0] != '\0') {
		mem = arena_new();
		log_event(LOG_INFO, "model_address",
		    F_STR("url", text_address_shown(mem, s->llm_base_url)),
		    F_STR("by", config_origin(s->config, "llm.base_url")));
		arena_free(mem);
	}
	atomic_store(&p->lacks_model, settings_lacks_model(s));
	if (!settings_lacks_model(s))
		return s;
	mem = arena_new();
	(void)llm_backends(s, mem, &list);
	if (llm_pick(&list[0], mem, &picked) != LLM_OK)
		tell_no_model(p, &picked);
	else
		chosen = load_with(p, picked.model);
	if (chosen != NULL) {
		log_event(LOG_INFO, "model_chosen",
		    F_STR("model", picked.model),
		    F_STR("url", text_address_shown(mem, list[0].base_url)));
		settings_unref(s);
		s = chosen;
		atomic_store(&p->lacks_model, false);
	}
	arena_free(mem);
	return s;
}

/* Takes ${s}. */
static void
apply(struct program *p, struct settings *s, const char *by)
{
	struct buf errors = BUF_INIT(REPORT_MAX);

	if (toolbox_reload(p->chats.toolbox, s, &errors) == -1) {
		report(LOG_ERROR, "config_refused", &errors);
		settings_unref(s);
	} else {
		open_log(s);
		store_reload_keys(p->w.store, p->ring, &s->encryption_key);
		worker_set_settings(&p->w, s);
		log_event(LOG_INFO, "config_loaded", F_STR("by", by));
	}
	buf_fini(&errors);
}

static void
reload(struct program *p)
{
	struct settings *s;

	log_reopen();
	p->source.model = NULL;
	s = load(p);
	if (s == NULL)
		log_event(LOG_ERROR, "config_kept",
		    F_STR("remedy",
			"correct the errors above and send SIGHUP again"));
	else
		apply(p, choose_model(p, s), "SIGHUP");
}

static void
look_for_model(struct program *p)
{
	struct settings *s = choose_model(p, worker_settings(&p->w));

	if (atomic_load(&p->lacks_model))
		settings_unref(s);
	else
		apply(p, s, "a model was found");
}

/* 0: it is time to look for a model again. */
static int
wait_signal(struct program *p)
{
	static const struct timespec WAIT = { .tv_sec = PICK_EVERY_S };
	int sig;

	for (;;) {
		sig = atomic_load(&p->lacks_model) || !atomic_load(&p->started)
		    ? sigtimedwait(&p->signals, NULL, &WAIT)
		    : sigwaitinfo(&p->signals, NULL);
		if (sig > 0)
			return sig;
		if (errno == EAGAIN && atomic_load(&p->started)
		    && atomic_load(&p->lacks_model))
			return 0;
	}
}

static void *
signals_run(void *arg)
{
	struct program *p = arg;
	int sig;

	for (;;) {
		sig = wait_signal(p);
		if (sig == 0) {
			look_for_model(p);
			continue;
		}
		if (sig == SIGHUP) {
			if (atomic_load(&p->started))
				reload(p);
			continue;
		}
		if (sig == SIGUSR1) {
			if (atomic_load(&p->ending))
				return NULL;
			continue; /* a stranger's */
		}
		worker_stop(&p->w);
		if (atomic_load(&p->started))
			due_poke(p->w.store); /* the taker may wait for it */
		log_event(LOG_INFO, "worker_stopping",
		    F_STR("process", p->w.id));
	}
}

static int
open_ring(struct program *p, const struct settings *s)
{
	const char *why = NULL;

	p->ring = seal_ring_new(&s->encryption_key, &s->master_password,
	    s->encryption_salt, &why);
	if (p->ring == NULL) {
		log_event(LOG_ERROR, "key_missing", F_STR("why", why),
		    F_STR("remedy",
			"set ENCRYPTION_KEY (dragoman init makes "
			"one) or MASTER_PASSWORD"));
		return -1;
	}
	return 0;
}

/* 0, or the exit code. */
static int
open_store(struct program *p, const struct settings *s)
{
	struct store_options o = { .url = s->redis_url,
		.prefix = s->redis_prefix,
		.ring = p->ring,
		.timeout_ms = (int)s->redis_timeout_ms,
		.echo = s->sql_echo,
		.replicas = s->redis_durability,
		.wait_ms = (int)s->redis_wait_ms };
	const char *why = NULL;

	p->w.store = store_open(&o, &why);
	if (p->w.store == NULL) {
		log_event(LOG_ERROR, "redis_refused", F_STR("why", why),
		    F_STR("remedy", "correct redis.url (REDIS_URL)"));
		return EXIT_USAGE;
	}
	while (!worker_is_stopping(&p->w)) {
		switch (store_canary(p->w.store)) {
		case STORE_OK:
			return 0;
		case STORE_UNKNOWN_KEY:
			store_log_other_key();
			return EXIT_USAGE;
		default: /* down: logged; it may come */
			usleep(500000);
		}
	}
	return 0;
}

static int
start_threads(struct program *p, const struct settings *s)
{
	struct worker *w = &p->w;
	struct buf errors = BUF_INIT(REPORT_MAX);
	const struct http_options http = settings_http(s);
	int rc = -1;

	if (http_start(&http) == -1) {
		log_event(LOG_ERROR, "http_failed",
		    F_STR("why", "the HTTP client cannot start"),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
		goto out;
	}
	worker_set_settings(w, choose_model(p, worker_settings(w)));
	if (toolbox_start(w->settings, &p->chats.toolbox, &errors) == -1) {
		report(LOG_ERROR, "config_refused", &errors);
		goto out;
	}
	w->turns = pool_new("turn", (int)s->turns_slots);
	w->calls = pool_new("call", CALLS_MAX);
	w->leases = lease_book_new(w);
	rc = lease_book_start(w->leases);
out:
	buf_fini(&errors);
	return rc;
}

static int
serve(struct program *p)
{
	struct worker *w = &p->w;
	struct settings *s = worker_settings(w);
	struct heartbeat *beat = NULL;
	pthread_t signals;
	int rc;

	if (thread_start(&signals, "signals", signals_run, p) == -1)
		rc = 1;
	else if (open_ring(p, s) == -1)
		rc = EXIT_USAGE;
	else
		rc = open_store(p, s);
	if (rc == 0 && !worker_is_stopping(w)) {
		rc = start_threads(p, s) == -1 ? 1 : 0;
		atomic_store(&p->started, rc == 0);
	}
	settings_unref(s);
	if (!atomic_load(&p->started))
		return rc;

	if (!worker_is_stopping(w))
		toolbox_wait(p->chats.toolbox, SOURCES_WAIT_MS);
	beat = heartbeat_start(w);
	log_event(LOG_INFO, "worker_started", F_STR("process", w->id),
	    F_STR("version", PACKAGE_VERSION));
	notify_ready();
	rc = take_run(w);
	trouble_stop(&p->chats.models);
	heartbeat_stop(beat);
	log_event(LOG_INFO, "worker_stopped", F_STR("process", w->id),
	    F_BOOL("all_handed_back", rc == 0));
	if (rc != 0) {
		/* A call that does not end even when cancelled: its lease
		 * ends by itself.  Threads still use all there is. */
		_exit(0);
	}
	lease_book_stop(w->leases);
	lease_book_free(w->leases);
	atomic_store(&p->ending, true);
	pthread_kill(signals, SIGUSR1);
	pthread_join(signals, NULL);
	(void)!pool_drain(w->calls, 5000);
	pool_free(w->calls);
	pool_free(w->turns);
	toolbox_stop(p->chats.toolbox);
	http_stop();
	store_close(w->store);
	seal_ring_free(p->ring);
	return 0;
}

static int
options(struct program *p, int argc, char **argv)
{
	static const struct option LONG[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "env-file", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:e:hV", LONG, NULL)) != -1) {
		switch (c) {
		case 'c':
			p->source.file = optarg;
			break;
		case 'e':
			p->source.env_file = optarg;
			break;
		case 'h':
			fputs(USAGE, stdout);
			exit(0);
		case 'V':
			puts("dragoman-turn " PACKAGE_VERSION);
			exit(0);
		default:
			return -1;
		}
	}
	return optind == argc ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct program p;
	struct settings *s;
	int rc;

	/* A supervisor that opened the program before has no name for it. */
	(void)prctl(PR_SET_NAME, "dragoman-turn");
	secret_protect_process();
	memory_init();
	p.source = (struct settings_source){ .environ = environ,
		.asks_models = true,
		.reads_servers = true };
	if (options(&p, argc, argv) == -1) {
		fputs(USAGE, stderr);
		return EXIT_USAGE;
	}
	if (sodium_init() == -1)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&p.signals);
	sigaddset(&p.signals, SIGTERM);
	sigaddset(&p.signals, SIGINT);
	sigaddset(&p.signals, SIGHUP);
	sigaddset(&p.signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &p.signals, NULL);

	(void)!log_open("turn", LOG_INFO, NULL);
	s = load(&p);
	if (s == NULL)
		return EXIT_USAGE;
	(void)!metrics_open(
	    s->server_metrics_file[0] == '\0' ? NULL : s->server_metrics_file,
	    METRICS, METRIC_N);
	pthread_mutex_init(&p.w.mu, NULL);
	text_random_hex(8, p.w.id);
	p.w.started_ms = clock_wall_ms();
	p.w.settings = s;
	chats_init(&p.chats, &p.w);
	p.w.kinds[JOB_CHAT] = (struct work_row){ &CHATS_KIND, &p.chats };
	rc = serve(&p);
	settings_unref(p.w.settings);
	free(p.model);
	free(p.told);
	metrics_close();
	return rc;
}
