/*
 * doctor: findings, and the checks that make them.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_ERROR };

struct doctor {
	struct cli *cli;
	const struct settings *s; /* NULL: not valid */
	struct store *store;      /* NULL: not reached */
	struct seal_ring *ring;
	const char *url;  /* of nginx */
	bool url_guessed; /* this host's server.port: perhaps it has none */
	json_t *findings;
	size_t units_failed; /* of systemd; doctor_units */
	json_t *records;  /* of the turn workers, by doctor_workers; or NULL */
	json_t *troubles; /* fleet_troubles of them */
	json_t *failing;  /* models that a look from here finds wrong */
	int warnings, errors;
};

/* doctor_find.c: what was found in ${area}; ${advice}: what to do about it, which is more than
 * the finding said once more.  NULL only when OK. */
void doctor_find(struct doctor *d, enum doctor_level level, const char *area,
    const char *advice, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* doctor_host.c */
void doctor_secrets(struct doctor *d);
void doctor_limits(struct doctor *d);
void doctor_logs(struct doctor *d);
void doctor_units(struct doctor *d);
void doctor_cores(struct doctor *d);

/* doctor_models.c */
void doctor_models(struct doctor *d);

/* doctor_prefix.c */
void doctor_prefix(struct doctor *d);

/* doctor_redis.c */
void doctor_redis(struct doctor *d);
void doctor_damage(struct doctor *d);

/* doctor_workers.c */
void doctor_workers(struct doctor *d);

/* doctor_messages.c */
void doctor_messages(struct doctor *d);

/* doctor_edge.c */
void doctor_edge(struct doctor *d);

#endif
