/*
 * served_mcp: an MCP server that answers by a list of rules, and keeps what
 * it was asked.
 */
#ifndef TESTS_UNIT_SERVED_MCP_H
#define TESTS_UNIT_SERVED_MCP_H

#include "tests/unit/served.h"

/*
 * The first rule that has this method (JSON-RPC's, or "GET", "DELETE",
 * "answer" for a JSON-RPC response, "*" for any), whose ${when} stands in the
 * request's head or body, and that was not used up answers.  In ${body}, $ID
 * is the request's id and ' is ".  A body that begins with "event:", "data:",
 * "id:" or ":" is a stream, one with "<" is HTML.
 */
struct rule {
	const char *method;
	int status; /* 0: a function of its own */
	const char *body;
	const char *headers; /* "A: b\r\n", NULL: none */
	const char *when;    /* NULL: always */
	int times;           /* 0: any number */
	served_fn *serve;
};

void rules_start(const struct rule *rules); /* ends with a method of NULL */
void rules_change(const struct rule *rules);
void rules_stop(void);
const char *rules_url(void);
int rules_port(void);

/* How many requests of ${method} there were; the ${n}th as text (head and
 * body), "" if there was none. */
int rules_count(const char *method);
const char *rules_request(const char *method, int n);
/* Wait until there were ${n}; false: not within a few seconds. */
bool rules_wait(const char *method, int n);

/* For rule.serve: a GET that streams what POSTs are answered with (202). */
int serve_link(struct served *s, int fd, const struct served_request *req);
/* What it says in one piece with the address, from now on; "" at first. */
void link_begin_with(const char *text);
void link_say(const char *text); /* on the open one, as it is */
void link_cut(void);             /* end such streams, after what was said */
/* For rule.serve: no answer until the client leaves. */
int serve_silence(struct served *s, int fd, const struct served_request *req);

/* Rules that most tests share. */
#define RESULT(members) "{'jsonrpc':'2.0','id':$ID,'result':{" members "}}"
#define ERROR(code, message)                               \
	"{'jsonrpc':'2.0','id':$ID,'error':{'code':" #code \
	",'message':'" message "'}}"
#define DISCOVER                          \
	RESULT("'resultType':'complete'," \
	       "'supportedVersions':['2026-07-28'],'capabilities':{}")
#define INITIALIZE(version)                                         \
	RESULT("'protocolVersion':'" version "','capabilities':{}," \
	       "'serverInfo':{'name':'s','version':'1'}")
#define TOOLS RESULT("'tools':[{'name':'t','inputSchema':{'type':'object'}}]")
#define SAID(text) RESULT("'content':[{'type':'text','text':'" text "'}]")

#endif
