#include "fcgi/request_priv.h"

#include <arpa/inet.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"

#define HEADER_NAME_MAX 128
#define MADE_ID_BYTES 8

static const struct {
	const char *name;
	enum method method;
} METHODS[] = {
	{ "GET", M_GET },
	{ "HEAD", M_HEAD },
	{ "POST", M_POST },
	{ "PUT", M_PUT },
	{ "DELETE", M_DELETE },
	{ "OPTIONS", M_OPTIONS },
};

const char *
method_name(enum method m)
{
	size_t i;

	for (i = 0; i < NELEM(METHODS); i++)
		if (METHODS[i].method == m)
			return METHODS[i].name;
	return "OTHER";
}

const char *
request_env(const struct request *req, const char *name)
{
	size_t len = strlen(name);
	char *const *e;

	for (e = req->envp; *e != NULL; e++)
		if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return *e + len + 1;
	return NULL;
}

const char *
request_header(const struct request *req, const char *name)
{
	char env[HEADER_NAME_MAX];
	const char *found = NULL;
	char *const *e;
	size_t len, i;

	len = (size_t)snprintf(env, sizeof(env), "HTTP_%s", name);
	if (len >= sizeof(env))
		return NULL;
	for (i = 5; i < len; i++)
		env[i] = env[i] == '-' ? '_'
				       : (char)toupper((unsigned char)env[i]);
	/* nginx before 1.23 passes a repeated header as often as it came. */
	for (e = req->envp; *e != NULL; e++)
		if (strncmp(*e, env, len) == 0 && (*e)[len] == '=')
			found = found == NULL ? *e + len + 1
					      : arena_printf(req->mem, "%s, %s",
						  found, *e + len + 1);
	return found;
}

const char *
request_param(const struct request *req, const char *name)
{
	size_t i;

	for (i = 0; i < REQUEST_PARAMS_MAX && req->params[i].name != NULL; i++)
		if (strcmp(req->params[i].name, name) == 0)
			return req->params[i].value;
	return NULL;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
request_decode(struct arena *mem, const char *s, size_t len, bool form)
{
	char *out = arena_alloc(mem, len + 1);
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		char c = s[i];

		if (c == '%') {
			int hi = i + 2 < len ? hex(s[i + 1]) : -1;
			int lo = i + 2 < len ? hex(s[i + 2]) : -1;

			if (hi == -1 || lo == -1)
				return NULL;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		if (c == '\0')
			return NULL;
		out[n++] = c;
	}
	out[n] = '\0';
	return text_is_utf8(out, n) ? out : NULL;
}

const char *
request_query(struct request *req, const char *name)
{
	size_t len = strlen(name);
	const char *at, *end;

	for (at = req->query; *at != '\0'; at = *end == '&' ? end + 1 : end) {
		end = strchrnul(at, '&');
		if ((size_t)(end - at) > len && strncmp(at, name, len) == 0
		    && at[len] == '=')
			return request_decode(req->mem, at + len + 1,
			    (size_t)(end - at) - len - 1, true);
	}
	return NULL;
}

/* Do the parameters of a type in Accept, up to a comma, refuse it (q=0)? */
static bool
is_refused(const char *s)
{
	for (; *s != '\0' && *s != ','; s++)
		if (*s == ';') {
			s += 1 + strspn(s + 1, " \t");
			if (strncasecmp(s, "q=0", 3) != 0) {
				s--;
				continue;
			}
			s += 3;
			s += *s == '.';
			return strchr(" \t;,", s[strspn(s, "0")]) != NULL;
		}
	return false;
}

bool
request_accepts(const struct request *req, const char *type)
{
	const char *accept = request_header(req, "Accept");
	size_t len = strlen(type);

	for (; accept != NULL && *accept != '\0';
	     accept += strcspn(accept, ","), accept += *accept == ',') {
		accept += strspn(accept, " \t");
		if (strncasecmp(accept, type, len) == 0
		    && strchr(" \t;,", accept[len]) != NULL)
			return !is_refused(accept + len);
	}
	return false;
}

/* CONTENT_LENGTH: 0 when there is none, -1 not a number. */
static int64_t
body_length(const struct request *req)
{
	const char *text = request_env(req, "CONTENT_LENGTH");
	int64_t n;

	if (text == NULL || text[0] == '\0')
		return 0;
	return text_int(text, &n) == -1 || n < 0 ? -1 : n;
}

/* Escape what has a meaning in a path that is still percent-encoded. */
static const char *
encode(struct arena *mem, const char *s)
{
	char *out = arena_alloc(mem, 3 * strlen(s) + 1), *p = out;

	for (; *s != '\0'; s++)
		if (*s == '%' || *s == '?') {
			memcpy(p, *s == '%' ? "%25" : "%3F", 3);
			p += 3;
		} else
			*p++ = *s;
	*p = '\0';
	return out;
}

/* The path as it came, percent-encoded; ends before its query. */
static const char *
raw_path(const struct request *req, size_t *len)
{
	const char *uri = request_env(req, "REQUEST_URI"), *host;

	if (uri == NULL || uri[0] == '\0') {
		/* Plain CGI of few words; these come decoded. */
		uri = request_env(req, "DOCUMENT_URI");
		if (uri == NULL)
			uri = request_env(req, "PATH_INFO");
		uri = uri == NULL ? "" : encode(req->mem, uri);
	} else if (uri[0] != '/') {
		host = strstr(uri, "://"); /* as to a proxy */
		if (host != NULL)
			uri = host + 3 + strcspn(host + 3, "/?");
	}
	*len = strcspn(uri, "?");
	if (*len > 0)
		return uri;
	*len = 1;
	return "/";
}

static void
set_id(struct request *req)
{
	const char *id = request_header(req, "X-Request-Id");
	size_t i, len = id == NULL ? 0 : strlen(id);

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i])
		    && strchr("._-", id[i]) == NULL)
			break;
	if (len > 0 && len < REQUEST_ID_MAX && i == len)
		memcpy(req->id, id, len + 1);
	else
		text_random_hex(MADE_ID_BYTES, req->id);
}

static void
set_remote(struct request *req)
{
	const char *text = request_env(req, "REMOTE_ADDR");
	struct in6_addr v6;
	struct in_addr v4;

	/* No address is no proof of being from here: a web server that was not
	 * told to pass it would open what is for this machine only. */
	if (text == NULL || text[0] == '\0')
		return;
	if (strcmp(text, "unix:") == 0) { /* nginx: a unix socket's client */
		snprintf(req->remote, sizeof(req->remote), "unix");
		req->local = true;
		return;
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&v6)) {
			memcpy(&v4, v6.s6_addr + 12, 4);
			inet_ntop(AF_INET, &v4, req->remote,
			    sizeof(req->remote));
			req->local = v6.s6_addr[12] == 127;
			return;
		}
		inet_ntop(AF_INET6, &v6, req->remote, sizeof(req->remote));
		req->local = IN6_IS_ADDR_LOOPBACK(&v6);
		return;
	}
	if (inet_pton(AF_INET, text, &v4) == 1)
		req->local = ntohl(v4.s_addr) >> 24 == 127;
	snprintf(req->remote, sizeof(req->remote), "%s", text);
}

/*
 * Is REMOTE_ADDR what a proxy wrote of its client?  Then it may be the client's
 * own word, and never makes it a program of this machine.
 */
static bool
is_told(const struct request *req)
{
	const char *peer = request_env(req, "REALIP_REMOTE_ADDR");
	const char *client = request_env(req, "REMOTE_ADDR");

	return peer != NULL && peer[0] != '\0'
	    && (client == NULL || strcmp(peer, client) != 0);
}

int
request_begin(struct request *req, char *const *envp, const char **why)
{
	const char *method;
	size_t i;

	req->envp = envp;
	req->started_us = clock_boot_us();
	req->body = "";
	req->announced = body_length(req);
	req->headers = "";
	set_id(req);
	set_remote(req);
	req->local = req->local && !is_told(req);
	method = request_env(req, "REQUEST_METHOD");
	req->method = M_OTHER;
	for (i = 0; method != NULL && i < NELEM(METHODS); i++)
		if (strcmp(METHODS[i].name, method) == 0)
			req->method = METHODS[i].method;
	req->query = request_env(req, "QUERY_STRING");
	if (req->query == NULL)
		req->query = "";
	req->raw = raw_path(req, &req->raw_len);
	req->path = req->raw[0] == '/'
	    ? request_decode(req->mem, req->raw, req->raw_len, false)
	    : NULL;
	if (req->path == NULL) {
		req->path = "-";
		*why = "the path is not valid: UTF-8, percent-encoded";
		return 400;
	}
	return 0;
}
