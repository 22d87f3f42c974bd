/*
 * dragoman doctor: all that is known to go wrong, looked at.
 */
#include "cli/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/http.h"
#include "cli/started.h"
#include "base/text.h"

#define LINES_MAX (256 * KIB)

static void
find_lines(struct doctor *d, enum doctor_level level, const char *advice,
    const struct buf *text)
{
	const char *at = buf_str(text), *line;
	size_t len;

	while ((line = text_line(&at, &len)) != NULL)
		doctor_find(d, level, "configuration", advice, "%.*s", (int)len,
		    line);
}

static void
check_configuration(struct doctor *d)
{
	struct settings_source src = cli_source(d->cli);
	struct buf errors = BUF_INIT(LINES_MAX), warnings = BUF_INIT(LINES_MAX);
	const char *where = "";
	char backend[160];

	src.reads_servers = true;
	d->cli->settings = settings_load(&src, &errors, &warnings);
	d->s = d->cli->settings;
	find_lines(d, DOCTOR_ERROR,
	    arena_printf(d->cli->mem, "correct it; every setting is in %s",
		started_page(d->cli->mem, "SETTINGS.md")),
	    &errors);
	find_lines(d, DOCTOR_WARN, "correct it, if that is not what you mean",
	    &warnings);
	buf_fini(&errors);
	buf_fini(&warnings);
	if (d->s == NULL)
		return;
	settings_backend(d->s, backend, sizeof(backend));
	if (d->s->llm_base_url[0] != '\0')
		where = arena_printf(d->cli->mem, " at %s (%s)",
		    text_address_shown(d->cli->mem, d->s->llm_base_url),
		    config_origin(d->s->config, "llm.base_url"));
	doctor_find(d, DOCTOR_OK, "configuration", NULL, "%s%sanswers by %s%s",
	    d->s->file, d->s->file[0] != '\0' ? " is right; " : "", backend,
	    where);
	if (!secret_is_set(&d->s->proxy_secret) && !d->s->chat_open)
		doctor_find(d, DOCTOR_WARN, "configuration",
		    "set PROXY_SECRET_FILE (dragoman init makes one), or "
		    "chat.open: true for loopback only",
		    "no proxy secret is set: POST /chat is refused (401)");
}

/*
 * The order in which they are read is that of causes.  It matters, too:
 * doctor_redis opens the store, without which those after it find nothing;
 * doctor_units sets units_failed, which doctor_workers needs for its remedy;
 * doctor_workers reads the workers' records, which doctor_models looks at.
 */
static void (*const CHECKS[])(struct doctor *d) = {
	doctor_secrets,
	doctor_redis,
	doctor_prefix,
	doctor_damage,
	doctor_units,
	doctor_workers,
	doctor_models,
	doctor_messages,
	doctor_edge,
	doctor_limits,
	doctor_logs,
	doctor_cores,
};

int
cmd_doctor(struct cli *cli)
{
	struct doctor d = { .cli = cli };
	struct http_options http = { 0 };
	const char *url = NULL;
	int code;
	size_t i;

	if (!cli_option(cli, "--url", &url) || !cli_args(cli, 0, 0))
		return CLI_USAGE;
	d.findings = json_array();
	check_configuration(&d);
	if (d.s != NULL)
		http = settings_http(d.s);
	if (http_start(&http) == -1) {
		cli_error(cli, "the HTTP client does not start");
		json_decref(d.findings);
		return CLI_FAILED;
	}
	d.url = cli_url(cli, url);
	d.url_guessed = url == NULL && getenv("DRAGOMAN_URL") == NULL
	    && (d.s == NULL || d.s->server_public_url[0] == '\0');
	for (i = 0; i < NELEM(CHECKS); i++)
		CHECKS[i](&d);
	http_stop();
	code = d.errors > 0 ? CLI_USAGE : d.warnings > 0 ? CLI_FAILED : CLI_OK;
	if (cli->json)
		(void)cli_json(cli,
		    json_pack("{s:b, s:i, s:i, s:O}", "ok", code == CLI_OK,
			"errors", d.errors, "warnings", d.warnings, "findings",
			d.findings));
	else
		printf("%d error%s, %d warning%s\n", d.errors,
		    d.errors == 1 ? "" : "s", d.warnings,
		    d.warnings == 1 ? "" : "s");
	json_decref(d.findings);
	return code;
}
