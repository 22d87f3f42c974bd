/*
 * metric: THE table of metrics (metric.c), and names for its rows.
 *
 * The order here is the order there; docs/INTERFACES.md lists all.
 */
#ifndef NOUNS_METRIC_H
#define NOUNS_METRIC_H

#include "base/metrics.h"

enum metric {
	METRIC_REQUESTS,        /* by enum metric_status */
	METRIC_REQUEST_SECONDS, /* histogram */
	METRIC_MESSAGES_ACCEPTED,
	METRIC_TURNS,            /* by end state: enum turn_end */
	METRIC_UNACCOUNTED,      /* gauge, refreshed by the edge from counts */
	METRIC_DAMAGED,          /* gauge: what dragoman doctor names */
	METRIC_QUEUE_LENGTH,     /* gauge: messages waiting */
	METRIC_QUEUE_AGE,        /* gauge: seconds of the oldest due job */
	METRIC_TURN_SECONDS,     /* histogram: accept to end */
	METRIC_MODEL_SECONDS,    /* histogram by provider */
	METRIC_MODEL_FIRST_BYTE, /* histogram: accept to first model byte */
	METRIC_MODEL_ERRORS,     /* by kind: enum llm_rc order */
	METRIC_MODEL_REPEATS,    /* by cause: enum model_repeat */
	METRIC_ANSWERS_CUT,
	METRIC_ANSWERS_KEPT,
	METRIC_TOOL_SECONDS,   /* histogram by enum metric_source */
	METRIC_TOOL_CALLS,     /* by enum tool_end */
	METRIC_SERVER_SECONDS, /* histogram by server, learned */
	METRIC_TOOL_ENDS,      /* by tool, learned, and enum tool_end */
	METRIC_TASKS,          /* ended, by enum task_state */
	METRIC_ARGUMENTS,      /* of tools, by enum metric_arguments */
	METRIC_TOKENS,         /* by enum metric_direction */
	METRIC_BREAKER_OPEN,   /* gauge by provider */
	METRIC_REDIS_ROUND_TRIPS,
	METRIC_THREADS,       /* gauge by enum metric_program */
	METRIC_PARKED,        /* gauge: parked requests */
	METRIC_WAKES_DROPPED, /* wake-ups for which a queue had no room */
	METRIC_RUNNING,       /* gauge: turns running */
	METRIC_REFUSED,       /* by enum metric_refusal */
	METRIC_N,
};

/* How a request was answered: status / 100 is STATUS_1XX and so on. */
enum metric_status {
	STATUS_1XX,
	STATUS_2XX,
	STATUS_3XX,
	STATUS_4XX,
	STATUS_5XX,
	STATUS_PROBE, /* /health, /ready, /metrics, whatever they answered */
};

enum metric_refusal {
	REFUSED_UNAUTHENTICATED,
	REFUSED_LIMITED,
	REFUSED_FULL,
	REFUSED_INVALID,
};

/* Of calls by clients of /mcp. */
enum metric_arguments { ARGUMENTS_REFUSED, ARGUMENTS_COERCED };

enum metric_direction { TOKENS_IN, TOKENS_OUT };

/* Named as their struct source_kind (tools/source.h). */
enum metric_source { SOURCE_BUILTIN, SOURCE_MEMCP, SOURCE_MCP };

enum metric_program { PROGRAM_EDGE, PROGRAM_TURN };

/* Why a model was asked again. */
enum model_repeat {
	REPEAT_FAILED,  /* no answer */
	REPEAT_CUT,     /* it broke off */
	REPEAT_EMPTY,   /* neither words nor calls */
	REPEAT_LIMIT,   /* thoughts ate the limit */
	REPEAT_CONTEXT, /* too long */
	REPEAT_UNKNOWN, /* a refusal nobody understands: shortened */
	REPEAT_LOADING,
	REPEAT_WORDS, /* called where it was to sum up */
};

extern const struct metric_def METRICS[METRIC_N];

#endif
