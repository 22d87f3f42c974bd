/*
 * chat_request: the shape of POST /chat's body.
 */
#include <string.h>

#include "base/json.h"
#include "handlers/chat_priv.h"

/* Add one finding to ${list}. */
static void
find(json_t *list, const char *type, const char *field, const char *msg,
    const json_t *input)
{
	json_array_append_new(list,
	    json_pack("{s:s, s:[s, s], s:s, s:O*}", "type", type, "loc", "body",
		field, "msg", msg, "input", reply_input(input)));
}

static const char *
field_string(json_t *list, const json_t *doc, const char *field)
{
	const json_t *value = json_object_get(doc, field);

	if (value == NULL)
		find(list, "missing", field, "Field required", doc);
	else if (!json_is_string(value))
		find(list, "string_type", field,
		    "Input should be a valid string", value);
	else
		return json_string_value(value);
	return NULL;
}

static bool
is_visible(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

bool
chat_is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static const char *
message_id(json_t *list, const json_t *doc)
{
	const json_t *value = json_object_get(doc, "message_id");
	const char *id = json_string_value(value);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (id == NULL)
		find(list, "string_type", "message_id",
		    "Input should be a valid string", value);
	else if (*id == '\0')
		find(list, "string_too_short", "message_id",
		    "String should have at least 1 character", value);
	else if (strlen(id) > CHAT_MESSAGE_ID_MAX)
		find(list, "string_too_long", "message_id",
		    "String should have at most 128 characters", value);
	else if (!is_visible(id))
		find(list, "string_pattern_mismatch", "message_id",
		    "String should hold visible ASCII characters only", value);
	else if (chat_is_dots(id))
		find(list, "string_pattern_mismatch", "message_id",
		    "String should not be . or .., which no URL can name",
		    value);
	return id;
}

json_t *
chat_body_read(struct arena *mem, const json_t *doc, struct chat_body *body)
{
	json_t *list = json_keep(mem, json_array());

	body->chat_id = field_string(list, doc, "chat_id");
	body->message = field_string(list, doc, "message");
	body->message_id = message_id(list, doc);
	return list;
}
