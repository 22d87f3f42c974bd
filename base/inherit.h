/*
 * inherit: sockets that whoever started us holds open and gave us by name.
 *
 * As systemd says it (sd_listen_fds_with_names(3)), and dragoman-supervise:
 * $LISTEN_FDS of them, from descriptor 3 on, with the names in $LISTEN_FDNAMES;
 * they are meant for the process $LISTEN_PID alone.
 */
#ifndef BASE_INHERIT_H
#define BASE_INHERIT_H

#include "base/base.h"

#define INHERIT_NAME_MAX 255

/* Could ${name} be one?  Letters, digits, '_', '-' and '.'. */
bool inherit_is_name(const char *name);

/* The descriptor of the first one named ${name}; -1 with errno: none. */
int inherit_socket(const char *name);

#endif
