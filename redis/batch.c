/*
 * batch: commands as Redis reads them, put together.
 */
#include "redis/store_priv.h"

#include <assert.h>
#include <stdlib.h>

#define KEY_MAX (STORE_PREFIX_MAX + CHAT_NAME_MAX + 64)

void
batch_init(struct batch *b, const struct store *st)
{
	b->prefix = st->prefix;
	b->prefix_len = st->prefix_len;
	buf_init(&b->out, BATCH_MAX);
	b->items = b->few;
	b->cap = BATCH_FEW;
	b->n = 0;
	b->bad = false;
}

void
batch_fini(struct batch *b)
{
	buf_fini(&b->out);
	if (b->items != b->few)
		free(b->items);
	b->items = b->few;
	b->n = 0;
}

static void
add(struct batch *b, const void *bytes, size_t len)
{
	if (buf_add(&b->out, bytes, len) == -1)
		b->bad = true;
}

/* "*12\r\n", "$3\r\n" */
static void
add_count(struct batch *b, char mark, size_t n)
{
	char text[24];
	size_t at = sizeof(text);

	text[--at] = '\n';
	text[--at] = '\r';
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	text[--at] = mark;
	add(b, text + at, sizeof(text) - at);
}

void
batch_mem(struct batch *b, const void *bytes, size_t len)
{
	add_count(b, '$', len);
	add(b, bytes, len);
	add(b, "\r\n", 2);
}

void
batch_str(struct batch *b, const char *s)
{
	batch_mem(b, s, strlen(s));
}

void
batch_int(struct batch *b, int64_t n)
{
	char text[24];
	size_t at = sizeof(text);
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		text[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (n < 0)
		text[--at] = '-';
	batch_mem(b, text + at, sizeof(text) - at);
}

static struct batch_item *
begin(struct batch *b, int script, int argc)
{
	struct batch_item *it;

	if (b->n == b->cap) {
		size_t cap = b->cap * 2;
		struct batch_item *more = malloc(cap * sizeof(*more));

		if (more == NULL)
			abort(); /* out of memory ends the worker */
		memcpy(more, b->items, b->n * sizeof(*more));
		if (b->items != b->few)
			free(b->items);
		b->items = more;
		b->cap = cap;
	}
	it = &b->items[b->n++];
	*it = (struct batch_item){ .script = script,
		.argc = argc,
		.slot = SLOT_ANY,
		.start = b->out.len };
	add_count(b, '*', (size_t)argc);
	return it;
}

void
batch_script(struct batch *b, enum script s, int nkeys, int nargs)
{
	struct batch_item *it = begin(b, (int)s, 3 + nkeys + nargs);

	batch_str(b, "EVALSHA");
	batch_mem(b, script_text(s)->sha, 40);
	it->rest = b->out.len;
	batch_int(b, nkeys);
	it->key = b->out.len;
}

void
batch_command(struct batch *b, const char *name, int nargs)
{
	struct batch_item *it = begin(b, -1, 1 + nargs);

	batch_str(b, name);
	it->rest = b->out.len;
	it->key = nargs > 0 ? b->out.len : 0;
}

/* What a cluster would refuse is a mistake of ours, on any Redis. */
static void
note_slot(struct batch *b, const char *key, size_t len)
{
	struct batch_item *it = &b->items[b->n - 1];
	int slot = slot_of(key, len);

	assert(it->slot == SLOT_ANY || it->slot == slot);
	it->slot = slot;
}

static size_t
put(char *out, size_t at, const char *s)
{
	size_t len = strlen(s);

	assert(at + len < KEY_MAX);
	memcpy(out + at, s, len);
	return at + len;
}

/* "{pN}:NOUN" and, unless NULL, ":ITEM", behind the installation's prefix. */
static void
add_key(struct batch *b, int partition, const char *noun, const char *item)
{
	char key[KEY_MAX];
	size_t at = b->prefix_len;

	memcpy(key, b->prefix, at);
	at = put(key, at, "{p");
	if (partition >= 10)
		key[at++] = (char)('0' + partition / 10);
	key[at++] = (char)('0' + partition % 10);
	at = put(key, at, "}:");
	at = put(key, at, noun);
	if (item != NULL) {
		key[at++] = ':';
		at = put(key, at, item);
	}
	batch_whole_key(b, key, at);
}

void
batch_chat_key(struct batch *b, const struct chat_name *chat, const char *noun)
{
	add_key(b, chat->partition, noun, chat->text);
}

void
batch_partition_front(struct batch *b, int partition)
{
	add_key(b, partition, "", NULL);
}

void
batch_key(struct batch *b, const char *key)
{
	size_t len = strlen(key), whole = b->prefix_len + len;

	add_count(b, '$', whole);
	add(b, b->prefix, b->prefix_len);
	add(b, key, len);
	if (!b->bad)
		note_slot(b, b->out.data + b->out.len - whole, whole);
	add(b, "\r\n", 2);
}

void
batch_whole_key(struct batch *b, const char *key, size_t len)
{
	note_slot(b, key, len);
	batch_mem(b, key, len);
}

void
batch_partition_key(struct batch *b, int partition, const char *noun)
{
	add_key(b, partition, noun, NULL);
}

void
batch_item_key(struct batch *b, int partition, const char *noun,
    const char *item)
{
	add_key(b, partition, noun, item);
}

void
batch_sealed(struct batch *b, const struct store *st, const char *front,
    const struct chat_name *chat, const char *noun, const char *item,
    const char *plain, size_t len)
{
	size_t nfront = strlen(front);

	add_count(b, '$', nfront + len + SEAL_OVERHEAD);
	add(b, front, nfront);
	if (seal_close(st->ring, chat->text, noun, item, plain, len, &b->out)
	    == -1)
		b->bad = true;
	add(b, "\r\n", 2);
}

size_t
batch_end(const struct batch *b, size_t i)
{
	return i + 1 < b->n ? b->items[i + 1].start : b->out.len;
}

void
batch_as_text(struct batch *b, const struct batch *from, size_t i)
{
	const struct batch_item *it = &from->items[i];
	const struct script_text *s = script_text((enum script)it->script);

	begin(b, -1, it->argc)->place = it->place;
	batch_str(b, "EVAL");
	batch_mem(b, s->text, s->len);
	add(b, from->out.data + it->rest, batch_end(from, i) - it->rest);
}
