#include "nouns/message.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/seal.h"

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
