#include "cli/host_log.h"

#include <stdarg.h>
#include <syslog.h> /* its names are those of base/log.h, too */

void
host_log(const char *fmt, ...)
{
	va_list ap;

	openlog("dragoman", LOG_PID, LOG_AUTH);
	va_start(ap, fmt);
	vsyslog(LOG_NOTICE, fmt, ap);
	va_end(ap);
	closelog();
}
