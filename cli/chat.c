/*
 * dragoman chat: a conversation from the terminal, one question, or a message
 * per line from a pipe.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/http.h"
#include "base/secret.h"
#include "cli/charset.h"
#include "base/text.h"
#include "cli/edit.h"
#include "cli/history.h"
#include "cli/talk.h"
#include "cli/tty.h"

#define SECRET_MAX (8 * KIB)
#define MESSAGE_MAX (16 * MIB) /* of a whole standard input ("-") */

/* What ends a conversation. */
static const char *const LEAVE[] = { "exit", "quit", "/exit", "/quit" };

static const char *
user_name(struct cli *cli)
{
	const struct passwd *pw = getpwuid(getuid());

	return pw != NULL ? cli_clean(cli, pw->pw_name, true)
			  : arena_printf(cli->mem, "%u", (unsigned)getuid());
}

/* The conversation that a person continues. */
static const char *
last_chat(struct cli *cli)
{
	return arena_printf(cli->mem, "terminal-%s", user_name(cli));
}

/*
 * One for this question or pipe alone.  One of so many: each leaves a record in
 * Redis, and scripts that run at once should not get the same.
 */
static const char *
own_chat(struct cli *cli)
{
	char number[3];

	text_random_hex(1, number);
	return arena_printf(cli->mem, "terminal-%s-once-%s", user_name(cli),
	    number);
}

/* Then a conversation is of use only to who has given one in it. */
static bool
wants_token(struct cli *cli)
{
	const struct settings *s = cli_settings_quiet(cli);

	return s != NULL && s->chat_auth == CHAT_AUTH_MEMCP;
}

/*
 * The secret of our own configuration; where there is none that is whole (a
 * client's machine), of the environment.  Two, comma separated: the first.
 */
static void
find_secret(struct cli *cli, struct buf *out)
{
	const struct settings *s = cli_settings_quiet(cli);
	const char *text = s != NULL && secret_is_set(&s->proxy_secret)
	    ? s->proxy_secret.bytes
	    : getenv("PROXY_SECRET");
	const char *path = getenv("PROXY_SECRET_FILE");
	char line[SECRET_MAX] = "", why[128];
	FILE *f;

	if ((text == NULL || text[0] == '\0') && path != NULL) {
		f = fopen(path, "re");
		if (f != NULL && fgets(line, sizeof(line), f) != NULL)
			text = line;
		if (f == NULL)
			fprintf(stderr,
			    "dragoman: PROXY_SECRET_FILE: %s cannot be read: "
			    "%s\n",
			    cli_clean(cli, path, true),
			    strerror_r(errno, why, sizeof(why)));
		else
			fclose(f);
	}
	if (text == NULL || text[0] == '\0')
		return;
	if (buf_printf(out, "X-Proxy-Secret: %.*s", (int)strcspn(text, ",\r\n"),
		text)
	    == -1)
		buf_reset(out);
	explicit_bzero(line, sizeof(line));
}

static bool
is_leave(const char *text)
{
	size_t i, len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	for (i = 0; i < NELEM(LEAVE); i++)
		if (strlen(LEAVE[i]) == len
		    && strncasecmp(LEAVE[i], text, len) == 0)
			return true;
	return false;
}

static bool
is_empty(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* --- a conversation ------------------------------------------------------ */

/* Ctrl-C at an empty prompt: the second one in a row leaves. */
static bool
leaves(struct talk *t, int *interrupts)
{
	if (++*interrupts > 1)
		return true;
	show_note(&t->show, "Ctrl-C again, exit or Ctrl-D leaves", "");
	return false;
}

static int
converse(struct talk *t, struct edit *e, struct history_file *history)
{
	struct buf text = BUF_INIT(MESSAGE_MAX);
	int code = CLI_OK, interrupts = 0;

	for (;;) {
		enum edit_rc rc = edit_read(e, &text);

		if (rc == EDIT_END
		    || (rc == EDIT_INTERRUPTED && leaves(t, &interrupts)))
			break;
		if (rc == EDIT_CLEARED)
			interrupts = 0;
		if (rc != EDIT_LINE || is_empty(buf_str(&text)))
			continue;
		interrupts = 0;
		if (is_leave(buf_str(&text)))
			break;
		code = talk_say(t, buf_str(&text));
		if (!t->private && history_add(history, buf_str(&text)))
			edit_remember(e);
		if (ferror(stdout))
			break; /* nobody reads the answers: ask no more */
	}
	buf_fini(&text);
	return code == CLI_UNREACHED ? code : CLI_OK;
}

/* History is wanted unless somebody says no. */
static bool
keeps_history(bool refused)
{
	const char *said = getenv("DRAGOMAN_HISTORY");

	return !refused && (said == NULL || strcasecmp(said, "off") != 0);
}

static int
with_person(struct talk *t, FILE *screen, bool controls, bool keep)
{
	struct history_file history;
	struct edit *e;
	int code = talk_greet(t, screen);

	if (code != CLI_OK)
		return code;
	history_open(&history, keep);
	if (history.why[0] != '\0')
		show_note(&t->show,
		    "What you write is not kept for the next "
		    "time: ",
		    history.why);
	e = edit_open(screen, "you> ", t->cli->colour, controls, &history);
	if (e == NULL) {
		cli_error(t->cli, "the terminal cannot be used");
		code = CLI_FAILED;
	} else
		code = converse(t, e, &history);
	edit_close(e);
	history_close(&history);
	return code;
}

/* --- without a person ---------------------------------------------------- */

/* A message a line; the worst of the exit codes. */
static int
each_line(struct talk *t)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int code = CLI_OK, rc;

	while ((len = getline(&line, &room, stdin)) != -1) {
		while (
		    len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		if (is_empty(line))
			continue;
		if (is_leave(line))
			break;
		rc = talk_say(t, line);
		if (rc > code)
			code = rc;
		/* The lines that follow would fare no better, or are not
		 * wanted. */
		if (rc == CLI_UNREACHED || rc == TALK_INTERRUPTED
		    || ferror(stdout))
			break;
	}
	if (len == -1 && __atomic_load_n(t->interrupted, __ATOMIC_RELAXED))
		code = TALK_INTERRUPTED;
	free(line);
	return code;
}

/* All of standard input behind ${out}; -1: too long, said. */
static int
add_input(struct cli *cli, struct buf *out)
{
	char piece[8 * KIB];
	size_t n;

	if (out->len > 0 && buf_add_str(out, "\n\n") == -1)
		return -1;
	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		if (buf_add(out, piece, n) == -1) {
			cli_error(cli,
			    "standard input is too long for a "
			    "message");
			return -1;
		}
	return 0;
}

/* The arguments are one message; "-" at the end: standard input is a part. */
static int
one_question(struct talk *t)
{
	struct cli *cli = t->cli;
	struct buf text = BUF_INIT(MESSAGE_MAX);
	int code = CLI_USAGE;
	size_t i;

	for (i = 0; i < cli->nargs; i++) {
		if (i + 1 == cli->nargs && strcmp(cli->args[i], "-") == 0) {
			if (add_input(cli, &text) == -1)
				goto out;
		} else if ((i > 0 && buf_add_char(&text, ' ') == -1)
		    || buf_add_str(&text, cli->args[i]) == -1)
			goto out;
	}
	if (is_empty(buf_str(&text)))
		cli_error(cli, "the question is empty");
	else
		code = talk_say(t, buf_str(&text));
out:
	buf_fini(&text);
	return code;
}

/* --- the command --------------------------------------------------------- */

static bool
is_dumb(void)
{
	const char *term = getenv("TERM");

	return term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
}

/* What the person who types sees: the terminal of standard output, or where
 * that goes elsewhere, of standard error.  NULL: there is no such person. */
static FILE *
find_screen(const struct cli *cli)
{
	if (isatty(STDIN_FILENO) != 1)
		return NULL;
	if (isatty(STDOUT_FILENO) == 1 && !cli->json)
		return stdout;
	return isatty(STDERR_FILENO) == 1 ? stderr : NULL;
}

int
cmd_chat(struct cli *cli)
{
	bool stream = cli_flag(cli, "--stream");
	bool whole = cli_flag(cli, "--no-stream");
	bool keep = keeps_history(cli_flag(cli, "--no-history"));
	const char *url = NULL, *chat_id = NULL;
	struct talk t = { .cli = cli,
		.secret = BUF_INIT(SECRET_MAX),
		.chars_max = -1,
		.interrupted = tty_interrupt_flag() };
	FILE *screen;
	bool is_own;
	int code;

	if (!cli_option(cli, "--url", &url)
	    || !cli_option(cli, "--chat-id", &chat_id)
	    || !cli_args(cli, 0, SIZE_MAX))
		return CLI_USAGE;
	charset_begin();
	screen = cli->nargs > 0 ? NULL : find_screen(cli);
	is_own = chat_id == NULL && screen == NULL && !wants_token(cli);
	t.url = cli_url(cli, url);
	t.chat_id = chat_id != NULL ? chat_id
	    : is_own                ? own_chat(cli)
				    : last_chat(cli);
	t.whole = whole;
	t.stream = !whole && (stream || isatty(STDOUT_FILENO) == 1)
	    && (stream || !cli->json);
	t.lasting = screen != NULL;
	find_secret(cli, &t.secret);
	if (http_start(NULL) == -1) {
		cli_error(cli, "the HTTP client does not start");
		buf_wipe(&t.secret);
		return CLI_FAILED;
	}
	show_init(&t.show, cli, screen != NULL ? screen : stderr, !is_dumb());
	if (screen != NULL)
		code = with_person(&t, screen, !is_dumb(), keep);
	else {
		tty_catch_interrupt();
		code = is_own ? talk_forget(&t) : CLI_OK;
	}
	if (screen == NULL && code == CLI_OK)
		code = cli->nargs > 0 ? one_question(&t) : each_line(&t);
	show_fini(&t.show);
	http_stop();
	buf_wipe(&t.secret);
	charset_end();
	return code;
}
