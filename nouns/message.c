#include "nouns/message.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/seal.h"

static const char *const ENDS[END_N] = {
	[END_REPLIED] = "replied",
	[END_UNCONFIRMED] = "unconfirmed",
	[END_REFUSED] = "refused",
	[END_EXPIRED] = "expired",
	[END_DEAD] = "dead",
};

const char *
turn_end_name(enum turn_end end)
{
	return ENDS[end];
}

void
message_id_make(const struct chat_name *chat, const char *update_id,
    char id[MESSAGE_ID_MAX])
{
	char bytes[CHAT_NAME_MAX + 512];
	size_t n = strlen(chat->text), m = strnlen(update_id, 511);

	memcpy(bytes, chat->text, n + 1);
	memcpy(bytes + n + 1, update_id, m);
	seal_digest("message", bytes, n + 1 + m, id);
}

char *
message_write(struct arena *mem, const struct message *m)
{
	json_t *doc = json_pack("{s:s, s:s*}", "t", m->text, "u", m->update_id);
	size_t i;

	if (doc == NULL)
		return NULL;
	json_keep(mem, doc);
	if (m->stream)
		json_object_set_new(doc, "s", json_true());
	if (m->cut)
		json_object_set_new(doc, "c", json_true());
	if (m->nimages > 0) {
		json_t *list = json_array();

		for (i = 0; i < m->nimages; i++)
			json_array_append_new(list,
			    json_pack("[s, s]", m->images[i].mime,
				m->images[i].base64));
		json_object_set_new(doc, "i", list);
	}
	return json_text(mem, doc);
}

int
message_read(struct arena *mem, const char *text, size_t len,
    struct message *out)
{
	json_t *doc = json_read(mem, text, len, NULL, NULL), *images = NULL;
	int stream = 0, cut = 0;
	size_t i;

	*out = (struct message){ .address = "" };
	if (json_unpack(doc, "{s:s, s?s, s?b, s?b, s?o}", "t", &out->text, "u",
		&out->update_id, "s", &stream, "c", &cut, "i", &images)
	    == -1)
		return -1;
	out->stream = stream != 0;
	out->cut = cut != 0;
	for (i = 0; i < json_array_size(images) && i < MESSAGE_IMAGES_MAX;
	     i++) {
		struct image *im = &out->images[i];

		if (json_unpack(json_array_get(images, i), "[s, s]", &im->mime,
			&im->base64)
		    == -1)
			return -1;
		out->nimages = i + 1;
	}
	return 0;
}

char *
reply_write(struct arena *mem, const struct reply *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; r->starters != NULL && r->starters[i] != NULL; i++)
		json_array_append_new(list, json_string(r->starters[i]));
	return json_text(mem,
	    json_keep(mem,
		json_pack("{s:s, s:s, s:o, s:s*, s:o*}", "reply", r->text,
		    "state", r->state, "starters", list, "end", r->end,
		    "truncated", r->truncated ? json_true() : NULL)));
}

bool
reply_is_failure(const struct reply *r)
{
	const char *end = r->end == NULL ? "" : r->end;

	return strcmp(end, ENDS[END_REFUSED]) == 0
	    || strcmp(end, ENDS[END_EXPIRED]) == 0
	    || strcmp(end, ENDS[END_DEAD]) == 0;
}

int
reply_read(struct arena *mem, const char *text, size_t len, struct reply *out)
{
	json_t *doc = json_read(mem, text, len, NULL, NULL), *list = NULL;
	const char **starters;
	size_t i, n;

	*out = (struct reply){ .end = "",
		.truncated = json_member_bool(doc, "truncated", false) };
	if (json_unpack(doc, "{s:s, s:s, s?o, s?s}", "reply", &out->text,
		"state", &out->state, "starters", &list, "end", &out->end)
	    == -1)
		return -1;
	n = json_array_size(list);
	starters = arena_alloc(mem, (n + 1) * sizeof(*starters));
	for (i = 0; i < n; i++) {
		starters[i] = json_string_value(json_array_get(list, i));
		if (starters[i] == NULL)
			return -1;
	}
	out->starters = starters;
	return 0;
}

char *
history_entry_write(struct arena *mem, const struct history_entry *h)
{
	return json_text(mem,
	    json_keep(mem, json_pack("[s, s]", h->user, h->assistant)));
}

int
history_entry_read(struct arena *mem, const char *text, size_t len,
    struct history_entry *out)
{
	json_t *doc = json_read(mem, text, len, NULL, NULL);

	return json_unpack(doc, "[s, s]", &out->user, &out->assistant) == -1
	    ? -1
	    : 0;
}
