/*
 * http_url: the operator's addresses, taken apart once.
 *
 * A worker asks the same few addresses for months.  curl would read each
 * anew, and write it again from its parts, for every request.
 */
#include <stdlib.h>
#include <string.h>

#include "base/http_priv.h"

/* The first that are asked; those after them are read each time. */
#define KNOWN_MAX 16

static struct { /* of the engine's thread, until it ends */
	char *text[KNOWN_MAX];
	CURLU *parts[KNOWN_MAX];
	size_t n;
} U;

static CURLU *
take_apart(const char *url)
{
	CURLU *u = curl_url();

	/* With the flags that curl itself reads an address with. */
	if (u != NULL
	    && curl_url_set(u, CURLUPART_URL, url,
		   CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME)
		!= CURLUE_OK) {
		curl_url_cleanup(u);
		u = NULL;
	}
	return u;
}

/* NULL: curl reads it from the text. */
static CURLU *
known(const struct http_request *req)
{
	size_t i;

	if ((req->flags & HTTP_OPERATOR) == 0)
		return NULL; /* of those there may be any number */
	for (i = 0; i < U.n; i++)
		if (strcmp(U.text[i], req->url) == 0)
			return U.parts[i];
	if (i == KNOWN_MAX)
		return NULL;
	U.parts[i] = take_apart(req->url);
	U.text[i] = U.parts[i] == NULL ? NULL : strdup(req->url);
	if (U.text[i] == NULL) {
		curl_url_cleanup(U.parts[i]);
		return NULL;
	}
	U.n++;
	return U.parts[i];
}

void
http_url_set(struct transfer *t)
{
	/* Both: the parts hold where it goes, the text is for curl's words.  In
	 * this order: in curl 8.14 (Debian 13) the parts, NULL too, make it
	 * forget the text that was set before. */
	curl_easy_setopt(t->easy, CURLOPT_CURLU, known(&t->req));
	curl_easy_setopt(t->easy, CURLOPT_URL, t->req.url);
}

void
http_url_stop(void)
{
	while (U.n > 0) {
		U.n--;
		explicit_bzero(U.text[U.n], strlen(U.text[U.n]));
		free(U.text[U.n]);
		curl_url_cleanup(U.parts[U.n]);
	}
}
