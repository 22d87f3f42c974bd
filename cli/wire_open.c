/*
 * wire_open: which MCP server is meant, and with which key.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli/wire.h"
#include "nouns/settings.h"

#define KEY_MAX (4 * KIB) /* of another server: some are a signed token */
#define PATH "/mcp"
#define AUTHORIZATION "Authorization: Bearer "

/* A host alone is its /mcp; who names a path means it. */
static const char *
whole(struct cli *cli, const char *url)
{
	const char *host = strstr(url, "://");

	host = host == NULL ? url : host + 3;
	return strpbrk(host, "/?") == NULL
	    ? arena_printf(cli->mem, "%s" PATH, url)
	    : url;
}

static bool
url_is_one(struct cli *cli, const char *url)
{
	if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
		return true;
	cli_error(cli,
	    "expected an address such as http://127.0.0.1:8000/mcp, found "
	    "\"%s\"",
	    cli_clean(cli, url, true));
	return false;
}

static bool
set_key(struct cli *cli, struct wire *w, const char *text, const char *from)
{
	const char *end;

	text += strspn(text, " \t\r\n");
	end = text + strcspn(text, " \t\r\n");
	if (end == text)
		return true; /* none */
	if (end[strspn(end, " \t\r\n")] == '\0'
	    && buf_printf(&w->key, AUTHORIZATION "%.*s", (int)(end - text),
		   text)
		== 0)
		return true;
	cli_error(cli, "%s: expected one key and nothing else", from);
	return false;
}

static bool
read_key(struct cli *cli, struct wire *w, const char *path)
{
	char text[KEY_MAX] = "", why[128];
	FILE *f = fopen(path, "re");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);
	bool ok = f != NULL && ferror(f) == 0;

	if (!ok)
		cli_error(cli, "--key-file: %s cannot be read: %s",
		    cli_clean(cli, path, true),
		    strerror_r(errno, why, sizeof(why)));
	else if (n == 0) {
		ok = false;
		cli_error(cli, "--key-file: %s is empty",
		    cli_clean(cli, path, true));
	} else
		ok = set_key(cli, w, text, "--key-file");
	if (f != NULL)
		fclose(f);
	explicit_bzero(text, sizeof(text));
	return ok;
}

static bool
start_http(struct cli *cli)
{
	const struct settings *s = cli_settings_quiet(cli);
	struct http_options o = { 0 };

	if (s != NULL)
		o = settings_http(s);
	if (http_start(s == NULL ? NULL : &o) == 0)
		return true;
	cli_error(cli, "the HTTP client does not start; %s says why",
	    cli_call(cli, "doctor"));
	return false;
}

bool
wire_find(struct cli *cli, const char *url, const char *key_file,
    struct wire *w)
{
	const char *key = getenv("DRAGOMAN_KEY");

	*w = (struct wire){ .url = whole(cli, cli_url(cli, url)),
		.key = BUF_INIT(KEY_MAX + 32) };
	if (!url_is_one(cli, w->url))
		return false;
	if (key_file != NULL)
		return read_key(cli, w, key_file);
	return key == NULL || set_key(cli, w, key, "DRAGOMAN_KEY");
}

void
wire_forget(struct wire *w)
{
	buf_wipe(&w->key);
}

const char *
wire_key(const struct wire *w)
{
	return w->key.len == 0 ? "" : buf_str(&w->key) + strlen(AUTHORIZATION);
}

bool
wire_open(struct cli *cli, const char *url, const char *key_file,
    struct wire *w, int *code)
{
	*code = CLI_USAGE;
	if (!wire_find(cli, url, key_file, w))
		return false;
	if (start_http(cli))
		return true;
	*code = CLI_FAILED;
	wire_forget(w);
	return false;
}

void
wire_close(struct wire *w)
{
	http_stop();
	wire_forget(w);
}
