#include "handlers/mcp_later.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define PARAM_ENV "HTTP_MCP_PARAM_"

/* A mirrored argument's header, of what was kept of them. */
static const char *
kept_param(const void *ctx, const char *name)
{
	char *const *params = ctx;
	size_t len = strlen(name), i;

	for (; *params != NULL; params++) {
		const char *env = *params + strlen("HTTP_");

		for (i = 0; i < len; i++)
			if (name[i] == '-'
				? env[i] != '_'
				: (env[i] | 0x20) != (name[i] | 0x20))
				break;
		if (i == len && env[i] == '=')
			return env + i + 1;
	}
	return NULL;
}

static char *const *
keep_params(struct arena *mem, char *const *envp)
{
	char **out;
	size_t n = 0, i;

	for (i = 0; envp[i] != NULL; i++)
		n += strncmp(envp[i], PARAM_ENV, strlen(PARAM_ENV)) == 0;
	out = arena_alloc(mem, (n + 1) * sizeof(*out));
	for (n = i = 0; envp[i] != NULL; i++)
		if (strncmp(envp[i], PARAM_ENV, strlen(PARAM_ENV)) == 0)
			out[n++] = arena_strdup(mem, envp[i]);
	return out;
}

static const struct mcp_right *
keep_rights(struct arena *mem, const struct mcp_post *p)
{
	size_t n = json_is_array(p->doc) ? json_array_size(p->doc) : 1;
	struct mcp_right *out = arena_alloc(mem, n * sizeof(*out));

	memcpy(out, p->rights, n * sizeof(*out));
	return out;
}

/* All that the request owns is copied, and the document shared. */
struct mcp_later *
mcp_later_new(const struct request *req, struct mcp_post *p, int64_t number)
{
	struct mcp_later *l = calloc(1, sizeof(*l));
	struct arena *mem = arena_new();

	if (l == NULL)
		abort();
	atomic_store(&l->refs, p->says ? 1 : 2); /* nobody is parked then */
	pthread_mutex_init(&l->mu, NULL);
	l->number = number;
	l->mem = mem;
	l->settings = settings_ref(req->settings);
	memcpy(l->id, req->id, sizeof(l->id));
	buf_init(&l->events, MCP_EVENTS_MAX);
	l->progress = -INFINITY;
	l->accepts = mcp_accepts(p->head.accept);

	l->post = *p;
	buf_init(&p->out, 0); /* it is the later one's now */
	l->post.mem = mem;
	l->post.settings = l->settings;
	l->post.doc = json_keep(mem, json_share(p->doc));
	l->post.caller = (struct caller){ .tenant = arena_strdup(mem,
					      p->caller.tenant),
		.connection = arena_strdup(mem, p->caller.connection),
		.key = arena_strdup(mem, p->caller.key),
		.role = arena_strdup(mem, p->caller.role),
		.person = arena_strdup(mem, p->caller.person) };
	l->post.server.key = l->post.caller.key;
	l->post.key = mcp_key_copy(mem, p->key);
	l->post.rights = keep_rights(mem, p);
	l->params = keep_params(mem, req->envp);
	l->post.head = (struct mcp_head){ .version = arena_strdup(mem,
					      p->head.version),
		.method = arena_strdup(mem, p->head.method),
		.name = arena_strdup(mem, p->head.name),
		.session = arena_strdup(mem, p->head.session),
		.accept = arena_strdup(mem, p->head.accept),
		.once = arena_strdup(mem, p->head.once),
		.header = kept_param,
		.ctx = l->params };
	l->post.lane = arena_strdup(mem, p->lane);
	l->post.once.id = arena_strdup(mem, p->once.id);
	l->post.once.asked = arena_strdup(mem, p->once.asked);
	l->post.once.token = arena_strdup(mem, p->once.token);
	l->post.may_wait = true;
	l->post.address = arena_printf(mem, "%s.%" PRId64, p->edge->process_id,
	    number);
	l->post.cancel = &l->cancel;
	l->post.arg = l;
	mcp_keep_init(l);
	return l;
}

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
