/*
 * handlers: the HTTP surface, a file per noun.  THE table is routes.c.
 */
#ifndef HANDLERS_HANDLERS_H
#define HANDLERS_HANDLERS_H

#include "fcgi/router.h"

extern const struct route ROUTES[];

int handle_chat(struct request *req);          /* POST /chat */
int handle_chat_message(struct request *req);  /* GET /chat/{}/messages/{} */
int handle_mcp(struct request *req);           /* POST /mcp, /sse */
int handle_mcp_preflight(struct request *req); /* OPTIONS of both */
int handle_mcp_get(struct request *req);       /* GET of both */
int handle_mcp_delete(struct request *req);    /* DELETE of both */
int handle_mcp_messages(struct request *req);  /* POST /messages/ */
int handle_health(struct request *req);
int handle_ready(struct request *req);
int handle_metrics(struct request *req);

/* verify.c: as route.h says */
int verify_proxy_secret(struct request *req, struct refusal *why);
/* loopback or listed */
int verify_metrics(struct request *req, struct refusal *why);

/* mcp_who.c, mcp_refuse.c: the same for /mcp */
int verify_mcp(struct request *req, struct refusal *why);
int verify_mcp_sse(struct request *req, struct refusal *why); /* 2024-11-05 */
int verify_mcp_origin(struct request *req, struct refusal *why);
int refuse_mcp(struct request *req, const struct refusal *why);

/*
 * What /mcp needs of the process: before its first request, until after its
 * last.  ${ring} is kept, not owned.
 */
struct edge;
struct seal_ring;
void mcp_edge_start(struct edge *e, const struct seal_ring *ring);
void mcp_edge_reload(struct edge *e); /* e->settings changed */
void mcp_edge_stop(struct edge *e);

/*
 * The background look at the fleet (health, ready, metrics): every 2 s.  The
 * first look is made before it returns.  Without e->park (plain CGI) there is
 * no thread: handlers look when they need to.  -1: no thread to be had.
 */
int fleet_watch_start(struct edge *e) WARN_UNUSED;
void fleet_watch_reload(struct edge *e); /* e->settings changed */
void fleet_watch_stop(struct edge *e);

#endif
