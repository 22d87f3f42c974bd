#include "fcgi/end.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/request_priv.h"
#include "fcgi/route.h"
#include "nouns/metric.h"

#define STATUS_LEFT 499 /* the client did, before an answer; nginx's number */

/* nouns/metric.c, METRIC_REFUSED; "full" is said by who refuses. */
static const struct {
	int status, reason;
} REFUSED[] = {
	{ 400, REFUSED_INVALID },
	{ 401, REFUSED_UNAUTHENTICATED },
	{ 422, REFUSED_INVALID },
	{ 429, REFUSED_LIMITED },
};

void
end_of(struct end *out, const struct request *req)
{
	*out = (struct end){ .method = method_name(req->method),
		.path = req->path,
		.remote = req->remote,
		.chat = req->chat,
		.message = req->message,
		.caller = req->caller,
		.status = req->status,
		.refusal = req->refusal,
		.full = req->full,
		.sent = req->sent,
		.started_us = req->started_us,
		.gone = req->gone,
		.quiet = req->route != NULL
		    && req->route->class == CLASS_PROBE };
}

#define END_TEXTS 9

/* Where ${end} points to what is the request's; the method is a literal. */
static void
texts_of(struct end *end, const char **at[END_TEXTS])
{
	at[0] = &end->path;
	at[1] = &end->remote;
	at[2] = &end->chat;
	at[3] = &end->message;
	at[4] = &end->caller.tenant;
	at[5] = &end->caller.connection;
	at[6] = &end->caller.key;
	at[7] = &end->caller.role;
	at[8] = &end->caller.person;
}

size_t
end_texts_size(const struct request *req)
{
	const char **at[END_TEXTS];
	struct end end;
	size_t i, size = 0;

	end_of(&end, req);
	texts_of(&end, at);
	for (i = 0; i < END_TEXTS; i++)
		size += *at[i] == NULL ? 0 : strlen(*at[i]) + 1;
	return size;
}

void
end_keep(struct end *out, char *texts, const struct request *req)
{
	const char **at[END_TEXTS];
	size_t i, len;

	end_of(out, req);
	texts_of(out, at);
	for (i = 0; i < END_TEXTS; i++)
		if (*at[i] != NULL) {
			len = strlen(*at[i]) + 1;
			*at[i] = memcpy(texts, *at[i], len);
			texts += len;
		}
}

static void
count_refused(const struct end *end, int status)
{
	size_t i;

	if (end->full) {
		metric_add(METRIC_REFUSED, REFUSED_FULL, 1);
		return;
	}
	for (i = 0; i < NELEM(REFUSED); i++)
		if (REFUSED[i].status == status)
			metric_add(METRIC_REFUSED, REFUSED[i].reason, 1);
}

static void
count(const struct end *end, int status, int64_t us)
{
	/* A probe's 503 is what it asks for, and nobody's failed request. */
	metric_add(METRIC_REQUESTS,
	    end->quiet ? STATUS_PROBE : status / 100 - 1, 1);
	metric_observe_us(METRIC_REQUEST_SECONDS, 0, us);
	count_refused(end, end->refusal != 0 ? end->refusal : status);
}

void
end_write(const struct end *end)
{
	int64_t us = clock_boot_us() - end->started_us;
	int status = end->status == 0 ? STATUS_LEFT : end->status;

	count(end, status, us);
	log_event(end->quiet ? LOG_DEBUG : LOG_INFO, "request_done",
	    F_STR("method", end->method), F_STR("path", end->path),
	    F_INT("status", status), F_REAL("ms", (double)us / 1000),
	    F_INT("bytes", end->sent), F_STR("remote", end->remote),
	    F_BOOL("gone", end->gone), F_STR("chat", end->chat),
	    F_STR("message", end->message), F_STR("refused", end->refused));
}
