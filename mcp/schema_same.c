/*
 * schema_same: which values are the same, and which of two numbers is larger.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mcp/schema_priv.h"

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)
#define HASH_TIMES UINT64_C(0x100000001b3)

bool
mcp_schema_is_whole(const json_t *number)
{
	return json_is_integer(number)
	    || (json_is_real(number)
		&& trunc(json_real_value(number)) == json_real_value(number));
}

unsigned
mcp_schema_types_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return TYPE_STRING;
	case JSON_INTEGER:
		return TYPE_INTEGER | TYPE_NUMBER;
	case JSON_REAL:
		return mcp_schema_is_whole(value) ? TYPE_INTEGER | TYPE_NUMBER
						  : TYPE_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return TYPE_BOOLEAN;
	case JSON_OBJECT:
		return TYPE_OBJECT;
	case JSON_ARRAY:
		return TYPE_ARRAY;
	default:
		return TYPE_NULL;
	}
}

int
mcp_schema_order(const json_t *a, const json_t *b)
{
	json_int_t i = json_integer_value(a), j = json_integer_value(b);
	double x = json_number_value(a), y = json_number_value(b);

	if (json_is_integer(a) && json_is_integer(b))
		return i < j ? -1 : i > j;
	return x < y ? -1 : x > y;
}

static bool
same_members(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *member;

	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach((json_t *)(uintptr_t)a, key, member) {
		const json_t *other = json_object_get(b, key);

		if (other == NULL || !mcp_schema_same(member, other))
			return false;
	}
	return true;
}

static bool
same_items(const json_t *a, const json_t *b)
{
	size_t i, n = json_array_size(a);

	if (n != json_array_size(b))
		return false;
	for (i = 0; i < n; i++)
		if (!mcp_schema_same(json_array_get(a, i),
			json_array_get(b, i)))
			return false;
	return true;
}

bool
mcp_schema_same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return mcp_schema_order(a, b) == 0;
	if (json_typeof(a) != json_typeof(b))
		return false;
	if (json_is_object(a))
		return same_members(a, b);
	if (json_is_array(a))
		return same_items(a, b);
	return !json_is_string(a)
	    || (json_string_length(a) == json_string_length(b)
		&& memcmp(json_string_value(a), json_string_value(b),
		       json_string_length(a))
		    == 0);
}

/* ---- no two -------------------------------------------------------------- */

struct hashed {
	uint64_t hash;
	const json_t *value;
};

static uint64_t
hash_bytes(uint64_t h, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	while (len-- > 0)
		h = (h ^ *p++) * HASH_TIMES;
	return h;
}

/* Equal for what is the same. */
static uint64_t
hash_of(const json_t *v)
{
	uint64_t h = HASH_BEGIN + (uint64_t)mcp_schema_types_of(v), sum = 0;
	const char *key;
	json_t *member;
	double number;
	size_t i;

	if (json_is_string(v))
		return hash_bytes(h, json_string_value(v),
		    json_string_length(v));
	if (json_is_number(v)) {
		number = json_number_value(v) + 0.0; /* of -0, 0 */
		return hash_bytes(h, &number, sizeof(number));
	}
	if (json_is_boolean(v))
		return h + json_is_true(v);
	json_array_foreach(v, i, member) {
		sum = hash_of(member);
		h = hash_bytes(h, &sum, sizeof(sum));
	}
	json_object_foreach((json_t *)(uintptr_t)v, key, member)
		sum += hash_bytes(hash_of(member), key, strlen(key));
	return json_is_object(v) ? hash_bytes(h, &sum, sizeof(sum)) : h;
}

static int
by_hash(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

bool
mcp_schema_all_differ(const json_t *array, struct arena *mem, int64_t *steps)
{
	size_t n = json_array_size(array), i, j;
	struct hashed *all = arena_alloc(mem, (n + 1) * sizeof(*all));

	for (i = 0; i < n; i++) {
		all[i].value = json_array_get(array, i);
		all[i].hash = hash_of(all[i].value);
	}
	if (n > 0)
		qsort(all, n, sizeof(*all), by_hash);
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n && all[j].hash == all[i].hash; j++) {
			if ((*steps)-- <= 0)
				return false;
			if (mcp_schema_same(all[i].value, all[j].value))
				return false;
		}
	return true;
}
