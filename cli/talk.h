/*
 * talk: one message to the running server and what comes back, shown.
 */
#ifndef CLI_TALK_H
#define CLI_TALK_H

#include "base/buf.h"
#include "cli/cli.h"

struct talk {
	struct cli *cli;
	const char *url;     /* of the server, without a slash at its end */
	const char *chat_id;
	struct buf secret;   /* "X-Proxy-Secret: ..."; empty: none */
	bool stream;
	bool terminal;	     /* a person looks at standard output */
	volatile int *interrupted; /* set by Ctrl-C; cleared here */
};

/* Send ${text} and show what is answered.  An exit code. */
int talk_say(struct talk *t, const char *text);

#endif
