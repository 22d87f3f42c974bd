/*
 * fleet_view: what one look at the turn workers found, and how it is shown.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "handlers/fleet_priv.h"
#include "nouns/settings.h"
#include "redis/fleet.h"

static void
see_backends(struct fleet_view *v, const json_t *record)
{
	const json_t *list = json_object_get(record, "backends"), *b;
	size_t i;

	json_array_foreach((json_t *)list, i, b) {
		const char *name = json_member_str(b, "name");
		int64_t until = json_member_int(b, "breaker_open_until_ms", 0);
		json_t *seen;

		if (name == NULL)
			continue;
		seen = json_object_get(v->backends, name);
		if (seen == NULL)
			json_object_set_new(v->backends, name,
			    json_integer((json_int_t)until));
		else if (json_integer_value(seen) < until)
			json_integer_set(seen, (json_int_t)until);
	}
}

/* Each source once, as the worker sees it that can reach it. */
static void
see_sources(struct fleet_view *v, const json_t *record)
{
	const json_t *list = json_object_get(record, "sources"), *s;
	size_t i;

	json_array_foreach((json_t *)list, i, s) {
		const char *name = json_member_str(s, "name");
		const json_t *seen;

		if (name == NULL)
			continue;
		seen = json_object_get(v->sources, name);
		if (seen == NULL
		    || (!json_member_bool(seen, "ok", false)
			&& json_member_bool(s, "ok", false)))
			json_object_set(v->sources, name, (json_t *)s);
	}
}

static void
see_model(struct fleet_view *v, const json_t *record)
{
	const json_t *ok = json_object_get(record, "model_ok");

	if (!json_is_boolean(ok) || v->model_ok == 1)
		return;
	v->model_ok = json_is_true(ok);
	v->model_error = v->model_ok == 1
	    ? NULL
	    : json_member_str(record, "model_error");
}

void
fleet_see(struct store *st, const struct settings *s, struct arena *mem,
    struct fleet_view *v)
{
	bool paused = false, all_paused = true;
	int64_t now = clock_wall_ms();
	const json_t *record;
	const char *name;
	json_t *until;
	size_t i;

	v->backends = json_keep(mem, json_object());
	v->sources = json_keep(mem, json_object());
	v->model_ok = -1;
	v->redis = store_ping(st, &v->redis_ms) == STORE_OK
	    && fleet_read(st, FLEET_TURN, mem, &v->records) != STORE_DOWN
	    && fleet_is_paused(st, &paused) == STORE_OK;
	if (!v->redis)
		v->records = NULL;
	v->workers = json_array_size(v->records);
	json_array_foreach(v->records, i, record) {
		see_backends(v, record);
		see_sources(v, record);
		see_model(v, record);
		all_paused &= json_member_bool(record, "paused", false);
		v->looking |= !json_member_bool(record, "looked", true);
	}
	json_object_foreach(v->backends, name, until)
		if (json_integer_value(until) > now)
			v->open++;
	v->paused = paused || s->chat_paused || (v->workers > 0 && all_paused);
	v->troubles = fleet_troubles(v->records, mem);
}

json_t *
fleet_backends_doc(const struct fleet_view *v, int64_t now)
{
	json_t *list = json_array(), *until;
	const char *name;

	json_object_foreach(v->backends, name, until)
		json_array_append_new(list,
		    json_pack("{s:s, s:b}", "name", name, "breaker_open",
			json_integer_value(until) > now));
	return list;
}

/* Addresses and versions of servers behind us are nobody's business here, nor
 * is what they say: of an error, our own words. */
json_t *
fleet_sources_doc(const struct fleet_view *v)
{
	static const char *const SHOWN[] = { "name", "kind", "ok", "tools",
		"offered", "left_out", "age_ms", "away_ms" };
	json_t *list = json_array(), *source;
	const char *name;
	size_t i;

	json_object_foreach(v->sources, name, source) {
		json_t *shown = json_object(), *value;

		for (i = 0; i < NELEM(SHOWN); i++) {
			value = json_object_get(source, SHOWN[i]);
			if (value != NULL)
				json_object_set(shown, SHOWN[i], value);
		}
		value = json_object_get(source, "reason");
		if (value != NULL)
			json_object_set(shown, "error", value);
		json_array_append_new(list, shown);
	}
	return list;
}

/* A message is answered, but not as it is meant: a sentence each, without
 * addresses or what servers say, as everybody may read it.  dragoman doctor
 * says what to do. */
json_t *
fleet_degraded_doc(const struct fleet_view *v)
{
	json_t *list = json_array(), *source;
	const json_t *trouble;
	const char *name, *reason;
	size_t i;

	json_array_foreach(v->troubles, i, trouble)
		json_array_append_new(list,
		    json_sprintf("%s: %s", json_member_str(trouble, "name"),
			json_member_str(trouble, "words")));
	json_object_foreach(v->sources, name, source) {
		reason = json_member_str(source, "reason");
		if (reason != NULL)
			json_array_append_new(list,
			    json_sprintf("tools of %s: %s%s", name, reason,
				json_member_int(source, "offered", 0) > 0
				    ? "; its last list is still offered"
				    : ""));
	}
	return list;
}

const char *
fleet_why_not_ready(const struct fleet_view *v)
{
	if (!v->redis)
		return "Redis does not answer";
	if (v->workers == 0)
		return "no turn worker is alive";
	if (v->paused)
		return "turns are paused";
	if (v->open > 0 && v->open == json_object_size(v->backends))
		return "no model answers";
	return NULL;
}
