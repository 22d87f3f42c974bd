/*
 * dragoman-turn: takes turns from Redis and runs them.  No listening socket.
 *
 * The main thread obeys signals; another takes turns (work/take.h).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/pool.h"
#include "base/signals.h"
#include "base/text.h"
#include "base/version.h"
#include "chat/chats.h"
#include "chat/trouble.h"
#include "program/program.h"
#include "redis/wake.h"
#include "task/tasks.h"
#include "tools/tool.h"
#include "work/heartbeat.h"
#include "work/lease.h"
#include "work/take.h"
#include "work/worker.h"

#define REPORT_MAX (64 * KIB)
#define CALLS_MAX 256        /* further calls of answers with several */
#define SOURCES_WAIT_MS 3000 /* for the first lists, before the first turn */
#define PICK_EVERY_MS 10000  /* a server of one's own may be started later */
#define DRAIN_LOOK_MS 20

struct turn_program {
	struct worker w;
	struct chats chats;
	struct tasks tasks;
	struct toolbox *toolbox; /* of all kinds */
	bool lacks_model;        /* it is looked for again */
	char *told;              /* why there is none; logged once */
	_Atomic bool ended;      /* take_run has */
	int ended_code;          /* what it said */
};

/* What ${picked} says, once while it stays so. */
static void
tell_no_model(struct turn_program *p, const struct llm_pick *picked)
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
load_with(const struct program_run *run, const char *model)
{
	struct settings_source source = run->source;
	struct buf ignored = BUF_INIT(REPORT_MAX);
	struct settings *s;

	source.model = model;
	s = settings_load(&source, &ignored, &ignored);
	buf_fini(&ignored);
	return s;
}

/* ${s}, or settings with the model that is meant. */
static struct settings *
pick_model(struct program_run *run, struct settings *s)
{
	struct turn_program *p = run->ctx;
	struct arena *mem;
	struct llm_backend *list;
	struct llm_pick picked;
	struct settings *chosen = NULL;

	p->lacks_model = settings_lacks_model(s);
	if (!p->lacks_model)
		return s;
	mem = arena_new();
	(void)llm_backends(s, policy_of(s, NULL), mem, &list);
	if (llm_pick(&list[0], mem, &picked) != LLM_OK)
		tell_no_model(p, &picked);
	else
		chosen = load_with(run, picked.model);
	if (chosen != NULL) {
		log_event(LOG_INFO, "model_chosen",
		    F_STR("model", picked.model),
		    F_STR("url", text_address_shown(mem, list[0].base_url)));
		settings_unref(s);
		s = chosen;
		p->lacks_model = false;
	}
	arena_free(mem);
	return s;
}

/* The same of new settings, of which is told where their model is. */
static struct settings *
choose_model(struct program_run *run, struct settings *s)
{
	struct arena *mem = arena_new();

	if (s->llm_base_url[0] != '\0')
		log_event(LOG_INFO, "model_address",
		    F_STR("url", text_address_shown(mem, s->llm_base_url)),
		    F_STR("by", config_origin(s->config, "llm.base_url")));
	arena_free(mem);
	return pick_model(run, s);
}

/* A reload: of the tools of ${s} some may be wrong. */
static int
accept_tools(struct program_run *run, struct settings *s)
{
	struct turn_program *p = run->ctx;
	struct buf errors = BUF_INIT(REPORT_MAX);
	int rc = toolbox_reload(p->toolbox, s, &errors);

	program_log_refused(&errors);
	buf_fini(&errors);
	return rc;
}

static void
apply(struct program_run *run, struct settings *s)
{
	struct turn_program *p = run->ctx;

	worker_set_settings(&p->w, s);
}

static void
look_for_model(struct program_run *run)
{
	struct turn_program *p = run->ctx;
	struct settings *s = pick_model(run, worker_settings(&p->w));

	if (p->lacks_model)
		settings_unref(s);
	else
		program_apply(run, s, "a model was found");
}

static void
tell_no_thread(void)
{
	log_event(LOG_ERROR, "thread_failed",
	    F_STR("remedy", LOG_REMEDY_LIMITS));
}

static int
start_threads(struct program_run *run)
{
	struct turn_program *p = run->ctx;
	struct worker *w = &p->w;
	const struct settings *s = run->settings;
	struct buf errors = BUF_INIT(REPORT_MAX);
	const struct http_options http = settings_http(s);
	int rc = -1;

	if (http_start(&http) == -1) {
		log_event(LOG_ERROR, "http_failed",
		    F_STR("why", "the HTTP client cannot start"),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
		goto out;
	}
	worker_set_settings(w, choose_model(run, worker_settings(w)));
	if (toolbox_start(w->settings, &p->toolbox, &errors) == -1) {
		program_log_refused(&errors);
		goto out;
	}
	p->chats.toolbox = p->tasks.toolbox = p->toolbox;
	w->turns = pool_new("turn", (int)s->turns_slots);
	w->kinds[JOB_CHAT].pool = w->turns;
	w->kinds[JOB_TASK].pool = pool_new("task", (int)s->turns_slots);
	w->calls = pool_new("call", CALLS_MAX);
	w->leases = lease_book_new(w);
	w->wake = wake_new(w->store, w->id,
	    DUE_OF(JOB_CHAT) | DUE_OF(JOB_TASK));
	rc = lease_book_start(w->leases);
	if (rc == -1)
		tell_no_thread();
	if (w->wake == NULL) {
		log_event(LOG_ERROR, "listener_unstarted",
		    F_STR("process", w->id),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
		rc = -1;
	}
out:
	buf_fini(&errors);
	return rc;
}

static void *
worker_thread(void *arg)
{
	struct turn_program *p = arg;

	p->ended_code = take_run(&p->w);
	atomic_store(&p->ended, true);
	return NULL;
}

static void
stop(struct turn_program *p)
{
	worker_stop(&p->w);
	wake_rouse(p->w.wake); /* the taker may wait */
	log_event(LOG_INFO, "worker_stopping", F_STR("process", p->w.id));
}

/* Until all is handed back; a second SIGTERM cuts short what runs. */
static void
obey(struct program_run *run)
{
	struct turn_program *p = run->ctx;
	enum signals_came came;

	while ((came = signals_wait(PICK_EVERY_MS)) != SIGNALS_END)
		if (came == SIGNALS_RELOAD)
			program_reload(run);
		else if (p->lacks_model)
			look_for_model(run);
	stop(p);
	while (!atomic_load(&p->ended))
		if (signals_end_came(DRAIN_LOOK_MS))
			stop(p);
}

static int
take_turns(struct program_run *run)
{
	struct turn_program *p = run->ctx;
	struct worker *w = &p->w;
	struct heartbeat *beat;
	pthread_t thread;
	int code = 0;

	toolbox_wait(p->toolbox, SOURCES_WAIT_MS);
	/* Without it nobody would know of this worker. */
	beat = heartbeat_start(w);
	if (beat == NULL) {
		tell_no_thread();
		trouble_stop(&p->chats.models);
		return 1;
	}
	log_event(LOG_INFO, "worker_started", F_STR("process", w->id),
	    F_STR("version", VERSION_BUILT));
	notify_ready();
	if (thread_start(&thread, "worker", worker_thread, p) == -1) {
		tell_no_thread();
		code = 1;
	} else {
		obey(run);
		pthread_join(thread, NULL);
	}
	trouble_stop(&p->chats.models);
	heartbeat_stop(beat);
	log_event(LOG_INFO, "worker_stopped", F_STR("process", w->id),
	    F_BOOL("all_handed_back", p->ended_code == 0));
	if (p->ended_code != 0) {
		/* A call that does not end even when cancelled: its lease
		 * ends by itself.  Threads still use all there is. */
		_exit(0);
	}
	return code;
}

static int
serve(struct program_run *run)
{
	struct turn_program *p = run->ctx;
	struct worker *w = &p->w;
	int rc;

	pthread_mutex_init(&w->mu, NULL);
	memcpy(w->id, run->id, sizeof(w->id));
	w->started_ms = clock_wall_ms();
	w->store = run->store;
	w->settings = settings_ref(run->settings);
	/* The table of the kinds of job that this program runs. */
	chats_init(&p->chats, w);
	w->kinds[JOB_CHAT] = (struct work_row){ &CHATS_KIND, &p->chats, NULL };
	tasks_init(&p->tasks, w);
	w->kinds[JOB_TASK] = (struct work_row){ &TASKS_KIND, &p->tasks, NULL };
	if (start_threads(run) == -1)
		return 1;
	rc = take_turns(run);
	lease_book_stop(w->leases);
	lease_book_free(w->leases);
	wake_free(w->wake);
	(void)!pool_drain(w->calls, 5000);
	pool_free(w->calls);
	pool_free(w->turns);
	pool_free(w->kinds[JOB_TASK].pool);
	toolbox_stop(p->toolbox);
	http_stop();
	settings_unref(w->settings);
	free(p->told);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct turn_program p;
	const struct program TURN = { .name = "dragoman-turn",
		.worker = "turn",
		.does = "Takes turns from Redis: asks the model, calls tools, "
			"replies.\n",
		.ctx = &p,
		.asks_models = true,
		.reads_servers = true,
		.awaits_redis = true,
		.serve = serve,
		.choose = choose_model,
		.accept = accept_tools,
		.apply = apply };

	return program_main(&TURN, argc, argv);
}
