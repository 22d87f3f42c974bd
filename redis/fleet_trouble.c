/*
 * fleet_trouble: of what stands between workers and their models, what all of
 * their records say together: an answer that any of them got later ends it.
 */
#include <string.h>

#include "base/json.h"
#include "redis/fleet.h"

/* The last question to ${backend} failed in a way that may pass. */
static bool
is_silent(const json_t *backend)
{
	const char *last = json_member_str(backend, "last");

	return last != NULL
	    && (strcmp(last, "retry") == 0 || strcmp(last, "broken") == 0);
}

/* The latest of ${member} at any worker's backend ${name}. */
static int64_t
latest(const json_t *records, const char *name, const char *member)
{
	const json_t *record, *backend;
	int64_t ms = 0, at;
	size_t i, j;

	json_array_foreach(records, i, record)
		json_array_foreach(json_object_get(record, "backends"), j,
		    backend) {
			const char *other = json_member_str(backend, "name");

			at = json_member_int(backend, member, 0);
			if (other != NULL && strcmp(other, name) == 0
			    && at > ms)
				ms = at;
		}
	return ms;
}

static bool
has(const json_t *list, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(json_string_value(json_object_get(one, "name")),
			name)
		    == 0)
			return true;
	return false;
}

/* Of a record as workers wrote it that are older than "words". */
static void
as_older_workers_mean(const char *kind, const char **words, bool *lasts,
    bool *reloads)
{
	static const struct {
		const char *kind, *words;
	} ROWS[] = { { "denied", "the provider rejects the API key" },
		{ "model", "the provider does not have this model" },
		{ "address", "its address is wrong" },
		{ "unreachable", "its connection is not set up correctly" },
		{ "quota", "its quota or credit is used up" } };
	size_t i;

	*words = "it does not answer";
	for (i = 0; i < NELEM(ROWS); i++)
		if (strcmp(ROWS[i].kind, kind) == 0) {
			*words = ROWS[i].words;
			*lasts = true;
			*reloads = strcmp(kind, "quota") != 0;
		}
}

static void
add(json_t *list, const json_t *records, const json_t *backend)
{
	const json_t *trouble = json_object_get(backend, "trouble");
	const char *name = json_member_str(backend, "name");
	const char *kind = json_member_str(trouble, "kind");
	const char *why = json_member_str(trouble, "why");
	const char *remedy = json_member_str(trouble, "remedy");
	const char *words = json_member_str(trouble, "words");
	bool lasts = json_member_bool(trouble, "lasts", false);
	bool reloads = json_member_bool(trouble, "reloads", false);
	int64_t since = json_member_int(trouble, "since_ms", 0);

	if (name == NULL || has(list, name))
		return;
	if (kind == NULL && is_silent(backend)) {
		kind = "retry";
		since = json_member_int(backend, "asked_ms", 0);
	}
	if (kind == NULL || latest(records, name, "answered_ms") > since)
		return;
	if (words == NULL)
		as_older_workers_mean(kind, &words, &lasts, &reloads);
	json_array_append_new(list,
	    json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:I}", "name", name,
		"kind", kind, "words", words, "lasts", lasts, "reloads",
		reloads, "why", why == NULL ? "" : why, "remedy",
		remedy == NULL ? "" : remedy, "since_ms", (json_int_t)since));
}

json_t *
fleet_troubles(const json_t *records, struct arena *mem)
{
	json_t *list = json_keep(mem, json_array());
	const json_t *record, *backend;
	size_t i, j;
	bool silent;

	/* What lasts, first: of two workers one may know more. */
	for (silent = false;; silent = true) {
		json_array_foreach(records, i, record)
			json_array_foreach(json_object_get(record, "backends"),
			    j, backend)
				if ((json_object_get(backend, "trouble")
					== NULL)
				    == silent)
					add(list, records, backend);
		if (silent)
			return list;
	}
}
