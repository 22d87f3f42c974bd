#include "deploy/renew.h"

#include <signal.h>

#include "deploy/monotonic.h"
#include "deploy/say.h"

void
renew_want(struct processes *ps)
{
	struct process *p;

	say("renewing the workers");
	for (p = ps->list; p < ps->list + ps->n; p++)
		p->renew = p->program->worker;
}

/* One generation beside the other: no third while the first still ends. */
static void
step(struct process *p, int64_t stop_ms)
{
	int64_t now = monotonic_ms();

	if (p->renew && p->pid != 0 && p->former == 0) {
		p->renew = false;
		p->former = p->pid;
		p->told_ms = 0;
		p->pid = 0;
		p->again_ms = 0;
		return;
	}
	if (p->former == 0)
		return;
	if (p->told_ms == 0) {
		if (p->pid == 0 || !p->ready)
			return;
		say("%s %d: %d follows %d", p->program->name, p->number,
		    (int)p->pid, (int)p->former);
		p->told_ms = now;
		kill(p->former, SIGTERM);
	} else if (now - p->told_ms > stop_ms)
		kill(p->former, SIGKILL);
}

void
renew_step(struct processes *ps)
{
	struct process *p;

	for (p = ps->list; p < ps->list + ps->n; p++)
		step(p, ps->table->stop_ms);
}
