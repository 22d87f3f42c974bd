/*
 * worker: a process that takes turns.
 *
 * One thread takes jobs for as many free slots as there are; one renews the
 * leases of all that are held (lease.h); one reports (heartbeat.h); each turn
 * has a thread of the pool.  Rules: docs/DESIGN.md, the turn worker.
 */
#ifndef CHAT_WORKER_H
#define CHAT_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "llm/llm.h"
#include "llm/quirks.h"
#include "nouns/settings.h"

#define WORKER_ID_MAX 17
/* Rows: those in force, and as many that turns begun before a SIGHUP ask. */
#define WORKER_BACKENDS_MAX (2 * (1 + LLM_FALLBACKS_MAX))
#define WORKER_NO_LOOK INT64_MAX
#define WORKER_CALM 4 /* turn threads; with more there is a storm */

struct lease_book;
struct pool;
struct store;
struct toolbox;

/* What stands between us and a model (chat/trouble.h). */
struct worker_trouble {
	enum llm_rc rc;   /* LLM_OK: nothing */
	bool by_look;     /* found without a question */
	int64_t since_ms; /* wall */
	char why[160];
	char remedy[400];
};

/* What this process knows of one backend's breaker (chat/breaker.h). */
struct worker_breaker {
	char name[LLM_BREAKER_NAME_MAX]; /* "": a free row; under mu */
	int holders;                     /* under mu: while any, it stays */
	_Atomic int64_t open_until_ms;   /* wall; 0 closed */
	_Atomic int failing;             /* a failure since the last success */
	_Atomic int last_rc;             /* enum llm_rc; -1 not asked yet */
	_Atomic int open_rc;             /* what opened it: LLM_QUOTA, which
					  does not pass, or LLM_RETRY */
	_Atomic int64_t cut_told_ms;     /* boot; model_cut_prompt; 0 never */
	_Atomic int64_t usage_told_ms;   /* model_usage_unlikely; the same */
	/* Wall: what opened before, lets one question through; 0: not now. */
	_Atomic int64_t begun_ms;
	_Atomic int64_t asked_ms;      /* wall, the last time; 0: never */
	_Atomic int64_t answered_ms;   /* wall; 0: it never has */
	struct worker_trouble trouble; /* under mu */
	_Atomic bool troubled;         /* there is one */
	_Atomic bool unlisted;         /* said already */
};

/* What is known of one backend's quirks (chat/known.h); under mu. */
struct worker_known {
	char name[LLM_BACKEND_NAME_MAX]; /* "": a free row */
	int64_t read_ms;                 /* boot; negative: never */
	struct llm_quirks quirks;
};

struct worker {
	char id[WORKER_ID_MAX];
	int64_t started_ms;
	struct store *store;
	struct toolbox *toolbox;
	struct pool *turns; /* a thread a turn */
	struct pool *calls; /* further calls of one answer */
	struct lease_book *leases;
	pthread_mutex_t mu;
	struct settings *settings; /* under mu */
	struct worker_breaker breakers[WORKER_BACKENDS_MAX];
	struct worker_known known[WORKER_BACKENDS_MAX];
	_Atomic int running;
	_Atomic int stopping;     /* SIGTERM: steps end, leases go back */
	atomic_bool beat_now;     /* there is something to report */
	_Atomic int64_t look_ms;  /* boot: when to look (chat/trouble.h) */
	atomic_bool looking;      /* a look runs */
	atomic_bool looked;       /* one has ended, with these settings */
	volatile int look_cancel; /* it must end */
	atomic_bool trim; /* a storm is over: a new thread is to take jobs */
};

/* The settings in force, referenced. */
struct settings *worker_settings(struct worker *w);
void worker_set_settings(struct worker *w, struct settings *s);

/*
 * Take and run turns until ${w}->stopping; then wait for the running ones to
 * hand back, at most server.drain.  0: all handed back.
 */
int worker_run(struct worker *w);

#endif
