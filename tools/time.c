#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "tools/builtin.h"

#define ZONE_MAX 64
#define OFFSET_MAX_MIN (14 * 60)

/* "+02:00", "-0530", "UTC", "Z": minutes east of UTC. */
static bool
offset_of(const char *zone, int *minutes)
{
	int h, m = 0, end = 0;
	char sign;

	if (strcmp(zone, "UTC") == 0 || strcmp(zone, "Z") == 0
	    || strcmp(zone, "GMT") == 0) {
		*minutes = 0;
		return true;
	}
	if (sscanf(zone, "%c%2d:%2d%n", &sign, &h, &m, &end) != 3
	    && sscanf(zone, "%c%2d%2d%n", &sign, &h, &m, &end) != 3) {
		m = 0;
		if (sscanf(zone, "%c%2d%n", &sign, &h, &end) != 2)
			return false;
	}
	if (zone[end] != '\0' || (sign != '+' && sign != '-') || h < 0 || m < 0
	    || m > 59 || h * 60 + m > OFFSET_MAX_MIN)
		return false;
	*minutes = sign == '-' ? -(h * 60 + m) : h * 60 + m;
	return true;
}

/* The offset that an IANA zone has now, from its TZif file: the last
 * transition that lies behind us (64-bit block, RFC 8536). */
static uint32_t
be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8
	    | p[3];
}

static bool
zone_file(const char *zone, unsigned char **bytes, size_t *len)
{
	char path[ZONE_MAX + 32];
	struct stat sb;
	FILE *f;
	bool ok = false;

	if (strlen(zone) > ZONE_MAX || strstr(zone, "..") != NULL
	    || zone[0] == '/'
	    || strspn(zone,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789_+-/")
		!= strlen(zone))
		return false;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fstat(fileno(f), &sb) == 0 && S_ISREG(sb.st_mode)
	    && sb.st_size < 65536) {
		*bytes = malloc((size_t)sb.st_size + 1);
		if (*bytes == NULL)
			abort();
		*len = fread(*bytes, 1, (size_t)sb.st_size, f);
		ok = *len > 44 && memcmp(*bytes, "TZif", 4) == 0;
		if (!ok)
			free(*bytes);
	}
	fclose(f);
	return ok;
}

static bool
zone_offset(const char *zone, int64_t now_s, int *minutes)
{
	unsigned char *bytes, *p, *end;
	size_t len, n, i, types;
	bool ok = false;

	if (!zone_file(zone, &bytes, &len))
		return false;
	end = bytes + len;
	p = bytes;
	/* Skip the 32-bit block: header and counts say how long it is. */
	if (p[4] >= '2') {
		size_t skip = 44 + be32(p + 32) * 5 + be32(p + 36) * 6
		    + be32(p + 40) + be32(p + 28) * 8 + be32(p + 24)
		    + be32(p + 20);

		if (skip + 44 <= len) {
			p += skip;
			n = be32(p + 32);
			types = be32(p + 36);
			p += 44;
			if (types > 0 && p + n * 9 + types * 6 <= end) {
				size_t type = 0;

				for (i = 0; i < n; i++) {
					int64_t at = (int64_t)((uint64_t)be32(
								   p + i * 8)
						<< 32
					    | be32(p + i * 8 + 4));

					if (at > now_s)
						break;
					type = p[n * 8 + i];
				}
				if (type < types) {
					*minutes = (int32_t)be32(
						       p + n * 9 + type * 6)
					    / 60;
					ok = true;
				}
			}
		}
	}
	free(bytes);
	return ok;
}

void
time_call(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *zone = json_member_str(arguments, "zone");
	int64_t now = clock_wall_ms() / 1000;
	time_t shifted;
	struct tm tm;
	char text[64];
	int minutes = 0;

	(void)ctx;
	if (zone == NULL || zone[0] == '\0')
		zone = "UTC";
	if (!offset_of(zone, &minutes) && !zone_offset(zone, now, &minutes)) {
		tool_result_say(mem, result, TOOL_FAILED,
		    arena_printf(mem,
			"unknown zone \"%.64s\": expected UTC, an offset such "
			"as +02:00, or a name such as Europe/Berlin",
			zone));
		return;
	}
	shifted = (time_t)(now + (int64_t)minutes * 60);
	gmtime_r(&shifted, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	tool_result_say(mem, result, TOOL_DONE,
	    arena_printf(mem, "%s%c%02d:%02d", text, minutes < 0 ? '-' : '+',
		abs(minutes) / 60, abs(minutes) % 60));
}
