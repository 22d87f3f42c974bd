/*
 * nearest: which of a server's models may be meant by a name that it does not
 * have.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define NAMES_MAX 2000 /* of a list: OpenRouter's has some 400 */
#define NAME_CHARS 96  /* compared, and shown */
#define SHOWN_MAX 8    /* what a person reads in one line */
#define FAR 1000       /* no likeness at all */
#define WORDS_MAX (4 * KIB)

struct name {
	const char *id;
	int far;
	bool talks; /* it may be a model for a chat */
};

bool
llm_may_chat(const char *id)
{
	static const char *const OTHERS[] = { "embed", "rerank", "bge-", "e5-",
		"gte-", "minilm", "clip-", "whisper", "transcribe", "tts",
		"moderation", "dall-e", "stable-diffusion", "sora", "image" };
	size_t i;

	for (i = 0; i < NELEM(OTHERS); i++)
		if (strcasestr(id, OTHERS[i]) != NULL)
			return false;
	return true;
}

/* Letters to change, add or take away, upper case aside. */
static int
distance(const char *a, const char *b)
{
	size_t na = strnlen(a, NAME_CHARS), nb = strnlen(b, NAME_CHARS), i, j;
	int row[NAME_CHARS + 1], left, up, same;

	for (j = 0; j <= nb; j++)
		row[j] = (int)j;
	for (i = 1; i <= na; i++) {
		left = row[0];
		row[0] = (int)i;
		for (j = 1; j <= nb; j++) {
			up = row[j];
			same = strncasecmp(&a[i - 1], &b[j - 1], 1) == 0;
			row[j] = left + !same;
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			left = up;
		}
	}
	return row[nb];
}

/* Behind the last slash: what a gateway puts before it is not missed. */
static const char *
bare(const char *id)
{
	const char *slash = strrchr(id, '/');

	return slash == NULL || slash[1] == '\0' ? id : slash + 1;
}

static int
farness(const char *id, const char *model)
{
	const char *a = bare(id), *b = bare(model);
	size_t na = strlen(a), nb = strlen(b);
	int far;

	if (nb == 0)
		return FAR;
	if (na == nb && strcasecmp(a, b) == 0)
		return 0;
	far = distance(a, b);
	if (far <= 2 || (size_t)far * 4 <= nb)
		return far;
	/* "llama3.2" for "llama3.2:3b", "sonnet" for "claude-sonnet-4". */
	if (nb >= 3 && strcasestr(a, b) != NULL)
		return 3 + (int)((na - nb) / 8);
	if (na >= 3 && strcasestr(b, a) != NULL)
		return 4 + (int)((nb - na) / 8);
	return FAR;
}

static int
compare(const void *x, const void *y)
{
	const struct name *a = x, *b = y;

	if (a->far != b->far)
		return a->far < b->far ? -1 : 1;
	if (a->talks != b->talks)
		return a->talks ? -1 : 1;
	return strcmp(a->id, b->id);
}

const char *
llm_nearest(const json_t *doc, const char *model, struct arena *mem,
    const char **nearest)
{
	const json_t *all = llm_list_in(doc);
	struct name *names = arena_alloc(mem, (NAMES_MAX + 1) * sizeof(*names));
	struct buf out = BUF_INIT(WORDS_MAX);
	const char *words;
	size_t i, n = 0;

	*nearest = NULL;
	for (i = 0; i < json_array_size(all) && n < NAMES_MAX; i++) {
		const char *id = json_member_str(json_array_get(all, i), "id");

		if (id == NULL || id[0] == '\0')
			continue;
		id = text_cut(mem, text_printable(mem, id), NAME_CHARS);
		names[n++]
		    = (struct name){ id, farness(id, model), llm_may_chat(id) };
	}
	qsort(names, n, sizeof(*names), compare);
	for (i = 0; i < n && i < SHOWN_MAX; i++)
		(void)!buf_printf(
		    &out, "%s%s", i == 0 ? "" : ", ", names[i].id);
	if (n > SHOWN_MAX)
		(void)!buf_printf(&out, " and %zu more", n - SHOWN_MAX);
	if (n > 0 && names[0].far < FAR)
		*nearest = names[0].id;
	words = arena_strdup(mem, buf_str(&out));
	buf_fini(&out);
	return words;
}
