/*
 * caller: for whom something is done: whose data, whose limits, whose rights.
 *
 * The one name of it for requests (fcgi/), turns and calls of tools, so that
 * none of them makes its own.  All members are borrowed and live as long as
 * the request or the turn; NULL: there is none, or nobody knows.
 */
#ifndef NOUNS_CALLER_H
#define NOUNS_CALLER_H

struct caller {
	const char *tenant;     /* who pays and owns the data */
	const char *connection; /* the bot or installation it came by */
	const char *key;        /* the API key's id, never the key */
	const char *role;       /* what that key may do */
	const char *person;     /* who wrote, as the platform names them */
};

#endif
