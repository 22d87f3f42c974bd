/*
 * http_end: how a transfer ended, as callers are told and in words.
 *
 * Whoever reads them mends something: a sentence says what it is, and where
 * it is not plain, what to do.  No host, no address, nothing of a peer's but
 * the name of an encoding.
 */
#include <stdio.h>
#include <string.h>

#include "base/http_priv.h"

#define SAY(t, by, ...)                \
	((t)->cause = HTTP_CAUSE_##by, \
	    snprintf((t)->why, sizeof((t)->why), __VA_ARGS__))

#define UNKNOWN_AUTHORITY                                                \
	"certificate is of an unknown authority: name a file with that " \
	"authority's certificate as http.ca_file (DRAGOMAN_CA_FILE)"

/* OpenSSL's numbers (X509_V_ERR_*), by CURLINFO_SSL_VERIFYRESULT.  Before it
 * stands "the server's" or "the proxy's". */
static const struct {
	long number;
	enum http_cause cause;
	const char *why;
} certificates[] = {
	{ 7, HTTP_CAUSE_AUTHORITY, UNKNOWN_AUTHORITY },
	{ 9, HTTP_CAUSE_EARLY,
	    "certificate is not valid yet: is this machine's clock right?" },
	{ 10, HTTP_CAUSE_CERTIFICATE,
	    "certificate has expired: its operator must renew it" },
	{ 18, HTTP_CAUSE_AUTHORITY,
	    "certificate is self-signed: if it is the right server, name a "
	    "file with this certificate as http.ca_file (DRAGOMAN_CA_FILE)" },
	{ 19, HTTP_CAUSE_AUTHORITY, UNKNOWN_AUTHORITY },
	{ 20, HTTP_CAUSE_AUTHORITY, UNKNOWN_AUTHORITY },
	{ 21, HTTP_CAUSE_CERTIFICATE,
	    "certificate comes without those between it and a known "
	    "authority: its operator must add them" },
};

#define OLD_TLS "the server speaks no TLS 1.2 or newer"
#define ENDED_HANDSHAKE "the server ended the TLS handshake"

/* By words of curl's and OpenSSL's. */
static const struct {
	const char *words;
	enum http_cause cause;
	const char *why;
	bool passing; /* an end, as of a server that starts */
} handshakes[] = {
	{ "alert protocol version", HTTP_CAUSE_OLD_TLS, OLD_TLS, false },
	{ "unsupported protocol", HTTP_CAUSE_OLD_TLS, OLD_TLS, false },
	{ "wrong version number", HTTP_CAUSE_NEEDS_HTTP,
	    "the server does not speak TLS on this port: is the port right, "
	    "or should the address begin with http://?",
	    false },
	{ "packet length too long", HTTP_CAUSE_NEEDS_HTTP,
	    "the server does not speak TLS on this port: is the port right?",
	    false },
	{ "http request", HTTP_CAUSE_NEEDS_HTTP,
	    "the server does not speak TLS on this port", false },
	{ "unrecognized name", HTTP_CAUSE_NOT_ITS_HOST,
	    "the server does not know the host's name: check it in the address",
	    false },
	{ "handshake failure", HTTP_CAUSE_OLD_TLS,
	    "the server and this machine have no way of encryption in common",
	    false },
	{ "certificate required", HTTP_CAUSE_CLIENTS_CERTIFICATE,
	    "the server wants a certificate of its client: that is not offered "
	    "here",
	    false },
	{ "unexpected eof", HTTP_CAUSE_TLS, ENDED_HANDSHAKE, true },
	{ "SSL_ERROR_SYSCALL", HTTP_CAUSE_TLS, ENDED_HANDSHAKE, true },
	{ "reset by peer", HTTP_CAUSE_TLS, ENDED_HANDSHAKE, true },
};

static bool
is_certificate(struct transfer *t)
{
	long number = 0, proxys = 0;
	size_t i;

	curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &number);
	curl_easy_getinfo(t->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &proxys);
	if (proxys != 0)
		number = proxys;
	for (i = 0; i < NELEM(certificates); i++)
		if (certificates[i].number == number) {
			SAY(t, OTHER, "the %s's %s",
			    proxys != 0 ? "proxy" : "server",
			    certificates[i].why);
			t->cause = certificates[i].cause;
			if (proxys != 0 && t->cause == HTTP_CAUSE_CERTIFICATE)
				t->cause = HTTP_CAUSE_PROXYS_CERTIFICATE;
			return true;
		}
	return false;
}

static void
why_certificate(struct transfer *t)
{
	if (strstr(t->error, "subject name") != NULL)
		SAY(t, OTHER_NAME,
		    "the server's certificate is for another name: check "
		    "the host in the address");
	else if (!is_certificate(t))
		SAY(t, CERTIFICATE, "the server's certificate is not accepted");
	t->lasting = true;
}

static void
why_handshake(struct transfer *t)
{
	size_t i;

	if (is_certificate(t)) { /* a wrong signature, for one */
		t->lasting = true;
		return;
	}
	for (i = 0; i < NELEM(handshakes); i++)
		if (strstr(t->error, handshakes[i].words) != NULL) {
			SAY(t, OTHER, "%s", handshakes[i].why);
			t->cause = handshakes[i].cause;
			t->lasting = !handshakes[i].passing;
			return;
		}
	SAY(t, TLS, "no TLS connection: the handshake failed");
}

static void
why_connect(struct transfer *t)
{
	long err = 0;
	char text[64];

	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &err);
	SAY(t, CONNECT, "cannot connect%s: %s",
	    t->proxied ? " to the proxy" : "",
	    err == 0 ? "no answer" : strerror_r((int)err, text, sizeof(text)));
	if (t->proxied)
		t->cause = HTTP_CAUSE_PROXY;
}

/* Before the request began to leave. */
static void
why_unreached(struct transfer *t, CURLcode code)
{
	long status = 0;

	switch (code) {
	case CURLE_COULDNT_CONNECT:
		why_connect(t);
		return;
	case CURLE_COULDNT_RESOLVE_HOST:
		SAY(t, NO_HOST,
		    "cannot connect: the host's name has no address");
		return;
	case CURLE_COULDNT_RESOLVE_PROXY:
		SAY(t, PROXY,
		    "cannot connect: the proxy's name has no address");
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		why_certificate(t);
		return;
	case CURLE_SSL_CACERT_BADFILE:
		http_ca_failed();
		SAY(t, CA_FILE,
		    "the file of trusted certificates cannot be read: "
		    "check http.ca_file, or install ca-certificates");
		t->lasting = true;
		return;
	case CURLE_SSL_CONNECT_ERROR:
		why_handshake(t);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		SAY(t, OTHER, "no connection within %d ms", t->req.connect_ms);
		return;
	default:
		break;
	}
	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	/* 5xx: it does not reach the server just now. */
	t->lasting = t->proxied && status >= 300 && status < 500;
	if (t->proxied && status == 407)
		SAY(t, PROXY_LOGIN,
		    "the proxy wants a user and a password: write them in "
		    "http.proxy as http://USER:PASSWORD@HOST:PORT");
	else if (t->proxied && status >= 300)
		SAY(t, PROXY,
		    "the proxy refused the connection with status %ld: "
		    "check http.proxy",
		    status);
	else if (t->unprocessed)
		SAY(t, OTHER,
		    "the server closed the connection before the request "
		    "reached it");
	else
		SAY(t, CONNECT, "cannot connect: %s", curl_easy_strerror(code));
}

static enum http_rc
too_large(struct transfer *t)
{
	if (t->long_headers)
		SAY(t, OTHER, "the answer's headers are longer than %zu bytes",
		    HEADERS_BYTES_MAX);
	else
		SAY(t, OTHER, "the answer is longer than %zu bytes",
		    t->req.body_max);
	return HTTP_TOO_LARGE;
}

static void
why_encoding(struct transfer *t)
{
	if (strstr(t->error, "Unrecognized") != NULL)
		SAY(t, OTHER,
		    "the answer has an encoding that is not known here: "
		    "%s",
		    t->encoding);
	else
		SAY(t, OTHER, "the answer is damaged: it is not %s as it says",
		    t->encoding);
}

/* After the request began to leave. */
/* The answer, or what there is of it, was cut by ${what}. */
static void
why_cut(struct transfer *t, const char *what)
{
	SAY(t, OTHER, "cut %s: %s",
	    t->headed            ? "in the answer"
		: t->status != 0 ? "in the answer's headers"
				 : "before an answer",
	    what);
	if (!t->headed && t->status == 0)
		t->cause = HTTP_CAUSE_CUT;
}

static enum http_rc
broken(struct transfer *t, CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		/* An alert of TLS, most often. */
		t->lasting = t->req.url[4] == ':';
		SAY(t, OTHER, "the server does not speak HTTP%s",
		    t->lasting ? " on this port: if it speaks TLS, the "
				 "address must begin with https://"
			       : "");
		if (t->lasting)
			t->cause = HTTP_CAUSE_NEEDS_HTTPS;
		return HTTP_BROKEN;
	case CURLE_BAD_CONTENT_ENCODING:
		why_encoding(t);
		return HTTP_BROKEN;
	case CURLE_OPERATION_TIMEDOUT:
		why_cut(t, curl_easy_strerror(code));
		return HTTP_TIMEOUT;
	case CURLE_RECV_ERROR:
		if (strstr(t->error, "chunk") != NULL) {
			SAY(t, OTHER,
			    "the answer is damaged: its chunks are wrong");
			return HTTP_BROKEN;
		}
		break;
	case CURLE_OK: /* curl takes an end in the headers for their end */
	case CURLE_ABORTED_BY_CALLBACK: /* HTTP_ONCE: no second sending */
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		break;
	default:
		why_cut(t, curl_easy_strerror(code));
		return HTTP_BROKEN;
	}
	t->conn_ended = true;
	why_cut(t, "the server ended the connection");
	return HTTP_BROKEN;
}

/*
 * The body had no length, and TLS ended without its notice.  For libcurl 7 that
 * is an end as any; newer ones tell it.  Whoever reads such a body sees
 * by itself whether it is whole (http.h).
 */
static bool
ended_without_notice(const struct transfer *t, CURLcode code)
{
	return code == CURLE_RECV_ERROR && t->length == LENGTH_UNSAID
	    && strstr(t->error, "unexpected eof") != NULL;
}

enum http_rc
http_end_of(struct transfer *t, CURLcode code)
{
	if (t->headed && (code == CURLE_OK || ended_without_notice(t, code))) {
		http_ca_served(t->ca);
		t->conn_ended = t->length == LENGTH_UNSAID
		    && http_transfer_has_body(t);
		return HTTP_OK;
	}
	http_kept_end(t);
	if (code == CURLE_URL_MALFORMAT) {
		SAY(t, OTHER, "not a valid address");
		return HTTP_BLOCKED;
	}
	if (t->over
	    && (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED))
		return too_large(t);
	if (t->blocked && !t->tried) {
		SAY(t, OTHER, "the address is not on the public internet");
		return HTTP_BLOCKED;
	}
	if (t->sent)
		return broken(t, code);
	t->conn_ended = t->unprocessed;
	why_unreached(t, code);
	return HTTP_UNREACHED;
}
