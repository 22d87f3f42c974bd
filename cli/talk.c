#include "cli/talk_priv.h"

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
#define POLL_FIRST_MS 100
#define POLL_MS 1000
#define POLL_LOST_MAX 30 /* looks without an answer before giving up */
#define READ_MS 200
/* Shorter messages (bytes) pass everywhere: servers cut from 2,000 on. */
#define LENGTH_ASKED_FROM 1000

static bool
is_interrupted(const struct talk *t)
{
	return __atomic_load_n(t->interrupted, __ATOMIC_RELAXED) != 0;
}

static int
code_of(const struct saying *s)
{
	return s->replied && !s->vain ? CLI_OK : CLI_FAILED;
}

static void
refused(struct saying *s, const struct http_response *resp, const json_t *doc)
{
	s->failed = true;
	talk_refused(s->t, resp, doc);
}

static const char *
path_of(struct saying *s)
{
	return arena_printf(s->mem, "/chat/%s/messages/%s",
	    text_percent(s->mem, s->t->chat_id), s->id);
}

/* A moment before the next look, longer each time. */
static void
wait_for_it(struct saying *s, int *wait_ms)
{
	poll(NULL, 0, *wait_ms);
	*wait_ms = *wait_ms < POLL_MS / 2 ? 2 * *wait_ms : POLL_MS;
	show_tick(&s->t->show);
}

/* Ask for the reply until it is there. */
static int
ask_again(struct saying *s)
{
	struct http_request req = talk_request(s->t, s->mem, "GET", path_of(s));
	int lost = 0, wait_ms = POLL_FIRST_MS;

	while (!is_interrupted(s->t)) {
		struct http_response resp;
		enum http_rc rc = http_send(&req, &resp);
		const json_t *doc = json_read(s->mem, buf_str(&resp.body),
		    resp.body.len, NULL, NULL);
		bool again = rc != HTTP_OK || resp.status >= 500;

		if (rc == HTTP_OK && resp.status == 200 && doc != NULL)
			talk_show_reply(s, doc, true);
		else if (rc == HTTP_OK && resp.status != 202 && !again)
			refused(s, &resp, doc);
		http_response_fini(&resp);
		if (s->replied || s->failed)
			return code_of(s);
		if (again && rc != HTTP_CANCELLED && ++lost == POLL_LOST_MAX) {
			show_end(&s->t->show);
			cli_error(s->t->cli,
			    "the server is gone; the message "
			    "is safe if it was taken: %s",
			    text_address_shown(s->mem, req.url));
			return CLI_UNREACHED;
		}
		wait_for_it(s, &wait_ms);
	}
	__atomic_store_n(s->t->interrupted, 0, __ATOMIC_RELAXED);
	show_note(&s->t->show,
	    "left alone; the answer will be at (with the header "
	    "X-Proxy-Secret): ",
	    text_address_shown(s->mem, req.url));
	return TALK_INTERRUPTED;
}

/* Ctrl-C: end the turn on the server, then take what it ends with. */
static int
stop(struct saying *s)
{
	struct http_request req = talk_request(s->t, s->mem, "POST", "/chat");
	struct http_response resp;

	__atomic_store_n(s->t->interrupted, 0, __ATOMIC_RELAXED);
	s->stopped = true;
	req.body = json_text(s->mem,
	    json_keep(s->mem,
		json_pack("{s:s, s:s}", "chat_id", s->t->chat_id, "message",
		    "/stop")));
	req.body_len = strlen(req.body);
	show_note(&s->t->show, "stopping", "");
	(void)http_send(&req, &resp); /* what it says, the reply says too */
	http_response_fini(&resp);
	if (s->t->lasting)
		(void)ask_again(s);
	return TALK_INTERRUPTED;
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
		    talk_show_event, s);
		buf_reset(&piece);
		show_tick(&s->t->show);
	}
	sse_reader_fini(&reader);
	buf_fini(&piece);
	http_close(stream);
	if (s->replied || s->failed)
		return code_of(s);
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
		talk_show_reply(s, doc, true);
	else if (resp->status == 202 || resp->status == 200) {
		show_note(&s->t->show, "still working on it", "");
		return ask_again(s);
	} else
		refused(s, resp, doc);
	return code_of(s);
}

static int
no_answer(struct saying *s, const struct http_response *resp, enum http_rc rc)
{
	struct cli *cli = s->t->cli;

	switch (rc) {
	case HTTP_CANCELLED:
		return stop(s);
	case HTTP_UNREACHED:
		talk_unreached(s->t, resp);
		return CLI_UNREACHED;
	case HTTP_TIMEOUT:
	case HTTP_BROKEN: /* it may have arrived: then it is answered */
		show_note(&s->t->show, "the connection broke; asking again",
		    "");
		return ask_again(s);
	default:
		show_end(&s->t->show);
		cli_error(cli, "%s: %s",
		    cli_clean(cli, talk_at(s->t, s->mem), true),
		    cli_clean(cli, resp->why, true));
		return CLI_FAILED;
	}
}

/* Said, and not sent: the server would read only the beginning. */
static bool
is_too_long(struct talk *t, const char *text)
{
	size_t n = strlen(text);

	if (n < LENGTH_ASKED_FROM)
		return false;
	n = text_count(text, n);
	talk_learn_limit(t);
	if (t->chars_max <= 0 || n <= (size_t)t->chars_max)
		return false;
	show_end(&t->show);
	cli_error(t->cli,
	    "the message is too long: it has %zu characters, and the server "
	    "reads only the first %lld; nothing was sent. Send less, or raise "
	    "chat.max_input_chars (CHAT_MAX_INPUT_CHARS)",
	    n, (long long)t->chars_max);
	return true;
}

/* A message to the server, and what it says first. */
static struct http_request
message(struct saying *s, const char *text, bool stream)
{
	struct talk *t = s->t;
	struct http_request req = talk_request(t, s->mem, "POST", "/chat");

	text_random_hex(16, s->id);
	req.body = json_text(s->mem,
	    json_keep(s->mem,
		json_pack("{s:s, s:s, s:s}", "chat_id", t->chat_id, "message",
		    text, "message_id", s->id)));
	req.body_len = strlen(req.body);
	req.total_ms = CALL_MAX_MS;
	if (stream) {
		req.headers[t->secret.len > 0 ? 2 : 1]
		    = "Accept: text/event-stream";
		req.idle_ms = SILENCE_MAX_MS;
	}
	return req;
}

static bool
is_stream(const struct http_response *resp)
{
	char type[64] = "";

	return http_header(resp, "content-type", type, sizeof(type))
	    && strncmp(type, "text/event-stream", 17) == 0;
}

/* As a stream: it is answered as soon as the message is taken, and messages of
 * a chat keep their order. */
int
talk_forget(struct talk *t)
{
	struct saying s = { .t = t, .mem = arena_new() };
	struct http_request req = message(&s, "/reset", true);
	struct http_response resp;
	struct http_stream *stream = NULL;
	enum http_rc rc = http_open(&req, &resp, &stream);
	int code = CLI_OK;

	if (rc == HTTP_UNREACHED) {
		http_close(stream);
		talk_unreached(t, &resp);
		code = CLI_UNREACHED;
	} else if (rc == HTTP_OK && !is_stream(&resp) && resp.status != 200)
		code = read_whole(&s, stream, &resp);
	else
		http_close(stream); /* a broken one: the question will tell */
	http_response_fini(&resp);
	arena_free(s.mem);
	return rc == HTTP_CANCELLED ? TALK_INTERRUPTED : code;
}

int
talk_say(struct talk *t, const char *text)
{
	struct saying s = { .t = t, .mem = arena_new() };
	struct http_request req;
	struct http_response resp;
	struct http_stream *stream = NULL;
	enum http_rc rc;
	int code;

	text = text_clean(s.mem, text, strlen(text));
	if (is_too_long(t, text_strip(s.mem, text))) {
		arena_free(s.mem);
		return CLI_FAILED;
	}
	req = message(&s, text, !t->whole);
	__atomic_store_n(t->interrupted, 0, __ATOMIC_RELAXED);
	t->private = false;
	show_doing(&t->show, "waiting");
	rc = http_open(&req, &resp, &stream);
	if (rc != HTTP_OK) {
		http_close(stream);
		code = no_answer(&s, &resp, rc);
	} else if (is_stream(&resp))
		code = read_events(&s, stream);
	else
		code = read_whole(&s, stream, &resp);
	show_doing(&t->show, "%s", "");
	show_end(&t->show);
	http_response_fini(&resp);
	arena_free(s.mem);
	return code;
}
