/*
 * doctor_find: what was found, shown and counted.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"

static const struct {
	const char *word;
	enum cli_paint paint;
} LEVELS[] = {
	[DOCTOR_OK] = { "ok", PAINT_GOOD },
	[DOCTOR_WARN] = { "warning", PAINT_WARN },
	[DOCTOR_ERROR] = { "error", PAINT_BAD },
};

void
doctor_find(struct doctor *d, enum doctor_level level, const char *area,
    const char *advice, const char *fmt, ...)
{
	struct cli *cli = d->cli;
	char *dynamic = NULL;
	const char *what;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&dynamic, fmt, ap) == -1)
		abort();
	va_end(ap);
	what = cli_clean(cli, dynamic, true);
	free(dynamic);
	assert(level == DOCTOR_OK
	    || (advice != NULL && advice[0] != '\0'
		&& strcmp(advice, what) != 0));
	d->warnings += level == DOCTOR_WARN;
	d->errors += level == DOCTOR_ERROR;
	json_array_append_new(d->findings,
	    json_pack("{s:s, s:s, s:s, s:s?}", "level", LEVELS[level].word,
		"area", area, "finding", what, "advice", advice));
	if (cli->json)
		return;
	printf("%s%-8s%s %-13s %s\n", cli_paint(cli, LEVELS[level].paint),
	    LEVELS[level].word, cli_paint(cli, PAINT_OFF), area, what);
	if (advice != NULL)
		printf("%23s%s-> %s%s\n", "", cli_paint(cli, PAINT_DIM),
		    cli_clean(cli, advice, true), cli_paint(cli, PAINT_OFF));
	fflush(stdout);
}
