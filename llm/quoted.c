/*
 * quoted: what of a server's words stands in the question.
 *
 * Servers quote what they refuse, and people write what they like: words that
 * stand in the messages are theirs.  They teach nothing and are not logged.
 * Tools and parameters are ours; their names are what a refusal is read for.
 *
 * A run of RUN bytes is a quotation; shorter ones are words that everybody
 * uses.  Runs are looked for as they are, and as letters and digits alone,
 * since servers escape what they quote.
 */
#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/quirks.h"

#define RUN 12
#define LEFT_OUT "\xe2\x80\xa6"
#define ENTITY_MAX 8 /* of HTML: "&quot;" */
#define HASH_BASE 0x01000193U

/* The runs of a text.  Equal ones are known by the first of them. */
struct runs {
	char *bytes;
	size_t *at; /* of each byte, where it stands in the text */
	size_t n;
	size_t *slots, *first; /* a run's number + 1 */
	size_t nslots;         /* a power of two */
	bool *seen;            /* of a first one: it stands in the question */
	bool folded;
	uint32_t last_power; /* of HASH_BASE: of the byte that leaves */
};

/* Behind an escape at ${s}, or ${s}: backslashes with what they escape, and
 * "&lt;", also where its own sign was escaped. */
static const char *
skip_escape(const char *s)
{
	const char *from = s, *end;

	if (*s == '\\') {
		while (*s == '\\')
			s++;
		if (*s == 'u' && strspn(s + 1, "0123456789abcdefABCDEF") >= 4)
			return s + 5;
		return *s != '\0' && strchr("nrtbf", *s) != NULL ? s + 1 : s;
	}
	if (*s != '&')
		return s;
	for (s++; strncmp(s, "amp;", 4) == 0;)
		s += 4;
	end = s + strspn(s, "#abcdefghijklmnopqrstuvwxyz0123456789");
	return *end == ';' && end - s <= ENTITY_MAX ? end + 1
	    : s - from > 1                          ? s
						    : from;
}

/* The next byte that counts, and where it stands; false: there is none. */
static bool
next_byte(const char **s, bool folded, char *c, const char **at)
{
	const char *next;

	while (**s != '\0') {
		next = folded ? skip_escape(*s) : *s;
		if (next != *s) {
			*s = next;
			continue;
		}
		*at = (*s)++;
		*c = **at;
		if (!folded)
			return true;
		if ((unsigned char)*c < 0x80 && isalnum((unsigned char)*c)) {
			*c = (char)tolower((unsigned char)*c);
			return true;
		}
	}
	return false;
}

static uint32_t
hash_run(const char *s)
{
	uint32_t h = 0;
	size_t i;

	for (i = 0; i < RUN; i++)
		h = h * HASH_BASE + (unsigned char)s[i];
	return h;
}

/* The slot of the run at ${s}: its own, or the empty one for it. */
static size_t
slot_of(const struct runs *r, uint32_t hash, const char *s)
{
	size_t i = (hash ^ hash >> 15) & (r->nslots - 1);

	while (
	    r->slots[i] != 0 && memcmp(r->bytes + r->slots[i] - 1, s, RUN) != 0)
		i = (i + 1) & (r->nslots - 1);
	return i;
}

static void
runs_of(struct runs *r, const char *text, bool folded, struct arena *mem)
{
	size_t len = strlen(text), i, slot;
	const char *s = text, *at;
	char c;

	*r = (struct runs){ .folded = folded, .nslots = 16, .last_power = 1 };
	r->bytes = arena_alloc(mem, len + 1);
	r->at = arena_alloc(mem, (len + 1) * sizeof(*r->at));
	while (next_byte(&s, folded, &c, &at)) {
		r->bytes[r->n] = c;
		r->at[r->n++] = (size_t)(at - text);
	}
	for (i = 1; i < RUN; i++)
		r->last_power *= HASH_BASE;
	while (r->nslots < 2 * len)
		r->nslots *= 2;
	r->slots = arena_alloc(mem, r->nslots * sizeof(*r->slots));
	memset(r->slots, 0, r->nslots * sizeof(*r->slots));
	r->first = arena_alloc(mem, (len + 1) * sizeof(*r->first));
	r->seen = arena_alloc(mem, (len + 1) * sizeof(*r->seen));
	memset(r->seen, 0, (len + 1) * sizeof(*r->seen));
	for (i = 0; i + RUN <= r->n; i++) {
		slot = slot_of(r, hash_run(r->bytes + i), r->bytes + i);
		if (r->slots[slot] == 0)
			r->slots[slot] = i + 1;
		r->first[i] = r->slots[slot];
	}
}

/* Which runs stand in ${text}, in one pass over it. */
static void
look_in(struct runs *r, const char *text)
{
	char window[2 * RUN]; /* each byte twice: it is read from anywhere */
	const char *s = text, *at;
	uint32_t hash = 0;
	size_t n = 0, i, slot;
	char c;

	memset(window, 0, sizeof(window));
	while (next_byte(&s, r->folded, &c, &at)) {
		i = n % RUN;
		if (n >= RUN)
			hash -= (unsigned char)window[i] * r->last_power;
		hash = hash * HASH_BASE + (unsigned char)c;
		window[i] = window[i + RUN] = c;
		if (++n < RUN)
			continue;
		slot = slot_of(r, hash, window + n % RUN);
		if (r->slots[slot] != 0)
			r->seen[r->slots[slot] - 1] = true;
	}
}

/* The words of what is kept of an answer; its marks are not. */
static void
look_in_kept(struct runs *r, const json_t *v)
{
	static const char *const MARKS[] = { "type", "format", "id", "name",
		"signature", "data" };
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(v))
		look_in(r, json_string_value(v));
	json_array_foreach(v, i, member)
		look_in_kept(r, member);
	json_object_foreach((json_t *)(uintptr_t)v, key, member) {
		for (i = 0; i < NELEM(MARKS); i++)
			if (strcmp(key, MARKS[i]) == 0)
				break;
		if (i == NELEM(MARKS))
			look_in_kept(r, member);
	}
}

static void
look_in_question(struct runs *r, const struct llm_question *q,
    struct arena *mem)
{
	size_t i, j;

	for (i = 0; i < q->nmessages; i++) {
		const struct llm_message *m = &q->messages[i];

		look_in(r, m->text);
		for (j = 0; j < m->ncalls; j++)
			look_in(r, m->calls[j].arguments);
		if (m->extra != NULL)
			look_in_kept(r,
			    json_read(mem, m->extra, strlen(m->extra), NULL,
				NULL));
	}
}

void
llm_quoted(const char *text, const struct llm_question *q, bool *marks,
    struct arena *mem)
{
	struct runs r;
	size_t i, j;
	int folded;

	for (folded = 0; folded <= 1 && q != NULL; folded++) {
		runs_of(&r, text, folded == 1, mem);
		if (r.n < RUN)
			continue;
		look_in_question(&r, q, mem);
		for (i = 0; i + RUN <= r.n; i++)
			if (r.seen[r.first[i] - 1])
				for (j = r.at[i]; j <= r.at[i + RUN - 1]; j++)
					marks[j] = true;
	}
}

char *
llm_leave_out(const char *text, const bool *marks, struct arena *mem)
{
	size_t len = strlen(text), i, n = 0;
	/* One byte that is left out becomes three. */
	char *out = arena_alloc(mem, 3 * len + 1);

	for (i = 0; i < len; i++)
		if (!marks[i]) {
			out[n++] = text[i];
		} else if (i == 0 || !marks[i - 1]) {
			memcpy(out + n, LEFT_OUT, sizeof(LEFT_OUT) - 1);
			n += sizeof(LEFT_OUT) - 1;
		}
	out[n] = '\0';
	/* A run may have ended within a character. */
	return text_clean(mem, out, n);
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

/* Whole words of a stretch are quoted, not halves of the server's own; what is
 * left of it may be too short. */
static void
trim(const char *text, size_t from, size_t until, bool *marks)
{
	size_t a = from, b = until, i;

	if (a > 0 && is_word(text[a - 1]))
		while (a < b && is_word(text[a]))
			a++;
	if (is_word(text[b]))
		while (b > a && is_word(text[b - 1]))
			b--;
	while (a < b && !is_word(text[a]))
		a++;
	while (b > a && !is_word(text[b - 1]))
		b--;
	for (i = from; i < until; i++)
		marks[i] = b - a >= RUN && i >= a && i < b;
}

static void
trim_all(const char *text, size_t len, bool *marks)
{
	size_t from, until;

	for (from = 0; from < len; from = until + 1) {
		for (until = from; until < len && marks[until]; until++)
			;
		if (until > from)
			trim(text, from, until, marks);
	}
}

/* Where ${name} alone is quoted, and no word beside it, it goes free. */
static void
free_name(const char *text, size_t len, const char *name, bool *marks)
{
	size_t n = strlen(name), from, i;
	const char *at = text;

	if (n < RUN) /* too short to be marked alone */
		return;
	for (; (at = strstr(at, name)) != NULL; at += n) {
		from = (size_t)(at - text);
		if ((from > 0 && marks[from - 1])
		    || (from + n < len && marks[from + n]))
			continue;
		for (i = from; i < from + n; i++)
			marks[i] = false;
	}
}

/* Tools and parameters are ours: who speaks of one to the model does not hide
 * it from us. */
static void
free_names(const char *text, size_t len, const struct llm_question *q,
    bool *marks)
{
	size_t i, j;

	for (i = 0; i < q->ntools; i++)
		free_name(text, len, q->tools[i].name, marks);
	for (i = 0; i < LLM_FEATURES_N; i++)
		for (j = 0; j < NELEM(LLM_FEATURES[i].params)
		     && LLM_FEATURES[i].params[j] != NULL;
		     j++)
			free_name(text, len, LLM_FEATURES[i].params[j], marks);
	for (i = 0; i < LLM_KEPT_MAX; i++)
		free_name(text, len, LLM_KEPT_MEMBERS[i].name, marks);
}

static const char *
without(const char *text, const struct llm_question *q, struct arena *mem)
{
	size_t len = strlen(text);
	bool *marks;

	if (len < RUN || q == NULL)
		return text;
	marks = arena_alloc(mem, len * sizeof(*marks));
	memset(marks, 0, len * sizeof(*marks));
	llm_quoted(text, q, marks, mem);
	trim_all(text, len, marks);
	free_names(text, len, q, marks);
	return memchr(marks, true, len * sizeof(*marks)) == NULL
	    ? text
	    : llm_leave_out(text, marks, mem);
}

void
llm_unquote(struct llm_refusal *r, const struct llm_question *q,
    struct arena *mem)
{
	r->code = without(r->code, q, mem);
	r->type = without(r->type, q, mem);
	r->param = without(r->param, q, mem);
	r->message = without(r->message, q, mem);
}
