#include "cli/talk.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/http.h"
#include "base/json.h"
#include "base/sse.h"
#include "base/text.h"

#define REPLY_MAX (16 * MIB)
#define EVENT_MAX (4 * MIB)
#define CALL_MAX_MS (65 * 60 * 1000) /* chat.wait is an hour at most */
#define SILENCE_MAX_MS 60000 /* of a stream: it says something every 15 s */
#define QUICK_MS 10000	     /* a question about a message, /stop */
#define POLL_MS 1000
#define POLL_LOST_MAX 30 /* looks without an answer before giving up */
#define READ_MS 200

/* One message on its way. */
struct saying {
	struct talk *t;
	struct arena *mem;
	char id[33];
	bool midline; /* streamed text stands on the line */
	bool replied; /* the reply was shown */
	bool failed;  /* an error was shown */
	bool ask;     /* the reply must be asked for */
};

static bool
is_interrupted(const struct talk *t)
{
	return __atomic_load_n(t->interrupted, __ATOMIC_RELAXED) != 0;
}

static struct http_request
request_to(struct saying *s, const char *method, const char *path)
{
	struct talk *t = s->t;
	struct http_request req = { .method = method,
		.url = arena_printf(s->mem, "%s%s", t->url, path),
		.headers = { "Content-Type: application/json" },
		.body_max = REPLY_MAX,
		.total_ms = QUICK_MS,
		.flags = HTTP_OPERATOR,
		.cancel = t->interrupted };

	if (t->secret.len > 0)
		req.headers[1] = buf_str(&t->secret);
	return req;
}

/* A stranger's byte is never part of a path. */
static const char *
percent(struct arena *mem, const char *s)
{
	char *out = arena_alloc(mem, 3 * strlen(s) + 1), *p = out;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-_.~", c) != NULL)
			*p++ = (char)c;
		else
			p += snprintf(p, 4, "%%%02X", c);
	}
	return out;
}

static void
end_line(struct saying *s)
{
	if (s->midline)
		putchar('\n');
	s->midline = false;
	fflush(stdout);
}

/* What is not the answer itself: to the person, not into a pipe. */
static void
note(struct saying *s, const char *fmt, const char *text)
{
	struct cli *cli = s->t->cli;
	FILE *out = s->t->terminal ? stdout : stderr;

	if (cli->json)
		return;
	end_line(s);
	fputs(cli_paint(cli, PAINT_DIM), out);
	fprintf(out, "%s%s", fmt, cli_clean(cli, text, true));
	fprintf(out, "%s\n", cli_paint(cli, PAINT_OFF));
}

static void
show_starters(struct saying *s, const json_t *doc)
{
	const json_t *list = json_object_get(doc, "starters");
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		note(s, "  - ", json_string_value(item) != NULL ?
			json_string_value(item) :
			"");
}

static void
show_reply(struct saying *s, const json_t *doc, bool with_text)
{
	const char *text = json_member_str(doc, "reply");

	s->replied = true;
	if (s->t->cli->json) {
		json_t *out = json_deep_copy(doc);

		json_object_set_new(out, "message_id", json_string(s->id));
		(void)cli_json(s->t->cli, out);
		return;
	}
	end_line(s);
	if (with_text)
		printf("%s\n", cli_clean(s->t->cli, text, false));
	show_starters(s, doc);
	fflush(stdout);
}

/* The server's own words about a refusal. */
static const char *
detail_of(struct saying *s, const json_t *doc)
{
	const json_t *detail = json_object_get(doc, "detail");
	const char *text = json_string_value(detail);

	if (text == NULL && json_is_array(detail))
		text = json_member_str(json_array_get(detail, 0), "msg");
	return text == NULL ? "" : cli_clean(s->t->cli, text, true);
}

static void
refused(struct saying *s, const struct http_response *resp, const json_t *doc)
{
	struct cli *cli = s->t->cli;
	char seconds[24] = "";
	const char *said = detail_of(s, doc);

	s->failed = true;
	end_line(s);
	(void)http_header(resp, "retry-after", seconds, sizeof(seconds));
	switch (resp->status) {
	case 401:
		cli_error(cli, "the server does not accept our proxy secret: "
			       "set PROXY_SECRET or PROXY_SECRET_FILE to the "
			       "server's");
		break;
	case 429:
		cli_error(cli, "too many messages, this one was not taken; "
			       "try again in %s s",
		    seconds[0] != '\0' ? cli_clean(cli, seconds, true) : "60");
		break;
	case 502:
	case 503:
	case 504:
		cli_error(cli, "the server cannot answer just now%s%s; "
			       "`dragoman doctor` says why",
		    said[0] != '\0' ? ": " : "", said);
		break;
	default:
		cli_error(cli, "the server answered %d%s%s", resp->status,
		    said[0] != '\0' ? ": " : "", said);
		break;
	}
}

static const char *
path_of(struct saying *s)
{
	return arena_printf(s->mem, "/chat/%s/messages/%s",
	    percent(s->mem, s->t->chat_id), s->id);
}

/* Ask for the reply until it is there. */
static int
ask_again(struct saying *s)
{
	struct http_request req = request_to(s, "GET", path_of(s));
	int lost = 0;

	while (!is_interrupted(s->t)) {
		struct http_response resp;
		enum http_rc rc = http_send(&req, &resp);
		const json_t *doc = json_read(s->mem, buf_str(&resp.body),
		    resp.body.len, NULL, NULL);
		bool again = rc != HTTP_OK || resp.status >= 500;

		if (rc == HTTP_OK && resp.status == 200 && doc != NULL)
			show_reply(s, doc, true);
		else if (rc == HTTP_OK && resp.status != 202 && !again)
			refused(s, &resp, doc);
		http_response_fini(&resp);
		if (s->replied)
			return CLI_OK;
		if (s->failed)
			return CLI_FAILED;
		if (again && rc != HTTP_CANCELLED && ++lost == POLL_LOST_MAX) {
			cli_error(s->t->cli, "the server is gone; the message "
					     "is safe if it was taken: %s",
			    req.url);
			return CLI_UNREACHED;
		}
		poll(NULL, 0, POLL_MS);
	}
	__atomic_store_n(s->t->interrupted, 0, __ATOMIC_RELAXED);
	note(s, "left alone; the answer will be at ", req.url);
	return CLI_FAILED;
}

/* Ctrl-C: end the turn on the server, then take what it ends with. */
static int
stop(struct saying *s)
{
	struct http_request req = request_to(s, "POST", "/chat");
	struct http_response resp;

	__atomic_store_n(s->t->interrupted, 0, __ATOMIC_RELAXED);
	req.body = json_text(s->mem,
	    json_keep(s->mem, json_pack("{s:s, s:s}", "chat_id",
				  s->t->chat_id, "message", "/stop")));
	req.body_len = strlen(req.body);
	note(s, "stopping", "");
	(void)http_send(&req, &resp); /* what it says, the reply says too */
	http_response_fini(&resp);
	return ask_again(s);
}

static void
on_delta(struct saying *s, const json_t *doc)
{
	const char *text = json_member_str(doc, "text");

	if (text == NULL || text[0] == '\0')
		return;
	text = cli_clean(s->t->cli, text, false);
	fputs(text, stdout);
	fflush(stdout);
	s->midline = text[0] == '\0' ? s->midline :
				       text[strlen(text) - 1] != '\n';
}

static void
show_event(struct saying *s, const char *type, const json_t *doc)
{
	const char *name = json_member_str(doc, "name");
	const char *state = json_member_str(doc, "state");

	if (strcmp(type, "delta") == 0)
		on_delta(s, doc);
	else if (strcmp(type, "tool") == 0)
		note(s, "* ", arena_printf(s->mem, "%s %s",
				  name == NULL ? "tool" : name,
				  state == NULL ? "" : state));
	else if (strcmp(type, "restart") == 0)
		note(s, "(the answer begins anew)", "");
	else if (strcmp(type, "reply") == 0)
		show_reply(s, doc, false);
}

static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct saying *s = ctx;
	json_t *doc = json_read(s->mem, ev->data, ev->len, NULL, NULL);

	if (doc == NULL)
		return 0;
	if (s->t->cli->json)
		(void)cli_json(s->t->cli,
		    json_pack("{s:s, s:O}", "event", ev->type, "data", doc));
	if (strcmp(ev->type, "error") == 0) {
		if (json_member_str(doc, "url") != NULL)
			s->ask = true;
		else {
			s->failed = true;
			end_line(s);
			cli_error(s->t->cli, "%s", detail_of(s, doc));
		}
		return 1;
	}
	if (s->t->cli->json)
		s->replied = strcmp(ev->type, "reply") == 0;
	else
		show_event(s, ev->type, doc);
	return s->replied;
}

static int
read_events(struct saying *s, struct http_stream *stream)
{
	struct buf piece = BUF_INIT(EVENT_MAX);
	struct sse_reader reader;
	int rc = 0, n = 0;

	sse_reader_init(&reader, EVENT_MAX);
	while (rc == 0 && (n = http_read(stream, READ_MS, &piece)) != -1) {
		rc = sse_reader_feed(&reader, buf_str(&piece), piece.len,
		    on_event, s);
		buf_reset(&piece);
	}
	sse_reader_fini(&reader);
	buf_fini(&piece);
	http_close(stream);
	if (s->replied)
		return CLI_OK;
	if (s->failed)
		return CLI_FAILED;
	if (is_interrupted(s->t))
		return stop(s);
	return ask_again(s); /* cut off: the answer waits for us */
}

static int
read_whole(struct saying *s, struct http_stream *stream,
    struct http_response *resp)
{
	struct buf body = BUF_INIT(REPLY_MAX);
	const json_t *doc;

	while (!body.full && http_read(stream, READ_MS, &body) != -1)
		;
	doc = json_read(s->mem, buf_str(&body), body.len, NULL, NULL);
	buf_fini(&body);
	http_close(stream);
	if (is_interrupted(s->t))
		return stop(s);
	if (resp->status == 200 && resp->rc == HTTP_OK && doc != NULL)
		show_reply(s, doc, true);
	else if (resp->status == 202 || resp->status == 200) {
		note(s, "still working on it", "");
		return ask_again(s);
	} else
		refused(s, resp, doc);
	return s->replied ? CLI_OK : CLI_FAILED;
}

static int
no_answer(struct saying *s, const struct http_response *resp, enum http_rc rc)
{
	struct cli *cli = s->t->cli;

	switch (rc) {
	case HTTP_CANCELLED:
		return stop(s);
	case HTTP_UNREACHED:
		cli_error(cli, "nobody answers at %s (%s). Is the server "
			       "running? --url URL names another one",
		    cli_clean(cli, s->t->url, true),
		    cli_clean(cli, resp->why, true));
		return CLI_UNREACHED;
	case HTTP_TIMEOUT:
	case HTTP_BROKEN: /* it may have arrived: then it is answered */
		note(s, "the connection broke; asking again", "");
		return ask_again(s);
	default:
		cli_error(cli, "%s: %s", cli_clean(cli, s->t->url, true),
		    cli_clean(cli, resp->why, true));
		return CLI_FAILED;
	}
}

int
talk_say(struct talk *t, const char *text)
{
	struct saying s = { .t = t, .mem = arena_new() };
	struct http_request req = request_to(&s, "POST", "/chat");
	struct http_response resp;
	struct http_stream *stream = NULL;
	enum http_rc rc;
	char type[64] = "";
	size_t n = t->secret.len > 0 ? 2 : 1;
	int code;

	text_random_hex(16, s.id);
	req.body = json_text(s.mem,
	    json_keep(s.mem, json_pack("{s:s, s:s, s:s}", "chat_id",
				 t->chat_id, "message",
				 text_clean(s.mem, text, strlen(text)),
				 "message_id", s.id)));
	req.body_len = strlen(req.body);
	req.total_ms = CALL_MAX_MS;
	if (t->stream) {
		req.headers[n] = "Accept: text/event-stream";
		req.idle_ms = SILENCE_MAX_MS;
	}
	__atomic_store_n(t->interrupted, 0, __ATOMIC_RELAXED);
	rc = http_open(&req, &resp, &stream);
	if (rc != HTTP_OK) {
		http_close(stream);
		code = no_answer(&s, &resp, rc);
	} else if (http_header(&resp, "content-type", type, sizeof(type)) &&
	    strncmp(type, "text/event-stream", 17) == 0)
		code = read_events(&s, stream);
	else
		code = read_whole(&s, stream, &resp);
	http_response_fini(&resp);
	arena_free(s.mem);
	return code;
}
