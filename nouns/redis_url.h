/*
 * redis_url: the form of redis.url, for who checks the settings and for redis/,
 * which leads links there.
 *
 *   redis://[USER:PASSWORD@]HOST[:PORT][/DB]
 *   unix:///PATH, unix:PATH (relative), redis+unix:///PATH, each with
 *   [USER:PASSWORD@] before the path, and ?db=DB behind it
 *
 * %XX is undone in all but numbers.
 */
#ifndef NOUNS_REDIS_URL_H
#define NOUNS_REDIS_URL_H

#include "base/base.h"

struct redis_url {
	char *path; /* of a unix socket; NULL: host and port */
	char *host;
	int port;
	char *user; /* NULL: none */
	char *password;
	int db;
};

/* -1, and the reason, which quotes nothing: the text may hold a password. */
int redis_url_parse(const char *text, struct redis_url *url,
    const char **why) WARN_UNUSED;
void redis_url_free(struct redis_url *url);

#endif
