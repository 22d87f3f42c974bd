/*
 * config_words: what a row takes, in words, and what may be shown of a text.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/config_priv.h"
#include "base/text.h"

#define NAME_SHOWN 64 /* bytes of a name: longer ones are none */

size_t
config_word_at(const char *words, size_t i, const char **word)
{
	const char *p = words;
	size_t len;

	if (words == NULL)
		return 0;
	for (;;) {
		p += strspn(p, " ");
		len = strcspn(p, " ");
		if (len == 0)
			return 0;
		if (i-- == 0) {
			*word = p;
			return len;
		}
		p += len;
	}
}

static void
span_text(double ms, char *out, size_t max)
{
	static const struct {
		const char *name;
		double factor;
	} units[] = { { "d", 86400e3 }, { "h", 3600e3 }, { "m", 60e3 },
		{ "s", 1e3 } };
	size_t i;

	for (i = 0; i < NELEM(units); i++)
		if (ms >= units[i].factor && fmod(ms, units[i].factor) == 0) {
			snprintf(out, max, "%.0f%s", ms / units[i].factor,
			    units[i].name);
			return;
		}
	snprintf(out, max, ms == 0 ? "0" : "%.0fms", ms);
}

static void
size_text(double bytes, char *out, size_t max)
{
	if (bytes >= 1048576 && fmod(bytes, 1048576) == 0)
		snprintf(out, max, "%.0fm", bytes / 1048576);
	else if (bytes >= 1024 && fmod(bytes, 1024) == 0)
		snprintf(out, max, "%.0fk", bytes / 1024);
	else
		snprintf(out, max, "%.0f", bytes);
}

void
config_number_text(const struct config_def *def, double v, char *out,
    size_t max)
{
	if (def->type == CONFIG_SPAN)
		span_text(v, out, max);
	else if (def->type == CONFIG_SIZE)
		size_text(v, out, max);
	else if (def->type == CONFIG_INT)
		snprintf(out, max, "%.0f", v);
	else
		snprintf(out, max, "%g", v);
}

static int
add_words(const struct config_def *def, struct buf *out)
{
	const char *word = NULL, *next = NULL;
	size_t i, len;

	for (i = 0; (len = config_word_at(def->words, i, &word)) > 0; i++) {
		const char *glue = i == 0 ? "" : ", ";

		if (i > 0 && config_word_at(def->words, i + 1, &next) == 0)
			glue = " or ";
		if (buf_printf(out, "%s%.*s", glue, (int)len, word) == -1)
			return -1;
	}
	return 0;
}

int
config_expected(const struct config_def *def, struct buf *out)
{
	static const char *const names[] = {
		[CONFIG_BOOL] = "true or false",
		[CONFIG_INT] = "a whole number",
		[CONFIG_REAL] = "a number",
		[CONFIG_SPAN] = "a time such as 90s, 10m or 1h",
		[CONFIG_SIZE] = "a size such as 64k or 1m",
		[CONFIG_STR] = "a text",
		[CONFIG_LIST] = "a list",
		[CONFIG_ENUM] = "",
		[CONFIG_URL] = "a URL that begins with http:// or https://",
		[CONFIG_SECRET] = "a secret without control characters",
		[CONFIG_RECORDS] = "a mapping",
		[CONFIG_MAP] = "a mapping",
		[CONFIG_IGNORED] = "anything",
	};
	char min[32], max[32];

	if (config_is_tree(def->type) && def->words != NULL)
		return buf_printf(out, "a mapping %s", def->words);
	if (def->words != NULL)
		return add_words(def, out);
	if (buf_add_str(out, names[def->type]) == -1)
		return -1;
	if (def->min == 0 && def->max == 0)
		return 0;
	config_number_text(def, def->min, min, sizeof(min));
	config_number_text(def, def->max, max, sizeof(max));
	return buf_printf(out, " from %s to %s", min, max);
}

int
config_name_shown(const char *name)
{
	size_t len = strcspn(name, CONFIG_NAME_ENDS);

	return (int)text_whole(name, len < NAME_SHOWN ? len : NAME_SHOWN);
}

int
config_add_public(struct buf *out, const char *url)
{
	struct text_address a;

	text_address(url, &a);
	return buf_printf(out, "%.*s%s%.*s%s", a.scheme, url,
	    a.has_login ? "(set)@" : "", a.len, a.rest,
	    a.has_query ? "?(set)" : "");
}
