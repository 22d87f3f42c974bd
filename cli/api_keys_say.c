/*
 * api_keys_say: API keys as people and scripts read them.
 */

#include "base/arena.h"
#include "base/clock.h"
#include "cli/api_keys_priv.h"

#define ID_SHOWN 8 /* digits of an id: what the log has begins so */

static json_t *
list_json(const struct config_list *list)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < list->n; i++)
		json_array_append_new(out, json_string(list->items[i]));
	return out;
}

static json_t *
allow_json(const struct api_key *key)
{
	json_t *out = json_array();
	char text[NET_TEXT_MAX];
	size_t i;

	for (i = 0; i < key->nallow; i++) {
		net_text(&key->allow[i], text);
		json_array_append_new(out, json_string(text));
	}
	return out;
}

/* Null where it never happens or happened. */
static json_t *
time_json(int64_t ms)
{
	return ms > 0 ? json_integer(ms) : json_null();
}

/* What may be known of it by all. */
static json_t *
key_json(const struct api_key *key)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name",
	    key->name, "id", key->id, "role", api_key_role_name(key->role),
	    "tools", list_json(&key->tools), "allow", allow_json(key),
	    "created_ms", time_json(key->created_ms), "expires_ms",
	    time_json(key->expires_ms), "rate",
	    key->rate < 0 ? json_null() : json_integer(key->rate));
}

/* "fs__*,echo" */
static const char *
tools_text(struct cli *cli, const struct api_key *key)
{
	const char *text = "";
	size_t i;

	if (key->tools.n == 0)
		return "all";
	for (i = 0; i < key->tools.n; i++)
		text = arena_printf(cli->mem, "%s%s%s", text, i > 0 ? "," : "",
		    key->tools.items[i]);
	return text;
}

static const char *
ends_text(struct cli *cli, int64_t ends_ms, int64_t now)
{
	if (ends_ms == 0)
		return "never";
	return ends_ms <= now
	    ? arena_printf(cli->mem, "%s ago", cli_ago(cli, now - ends_ms))
	    : arena_printf(cli->mem, "in %s", cli_ago(cli, ends_ms - now));
}

/* Most clients take this form. */
static void
print_paste(struct cli *cli, const char *text)
{
	const char *url = cli_url(cli, NULL);

	printf("\nPaste this into the settings of your MCP client:\n\n"
	       "  {\"mcpServers\": {\"dragoman\": {\n"
	       "    \"url\": \"%s/mcp\",\n"
	       "    \"headers\": {\"Authorization\": \"Bearer %s\"}}}}\n",
	    cli_clean(cli, url, true), text);
}

int
api_key_say_made(struct cli *cli, const struct api_key *key, const char *text,
    bool secret_last)
{
	int64_t now = clock_wall_ms();
	json_t *doc;

	if (cli->json) {
		doc = key_json(key);
		json_object_set_new(doc, "key", json_string(text));
		return cli_json(cli, doc);
	}
	printf("API key %s: role %s, tools %s, expires %s\n", key->name,
	    api_key_role_name(key->role), tools_text(cli, key),
	    ends_text(cli, key->expires_ms, now));
	if (!secret_last) {
		printf("The key is shown now and never again.\n");
		print_paste(cli, text);
		return CLI_OK;
	}
	printf("%s\n", text);
	return CLI_OK;
}

static int
list_as_json(struct cli *cli, const struct api_key_listed *list, size_t n)
{
	json_t *all = json_array(), *doc;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct api_key_listed *l = &list[i];

		doc = l->damaged ? json_pack("{s:s, s:s}", "name", l->key.name,
			  "id", l->key.id)
				 : key_json(&l->key);
		json_object_set_new(doc, "ends_ms", time_json(l->ends_ms));
		json_object_set_new(doc, "used_ms", time_json(l->used_ms));
		json_object_set_new(doc, "replaced", json_boolean(l->replaced));
		json_object_set_new(doc, "ended", json_boolean(l->ended));
		json_object_set_new(doc, "damaged", json_boolean(l->damaged));
		json_array_append_new(all, doc);
	}
	return cli_json(cli, json_pack("{s:o}", "keys", all));
}

int
api_key_say_list(struct cli *cli, const struct api_key_listed *list, size_t n)
{
	int64_t now = clock_wall_ms();
	size_t i;

	if (cli->json)
		return list_as_json(cli, list, n);
	if (n == 0) {
		printf("there is no API key; to make one: %s --name n8n "
		       "--role write\n",
		    cli_call(cli, "key create"));
		return CLI_OK;
	}
	printf("%s%-20s %-8s %-7s %12s %12s %12s  %s%s\n",
	    cli_paint(cli, PAINT_BOLD), "NAME", "ID", "ROLE", "CREATED",
	    "LAST USED", "EXPIRES", "TOOLS", cli_paint(cli, PAINT_OFF));
	for (i = 0; i < n; i++) {
		const struct api_key_listed *l = &list[i];

		printf("%-20s %-8.*s ", l->key.name, ID_SHOWN, l->key.id);
		if (l->damaged) {
			printf("damaged: it is refused; %s says more\n",
			    cli_call(cli, "doctor"));
			continue;
		}
		printf("%-7s %12s %12s %12s  %s%s\n",
		    api_key_role_name(l->key.role),
		    ends_text(cli, l->key.created_ms, now + 1),
		    l->used_ms == 0 ? "never"
				    : ends_text(cli, l->used_ms, now + 1),
		    ends_text(cli, l->ends_ms, now), tools_text(cli, &l->key),
		    l->replaced ? "  (replaced)" : "");
	}
	return CLI_OK;
}
