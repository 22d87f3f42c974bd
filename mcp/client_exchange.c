/*
 * client_exchange: what every exchange is asked.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "mcp/client_priv.h"

void
view_begin(struct mcp_view *view, enum mcp_era era, const char *version)
{
	*view = (struct mcp_view){ .transport = view->transport,
		.era = era,
		.version = version };
}

int64_t
mcp_next_id(struct mcp_client *c)
{
	return (int64_t)atomic_fetch_add(&c->last_id, 1) + 1;
}

int
exchange_left_ms(const struct exchange *x)
{
	int64_t left = x->until - clock_boot_ms();

	return left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : (int)left;
}

bool
exchange_is_cancelled(const struct exchange *x)
{
	return x->o != NULL && x->o->cancel != NULL
	    && __atomic_load_n(x->o->cancel, __ATOMIC_RELAXED) != 0;
}

bool
exchange_is_over(const struct exchange *x)
{
	return exchange_is_cancelled(x) || clock_boot_ms() >= x->until;
}

void
exchange_reset(struct exchange *x)
{
	x->answered = x->maybe = x->silent = x->taken = false;
	x->named = false;
	x->result = x->data = NULL;
	x->message = "";
	x->code = 0;
	x->said[0] = x->location[0] = '\0';
}

/* Of hex digits and "-": nothing that JSON would read otherwise. */
static bool
is_trace(const char *s)
{
	return s != NULL && s[0] != '\0'
	    && strspn(s, "0123456789abcdef-") == strlen(s);
}

const char *
exchange_meta(const struct exchange *x)
{
	const char *token = "", *trace = "";

	if (x->o != NULL && x->o->on_progress != NULL)
		token = arena_printf(x->mem, "\"progressToken\":%" PRId64,
		    x->id);
	if (x->o != NULL && is_trace(x->o->trace))
		trace = arena_printf(x->mem, "%s\"traceparent\":\"%s\"",
		    token[0] == '\0' ? "" : ",", x->o->trace);
	return trace[0] == '\0' ? token
				: arena_printf(x->mem, "%s%s", token, trace);
}

enum mcp_rc
exchange_or_unknown(const struct exchange *x, enum mcp_rc rc)
{
	return x->acts ? MCP_UNKNOWN : rc;
}
