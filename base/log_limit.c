#include "base/log_limit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define EVENTS 128 /* more than there are names of */
/* of one minute; for others only the event's limit holds */
#define SOURCES 256
#define ROWS (EVENTS + SOURCES)
#define MINUTE_MS 60000

struct row {
	struct log_left key; /* key.lines: left out */
	int64_t begun_ms;
	int written; /* 0: the row is free */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct row rows[ROWS]; /* those of events first */
static atomic_int owing;      /* rows that left lines out */

static bool
is_over(const struct row *r, int64_t now_ms)
{
	return now_ms - r->begun_ms >= MINUTE_MS;
}

/* NULL: there is no room. */
static struct row *
row_of(const char *event, const char *source, int64_t now_ms)
{
	struct row *first = source[0] == '\0' ? rows : rows + EVENTS;
	struct row *end = source[0] == '\0' ? rows + EVENTS : rows + ROWS;
	struct row *unused = NULL, *r;

	for (r = first; r < end; r++) {
		if (r->written > 0 && strcmp(r->key.event, event) == 0
		    && strcmp(r->key.source, source) == 0)
			break;
		if (unused == NULL
		    && (r->written == 0
			|| (is_over(r, now_ms) && r->key.lines == 0)))
			unused = r;
	}
	if (r == end) {
		if (unused == NULL)
			return NULL;
		r = unused;
	} else if (!is_over(r, now_ms) || r->key.lines > 0) {
		return r;
	}
	*r = (struct row){ .begun_ms = now_ms };
	snprintf(r->key.event, sizeof(r->key.event), "%s", event);
	snprintf(r->key.source, sizeof(r->key.source), "%s", source);
	return r;
}

static bool
row_take(struct row *r, int max)
{
	if (r == NULL)
		return true;
	if (r->written < max) {
		r->written++;
		return true;
	}
	if (r->key.lines++ == 0)
		atomic_fetch_add(&owing, 1);
	return false;
}

bool
log_limit_take(const char *event, const char *source, int64_t now_ms)
{
	char e[sizeof(rows->key.event)], s[sizeof(rows->key.source)];
	bool may;

	/* Cut as they are kept, or they would never be found. */
	snprintf(e, sizeof(e), "%s", event);
	snprintf(s, sizeof(s), "%s", source == NULL ? "" : source);
	pthread_mutex_lock(&lock);
	may = (s[0] == '\0'
		  || row_take(row_of(e, s, now_ms), LOG_SOURCE_MINUTE))
	    && row_take(row_of(e, "", now_ms), LOG_EVENT_MINUTE);
	pthread_mutex_unlock(&lock);
	return may;
}

bool
log_limit_left(int64_t now_ms, struct log_left *out)
{
	struct row *r;
	bool found = false;

	if (atomic_load_explicit(&owing, memory_order_relaxed) == 0)
		return false;
	pthread_mutex_lock(&lock);
	for (r = rows; r < rows + ROWS && !found; r++) {
		if (r->key.lines == 0 || !is_over(r, now_ms))
			continue;
		*out = r->key;
		*r = (struct row){ 0 };
		atomic_fetch_sub(&owing, 1);
		found = true;
	}
	pthread_mutex_unlock(&lock);
	return found;
}
