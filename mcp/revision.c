#include "mcp/revision.h"

#include <string.h>

#include "mcp/write.h"

const struct mcp_revision MCP_REVISION[MCP_REVISIONS] = {
	[MCP_2024_11_05] = { .name = "2024-11-05",
	    .era = MCP_LEGACY,
	    .write = &MCP_WRITE_LEGACY },
	[MCP_2025_03_26] = { .name = "2025-03-26",
	    .era = MCP_LEGACY,
	    .write = &MCP_WRITE_LEGACY,
	    .batches = true,
	    .audio = true,
	    .resumes = true },
	[MCP_2025_06_18] = { .name = "2025-06-18",
	    .era = MCP_LEGACY,
	    .write = &MCP_WRITE_LEGACY,
	    .audio = true,
	    .resumes = true,
	    .structured = true },
	[MCP_2025_11_25] = { .name = "2025-11-25",
	    .era = MCP_LEGACY,
	    .write = &MCP_WRITE_LEGACY,
	    .audio = true,
	    .resumes = true,
	    .primes = true,
	    .structured = true,
	    .tells_model = true },
	[MCP_2026_07_28] = { .name = "2026-07-28",
	    .era = MCP_MODERN,
	    .write = &MCP_WRITE_MODERN,
	    .audio = true,
	    .structured = true,
	    .tells_model = true },
};

const struct mcp_revision *
mcp_revision_find(const char *name)
{
	size_t i;

	for (i = 0; i < MCP_REVISIONS; i++)
		if (strcmp(MCP_REVISION[i].name, name) == 0)
			return &MCP_REVISION[i];
	return NULL;
}

/* Never a modern one: there, nobody shakes hands. */
const struct mcp_revision *
mcp_revision_agreed(const char *name)
{
	const struct mcp_revision *r = name == NULL ? NULL
						    : mcp_revision_find(name);

	return r != NULL && r->era == MCP_LEGACY
	    ? r
	    : &MCP_REVISION[MCP_NEWEST_LEGACY];
}

json_t *
mcp_revision_names(unsigned era)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; i < MCP_REVISIONS; i++)
		if (MCP_REVISION[i].era & era)
			(void)json_array_append_new(names,
			    json_string(MCP_REVISION[i].name));
	return names;
}

/* What is declared by a member, or by one of its members. */
static const struct can {
	unsigned bit;
	const char *member, *part; /* part NULL: the member itself */
} CAN[] = {
	{ MCP_CAN_ROOTS, "roots", NULL },
	{ MCP_CAN_SAMPLE, "sampling", NULL },
	{ MCP_CAN_ELICIT, "elicitation", "form" },
	{ MCP_CAN_ELICIT_URL, "elicitation", "url" },
	{ MCP_CAN_TASKS, "extensions", MCP_TASKS },
};

unsigned
mcp_client_can(const json_t *capabilities)
{
	const json_t *member;
	unsigned can = 0;
	size_t i;

	if (json_object_size(capabilities) == 0)
		return 0;
	for (i = 0; i < NELEM(CAN); i++) {
		member = json_object_get(capabilities, CAN[i].member);
		if (CAN[i].part != NULL && json_object_size(member) > 0)
			member = json_object_get(member, CAN[i].part);
		else if (CAN[i].part != NULL && CAN[i].bit != MCP_CAN_ELICIT)
			continue; /* an elicitation of no kind is a form's */
		if (json_is_object(member))
			can |= CAN[i].bit;
	}
	return can;
}

json_t *
mcp_client_capabilities(unsigned can)
{
	json_t *out = json_object(), *member;
	size_t i;

	for (i = 0; i < NELEM(CAN); i++) {
		if (!(can & CAN[i].bit))
			continue;
		member = json_object_get(out, CAN[i].member);
		if (member == NULL) {
			member = json_object();
			(void)json_object_set_new(out, CAN[i].member, member);
		}
		if (CAN[i].part != NULL)
			(void)json_object_set_new(member, CAN[i].part,
			    json_object());
	}
	return out;
}
