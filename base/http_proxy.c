/*
 * http_proxy: the way out that the operator named.
 *
 * It is taken for https:// addresses of the operator's configuration alone.
 * Which address a proxy connects to can't be seen from here, so users'
 * addresses (http_guard) go direct; and what is sent in the clear, or to this
 * machine or its network, has no business there.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <config.h>

#include "base/http_priv.h"
#include "base/log.h"

#define EXCEPT_MAX (16 * KIB)

/* Hosts and nets as curl reads them: loopback, private and link-local. */
static const char NEAR[]
    = "localhost,127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,"
      "169.254.0.0/16,::1/128,fc00::/7,fe80::/10";

static struct { /* constant between start and stop */
	char *url;
	char *except;
} X;

bool
http_proxy_takes(const char *text)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	bool is = false;

	if (u == NULL)
		abort();
	if (curl_url_set(u, CURLUPART_URL, text,
		CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME)
		== CURLUE_OK
	    && curl_url_get(u, CURLUPART_SCHEME, &scheme, CURLU_DEFAULT_SCHEME)
		== CURLUE_OK)
		is = strstr(text, "://") == NULL
		    || strcasecmp(scheme, "http") == 0
		    || strcasecmp(scheme, "https") == 0;
	curl_free(scheme);
	curl_url_cleanup(u);
	return is;
}

int
http_proxy_start(const char *url, const char *const *except)
{
	struct buf b = BUF_INIT(EXCEPT_MAX);
	size_t i;
	int rc = 0;

	if (url == NULL || url[0] == '\0')
		return 0;
	if (!http_proxy_takes(url)) {
		log_event(LOG_ERROR, "http_proxy_refused",
		    F_STR("remedy",
			"http.proxy must be http://HOST:PORT or "
			"https://HOST:PORT, with USER:PASSWORD@ before HOST "
			"if it wants them"));
		return -1;
	}
	rc = buf_add_str(&b, NEAR);
	for (i = 0; rc == 0 && except != NULL && except[i] != NULL; i++)
		rc = buf_printf(&b, ",%s", except[i]);
	if (rc == 0) {
		X.url = strdup(url);
		X.except = strdup(buf_str(&b));
		if (X.url == NULL || X.except == NULL)
			abort();
	}
	buf_fini(&b);
	return rc;
}

void
http_proxy_stop(void)
{
	if (X.url != NULL)
		explicit_bzero(X.url, strlen(X.url)); /* with its password */
	free(X.url);
	free(X.except);
	X.url = X.except = NULL;
}

void
http_proxy_set(struct transfer *t, bool is_tls)
{
	bool wanted = X.url != NULL && is_tls
	    && (t->req.flags & HTTP_OPERATOR) != 0;

	if (wanted == t->proxied)
		return;
	t->proxied = wanted;
	curl_easy_setopt(t->easy, CURLOPT_PROXY, wanted ? X.url : "");
	/* For CONNECT, which has none of the request's lines. */
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT,
	    wanted ? TRANSFER_AGENT : NULL);
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, X.except);
}
