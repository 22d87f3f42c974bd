#include "handlers/mcp_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "fcgi/class.h"

#define RETRY "retry: 1000\n\n" /* ms: another edge is there at once */
#define OUT_MAX (MCP_ANSWER_MAX + MIB)
#define DEADLINE_MS ((int64_t)365 * 24 * 3600 * 1000) /* none */
#define LOOK_SPREAD_MS 5000 /* lest all look at once for ever */
#define COMMENT ":\n\n"
#define STREAM_HEADERS \
	"X-Accel-Buffering: no\r\nCache-Control: no-cache, no-transform\r\n"

struct mcp_stream *
mcp_stream_new(enum mcp_stream_what what)
{
	struct mcp_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort(); /* the supervisor starts another */
	s->what = what;
	buf_init(&s->first, MCP_ANSWER_MAX);
	return s;
}

void
mcp_stream_free(struct mcp_stream *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nwatched; i++)
		free(s->watched[i].uri);
	free(s->watched);
	free(s->tasks);
	buf_fini(&s->first);
	free(s->id);
	free(s->endpoint);
	free(s);
}

/* ---- in the park thread -------------------------------------------------- */

static void
write_out(struct parked *p, struct buf *out)
{
	if (out->len > 0)
		park_write(p, buf_str(out), out->len);
	buf_fini(out);
}

static void
on_begin(struct parked *p, void *state)
{
	struct mcp_stream *s = state;
	struct buf out = BUF_INIT(OUT_MAX);

	park_head(p, 200, MCP_STREAM, STREAM_HEADERS);
	if (s->what == STREAM_LISTEN) {
		(void)!mcp_stream_ack(&out, s);
		write_out(p, &out);
		write_out(p, &s->first);
		return;
	}
	if (s->what == STREAM_SSE)
		(void)!buf_printf(&out, "event: endpoint\ndata: %s\n\n",
		    s->endpoint);
	else /* nginx keeps a head alone */
		(void)!buf_add_str(&out, COMMENT);
	write_out(p, &out);
}

/* A clean end: of a listen its result, of others the time to come again. */
static void
finish(struct parked *p, struct mcp_stream *s, bool again)
{
	struct buf out = BUF_INIT(OUT_MAX);

	if (s->what == STREAM_LISTEN)
		(void)!mcp_stream_complete(&out, s);
	else if (again)
		(void)!buf_add_str(&out, RETRY);
	write_out(p, &out);
	park_end(p);
}

/* In order: what is missing between is found by a look. */
static void
take_said(struct parked *p, struct mcp_stream *s, const char *piece, size_t len)
{
	struct arena *mem = arena_new();
	struct buf out = BUF_INIT(OUT_MAX);
	struct mcps_event e;
	int64_t before;

	if (mcps_open_said(park_edge(p)->store, s->session, piece, len, mem, &e,
		&before)
		== -1
	    || (before != 0 && before != s->said)) {
		park_look_in(p, 0);
	} else if (e.number > s->said) {
		s->said = e.number;
		(void)!mcp_stream_said(&out, s, &e);
	}
	write_out(p, &out);
	arena_free(mem);
}

static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	if (strcmp(kind, MCPS_SAY) == 0)
		take_said(p, state, sealed, len);
	else /* versions, a key, another stream: records say it */
		park_look_in(p, 0);
}

/* ---- what a look found --------------------------------------------------- */

/* Before its key ends, too. */
static void
look_again(struct parked *p, const struct mcp_stream *s, int64_t ends_ms)
{
	int64_t ms = VERSIONS_LOOK_MS - s->said % LOOK_SPREAD_MS;
	int64_t left = ends_ms == 0 ? ms : ends_ms - clock_wall_ms() + 1000;

	park_look_in(p, left < 0 ? 0 : left < ms ? left : ms);
}

static void
on_found(struct parked *p, void *state, const struct park_look *found)
{
	struct mcp_stream *s = state;
	struct arena *mem;
	struct buf out = BUF_INIT(OUT_MAX);
	json_t *doc;

	if (found->found != FOUND_ON) {
		finish(p, s, false);
		return;
	}
	mem = arena_new();
	doc = json_read(mem, found->text, found->len, NULL, NULL);
	mcp_stream_compare(s, doc, &out);
	write_out(p, &out);
	look_again(p, s, json_member_int(doc, "ends", 0));
	arena_free(mem);
}

static void
on_drain(struct parked *p, void *state)
{
	finish(p, state, true);
}

static void
on_deadline(struct parked *p, void *state, const struct park_look *last)
{
	(void)last;
	finish(p, state, true);
}

/* ---- its end ------------------------------------------------------------- */

struct leaving {
	struct pool_job job;
	struct store *store;
	char session[MCPS_ID_MAX], address[MCPS_ADDRESS_MAX];
};

static void
leave(void *arg)
{
	struct leaving *l = arg;

	mcps_leave_stream(l->store, l->session, l->address);
	free(l);
}

/* A session whose stream is gone has none: who posts to it is told.  Another
 * thread writes that; a process that ends does not, and nobody posts where no
 * stream was for a day. */
static void
on_end(void *state)
{
	struct mcp_stream *s = state;
	struct leaving *l;

	mcp_places_leave(s->edge->places, s->key, s->from);
	if (s->session[0] != '\0') {
		l = calloc(1, sizeof(*l));
		if (l == NULL)
			abort();
		l->job = (struct pool_job){ .work = leave, .arg = l };
		l->store = s->edge->edge->store;
		memcpy(l->session, s->session, sizeof(l->session));
		memcpy(l->address, s->address, sizeof(l->address));
		if (class_call(s->edge->edge->classes, &l->job) == -1)
			free(l);
	}
	mcp_stream_free(s);
}

static const struct park_kind KIND = {
	.on_begin = on_begin,
	.on_piece = on_piece,
	.look = mcp_stream_look,
	.on_found = on_found,
	.alive = COMMENT,
	.on_drain = on_drain,
	.on_deadline = on_deadline,
	.on_end = on_end,
};

/* ---- parking it ---------------------------------------------------------- */

static int
refuse(struct request *req, int status, const char *why)
{
	return reply_refusal(req,
	    &(struct refusal){ .status = status,
		.retry_s = status == 404 ? 0 : 5,
		.detail = why,
		.full = status != 404 });
}

/* An address as it is counted: IPv4 whole, IPv6 by its first 64 bits; this
 * machine is not. */
static void
set_from(struct mcp_stream *s, const struct request *req)
{
	static const unsigned char V4[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char bytes[NET_BYTES];

	if (req->local || net_address(bytes, req->remote) == -1)
		return;
	text_hex(bytes, memcmp(bytes, V4, sizeof(V4)) == 0 ? NET_BYTES : 8,
	    s->from);
}

/* -1: it is answered. */
static int
take_place(struct request *req, struct mcp_stream *s, int *rc)
{
	switch (
	    mcp_places_take(s->edge->places, req->settings, s->key, s->from)) {
	case PLACE_TAKEN:
		return 0;
	case PLACE_FULL:
		*rc = refuse(req, 503, "too many streams are open here");
		break;
	case PLACE_KEY:
		*rc = refuse(req, 429, "too many streams of this key are open");
		break;
	default:
		*rc = refuse(req, 429,
		    "too many streams from this address are open");
	}
	return -1;
}

/* Where it stands now.  -1: it is answered. */
static int
stand(struct request *req, struct mcp_stream *s, int *rc)
{
	const char *ids[MCP_STREAM_URIS];
	int64_t of[MCP_STREAM_URIS], said = 0;
	enum store_rc got;
	size_t i;

	for (i = 0; i < s->nwatched; i++)
		ids[i] = s->watched[i].id;
	got = versions_read(req->edge->store, &s->seen, ids, s->nwatched, of);
	if (got == STORE_OK)
		got = mcp_stream_stand_tasks(req->edge->store, s);
	if (got == STORE_OK && s->session[0] != '\0')
		got = mcps_take_stream(req->edge->store, s->session, s->address,
		    &said);
	if (got != STORE_OK) {
		*rc = got == STORE_GONE
		    ? refuse(req, 404,
			"this session has ended; initialize again")
		    : refuse(req, 503, "streams cannot be served now");
		return -1;
	}
	for (i = 0; i < s->nwatched; i++)
		s->watched[i].seen = of[i];
	if (s->said == 0)
		s->said = said;
	return 0;
}

int
mcp_stream_park(struct request *req, const struct mcp_post *p,
    struct mcp_stream *s)
{
	struct park *park = req->edge->park;
	struct park_wait wait = { .kind = &KIND,
		.state = s,
		.topic = VERSIONS_TOPIC,
		.deadline_ms = DEADLINE_MS };
	char owner[64]; /* its own: places are counted elsewhere */
	static _Atomic int64_t owners;
	int64_t number;
	int rc = 0;

	s->edge = req->edge->mcp;
	(void)snprintf(s->key, sizeof(s->key), "%s", p->key->id);
	set_from(s, req);
	if (take_place(req, s, &rc) == -1) {
		mcp_stream_free(s);
		return rc;
	}
	(void)snprintf(owner, sizeof(owner), "stream:%" PRId64,
	    atomic_fetch_add(&owners, 1));
	number = park_reserve(park, owner);
	(void)snprintf(s->address, sizeof(s->address), "%s.%" PRId64,
	    req->edge->process_id, number);
	if (number < 0)
		rc = refuse(req, 503, "too many requests wait here");
	else if (stand(req, s, &rc) == -1)
		park_release(park, number);
	else {
		(void)mcp_edge_tools(s->edge); /* their changes are told */
		wait.item = mcp_stream_item(req, p, s);
		park_request(park, number, req, &wait);
		return 0;
	}
	mcp_places_leave(s->edge->places, s->key, s->from);
	mcp_stream_free(s);
	return rc;
}
