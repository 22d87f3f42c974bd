#include "chat/turn.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/chats.h"
#include "nouns/metric.h"
#include "work/worker.h"

static const struct {
	const char *name;
	enum turn_state (*step)(struct turn *t);
} STEPS[] = {
	[TURN_LOAD] = { "load", turn_load },
	[TURN_TOKEN] = { "token", turn_token },
	[TURN_DIRECT] = { "direct", turn_direct },
	[TURN_ASK] = { "ask", turn_ask },
	[TURN_TOOLS] = { "tools", turn_tools },
	[TURN_FINISH] = { "finish", turn_finish },
	[TURN_HAND_BACK] = { "hand_back", turn_hand_back },
};

static void
turn_log(const struct turn *t)
{
	const struct job *job = t->job;
	int64_t ms = (clock_boot_us() - t->begun_us) / 1000;
	char tools[256] = "";
	size_t used = 0, i;
	int k;

	for (k = 0; k < t->nrounds; k++)
		for (i = 0; i < t->rounds[k].answer.ncalls; i++) {
			const char *name = t->rounds[k].answer.calls[i].name;
			size_t len = strlen(name);

			if (used + len + 2 >= sizeof(tools))
				break;
			if (used > 0)
				tools[used++] = ',';
			memcpy(tools + used, name, len + 1);
			used += len;
		}
	log_event(LOG_INFO, "turn_done", F_CHAT(&job->chat),
	    F_STR("message", job->id), F_STR("end", turn_end_name(t->out.end)),
	    F_INT("ms", ms),
	    F_INT("waited_ms", clock_wall_ms() - job->given->accepted_ms - ms),
	    F_INT("attempt", job->attempt),
	    F_INT("model_calls", t->model_calls),
	    F_INT("tokens_in", t->usage.in), F_INT("tokens_out", t->usage.out),
	    F_STR("tools", tools));
	metric_add(METRIC_TURNS, (int)t->out.end, 1);
	metric_observe_us(METRIC_TURN_SECONDS, 0,
	    (clock_wall_ms() - job->given->accepted_ms) * 1000);
	metric_add(METRIC_TOKENS, TOKENS_IN, t->usage.in);
	metric_add(METRIC_TOKENS, TOKENS_OUT, t->usage.out);
}

void
turn_run(struct chats *c, struct lease *l)
{
	struct worker *w = c->w;
	struct job *job = l->job;
	struct turn *t = arena_alloc(job->mem, sizeof(*t));
	enum turn_state state = TURN_LOAD;
	bool ended = false;

	log_set_id(job->id);
	t->chats = c;
	t->models = &c->models;
	t->w = w;
	t->s = worker_settings(w);
	t->job = job;
	t->mem = job->mem;
	t->begun_us = clock_boot_us();
	t->lease = l;
	chat_name_caller(&job->chat, t->mem, &t->caller);
	t->policy = policy_of(t->s, &t->caller);
	stream_begin(&t->stream, w->store, job);
	while (state != TURN_END) {
		log_event(LOG_DEBUG, "turn_step", F_CHAT(&job->chat),
		    F_STR("step", STEPS[state].name));
		ended = state == TURN_FINISH;
		state = STEPS[state].step(t);
	}
	if (ended && t->text != NULL)
		turn_log(t);
	stream_end(&t->stream);
	toolset_unref(t->tools);
	settings_unref(t->s);
	log_set_id(NULL);
}
