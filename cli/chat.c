/*
 * dragoman chat: a conversation from the terminal, or a message per line from
 * a pipe.
 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/http.h"
#include "base/secret.h"
#include "cli/talk.h"

#define SECRET_MAX (8 * KIB)

static volatile int interrupted; /* http_request.cancel's type */

static void
on_interrupt(int sig)
{
	(void)sig;
	__atomic_store_n(&interrupted, 1, __ATOMIC_RELAXED);
}

static const char *
user_name(struct cli *cli)
{
	const struct passwd *pw = getpwuid(getuid());

	return pw != NULL ?
	    cli_clean(cli, pw->pw_name, true) :
	    arena_printf(cli->mem, "%u", (unsigned)getuid());
}

/*
 * The secret of our own configuration; where there is none that is whole (a
 * client's machine), of the environment.  Two, comma separated: the first.
 */
static void
find_secret(struct cli *cli, struct buf *out)
{
	const struct settings *s = cli_settings_quiet(cli);
	const char *text = s != NULL && secret_is_set(&s->proxy_secret) ?
	    s->proxy_secret.bytes :
	    getenv("PROXY_SECRET");
	const char *path = getenv("PROXY_SECRET_FILE");
	char line[SECRET_MAX] = "";
	FILE *f;

	if ((text == NULL || text[0] == '\0') && path != NULL) {
		f = fopen(path, "re");
		if (f != NULL && fgets(line, sizeof(line), f) != NULL)
			text = line;
		if (f != NULL)
			fclose(f);
	}
	if (text == NULL || text[0] == '\0')
		return;
	if (buf_printf(out, "X-Proxy-Secret: %.*s", (int)strcspn(text, ",\r\n"),
		text) == -1)
		buf_reset(out);
	explicit_bzero(line, sizeof(line));
}

static void
greet(struct talk *t)
{
	printf("%sTalking to %s as %s. Ctrl-C stops an answer, Ctrl-D or "
	       "/quit ends; /help lists the server's commands.%s\n",
	    cli_paint(t->cli, PAINT_DIM), cli_clean(t->cli, t->url, true),
	    cli_clean(t->cli, t->chat_id, true),
	    cli_paint(t->cli, PAINT_OFF));
}

/* Until the input ends; the worst of the exit codes. */
static int
converse(struct talk *t, bool prompt)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int code = CLI_OK, rc;

	for (;;) {
		if (prompt) {
			printf("%syou>%s ", cli_paint(t->cli, PAINT_BOLD),
			    cli_paint(t->cli, PAINT_OFF));
			fflush(stdout);
		}
		len = getline(&line, &room, stdin);
		if (len == -1)
			break; /* the end, or Ctrl-C at the prompt */
		while (len > 0 &&
		    (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		if (line[strspn(line, " \t")] == '\0')
			continue;
		if (strcmp(line, "/quit") == 0 || strcmp(line, "/exit") == 0)
			break;
		rc = talk_say(t, line);
		if (rc > code)
			code = rc;
		if (rc == CLI_UNREACHED && !prompt)
			break; /* the lines that follow would fare no better */
		if (ferror(stdout))
			break; /* nobody reads the answers: ask no more */
	}
	if (prompt && len == -1)
		putchar('\n');
	free(line);
	return prompt && code != CLI_UNREACHED ? CLI_OK : code;
}

int
cmd_chat(struct cli *cli)
{
	struct sigaction act = { .sa_handler = on_interrupt };
	bool stream = cli_flag(cli, "--stream");
	bool whole = cli_flag(cli, "--no-stream");
	bool terminal = isatty(STDOUT_FILENO) == 1;
	bool prompt = terminal && isatty(STDIN_FILENO) == 1 && !cli->json;
	const char *url = NULL, *chat_id = NULL;
	struct talk t = { .cli = cli,
		.secret = BUF_INIT(SECRET_MAX),
		.terminal = terminal,
		.interrupted = &interrupted };
	int code;

	if (!cli_option(cli, "--url", &url) ||
	    !cli_option(cli, "--chat-id", &chat_id) || !cli_args(cli, 0, 0))
		return CLI_USAGE;
	t.url = cli_url(cli, url);
	t.chat_id = chat_id != NULL ?
	    chat_id :
	    arena_printf(cli->mem, "terminal-%s", user_name(cli));
	t.stream = stream || (prompt && !whole);
	find_secret(cli, &t.secret);
	if (http_start(NULL) == -1) {
		cli_error(cli, "the HTTP client does not start");
		buf_wipe(&t.secret);
		return CLI_FAILED;
	}
	if (prompt) {
		/* No SA_RESTART: at the prompt Ctrl-C ends. */
		sigemptyset(&act.sa_mask);
		sigaction(SIGINT, &act, NULL);
		greet(&t);
	}
	code = converse(&t, prompt);
	http_stop();
	buf_wipe(&t.secret);
	return code;
}
