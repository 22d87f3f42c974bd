/*
 * probe: does a server speak a revision of MCP?  Asked as its clients ask: a
 * handshake, then the list of tools.
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <jansson.h>

#include "cli/wire.h"

enum probe_rc {
	PROBE_WORKS,
	PROBE_OTHER,     /* it says that it does not speak this one */
	PROBE_FAILED,    /* it should, and does not; or does not let us in */
	PROBE_UNREACHED, /* nobody answers */
};

struct probe {
	struct arena *mem; /* of all that follows */
	const struct wire *wire;
	const char *revision; /* "2025-06-18" */

	struct wire_got got;  /* of the last question */
	const json_t *answer; /* to it: an object; NULL: none */

	enum probe_rc rc;
	const char *why; /* not WORKS: in words; WORKS: a remark, or NULL */
	int64_t tools;   /* -1: not known */
	bool session;
};

/* 2026-07-28: server/discover. */
void probe_modern(struct probe *p);
/* Those with initialize, by POST to one address. */
void probe_legacy(struct probe *p);
/* 2024-11-05: a long GET, beside (/sse for /mcp), and an address that it names
 * (probe_sse.c). */
void probe_sse(struct probe *p);

/* ---- for both files ------------------------------------------------------ */

/* The text of a request; ${id} 0: a notification. */
const char *probe_text(struct probe *p, int id, const char *method,
    json_t *params);
/* The params of initialize; a new reference. */
json_t *probe_hello(const struct probe *p);
/* There was no answer to it: rc and why. */
void probe_refused(struct probe *p);
/* The answer to tools/list. */
void probe_tools(struct probe *p, const json_t *result);

#endif
