/*
 * cli_say: what a command says, for people and as JSON.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli/cli.h"

int
cli_json(struct cli *cli, json_t *doc)
{
	char *text, *p;
	size_t len, n;
	unsigned code;

	(void)cli;
	text = doc == NULL ? NULL
			   : json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(doc);
	if (text == NULL)
		return CLI_FAILED;
	/* JSON lets C1 controls and marks of direction stand as they are; a
	 * terminal obeys them. */
	for (p = text, len = strlen(text); len > 0; p += n, len -= n) {
		n = text_control(p, len, &code);
		if (n > 0) {
			printf("\\u%04x", code);
			continue;
		}
		for (n = 1; n < len && text_control(p + n, len - n, NULL) == 0;)
			n++;
		fwrite(p, 1, n, stdout);
	}
	putchar('\n');
	fflush(stdout);
	free(text);
	return CLI_OK;
}

void
cli_error(struct cli *cli, const char *fmt, ...)
{
	char *dynamic = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&dynamic, fmt, ap) == -1)
		dynamic = NULL;
	va_end(ap);
	if (dynamic == NULL)
		return;
	if (cli->json)
		(void)cli_json(cli,
		    json_pack("{s:s}", "error",
			text_clean(cli->mem, dynamic, strlen(dynamic))));
	else
		fprintf(stderr, "%sdragoman:%s %s%s",
		    cli->colour_err ? "\033[31m" : "",
		    cli->colour_err ? "\033[0m" : "", dynamic,
		    dynamic[0] != '\0' && dynamic[strlen(dynamic) - 1] == '\n'
			? ""
			: "\n");
	free(dynamic);
}

const char *
cli_clean(struct cli *cli, const char *s, bool line)
{
	char *out, *p;

	if (s == NULL)
		return "";
	out = text_printable(cli->mem, text_clean(cli->mem, s, strlen(s)));
	for (p = out; line && *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	return out;
}

const char *
cli_paint(const struct cli *cli, enum cli_paint paint)
{
	static const char *const codes[] = {
		[PAINT_OFF] = "\033[0m",
		[PAINT_BOLD] = "\033[1m",
		[PAINT_DIM] = "\033[2m",
		[PAINT_GOOD] = "\033[32m",
		[PAINT_WARN] = "\033[33m",
		[PAINT_BAD] = "\033[31m",
	};

	return cli->colour ? codes[paint] : "";
}

const char *
cli_call(struct cli *cli, const char *command)
{
	const char *line = getenv("DRAGOMAN_QUICKSTART");

	return line == NULL || line[0] == '\0'
	    ? arena_printf(cli->mem, "dragoman %s", command)
	    : arena_printf(cli->mem, "%s --exec -- dragoman %s", line, command);
}

const char *
cli_ago(struct cli *cli, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" },
		{ 1000, "s" } };
	size_t i;

	for (i = 0; i < NELEM(units); i++)
		if (ms >= units[i].ms)
			return arena_printf(cli->mem, "%lld %s",
			    (long long)(ms / units[i].ms), units[i].name);
	return ms < 0 ? "-" : "0 s";
}
