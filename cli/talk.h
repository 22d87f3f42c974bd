/*
 * talk: one message to the running server and what comes back, shown.
 */
#ifndef CLI_TALK_H
#define CLI_TALK_H

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/show.h"

#define TALK_INTERRUPTED 130 /* exit code: as shells have it of SIGINT */

struct talk {
	struct cli *cli;
	const char *url; /* of the server, without a slash at its end */
	const char *chat_id;
	struct buf secret; /* "X-Proxy-Secret: ..."; empty: none */
	bool stream;       /* show the text as it comes */
	bool whole;        /* ask for the whole reply only */
	bool lasting;      /* a conversation: what was stopped is awaited */
	int64_t chars_max; /* of a message, as the server told; 0: it did not,
			      -1: not asked yet */
	struct show show;
	volatile int *interrupted; /* set by Ctrl-C; cleared here */
	char state[24]; /* of the conversation, as last told; "": unknown */
	bool private;   /* what was sent may have been a token */
};

/* Send ${text} and show what is answered.  An exit code. */
int talk_say(struct talk *t, const char *text);

/* Forget what was said in the conversation before: what is sent next is its
 * first message.  An exit code, said. */
int talk_forget(struct talk *t);

/* Say where we are and what is there.  An exit code: CLI_UNREACHED, said. */
int talk_greet(struct talk *t, FILE *out);

/* The server's address, for people: without login and query; in ${mem}. */
const char *talk_at(const struct talk *t, struct arena *mem);

/* talk_server.c: a request to the server; in ${mem}. */
struct arena;
struct http_request;
struct http_response;
struct http_request talk_request(struct talk *t, struct arena *mem,
    const char *method, const char *path);
/* t->chars_max is known after this. */
void talk_learn_limit(struct talk *t);
/* ${resp} refuses: say so, as well as the server does. */
void talk_refused(struct talk *t, const struct http_response *resp,
    const json_t *doc);
/* Nobody took the request at all. */
void talk_unreached(struct talk *t, const struct http_response *resp);
/* The server's own words in a refusal; "". */
const char *talk_detail(struct talk *t, const json_t *doc);

#endif
