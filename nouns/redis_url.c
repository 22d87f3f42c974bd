#include "nouns/redis_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PORT_DEFAULT 6379
#define DB_MAX 1000000 /* more than anyone's "databases" */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A copy with %XX undone; NULL: not a valid escape, or an escaped NUL. */
static char *
unescape(const char *s, size_t len)
{
	char *out = malloc(len + 1);
	size_t n = 0;

	if (out == NULL)
		abort(); /* out of memory ends the worker */
	for (size_t i = 0; i < len; i++, n++) {
		int hi, lo;

		if (s[i] != '%') {
			out[n] = s[i];
			continue;
		}
		if (len - i < 3)
			goto bad;
		hi = hex_digit(s[i + 1]);
		lo = hex_digit(s[i + 2]);
		if (hi < 0 || lo < 0 || hi * 16 + lo == 0)
			goto bad;
		out[n] = (char)(hi * 16 + lo);
		i += 2;
	}
	out[n] = '\0';
	return out;
bad:
	free(out);
	return NULL;
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static int
parse_number(const char *s, size_t len, int64_t max, int *out)
{
	char text[16] = "";
	int64_t n;

	if (len == 0 || len >= sizeof(text))
		return -1;
	memcpy(text, s, len);
	if (text_int(text, &n) == -1 || n < 0 || n > max)
		return -1;
	*out = (int)n;
	return 0;
}

/* "user:password@" in front of a host or path; what is behind it. */
static const char *
parse_login(const char *s, struct redis_url *url, const char **why)
{
	size_t len = strcspn(s, "/?");
	const char *at = NULL, *colon;

	for (size_t i = 0; i < len; i++)
		if (s[i] == '@')
			at = s + i; /* the last one: a password may hold it */
	if (at == NULL)
		return s;
	colon = memchr(s, ':', (size_t)(at - s));
	if (colon == NULL)
		colon = s - 1; /* one word is a password */
	else if (colon > s) {
		url->user = unescape(s, (size_t)(colon - s));
		if (url->user == NULL)
			goto bad;
	}
	url->password = unescape(colon + 1, (size_t)(at - colon - 1));
	if (url->password == NULL)
		goto bad;
	return at + 1;
bad:
	*why = "user and password: a % must be written as %25";
	return NULL;
}

static int
parse_query(const char *s, struct redis_url *url, const char **why)
{
	if (*s == '\0')
		return 0;
	if (begins(s, "?db=")
	    && parse_number(s + 4, strlen(s + 4), DB_MAX, &url->db) == 0)
		return 0;
	*why = "after the address only ?db=NUMBER is known";
	return -1;
}

static int
parse_unix(const char *s, bool absolute, struct redis_url *url,
    const char **why)
{
	size_t len;

	s = parse_login(s, url, why);
	if (s == NULL)
		return -1;
	len = strcspn(s, "?");
	if (len == 0 || (absolute && (len < 2 || *s != '/'))) {
		*why = "a unix socket is written unix:///absolute/path, or "
		       "unix:path";
		return -1;
	}
	url->path = unescape(s, len);
	if (url->path == NULL) {
		*why = "the path: a % must be written as %25";
		return -1;
	}
	return parse_query(s + len, url, why);
}

static int
parse_tcp(const char *s, struct redis_url *url, const char **why)
{
	const char *host;
	size_t len;

	s = parse_login(s, url, why);
	if (s == NULL)
		return -1;
	if (*s == '[') { /* an IPv6 address */
		host = ++s;
		len = strcspn(s, "]/?");
		if (s[len] != ']') {
			*why = "an IPv6 address ends in ]";
			return -1;
		}
		s += len + 1;
	} else {
		host = s;
		len = strcspn(s, ":/?");
		s += len;
	}
	url->host = len == 0 ? unescape("localhost", 9) : unescape(host, len);
	if (url->host == NULL) {
		*why = "not a host name";
		return -1;
	}
	url->port = PORT_DEFAULT;
	if (*s == ':') {
		len = strcspn(++s, "/?");
		if (parse_number(s, len, 65535, &url->port) == -1
		    || url->port == 0) {
			*why = "the port is a number from 1 to 65535";
			return -1;
		}
		s += len;
	}
	if (*s == '/') {
		len = strcspn(++s, "?");
		if (len > 0 && parse_number(s, len, DB_MAX, &url->db) == -1) {
			*why = "after the / stands the number of a database";
			return -1;
		}
		s += len;
	}
	return parse_query(s, url, why);
}

int
redis_url_parse(const char *text, struct redis_url *url, const char **why)
{
	int rc = -1;

	*url = (struct redis_url){ 0 };
	if (begins(text, "redis://"))
		rc = parse_tcp(text + 8, url, why);
	else if (begins(text, "unix://"))
		rc = parse_unix(text + 7, true, url, why);
	else if (begins(text, "unix:")) /* relative: the quickstart's */
		rc = parse_unix(text + 5, false, url, why);
	else if (begins(text, "redis+unix://"))
		rc = parse_unix(text + 13, true, url, why);
	else if (begins(text, "rediss://"))
		*why = "rediss:// (TLS) is not supported: put stunnel in "
		       "front of Redis and use redis://, or unix:///PATH";
	else
		*why = "expected redis://[USER:PASSWORD@]HOST[:PORT][/DB] or "
		       "unix:///PATH[?db=DB]";
	if (rc == -1)
		redis_url_free(url);
	return rc;
}

void
redis_url_free(struct redis_url *url)
{
	free(url->path);
	free(url->host);
	free(url->user);
	if (url->password != NULL)
		explicit_bzero(url->password, strlen(url->password));
	free(url->password);
	*url = (struct redis_url){ 0 };
}
