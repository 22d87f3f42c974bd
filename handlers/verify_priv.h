/*
 * verify_priv: what is asked of who asks, for this folder.
 */
#ifndef HANDLERS_VERIFY_PRIV_H
#define HANDLERS_VERIFY_PRIV_H

#include "base/base.h"

/*
 * Is the name in ${host} ("localhost:8000"; NULL: there is none) one of this
 * machine's own?  A web page that is open in a browser here can point its own
 * name at 127.0.0.1, and a tunnel makes every stranger a local client; both
 * show in Host.
 */
bool verify_host_is_loopback(const char *host);

#endif
