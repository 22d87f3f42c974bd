/*
 * config_number: text to numbers, spans and sizes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/config_priv.h"
#include "base/text.h"

struct unit {
	const char *name;
	double factor;
};

/* A bare number of a span is seconds: that is what people mean by "wait: 90". */
static const struct unit SPAN_UNITS[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "min", 60 * 1000 },
	{ "h", 3600 * 1000 },
	{ "d", 24 * 3600 * 1000 },
	{ NULL, 0 },
};

static const struct unit SIZE_UNITS[] = {
	{ "", 1 },
	{ "b", 1 },
	{ "k", 1024 },
	{ "kb", 1024 },
	{ "kib", 1024 },
	{ "m", 1024 * 1024 },
	{ "mb", 1024 * 1024 },
	{ "mib", 1024 * 1024 },
	{ "g", 1024 * 1024 * 1024 },
	{ "gb", 1024 * 1024 * 1024 },
	{ "gib", 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static int
unit_parse(const char *text, const struct unit *units, double *out)
{
	char digits[32];
	size_t n = strspn(text, "0123456789."), i;
	char *end;

	if (n == 0 || n >= sizeof(digits))
		return -1;
	memcpy(digits, text, n);
	digits[n] = '\0';
	*out = strtod(digits, &end);
	if (*end != '\0')
		return -1;
	text += n;
	text += strspn(text, " ");
	for (i = 0; units[i].name != NULL; i++)
		if (strcasecmp(units[i].name, text) == 0) {
			*out *= units[i].factor;
			return 0;
		}
	return -1;
}

static int
real_parse(const char *text, double *out)
{
	char *end;

	/* No hex, no "inf": only what a person writes. */
	if (text[0] == '\0' || strspn(text, "+-0123456789.eE") != strlen(text))
		return -1;
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out) ? 0 : -1;
}

int
config_span(const char *text, int64_t min, int64_t max, int64_t *ms)
{
	double value;

	if (unit_parse(text, SPAN_UNITS, &value) == -1 || value < (double)min
	    || value > (double)max)
		return -1;
	*ms = (int64_t)value;
	return 0;
}

int
config_number_parse(const struct config_def *def, const char *text, double *out)
{
	int64_t whole;
	int rc;

	switch (def->type) {
	case CONFIG_INT:
		rc = text_int(text, &whole);
		if (rc == 0)
			*out = (double)whole;
		break;
	case CONFIG_REAL:
		rc = real_parse(text, out);
		break;
	case CONFIG_SPAN:
		rc = unit_parse(text, SPAN_UNITS, out);
		break;
	default:
		rc = unit_parse(text, SIZE_UNITS, out);
		break;
	}
	if (rc == -1)
		return -1;
	if ((def->min != 0 || def->max != 0)
	    && (*out < def->min || *out > def->max))
		return -1;
	/* What an int64_t and a double both hold exactly. */
	return fabs(*out) > 9007199254740992.0 ? -1 : 0;
}
