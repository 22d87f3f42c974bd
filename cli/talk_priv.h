/*
 * talk_priv: what talk.c (a message is sent, its answer awaited) and
 * talk_show.c share.
 */
#ifndef CLI_TALK_PRIV_H
#define CLI_TALK_PRIV_H

#include "cli/talk.h"

struct sse_event;

/* One message on its way. */
struct saying {
	struct talk *t;
	struct arena *mem;
	char id[33];
	int tools;    /* that run */
	bool shown;   /* some of its text was */
	bool anew;    /* and is no part of the answer */
	bool replied; /* the reply was shown */
	bool failed;  /* an error was shown */
	bool stopped; /* by Ctrl-C */
	bool vain;    /* the reply says that there is no answer */
};

/* The reply ${doc}; ${with_text}: its words were not shown as they came. */
void talk_show_reply(struct saying *s, const json_t *doc, bool with_text);
/* An event of a stream; ${ctx} is a struct saying.  Not 0: the last one. */
int talk_show_event(void *ctx, const struct sse_event *ev);

#endif
