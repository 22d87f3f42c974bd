#include "program/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/signals.h"
#include "base/text.h"
#include "nouns/metric.h"
#include "program/open.h"
#include "program/options.h"
#include "redis/store.h"

#define LINES_MAX (256 * KIB) /* findings in one configuration */
#define CANARY_AGAIN_MS 500   /* Redis is down; it may come */

extern char **environ;

int
program_begin(const char *name)
{
	/* A supervisor that opened the program before has no name for it. */
	(void)prctl(PR_SET_NAME, name);
	secret_protect_process();
	memory_init();
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() == 0)
		return 0;
	fprintf(stderr, "%s: libsodium finds no randomness\n", name);
	return -1;
}

static void
log_lines(enum log_level level, const char *event, const char *remedy,
    const struct buf *lines)
{
	const char *at = buf_str(lines), *line;
	struct buf one = BUF_INIT(LINES_MAX);
	size_t len;

	while ((line = text_line(&at, &len)) != NULL) {
		buf_reset(&one);
		if (buf_add(&one, line, len) == 0)
			log_event(level, event, F_STR("what", buf_str(&one)),
			    F_STR("remedy", remedy));
	}
	buf_fini(&one);
}

void
program_log_refused(const struct buf *lines)
{
	log_lines(LOG_ERROR, "config_refused",
	    "correct it; dragoman config check shows all errors", lines);
}

static void
open_log(const struct program *program, const struct settings *s)
{
	(void)!log_open(program->worker, log_level_parse(s->log_level, NULL),
	    *s->log_file ? s->log_file : NULL);
}

/* ${first}: the log goes where these settings say, and the warnings, too. */
static struct settings *
load(struct program_run *run, bool first)
{
	struct buf errors = BUF_INIT(LINES_MAX);
	struct buf warnings = BUF_INIT(LINES_MAX);
	struct settings *s = settings_load(&run->source, &errors, &warnings);

	if (s != NULL && run->program->strip != NULL)
		run->program->strip(s);
	if (s != NULL && first)
		open_log(run->program, s);
	/* A misspelt name is often the cause; the last line has a remedy. */
	log_lines(LOG_WARN, "config_warned", NULL, &warnings);
	program_log_refused(&errors);
	buf_fini(&errors);
	buf_fini(&warnings);
	return s;
}

void
program_apply(struct program_run *run, struct settings *s, const char *by)
{
	const struct program *program = run->program;

	if (program->accept != NULL && program->accept(run, s) == -1) {
		settings_unref(s);
		return;
	}
	open_log(program, s);
	store_reload_keys(run->store, run->ring, &s->encryption_key);
	program->apply(run, s);
	log_event(LOG_INFO, "config_loaded", F_STR("by", by));
}

void
program_reload(struct program_run *run)
{
	struct settings *s;

	log_reopen();
	s = load(run, false);
	if (s == NULL)
		log_event(LOG_ERROR, "config_kept",
		    F_STR("what",
			"the new configuration is wrong; the old one stays in "
			"force"),
		    F_STR("remedy",
			"correct the errors above and send SIGHUP again"));
	else
		program_apply(run,
		    run->program->choose == NULL ? s
						 : run->program->choose(run, s),
		    "SIGHUP");
}

/* Each parked call and stream, and each running turn, has descriptors. */
static void
raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* 0, or the exit code. */
static int
open_redis(struct program_run *run)
{
	const char *why = "";

	switch (open_store(run->settings, &run->ring, &run->store, &why)) {
	case OPEN_OK:
		return 0;
	case OPEN_NO_KEY:
		log_event(LOG_ERROR, "key_missing", F_STR("why", why),
		    F_STR("remedy",
			"set ENCRYPTION_KEY (dragoman init makes one) or "
			"MASTER_PASSWORD"));
		break;
	case OPEN_NO_STORE:
		log_event(LOG_ERROR, "redis_refused", F_STR("why", why),
		    F_STR("remedy", "correct redis.url (REDIS_URL)"));
		break;
	}
	return PROGRAM_WRONG;
}

/* OPTIONS_GO_ON, or the exit code. */
static int
ask_canary(const struct program_run *run)
{
	enum store_rc rc;

	for (;;) {
		rc = store_canary(run->store);
		if (rc == STORE_UNKNOWN_KEY) {
			store_log_other_key();
			return PROGRAM_WRONG;
		}
		/* Down: logged. */
		if (rc == STORE_OK || !run->program->awaits_redis)
			return OPTIONS_GO_ON;
		if (signals_end_came(CANARY_AGAIN_MS))
			return 0;
	}
}

static int
serve(struct program_run *run)
{
	const struct settings *s = run->settings;
	int code;

	raise_files();
	(void)!metrics_open(*s->server_metrics_file ? s->server_metrics_file
						    : NULL,
	    METRICS, METRIC_N);
	text_random_hex(8, run->id);
	code = open_redis(run);
	if (code == 0)
		code = ask_canary(run);
	if (code == OPTIONS_GO_ON)
		code = run->program->serve(run);
	store_close(run->store);
	seal_ring_free(run->ring);
	metrics_close();
	return code;
}

int
program_main(const struct program *program, int argc, char **argv)
{
	struct program_run run = { .program = program,
		.ctx = program->ctx,
		.source = { .environ = environ,
		    .asks_models = program->asks_models,
		    .calls_tools = program->calls_tools,
		    .reads_servers = program->reads_servers } };
	int code = OPTIONS_GO_ON;

	signals_block();
	if (program_begin(program->name) == -1)
		return 1;
	if (!program->may_be_cgi || getenv("GATEWAY_INTERFACE") == NULL)
		code = options_read(program, argc, argv, &run.source);
	if (code != OPTIONS_GO_ON)
		return code;
	(void)!log_open(program->worker, LOG_INFO, NULL);
	run.settings = load(&run, true);
	if (run.settings == NULL)
		return PROGRAM_WRONG;
	code = serve(&run);
	settings_unref(run.settings);
	return code;
}
