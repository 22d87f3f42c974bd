/*
 * host_log: a line in the log of this host (syslog; systemd's journal), for
 * what an auditor looks for there.  Nothing where the host has none.
 */
#ifndef CLI_HOST_LOG_H
#define CLI_HOST_LOG_H

#include "base/base.h"

void host_log(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
