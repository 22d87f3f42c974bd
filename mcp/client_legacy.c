/*
 * client_legacy: 2025-11-25 and before, which begin with initialize.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <config.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/client_priv.h"

static const char *const versions[] = { MCP_NEWEST_LEGACY, "2025-06-18",
	"2025-03-26", "2024-11-05" };

const char *
legacy_version(const char *said)
{
	size_t i;

	for (i = 0; i < NELEM(versions); i++)
		if (said != NULL && strcmp(said, versions[i]) == 0)
			return versions[i];
	return NULL;
}

/*
 * What the server says of the version it wants to speak.  Of one that we do
 * not know, lists and calls look as they did before and after it, so that we
 * go on as of 2025-03-26, with which came no header of the version.  Older
 * ones are another protocol.
 */
const char *
legacy_agreed(const json_t *result)
{
	const char *said = json_member_str(result, "protocolVersion");
	const char *known = legacy_version(said);

	if (known != NULL)
		return known;
	if (said == NULL)
		return json_is_object(json_object_get(result, "capabilities"))
			|| json_is_object(json_object_get(result, "serverInfo"))
		    ? "2025-03-26"
		    : NULL;
	return strlen(said) == strlen(MCP_MODERN)
		&& strspn(said, "0123456789-") == strlen(said)
		&& strcmp(said, "2024-11-05") > 0
	    ? "2025-03-26"
	    : NULL;
}

const char *
legacy_hello(const struct exchange *x, const char *version)
{
	return arena_printf(x->mem,
	    "\"protocolVersion\":\"%s\",\"capabilities\":%s,"
	    "\"clientInfo\":{\"name\":\"dragoman\",\"version\":\"%s\"}",
	    version, x->c->capabilities, PACKAGE_VERSION);
}

/* The server's words in a refusal, "" if it is none. */
static const char *
words_of(const struct exchange *x)
{
	if (!x->answered)
		return x->said;
	return x->result == NULL ? x->message : "";
}

/*
 * After initialize was refused with ${asked}: the version to ask for instead,
 * NULL: none.  Some servers do not negotiate, but refuse a version that is not
 * theirs, in any shape (xpzouying/xiaohongshu-mcp#697, hkr04/cpp-mcp#10,
 * sickn33/agentic-awesome-skills#1003).
 */
const char *
legacy_instead(const struct exchange *x, const char *asked)
{
	const char *words = words_of(x), *data = NULL, *next = NULL;
	size_t i;

	if (x->status == 401 || x->status == 403 || x->status == 429
	    || (x->answered && x->code == RPC_BAD_VERSION))
		return NULL;
	if (x->answered && x->data != NULL)
		data = json_text(x->mem, x->data);
	for (i = 0; i < NELEM(versions); i++) {
		/* Dates, so that they are ordered: never a newer one. */
		if (strcmp(versions[i], asked) >= 0)
			continue;
		if (strstr(words, versions[i]) != NULL
		    || (data != NULL && strstr(data, versions[i]) != NULL))
			return versions[i];
		if (next == NULL)
			next = versions[i];
	}
	return strcasestr(words, "version") != NULL ? next : NULL;
}

void
legacy_lines(struct arena *mem, const char *version, const char *session,
    const char *lines[LEGACY_LINES_MAX])
{
	size_t n = 0;

	lines[n++] = "Content-Type: application/json";
	lines[n++] = "Accept: application/json, text/event-stream";
	/* The header came with 2025-06-18. */
	if (version != NULL && strcmp(version, "2025-06-18") >= 0)
		lines[n++] = arena_printf(mem, "MCP-Protocol-Version: %s",
		    version);
	if (session[0] != '\0')
		lines[n++] = arena_printf(mem, "Mcp-Session-Id: %s", session);
	lines[n] = NULL;
}

int
legacy_write_cancel(const struct exchange *x, struct buf *body)
{
	const char *params = arena_printf(x->mem,
	    "\"requestId\":%" PRId64 ",\"reason\":\"the caller gave up\"",
	    x->id);

	return rpc_write(body, 0, "notifications/cancelled", params, "");
}

/* What the words of a refusal say of a session. */
enum session_word {
	WORD_OTHER,
	WORD_PLAIN, /* stands in such words, and says nothing alone */
	WORD_ENDS,  /* it is over, perhaps since this request */
	WORD_NONE,  /* it was over, or not begun, before */
};

static const char *const WORDS[] = {
	[WORD_PLAIN]
	= " 400 404 a active bad been complete detail does error "
	  "exist first for found has header id initialization "
	  "initialize initialized internal is longer mcp "
	  "mcp-session-id message or please re-initialize "
	  "received recognized reinitialize request server session "
	  "sessionid the unauthorized valid was your ",
	[WORD_ENDS] = " closed ended expired lost terminated ",
	[WORD_NONE] = " before invalid missing no not required unknown "
		      "unrecognized without ",
};

#define WORD_MAX 20 /* more than the longest of them, with its blanks */

static enum session_word
word_says(const char *word, size_t len)
{
	char text[WORD_MAX];
	size_t i;

	if (len > sizeof(text) - 3)
		return WORD_OTHER;
	snprintf(text, sizeof(text), " %.*s ", (int)len, word);
	for (i = WORD_PLAIN; i < NELEM(WORDS); i++)
		if (strcasestr(WORDS[i], text) != NULL)
			return (enum session_word)i;
	return WORD_OTHER;
}

/*
 * Words that are about the protocol's session and nothing else: one that they
 * would not have makes them a tool's own ("Browser session closed").  ${id} may
 * stand among them.
 */
static enum session_word
words_say(const char *words, const char *id)
{
	static const char SIGNS[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_";
	enum session_word said = WORD_PLAIN, one;
	size_t len, nid = strlen(id);

	if (strcasestr(words, "session") == NULL
	    && strcasestr(words, "initializ") == NULL)
		return WORD_OTHER;
	for (; *words != '\0'; words += len == 0 ? 1 : len) {
		len = strspn(words, SIGNS);
		if (nid > 0 && strncmp(words, id, nid) == 0 && nid >= len) {
			len = nid;
			continue;
		}
		if (len == 0)
			continue;
		one = word_says(words, len);
		if (one == WORD_OTHER)
			return WORD_OTHER;
		if (one > said)
			said = one;
	}
	return said;
}

/* Do these words say that a session is over, or was never begun? */
static bool
say_no_session(const char *words)
{
	static const char *const ENDS[] = { "not found", "not exist",
		"no valid", "not valid", "no longer", "no session", "no active",
		"not init", "not recogni", "unrecogni", "unknown", "invalid",
		"missing", "expired", "terminated", "closed", "ended",
		"required", "without", "lost" };
	size_t i;

	if (strcasestr(words, "not initialized") != NULL
	    || strcasestr(words, "before initialization") != NULL)
		return true;
	if (strcasestr(words, "session") == NULL)
		return false;
	for (i = 0; i < NELEM(ENDS); i++)
		if (strcasestr(words, ENDS[i]) != NULL)
			return true;
	return false;
}

/* Where a tool's own words may stand. */
static bool
says_nothing_else(struct exchange *x, const char *words)
{
	enum session_word said = words_say(words, x->view->session);

	x->ran_perhaps = said == WORD_ENDS;
	return said > WORD_PLAIN;
}

/*
 * Servers say so in each status and form: 404 as they should, 400 with words
 * (DAWNCR0W/affine-mcp-server#301), 200 with an error
 * (justadityaraj/shim-mcp#8), 500 (sparfenyuk/mcp-proxy#149), or that nobody
 * initialized them, which holds without an id, too.
 *
 * A tool's own error may look so, 404 for what is not there
 * (googleapis/mcp-toolbox#3588) or words of a session of its own: in an answer
 * to this very request, and in what is no refusal of HTTP's, the words must be
 * about nothing else.
 */
bool
legacy_session_is_over(struct exchange *x)
{
	const char *words = words_of(x);
	bool has_id = x->view->session[0] != '\0', own, may;

	own = x->answered && x->named;
	if ((x->answered && x->result != NULL) || x->status == 429
	    || (own && (x->code == RPC_NO_METHOD || x->code == RPC_BAD_PARAMS)))
		return false;
	if (has_id && !own
	    && (x->status == 404 || x->status == 410
		|| (x->status == 400 && strcasestr(words, "session") != NULL)))
		return true;
	may = (has_id || strcasestr(words, "session") == NULL)
	    && x->status != 502 && x->status != 504;
	if (own || x->status < 400 || x->status >= 500)
		return may && says_nothing_else(x, words);
	return may && say_no_session(words);
}
