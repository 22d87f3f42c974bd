/*
 * dragoman config check|show.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/http.h"
#include "cli/cli.h"

#define LINES_MAX (256 * KIB)

/* One string of a list for each line of ${text}. */
static json_t *
lines(struct cli *cli, const struct buf *text)
{
	json_t *list = json_array();
	const char *p = buf_str(text);

	while (*p != '\0') {
		size_t len = strcspn(p, "\n");

		json_array_append_new(list,
		    json_string(
			cli_clean(cli, arena_memdup(cli->mem, p, len), true)));
		p += len + (p[len] == '\n');
	}
	return list;
}

static void
print_lines(struct cli *cli, FILE *out, const char *level, enum cli_paint paint,
    const struct buf *text)
{
	const char *p = buf_str(text);

	while (*p != '\0') {
		size_t len = strcspn(p, "\n");

		fprintf(out, "%s%s%s %s\n", cli_paint(cli, paint), level,
		    cli_paint(cli, PAINT_OFF),
		    cli_clean(cli, arena_memdup(cli->mem, p, len), true));
		p += len + (p[len] == '\n');
	}
}

/*
 * What the HTTP client would refuse as a worker starts.  HTTP_CA_FILE is
 * guessed by who read that each key is a variable too; but in plain CGI
 * HTTP_* are a client's headers (httpoxy), so none is looked at.
 */
static void
check_http(const struct settings *s, struct buf *errors, struct buf *warnings)
{
	static const char *const GUESSES[][2] = {
		{ "HTTP_CA_FILE", "DRAGOMAN_CA_FILE" },
		{ "HTTP_NO_PROXY", "NO_PROXY" },
		{ "HTTP_PROXY", "HTTPS_PROXY" },
	};
	const struct http_options http = settings_http(s);
	const char *what, *why = http_refuses(&http, &what);
	size_t i;

	if (why != NULL)
		(void)!buf_printf(errors, "%s: http.%s: %s\n",
		    strcmp(what, "proxy") == 0
			? config_origin(s->config, "http.proxy")
			: http.ca_file,
		    what, why);
	for (i = 0; i < NELEM(GUESSES); i++)
		if (getenv(GUESSES[i][0]) != NULL
		    && getenv(GUESSES[i][1]) == NULL)
			(void)!buf_printf(warnings,
			    "environment: %s is not used: write %s\n",
			    GUESSES[i][0], GUESSES[i][1]);
}

/* Whoever asks should be the workers' user: then this is what they find. */
static void
check_log_file(const struct settings *s, struct buf *warnings)
{
	const char *path = s->log_file, *slash = strrchr(path, '/');
	const char *folder = slash == NULL ? "." : slash == path ? "/" : NULL;
	char dir[PATH_MAX], error[128];
	int fd;

	if (path[0] == '\0')
		return;
	if (folder == NULL) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		folder = dir;
	}
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd != -1)
		close(fd);
	else if (errno != ENOENT || access(folder, W_OK | X_OK) == -1)
		(void)!buf_printf(warnings,
		    "%s: log.file: %s cannot be written: %s; let the workers' "
		    "user write it, or correct log.file (LOG_FILE)\n",
		    config_origin(s->config, "log.file"), path,
		    strerror_r(errno, error, sizeof(error)));
}

int
cmd_config_check(struct cli *cli)
{
	struct settings_source src = cli_source(cli);
	struct buf errors = BUF_INIT(LINES_MAX), warnings = BUF_INIT(LINES_MAX);
	const char *file;
	int code;

	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	src.reads_servers = true;
	cli->settings = settings_load(&src, &errors, &warnings);
	if (cli->settings != NULL) {
		check_http(cli->settings, &errors, &warnings);
		check_log_file(cli->settings, &warnings);
	}
	code = cli->settings == NULL || errors.len > 0 ? CLI_USAGE : CLI_OK;
	file = cli->settings != NULL ? cli->settings->file : "";
	if (cli->json)
		(void)cli_json(cli,
		    json_pack("{s:b, s:s, s:o, s:o}", "ok", code == CLI_OK,
			"file", file, "errors", lines(cli, &errors), "warnings",
			lines(cli, &warnings)));
	else {
		print_lines(cli, stdout, "error:  ", PAINT_BAD, &errors);
		print_lines(cli, stdout, "warning:", PAINT_WARN, &warnings);
		if (code == CLI_OK)
			printf("%sright%s%s%s\n", cli_paint(cli, PAINT_GOOD),
			    cli_paint(cli, PAINT_OFF),
			    file[0] != '\0' ? ": " : "; no file was found",
			    file);
	}
	buf_fini(&errors);
	buf_fini(&warnings);
	return code;
}

static bool
is_shown(const struct config_def *def)
{
	return def->type != CONFIG_IGNORED && (def->flags & CONFIG_HIDDEN) == 0;
}

int
cmd_config_show(struct cli *cli)
{
	bool set = cli_flag(cli, "--set");
	const struct settings *s;
	json_t *doc = json_object();
	size_t i;

	if (!cli_args(cli, 0, 0) || (s = cli_settings(cli)) == NULL) {
		json_decref(doc);
		return CLI_USAGE;
	}
	for (i = 0; i < SETTINGS_N; i++) {
		const char *key = SETTINGS[i].key, *origin, *text;
		struct buf value = BUF_INIT(LINES_MAX);

		if (!is_shown(&SETTINGS[i]))
			continue;
		origin = config_origin(s->config, key);
		if (set && strcmp(origin, "default") == 0)
			continue;
		if (config_value(s->config, key, &value) == -1)
			buf_reset(&value);
		text = cli_clean(cli, buf_str(&value), true);
		json_object_set_new(doc, key,
		    json_pack("{s:s, s:s}", "value", text, "origin", origin));
		if (!cli->json)
			printf("%s%-27s%s %s  %s(%s)%s\n",
			    cli_paint(cli, PAINT_BOLD), key,
			    cli_paint(cli, PAINT_OFF), text,
			    cli_paint(cli, PAINT_DIM),
			    cli_clean(cli, origin, true),
			    cli_paint(cli, PAINT_OFF));
		buf_fini(&value);
	}
	if (cli->json)
		return cli_json(cli, doc);
	json_decref(doc);
	return CLI_OK;
}
