/*
 * show: what a person sees of one answer: its text, remarks beside it, and on
 * a terminal a line that says what goes on, until something else is shown.
 *
 * The text goes to standard output, all else to ${notes}.  Where standard
 * output is no terminal the text is what the server sent and nothing more.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdio.h>

#include "base/base.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/markdown.h"

#define SHOW_DOING_MAX 160

struct show {
	struct cli *cli;
	FILE *notes;
	bool live;    /* what goes on may be drawn */
	bool midline; /* text stands on the line of standard output */
	bool drawn;   /* what goes on stands on its line */
	char doing[SHOW_DOING_MAX]; /* "": nothing */
	int64_t since_ms, told_s;
	struct markdown markdown;
	struct buf out;
};

/* ${controls}: TERM is not dumb. */
void show_init(struct show *sh, struct cli *cli, FILE *notes, bool controls);
void show_fini(struct show *sh);

/* What goes on from now on, in the server's words: drawn with the time it has
 * taken.  "": nothing. */
void show_doing(struct show *sh, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The time goes on: draw it again. */
void show_tick(struct show *sh);

/* A piece of the answer, as UTF-8. */
void show_text(struct show *sh, const char *text);
/* The answer, or what there is of it, is complete: the next goes to a new
 * line. */
void show_end(struct show *sh);
/* A remark in a line of its own. */
void show_note(struct show *sh, const char *before, const char *text);

#endif
