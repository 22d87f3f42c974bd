/*
 * renew: of each worker another one is started, and when that says that it
 * serves (sd_notify(3)) the former is told to end.  Somebody always serves, and
 * a program that cannot run replaces nobody.
 */
#ifndef DEPLOY_RENEW_H
#define DEPLOY_RENEW_H

#include "deploy/process.h"

/* All workers are to be renewed. */
void renew_want(struct processes *ps);
/* What is next for them; called again and again, before process_start_due. */
void renew_step(struct processes *ps);

#endif
