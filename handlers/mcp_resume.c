#include "handlers/mcp_resume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fcgi/response.h"
#include "handlers/mcp_stream.h"

#define LOOK_MS 1000
#define ANSWER_MS 10000
#define COMMENT ":\n\n"
#define RETRY "retry: 1000\n\n"
#define STREAM_HEADERS \
	"X-Accel-Buffering: no\r\nCache-Control: no-cache, no-transform\r\n"

struct resumed {
	struct mcp_edge *edge;
	char key[API_KEY_ID_MAX];
	char stream[MCPS_STREAM_MAX];
	int64_t sent; /* number of the last event */
};

/* ---- parked -------------------------------------------------------------- */

static void
on_begin(struct parked *p, void *state)
{
	(void)state;
	park_head(p, 200, MCP_STREAM, STREAM_HEADERS);
	park_write(p, COMMENT, strlen(COMMENT));
	park_look_in(p, 0);
}

/* Nothing is published to it. */
static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	(void)p;
	(void)state;
	(void)kind;
	(void)sealed;
	(void)len;
}

/* One after the other: there are few. */
static int
look(struct edge *e, struct park_look *const *looks, size_t n)
{
	struct arena *mem = arena_new();
	size_t i, j;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		const json_t *item = json_read(mem, looks[i]->item,
		    strlen(looks[i]->item), NULL, NULL);
		json_t *out = json_array();
		struct mcps_event *events;
		const char *text;
		size_t nevents;

		(void)json_keep(mem, out);
		switch (mcps_call_read(e->store, json_member_str(item, "s"),
		    json_member_str(item, "c"), json_member_int(item, "n", 0),
		    mem, &events, &nevents)) {
		case STORE_OK:
			break;
		case STORE_NONE: /* its time is over */
			park_found(looks[i], STORE_NONE, NULL, 0);
			continue;
		default:
			rc = -1;
			continue;
		}
		for (j = 0; j < nevents; j++)
			json_array_append_new(out,
			    json_pack("[I, b, s]", (json_int_t)events[j].number,
				(int)events[j].last, events[j].text));
		text = json_text(mem, out);
		park_found(looks[i], STORE_OK, text,
		    text == NULL ? 0 : strlen(text));
	}
	arena_free(mem);
	return rc;
}

/* -1: it was the last one. */
static int
send_event(struct buf *out, struct resumed *r, const json_t *one)
{
	int64_t number = json_integer_value(json_array_get(one, 0));
	const char *text = json_string_value(json_array_get(one, 2));
	struct buf json = BUF_INIT(MCP_ANSWER_MAX);

	if (text != NULL && number > r->sent) {
		r->sent = number;
		if (buf_add_str(&json, text) == 0
		    && buf_printf(out, "id: %s.%" PRId64 "\n", r->stream,
			   number)
			== 0)
			(void)!mcp_event(out, &json);
		buf_fini(&json);
	}
	return json_is_true(json_array_get(one, 1)) ? -1 : 0;
}

static void
on_found(struct parked *p, void *state, const struct park_look *found)
{
	struct resumed *r = state;
	struct arena *mem = arena_new();
	struct buf out = BUF_INIT(MCP_ANSWER_MAX + MIB);
	const json_t *doc, *one;
	bool over = found->found == STORE_NONE;
	size_t i;

	doc = over || found->text == NULL
	    ? NULL
	    : json_read(mem, found->text, found->len, NULL, NULL);
	json_array_foreach(doc, i, one)
		over |= send_event(&out, r, one) == -1;
	if (out.len > 0)
		park_write(p, buf_str(&out), out.len);
	if (over)
		park_end(p);
	else
		park_look_in(p, LOOK_MS);
	buf_fini(&out);
	arena_free(mem);
}

static void
on_drain(struct parked *p, void *state)
{
	(void)state;
	park_write(p, RETRY, strlen(RETRY));
	park_end(p);
}

static void
on_deadline(struct parked *p, void *state, const struct park_look *last)
{
	(void)last;
	on_drain(p, state);
}

static void
on_end(void *state)
{
	struct resumed *r = state;

	mcp_places_leave(r->edge->places, r->key, "");
	free(r);
}

static const struct park_kind KIND = {
	.on_begin = on_begin,
	.on_piece = on_piece,
	.look = look,
	.on_found = on_found,
	.alive = COMMENT,
	.on_drain = on_drain,
	.on_deadline = on_deadline,
	.on_end = on_end,
};

/* ---- the handler --------------------------------------------------------- */

static int
refuse(struct request *req, int status, const char *why)
{
	return reply_refusal(req,
	    &(struct refusal){ .status = status,
		.retry_s = status >= 429 ? 5 : 0,
		.detail = why,
		.full = status == 429 || status == 503 });
}

/* "STREAM.NUMBER"; -1: it is none of ours. */
static int
read_id(const char *last, char stream[MCPS_STREAM_MAX], int64_t *number)
{
	char *end;

	if (strspn(last, "0123456789abcdef") != MCPS_STREAM_MAX - 1
	    || last[MCPS_STREAM_MAX - 1] != '.')
		return -1;
	memcpy(stream, last, MCPS_STREAM_MAX - 1);
	stream[MCPS_STREAM_MAX - 1] = '\0';
	*number = strtoll(last + MCPS_STREAM_MAX, &end, 10);
	return *end == '\0' && end != last + MCPS_STREAM_MAX && *number >= 0
	    ? 0
	    : -1;
}

static int
park_it(struct request *req, const struct mcp_post *p, struct resumed *r,
    int64_t after)
{
	struct park *park = req->edge->park;
	struct park_wait wait = { .kind = &KIND,
		.state = r,
		.deadline_ms = req->settings->mcp_timeout_ms + ANSWER_MS };
	int64_t number;

	if (mcp_places_take(r->edge->places, req->settings, r->key, "")
	    != PLACE_TAKEN) {
		free(r);
		return refuse(req, 429, "too many streams are open");
	}
	number = park_reserve(park, r->key);
	if (number < 0) {
		on_end(r);
		return number == PARK_CROWDED
		    ? refuse(req, 429,
			"too many requests of this key wait here")
		    : refuse(req, 503, "too many requests wait here");
	}
	wait.item = json_text(p->mem,
	    json_keep(p->mem,
		json_pack("{s:s, s:s, s:I}", "s", p->sid, "c", r->stream, "n",
		    (json_int_t)after)));
	park_request(park, number, req, &wait);
	return 0;
}

int
mcp_resume(struct request *req, const struct mcp_post *p, const char *last)
{
	struct mcps_event *events;
	struct resumed *r;
	char stream[MCPS_STREAM_MAX];
	int64_t after;
	size_t n;

	if (p->sid[0] == '\0' || read_id(last, stream, &after) == -1)
		return refuse(req, 400,
		    "Last-Event-ID is none of this session's");
	switch (mcps_call_read(req->edge->store, p->sid, stream, after, p->mem,
	    &events, &n)) {
	case STORE_OK:
		break;
	case STORE_NONE:
		return refuse(req, 410,
		    "these events are no longer kept, or never were");
	default:
		return refuse(req, 503, "events cannot be read now");
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	r->edge = req->edge->mcp;
	(void)snprintf(r->key, sizeof(r->key), "%s", p->key->id);
	memcpy(r->stream, stream, sizeof(stream));
	r->sent = after;
	return park_it(req, p, r, after);
}
