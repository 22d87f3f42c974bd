/*
 * revision: the revisions of MCP, what they differ in for a server, and which
 * one a message is of.
 */
#ifndef MCP_REVISION_H
#define MCP_REVISION_H

#include <jansson.h>

#include "base/base.h"

struct mcp_writer;

/* Stored in session ids: a new one comes last. */
enum mcp_revision_id {
	MCP_2024_11_05,
	MCP_2025_03_26,
	MCP_2025_06_18,
	MCP_2025_11_25,
	MCP_2026_07_28,
	MCP_REVISIONS,
};
#define MCP_NEWEST_LEGACY MCP_2025_11_25 /* for who asks for what is unknown */
#define MCP_NEWEST MCP_2026_07_28
/* What a legacy request without a header is of, as later revisions say. */
#define MCP_UNNAMED MCP_2025_03_26

/* Whether a message says itself what it is of (modern), or its connection said
 * so at the start (legacy). */
#define MCP_LEGACY 0x1u
#define MCP_MODERN 0x2u

struct mcp_revision {
	const char *name;
	unsigned era;
	const struct mcp_writer *write;
	bool batches;     /* takes an array of messages */
	bool audio;       /* knows content of type audio */
	bool resumes;     /* a stream goes on after Last-Event-ID */
	bool primes;      /* ... and may begin with an event without data */
	bool structured;  /* knows structuredContent and resource_link */
	bool tells_model; /* arguments that do not fit are a result, which a
			     model can mend, and no error */
};

extern const struct mcp_revision MCP_REVISION[MCP_REVISIONS];

/* NULL: unknown. */
const struct mcp_revision *mcp_revision_find(const char *name);
/* That of a handshake whose client wishes ${name} (may be NULL). */
const struct mcp_revision *mcp_revision_agreed(const char *name);

/* The names of all of ${era}, an array; a new reference. */
json_t *mcp_revision_names(unsigned era);

/* What a client can do. */
#define MCP_CAN_ROOTS 0x1u
#define MCP_CAN_SAMPLE 0x2u
#define MCP_CAN_ELICIT 0x4u     /* by a form */
#define MCP_CAN_ELICIT_URL 0x8u /* by sending a person to a page */
#define MCP_CAN_TASKS 0x10u     /* the extension of 2026-07-28: */
#define MCP_TASKS "io.modelcontextprotocol/tasks"

/* Of its capabilities, an object or NULL. */
unsigned mcp_client_can(const json_t *capabilities);
/* ${can} as capabilities; a new reference. */
json_t *mcp_client_capabilities(unsigned can);

#endif
