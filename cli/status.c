/*
 * dragoman status: what GET /ready says, for people and for scripts.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"

#define STATUS_MS 5000 /* a page out of memory */
#define PAGE_MAX (256 * KIB)

static void
show(struct cli *cli, const char *url, const json_t *doc)
{
	const json_t *degraded = json_object_get(doc, "degraded"), *reason;
	const json_t *model = json_object_get(doc, "model");
	bool ready = json_member_bool(doc, "ready", false);
	bool whole = json_array_size(degraded) == 0;
	const char *why = json_member_str(doc, "why");
	const char *backend = json_member_str(model, "backend");
	size_t i;

	printf("%s%s%s: %s (model %s, %lld turn workers)%s%s\n",
	    cli_paint(cli,
		!ready      ? PAINT_BAD
		    : whole ? PAINT_GOOD
			    : PAINT_WARN),
	    !ready      ? "not ready"
		: whole ? "ready"
			: "ready, but degraded",
	    cli_paint(cli, PAINT_OFF), cli_clean(cli, url, true),
	    cli_clean(cli, backend == NULL ? "?" : backend, true),
	    (long long)json_member_int(doc, "turn_workers", 0),
	    why == NULL ? "" : ": ", why == NULL ? "" : why);
	json_array_foreach(degraded, i, reason)
		if (json_is_string(reason))
			printf("  - %s\n",
			    cli_clean(cli, json_string_value(reason), true));
	if (!ready || !whole)
		printf("%s says what to do.\n", cli_call(cli, "doctor"));
}

int
cmd_status(struct cli *cli)
{
	struct http_request req = { .method = "GET",
		.body_max = PAGE_MAX,
		.total_ms = STATUS_MS,
		.flags = HTTP_OPERATOR };
	struct http_response resp;
	const char *url = NULL;
	const json_t *doc;
	int code = CLI_UNREACHED;

	if (!cli_option(cli, "--url", &url) || !cli_args(cli, 0, 0))
		return CLI_USAGE;
	url = cli_url(cli, url);
	if (http_start(NULL) == -1) {
		cli_error(cli, "the HTTP client does not start");
		return CLI_FAILED;
	}
	req.url = arena_printf(cli->mem, "%s/ready", url);
	(void)http_send(&req, &resp);
	doc = json_read(cli->mem, buf_str(&resp.body), resp.body.len, NULL,
	    NULL);
	if (resp.rc != HTTP_OK) {
		cli_error(cli, "%s does not answer: %s",
		    text_address_shown(cli->mem, url), resp.why);
	} else if (!json_is_boolean(json_object_get(doc, "ready"))) {
		cli_error(cli, "%s answers %d, and not as Dragoman does",
		    text_address_shown(cli->mem, url), resp.status);
	} else {
		code = json_member_bool(doc, "ready", false)
			&& json_array_size(json_object_get(doc, "degraded"))
			    == 0
		    ? CLI_OK
		    : CLI_FAILED;
		if (cli->json)
			(void)cli_json(cli, json_incref((json_t *)doc));
		else
			show(cli, url, doc);
	}
	http_response_fini(&resp);
	http_stop();
	return code;
}
