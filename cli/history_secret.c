/*
 * history_secret: does a line look as if it held a secret?  Rather one line
 * too many is forgotten than a key kept.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/history.h"

/* Keys without words in them are this long at least. */
#define KEY_MIN 20
#define KEY_DIGITS_MIN 2
#define KEY_LETTERS_MIN 2
/* As long with '-' and '_' in it, and letters of both cases and digits. */
#define MIXED_MIN 30
#define AWS_SECRET_LEN 40 /* base64: may have '/' in it */
/* After one of PREFIXES so many more characters make a key. */
#define KEY_REST_MIN 8
#define PASSWORD_MIN 4
#define BARE_MIN 16 /* after "bearer", if it is letters alone */

/* How keys of known services begin. */
static const char *const PREFIXES[] = { "sk-", "sk_", "pk_", "rk_", "xox",
	"xapp-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
	"glpat-", "gsk_", "hf_", "npm_", "pypi-", "AKIA", "ASIA", "AIza",
	"ya29.", "eyJ", "SG.", "shpat_", "dop_v1_", "nvapi-", "r8_", "pplx-",
	"xai-", "tgp_", "csk-", "tvly-", "key-", "tok_", "whsec_" };

/* A word of the line that is a command for secrets. */
static const char *const COMMANDS[] = { "/connect", "/token", "/login", "/key",
	"/auth", "/password" };

/* What stands before a secret: "token: ...", "password is ...".  After the
 * first ones a word with a digit is one, too: "password hunter2". */
#define NAMES_OF_WORDS 9
static const char *const NAMES[] = { "password", "passwd", "passphrase",
	"passwort", "kennwort", "mot de passe", "pwd", "pw", "pass", "secret",
	"token", "apikey", "api_key", "api-key", "key", "bearer", "basic",
	"authorization", "credentials", "cookie" };

/* Options of programs that take a password, as typed in a shell. */
static const struct {
	const char *program, *option;
	bool colon; /* in what follows: user:password */
} OPTIONS[] = {
	{ "curl ", " -u ", true },
	{ "curl ", " --user ", true },
	{ "wget ", " --password", false },
	{ "mysql", " -p", false },
	{ "sshpass ", " -p", false },
	{ "redis-cli ", " -a ", false },
};

/* Addresses that are secrets themselves. */
static const char *const ADDRESSES[] = { "://hooks.slack.com/services/",
	"/api/webhooks/", "://api.telegram.org/bot" };

static bool
is_key_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.'
	    || c == '+' || c == '/' || c == '=';
}

static bool
begins_as_key(const char *word, size_t len)
{
	size_t i, n;

	for (i = 0; i < NELEM(PREFIXES); i++) {
		n = strlen(PREFIXES[i]);
		if (len >= n + KEY_REST_MIN
		    && strncmp(word, PREFIXES[i], n) == 0)
			return true;
	}
	return false;
}

/* Letters and digits without a break, more than words have. */
static bool
has_random_run(const char *s, size_t len)
{
	size_t i, run = 0, digits = 0, letters = 0;

	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && s[i] != '+'
		    && s[i] != '=') {
			run = digits = letters = 0;
			continue;
		}
		run++;
		digits += isdigit((unsigned char)s[i]) != 0;
		letters += isalpha((unsigned char)s[i]) != 0;
		if (run >= KEY_MIN && digits >= KEY_DIGITS_MIN
		    && letters >= KEY_LETTERS_MIN)
			return true;
	}
	return false;
}

static bool
is_mixed(const char *s, size_t len)
{
	bool upper = false, lower = false, digit = false;
	size_t i;

	for (i = 0; i < len; i++) {
		upper |= isupper((unsigned char)s[i]) != 0;
		lower |= islower((unsigned char)s[i]) != 0;
		digit |= isdigit((unsigned char)s[i]) != 0;
		if (s[i] == '.' || (s[i] == '/' && len != AWS_SECRET_LEN))
			return false; /* a path, a host */
	}
	return len >= MIXED_MIN && upper && lower && digit;
}

/* scheme://user:password@host, scheme://token@host */
static bool
has_login(const char *text)
{
	const char *p = text;

	while ((p = strstr(p, "://")) != NULL) {
		p += 3;
		if (memchr(p, '@', strcspn(p, "/ \t\n?#")) != NULL)
			return true;
	}
	return false;
}

static bool
has_option(const char *text)
{
	const char *at;
	size_t i, len;

	for (i = 0; i < NELEM(OPTIONS); i++) {
		at = strstr(text, OPTIONS[i].program);
		if (at != NULL)
			at = strstr(at, OPTIONS[i].option);
		if (at == NULL)
			continue;
		at += strlen(OPTIONS[i].option);
		at += strspn(at, " =");
		len = strcspn(at, " \n");
		if (len >= PASSWORD_MIN
		    && (!OPTIONS[i].colon || memchr(at, ':', len) != NULL))
			return true;
	}
	return false;
}

static bool
has_address(const char *text)
{
	for (size_t i = 0; i < NELEM(ADDRESSES); i++)
		if (strstr(text, ADDRESSES[i]) != NULL)
			return true;
	return false;
}

/* What follows the name: "=x", ": x", "is x" or x alone, with something in it
 * that no word has; after "bearer" and "basic" a long word, too. */
static bool
gives_away(const char *name, bool of_words, const char *after)
{
	bool sign = false, is = false, quoted, apart = *after == ' ';
	size_t len, i;

	while (
	    *after == ' ' || *after == '\t' || *after == '"' || *after == '\'')
		after++;
	if (*after == ':' || *after == '=') {
		sign = true;
		after++;
	} else if (strncasecmp(after, "is ", 3) == 0
	    || strncasecmp(after, "ist ", 4) == 0) {
		is = true;
		after += 3;
	}
	after += strspn(after, " \t");
	quoted = *after == '"' || *after == '\'';
	after += strspn(after, "\"'");
	len = strcspn(after, " \t\n\"'");
	if (sign)
		return (quoted ? strcspn(after, "\n\"'") : len) >= PASSWORD_MIN;
	for (i = 0; i < len; i++)
		if (isdigit((unsigned char)after[i])
		    || (ispunct((unsigned char)after[i])
			&& i + 1 < len)) /* not a sentence's end */
			break;
	if (is)
		return len >= PASSWORD_MIN && i < len;
	if (!apart)
		return false;
	if (of_words)
		return len >= PASSWORD_MIN && i < len;
	return (name[0] == 'b' && len >= BARE_MIN)
	    || (len >= KEY_REST_MIN && i < len);
}

static bool
is_named(const char *text)
{
	size_t i, n;
	const char *p;

	for (i = 0; i < NELEM(NAMES); i++) {
		n = strlen(NAMES[i]);
		for (p = text; (p = strcasestr(p, NAMES[i])) != NULL; p += n)
			if (!isalpha((unsigned char)p[n])
			    && (p == text || !isalpha((unsigned char)p[-1]))
			    && gives_away(NAMES[i], i < NAMES_OF_WORDS, p + n))
				return true;
	}
	return false;
}

bool
history_is_secret(const char *text)
{
	const char *p = text + strspn(text, " \t");
	size_t i, n;

	for (i = 0; i < NELEM(COMMANDS); i++) {
		n = strlen(COMMANDS[i]);
		if (strncasecmp(p, COMMANDS[i], n) == 0
		    && isspace((unsigned char)p[n]))
			return true;
	}
	if (strstr(text, "-----BEGIN") != NULL || has_login(text)
	    || has_option(text) || has_address(text) || is_named(text))
		return true;
	while (*p != '\0') {
		if (!is_key_char(*p)) {
			p++;
			continue;
		}
		for (n = 1; is_key_char(p[n]);)
			n++;
		if (begins_as_key(p, n) || has_random_run(p, n)
		    || is_mixed(p, n))
			return true;
		p += n;
	}
	return false;
}
