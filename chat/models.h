/*
 * models: what this process knows of its models' servers, for all its turns:
 * their breakers (breaker.h), their quirks (known.h), what is wrong with them
 * (trouble.h).
 */
#ifndef CHAT_MODELS_H
#define CHAT_MODELS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "llm/llm.h"
#include "llm/quirks.h"

/* Rows: those in force, and as many that turns begun before a SIGHUP ask. */
#define MODELS_MAX (2 * (1 + LLM_FALLBACKS_MAX))
#define MODELS_NO_LOOK INT64_MAX

struct worker;

/* What stands between us and a model (chat/trouble.h). */
struct model_trouble {
	enum llm_rc rc;   /* LLM_OK: nothing */
	bool by_look;     /* found without a question */
	int64_t since_ms; /* wall */
	char why[160];
	char remedy[400];
};

/* What this process knows of one backend's breaker (chat/breaker.h). */
struct model_breaker {
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
	_Atomic int64_t asked_ms;     /* wall, the last time; 0: never */
	_Atomic int64_t answered_ms;  /* wall; 0: it never has */
	struct model_trouble trouble; /* under mu */
	_Atomic bool troubled;        /* there is one */
	_Atomic bool unlisted;        /* said already */
};

/* What is known of one backend's quirks (chat/known.h); under mu. */
struct model_known {
	char name[LLM_BACKEND_NAME_MAX]; /* "": a free row */
	int64_t read_ms;                 /* boot; negative: never */
	struct llm_quirks quirks;
};

struct models {
	struct worker *w;
	pthread_mutex_t mu;
	struct model_breaker breakers[MODELS_MAX];
	struct model_known known[MODELS_MAX];
	_Atomic int64_t look_ms;  /* boot: when to look (chat/trouble.h) */
	atomic_bool looking;      /* a look runs */
	atomic_bool looked;       /* one has ended, with these settings */
	volatile int look_cancel; /* it must end */
};

#endif
