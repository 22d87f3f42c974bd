#include "nouns/history_entry.h"

#include "base/arena.h"
#include "base/json.h"

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
