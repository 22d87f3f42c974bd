/*
 * routes: THE table of the HTTP surface.  Who may call, and how much they may
 * send, stands here and is checked by fcgi/router before a handler runs.
 */
#include "handlers/handlers.h"

#define PATH_MESSAGE "/chat/{chat_id}/messages/{message_id}"

/* The most that server.body_max allows. */
#define CHAT_BODY_MAX (64 * MIB)

const struct route ROUTES[] = {
	{ M_POST, "/chat", verify_proxy_secret, CHAT_BODY_MAX, handle_chat,
	    ROUTE_JSON | ROUTE_BODY_SET },
	{ M_GET | M_HEAD, PATH_MESSAGE, verify_proxy_secret, 0,
	    handle_chat_message, 0 },
	{ M_GET | M_HEAD, "/health", NULL, 0, handle_health, ROUTE_QUIET },
	{ M_GET | M_HEAD, "/ready", NULL, 0, handle_ready, ROUTE_QUIET },
	{ M_GET | M_HEAD, "/metrics", verify_metrics, 0, handle_metrics,
	    ROUTE_QUIET },
	{ 0, NULL, NULL, 0, NULL, 0 },
};
