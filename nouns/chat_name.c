#include "nouns/chat_name.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/crc16.h"
#include "base/text.h"
#include "nouns/caller.h"

#define WORD_MAX 64

static bool
is_word(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > WORD_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z')
			|| (s[i] >= 'A' && s[i] <= 'Z')
			|| (s[i] >= '0' && s[i] <= '9') || s[i] == '_'
			|| s[i] == '.' || s[i] == '-'))
			return false;
	return true;
}

static bool
is_chat(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > CHAT_ID_MAX || !text_is_utf8(s, len))
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

int
chat_name_make(struct chat_name *out, const char *tenant,
    const char *connection, const char *chat)
{
	if (!is_word(tenant, strlen(tenant))
	    || !is_word(connection, strlen(connection))
	    || !is_chat(chat, strlen(chat)))
		return -1;
	snprintf(out->text, sizeof(out->text), "%s/%s/%s", tenant, connection,
	    chat);
	out->partition = chat_name_partition(out->text);
	return 0;
}

int
chat_name_parse(struct chat_name *out, const char *text)
{
	const char *first = strchr(text, '/'), *second;

	if (first == NULL)
		return -1;
	second = strchr(first + 1, '/');
	if (second == NULL || !is_word(text, (size_t)(first - text))
	    || !is_word(first + 1, (size_t)(second - first - 1))
	    || !is_chat(second + 1, strlen(second + 1)))
		return -1;
	snprintf(out->text, sizeof(out->text), "%s", text);
	out->partition = chat_name_partition(out->text);
	return 0;
}

const char *
chat_name_chat(const struct chat_name *name)
{
	return strchr(strchr(name->text, '/') + 1, '/') + 1;
}

void
chat_name_caller(const struct chat_name *name, struct arena *mem,
    struct caller *out)
{
	char *text = arena_strdup(mem, name->text);
	char *connection = strchr(text, '/') + 1;
	char *person = strchr(connection, '/') + 1;

	connection[-1] = person[-1] = '\0';
	*out = (struct caller){ .tenant = text,
		.connection = connection,
		.person = person };
}

int
chat_name_partition(const char *text)
{
	return (int)(crc16(text, strlen(text)) % CHAT_PARTITIONS);
}
