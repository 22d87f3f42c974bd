/*
 * api_key_record: what is known of a key, as JSON.
 */
#include <string.h>

#include "base/arena.h"
#include "base/glob.h"
#include "base/json.h"
#include "nouns/api_key.h"

char *
api_key_write(struct arena *mem, const struct api_key *key)
{
	json_t *tools = json_array(), *allow = json_array();
	char text[NET_TEXT_MAX];
	size_t i;

	for (i = 0; i < key->tools.n; i++)
		json_array_append_new(tools, json_string(key->tools.items[i]));
	for (i = 0; i < key->nallow; i++) {
		net_text(&key->allow[i], text);
		json_array_append_new(allow, json_string(text));
	}
	return json_text(mem,
	    json_keep(mem,
		json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:I}", "name",
		    key->name, "role", api_key_role_name(key->role), "tools",
		    tools, "allow", allow, "created",
		    (json_int_t)key->created_ms, "expires",
		    (json_int_t)key->expires_ms, "rate",
		    (json_int_t)key->rate)));
}

static int
read_tools(struct arena *mem, const json_t *list, struct api_key *out)
{
	size_t n = json_array_size(list), i;
	const char **items = arena_alloc(mem, (n + 1) * sizeof(*items)), *why;

	if (!json_is_array(list) || n > API_KEY_TOOLS_MAX)
		return -1;
	for (i = 0; i < n; i++) {
		items[i] = json_string_value(json_array_get(list, i));
		if (items[i] == NULL || !glob_is_valid(items[i], &why))
			return -1;
	}
	out->tools = (struct config_list){ .items = n > 0 ? items : NULL,
		.n = n };
	return 0;
}

static int
read_allow(struct arena *mem, const json_t *list, struct api_key *out)
{
	size_t n = json_array_size(list), i;
	struct net *nets = arena_alloc(mem, (n + 1) * sizeof(*nets));
	const char *text, *why;

	if (!json_is_array(list) || n > API_KEY_ALLOW_MAX)
		return -1;
	for (i = 0; i < n; i++) {
		text = json_string_value(json_array_get(list, i));
		if (text == NULL || net_parse(&nets[i], text, &why) == -1)
			return -1;
	}
	out->allow = n > 0 ? nets : NULL;
	out->nallow = n;
	return 0;
}

/* A list that is wrong makes no key without one: that might do anything. */
int
api_key_parse(struct arena *mem, const char *text, size_t len,
    struct api_key *out)
{
	const json_t *doc = json_read(mem, text, len, NULL, NULL);
	const char *role = json_member_str(doc, "role");
	int n = role == NULL ? -1 : api_key_role_parse(role);

	out->name = json_member_str(doc, "name");
	out->created_ms = json_member_int(doc, "created", -1);
	out->expires_ms = json_member_int(doc, "expires", -1);
	out->rate = json_member_int(doc, "rate", -2);
	if (n == -1 || out->name == NULL || !config_is_record_name(out->name)
	    || out->created_ms < 0 || out->expires_ms < 0 || out->rate < -1)
		return -1;
	out->role = (enum api_key_role)n;
	if (read_tools(mem, json_object_get(doc, "tools"), out) == -1)
		return -1;
	return read_allow(mem, json_object_get(doc, "allow"), out);
}
