/*
 * request_priv: a request's way from FastCGI parameters, for this folder.
 */
#ifndef FCGI_REQUEST_PRIV_H
#define FCGI_REQUEST_PRIV_H

#include "fcgi/request.h"

/*
 * Fill ${req} from ${envp} ("NAME=value", NULL-terminated, borrowed); mem,
 * edge and settings are set by the caller.  0, or the status of a refusal
 * (400), with its reason in ${why}.
 */
int request_begin(struct request *req, char *const *envp,
    const char **why) WARN_UNUSED;

/* A FastCGI parameter; NULL when absent. */
const char *request_env(const struct request *req, const char *name);

/* %XX undone once; NULL: a bad escape, a NUL, or not UTF-8. */
char *request_decode(struct arena *mem, const char *s, size_t len, bool form);

const char *method_name(enum method m);

/*
 * route.c: does the pattern of ${route} match the raw path?  Captured segments
 * are decoded into the request's parameters; an escaped slash stays inside its
 * segment.
 */
struct route;
bool route_matches(struct request *req, const struct route *route,
    const char *raw, size_t len);

#endif
