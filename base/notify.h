/*
 * notify: telling who started us that we serve, as sd_notify(3) does.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/* "READY=1" to the socket named by $NOTIFY_SOCKET; nothing if that is not set.
 * Whoever does not get it goes on waiting: a failure is not ours to report. */
void notify_ready(void);

#endif
