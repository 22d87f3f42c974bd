#include "handlers/mcp_later.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

void
mcp_later_unref(struct mcp_later *l)
{
	if (atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	mcp_post_fini(&l->post);
	buf_fini(&l->events);
	settings_unref(l->settings);
	arena_free(l->mem);
	pthread_mutex_destroy(&l->mu);
	free(l);
}

static int
add_number(struct buf *out, const char *name, double value)
{
	if (trunc(value) == value && fabs(value) < 1e15)
		return buf_printf(out, ",\"%s\":%.0f", name, value);
	return buf_printf(out, ",\"%s\":%.15g", name, value);
}

int
mcp_later_progress(struct mcp_later *l, double value, double total,
    const char *text, struct buf *json)
{
	/* Values that do not grow, and what nobody could write. */
	if (!isfinite(value) || !(value > l->progress))
		return -1;
	if (buf_add_str(json,
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
		"\"params\":{\"progressToken\":")
		== -1
	    || json_add(json, l->post.token) == -1
	    || add_number(json, "progress", value) == -1
	    || (total > 0 && isfinite(total)
		&& add_number(json, "total", total) == -1)
	    || (text != NULL
		&& (buf_add_str(json, ",\"message\":") == -1
		    || json_add_str(json, text, strlen(text)) == -1))
	    || buf_add_str(json, "}}") == -1)
		return -1;
	l->progress = value;
	return 0;
}
