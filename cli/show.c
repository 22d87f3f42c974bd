#include "cli/show.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/charset.h"
#include "cli/tty.h"

#define PIECE_MAX (16 * MIB) /* what one piece becomes; replies are shorter */

void
show_init(struct show *sh, struct cli *cli, FILE *notes, bool controls)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;

	*sh = (struct show){ .cli = cli,
		.notes = notes,
		.live = controls && terminal && !cli->json
		    && isatty(fileno(notes)) == 1,
		.out = BUF_INIT(PIECE_MAX) };
	markdown_init(&sh->markdown, terminal && cli->colour,
	    charset_is_utf8());
}

void
show_fini(struct show *sh)
{
	markdown_fini(&sh->markdown);
	buf_fini(&sh->out);
}

static void
erase(struct show *sh)
{
	if (!sh->drawn)
		return;
	fputs("\r\033[K", sh->notes);
	fflush(sh->notes);
	sh->drawn = false;
}

static void
draw(struct show *sh)
{
	char line[SHOW_DOING_MAX + 32], time[32] = "";
	int64_t s = (clock_boot_ms() - sh->since_ms) / 1000;
	int rows, columns;
	size_t len;

	if (!sh->live || sh->midline || sh->doing[0] == '\0'
	    || (sh->drawn && s == sh->told_s))
		return;
	tty_size(&rows, &columns);
	if (s > 0)
		snprintf(time, sizeof(time), ", %lld s", (long long)s);
	text_format(line, sizeof(line), "%s%s", sh->doing, time);
	/* It must not reach the next row: only one is erased.  A character is
	 * two columns at most and two bytes at least when it is that wide. */
	len = strlen(line);
	if (len >= (size_t)columns)
		text_format(line, (size_t)columns, "%s", sh->doing);
	fprintf(sh->notes, "\r\033[K%s", cli_paint(sh->cli, PAINT_DIM));
	charset_print(sh->notes, line, strlen(line));
	fputs(cli_paint(sh->cli, PAINT_OFF), sh->notes);
	fflush(sh->notes);
	sh->drawn = true;
	sh->told_s = s;
}

void
show_tick(struct show *sh)
{
	draw(sh);
}

void
show_doing(struct show *sh, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vformat(sh->doing, sizeof(sh->doing), fmt, ap);
	va_end(ap);
	sh->since_ms = clock_boot_ms();
	if (sh->doing[0] == '\0') {
		erase(sh);
		return;
	}
	sh->told_s = -1;
	draw(sh);
}

static void
put(struct show *sh)
{
	charset_print(stdout, buf_str(&sh->out), sh->out.len);
	buf_reset(&sh->out);
	fflush(stdout);
}

void
show_text(struct show *sh, const char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		return;
	sh->doing[0] = '\0';
	erase(sh);
	markdown_feed(&sh->markdown, text, len, &sh->out);
	put(sh);
	sh->midline = text[len - 1] != '\n';
}

void
show_end(struct show *sh)
{
	erase(sh);
	markdown_end(&sh->markdown, &sh->out);
	put(sh);
	if (sh->midline)
		putchar('\n');
	sh->midline = false;
	fflush(stdout);
}

void
show_note(struct show *sh, const char *before, const char *text)
{
	struct cli *cli = sh->cli;
	const char *off = "";

	if (cli->json)
		return;
	show_end(sh);
	if (isatty(fileno(sh->notes)) == 1) {
		fputs(cli_paint(cli, PAINT_DIM), sh->notes);
		off = cli_paint(cli, PAINT_OFF);
	}
	text = cli_clean(cli, text, true);
	charset_print(sh->notes, before, strlen(before));
	charset_print(sh->notes, text, strlen(text));
	fprintf(sh->notes, "%s\n", off);
	fflush(sh->notes);
}
