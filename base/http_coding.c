/*
 * http_coding: whether a body is encoded as its headers say.
 *
 * curl decodes by the label alone, and its decoder ends the transfer when it
 * meets anything else.  So curl is told to leave a body as it is before its
 * first byte comes.  A newer libcurl (8.5; Debian 13 has 8.14) decides at the
 * label and hears nothing of it later: there such a body is HTTP_BROKEN, as any
 * damaged one.
 *
 * Seen: bodies that a gateway decoded and left labelled, or encoded though
 * nobody asked (agentgateway/agentgateway#621,
 * Anionex/agent-vision-toolkit#36), br (openai/codex#37228), and servers in
 * Java and .NET that put a charset into Content-Encoding.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/http_priv.h"

#define GZIP_FIRST 0x1f /* byte of each gzip body; no text begins so */

static bool
is_one_of(const char *name, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strncasecmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Charsets (of servers in Java), framings and media types, as they begin. */
static bool
is_no_coding(const char *name)
{
	static const char *const NAMES[] = { "utf", "us-ascii", "ascii",
		"iso-8859", "windows-", "charset", "chunked", "none", "null",
		"binary", "7bit", "8bit", "text", "application", "json" };

	return is_one_of(name, NAMES, NELEM(NAMES));
}

static int
on_raw(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
	struct transfer *t = arg;
	size_t i = 0;

	if (type != CURLINFO_DATA_IN || !t->headed)
		return 0;
	for (; t->in_chunk_head && i < len; i++)
		t->in_chunk_head = bytes[i] != '\n';
	if (i == len)
		return 0;
	if ((unsigned char)bytes[i] != GZIP_FIRST)
		curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L);
	return 0;
}

static char accepted[64];

void
http_coding_start(void)
{
	/* In curl's order. */
	static const struct {
		int feature;
		const char *name;
	} CODINGS[] = { { CURL_VERSION_LIBZ, "deflate, gzip" },
		{ CURL_VERSION_BROTLI, "br" }, { CURL_VERSION_ZSTD, "zstd" } };
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	size_t i, n;

	n = (size_t)snprintf(accepted, sizeof(accepted), "Accept-Encoding:");
	for (i = 0; i < NELEM(CODINGS); i++)
		if ((v->features & CODINGS[i].feature) != 0)
			n += (size_t)snprintf(accepted + n,
			    sizeof(accepted) - n, "%s %s",
			    accepted[n - 1] == ':' ? "" : ",", CODINGS[i].name);
}

const char *
http_coding_accepted(void)
{
	return accepted;
}

void
http_coding_set(struct transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 1L);
	curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 0L);
}

void
http_coding_look(struct transfer *t)
{
	static const char *const GZIP[] = { "gzip", "x-gzip" };

	if (t->encoding[0] == '\0')
		return;
	if (is_no_coding(t->encoding)) {
		t->encoding[0] = '\0';
		curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	} else if (is_one_of(t->encoding, GZIP, NELEM(GZIP))) {
		t->in_chunk_head = t->length == LENGTH_CHUNKS;
		curl_easy_setopt(t->easy, CURLOPT_DEBUGFUNCTION, on_raw);
		curl_easy_setopt(t->easy, CURLOPT_DEBUGDATA, t);
		curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 1L);
	}
}
