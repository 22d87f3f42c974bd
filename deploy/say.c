#include "deploy/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAY_MAX 512 /* of a line; the rest is cut */

void
say(const char *fmt, ...)
{
	char line[SAY_MAX];
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;
	size_t n;

	gmtime_r(&now, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n);
}

_Noreturn void
say_fatal(const char *what, const char *detail)
{
	say("%s %s: %s", what, detail, strerrordesc_np(errno));
	exit(1);
}
