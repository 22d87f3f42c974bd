/*
 * shape_roles: messages for servers that are strict about who speaks when.
 */
#include <stdio.h>
#include <string.h>

#include "llm/ladder.h"

#define ID_CHARS 9 /* Mistral's (langchain-ai/langchain#24668) */

static const char NO_WORDS[] = "(no words)";
static const char CALLS[] = "(calls a tool)";
/* Between a result and a person's words. */
static const char BETWEEN[] = "Understood.";

static void
add(struct llm_shaping *s, const struct llm_message *m)
{
	if (s->n < s->max)
		s->m[s->n++] = *m;
}

/* ${id} as nine letters and digits, the same for the same. */
static const char *
nine(struct arena *mem, const char *id)
{
	static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint64_t h = 14695981039346656037U; /* FNV-1a */
	char out[ID_CHARS + 1];
	size_t i;

	if (id == NULL)
		return NULL;
	if (strlen(id) == ID_CHARS
	    && strspn(id,
		   "abcdefghijklmnopqrstuvwxyz0123456789"
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		== ID_CHARS)
		return id;
	for (i = 0; id[i] != '\0'; i++)
		h = (h ^ (unsigned char)id[i]) * 1099511628211U;
	for (i = 0; i < ID_CHARS; i++, h /= sizeof(LETTERS) - 1)
		out[i] = LETTERS[h % (sizeof(LETTERS) - 1)];
	out[ID_CHARS] = '\0';
	return arena_strdup(mem, out);
}

static void
shape_ids(struct llm_shaping *s, struct llm_message *m)
{
	struct tool_call *calls;
	size_t i;

	m->call_id = nine(s->mem, m->call_id);
	if (m->ncalls == 0)
		return;
	calls = arena_alloc(s->mem, m->ncalls * sizeof(*calls));
	for (i = 0; i < m->ncalls; i++) {
		calls[i] = m->calls[i];
		calls[i].id = nine(s->mem, calls[i].id);
	}
	m->calls = calls;
}

static void
shape_one(struct llm_shaping *s, struct llm_message *m)
{
	if (m->nimages > 0 && llm_lacks(s->quirks, LLM_CAN_IMAGES)) {
		m->text = arena_printf(s->mem,
		    "%s%s(%zu image%s that this model cannot see)", m->text,
		    m->text[0] == '\0' ? "" : "\n", m->nimages,
		    m->nimages == 1 ? "" : "s");
		m->images = NULL;
		m->nimages = 0;
	}
	if (llm_lacks(s->quirks, LLM_CAN_ANY_CALL_ID))
		shape_ids(s, m);
	if (m->text[0] == '\0' && llm_lacks(s->quirks, LLM_CAN_EMPTY_CONTENT))
		m->text = m->ncalls > 0 ? CALLS : NO_WORDS;
}

/* The calls of ${q}'s message ${at} one by one, each before its result. */
static size_t
split(struct llm_shaping *s, const struct llm_question *q, size_t at)
{
	const struct llm_message *m = &q->messages[at];
	size_t i, j, until = at + 1;

	while (until < q->nmessages && q->messages[until].role == LLM_TOOL)
		until++;
	for (i = 0; i < m->ncalls; i++) {
		struct llm_message one = *m;

		one.calls = &m->calls[i];
		one.ncalls = 1;
		one.extra = NULL; /* of all of them */
		if (i > 0)
			one.text = "";
		shape_one(s, &one);
		add(s, &one);
		for (j = at + 1; j < until; j++)
			if (strcmp(q->messages[j].call_id, m->calls[i].id)
			    == 0) {
				one = q->messages[j];
				shape_one(s, &one);
				add(s, &one);
				break;
			}
	}
	return until;
}

void
llm_shape_calls(struct llm_shaping *s, const struct llm_question *q)
{
	size_t i = 0, calls = 0;

	for (i = 0; i < q->nmessages; i++)
		calls += q->messages[i].ncalls;
	/* Two a call, and one between each two that there are. */
	s->max = 2 * (q->nmessages + 2 * calls) + 2;
	s->m = arena_alloc(s->mem, s->max * sizeof(*s->m));
	for (i = 0; i < q->nmessages;) {
		struct llm_message m = q->messages[i];

		if (m.ncalls > 1
		    && llm_lacks(s->quirks, LLM_CAN_PARALLEL_CALLS)) {
			i = split(s, q, i);
			continue;
		}
		shape_one(s, &m);
		add(s, &m);
		i++;
	}
}

void
llm_shape_system(struct llm_shaping *s)
{
	size_t i, n = 0, first;
	const char *words = "";

	if (!llm_lacks(s->quirks, LLM_CAN_SYSTEM))
		return;
	for (i = 0; i < s->n; i++)
		if (s->m[i].role == LLM_SYSTEM)
			words = arena_printf(s->mem, "%s%s%s", words,
			    words[0] == '\0' ? "" : "\n\n", s->m[i].text);
		else
			s->m[n++] = s->m[i];
	s->n = n;
	if (words[0] == '\0')
		return;
	for (first = 0; first < s->n; first++)
		if (s->m[first].role == LLM_USER)
			break;
	if (first == 0 && s->n > 0) {
		s->m[0].text = arena_printf(s->mem, "%s\n\n%s", words,
		    s->m[0].text);
		return;
	}
	/* The person's first words were cut off: these stand alone. */
	memmove(s->m + 1, s->m, s->n * sizeof(*s->m));
	s->m[0] = (struct llm_message){ .role = LLM_USER, .text = words };
	s->n++;
}

/* Room for one more at ${at}. */
static bool
insert(struct llm_shaping *s, size_t at, enum llm_role role, const char *text)
{
	if (s->n == s->max)
		return false;
	memmove(s->m + at + 1, s->m + at, (s->n - at) * sizeof(*s->m));
	s->m[at] = (struct llm_message){ .role = role, .text = text };
	s->n++;
	return true;
}

static bool
is_plain(const struct llm_message *m)
{
	return m->ncalls == 0 && m->role != LLM_TOOL && m->role != LLM_SYSTEM;
}

/* Two images at once: those of both. */
static void
join_images(struct llm_shaping *s, struct llm_message *a,
    const struct llm_message *b)
{
	struct image *images;

	if (b->nimages == 0)
		return;
	images = arena_alloc(s->mem,
	    (a->nimages + b->nimages) * sizeof(*images));
	if (a->nimages > 0)
		memcpy(images, a->images, a->nimages * sizeof(*images));
	memcpy(images + a->nimages, b->images, b->nimages * sizeof(*images));
	a->images = images;
	a->nimages += b->nimages;
}

static void
join_neighbours(struct llm_shaping *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		struct llm_message *last = n == 0 ? NULL : &s->m[n - 1];

		if (last == NULL || !is_plain(last) || !is_plain(&s->m[i])
		    || last->role != s->m[i].role) {
			s->m[n++] = s->m[i];
			continue;
		}
		last->text = arena_printf(s->mem, "%s\n\n%s", last->text,
		    s->m[i].text);
		last->extra = NULL;
		join_images(s, last, &s->m[i]);
	}
	s->n = n;
}

void
llm_shape_roles(struct llm_shaping *s)
{
	bool turns = llm_lacks(s->quirks, LLM_CAN_REPEATED_ROLES);
	size_t i;

	if (!turns && !llm_lacks(s->quirks, LLM_CAN_USER_AFTER_TOOL))
		return;
	for (i = 1; i < s->n; i++)
		if (s->m[i].role == LLM_USER && s->m[i - 1].role == LLM_TOOL
		    && !insert(s, i, LLM_ASSISTANT, BETWEEN))
			return;
	if (!turns)
		return;
	join_neighbours(s);
	/* A person speaks first. */
	i = s->n > 0 && s->m[0].role == LLM_SYSTEM ? 1 : 0;
	if (i < s->n && s->m[i].role == LLM_ASSISTANT)
		(void)insert(s, i, LLM_USER, "(continued)");
}
