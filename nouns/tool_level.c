#include "nouns/tool_level.h"

#include <string.h>

static const char *const NAMES[TOOL_LEVELS] = {
	[TOOL_DEBUG] = "debug",
	[TOOL_INFO] = "info",
	[TOOL_NOTICE] = "notice",
	[TOOL_WARNING] = "warning",
	[TOOL_ERROR] = "error",
	[TOOL_CRITICAL] = "critical",
	[TOOL_ALERT] = "alert",
	[TOOL_EMERGENCY] = "emergency",
};

const char *
tool_level_name(enum tool_level level)
{
	return NAMES[level];
}

enum tool_level
tool_level_find(const char *name)
{
	enum tool_level level;

	for (level = TOOL_DEBUG; name != NULL && level < TOOL_LEVELS; level++)
		if (strcmp(NAMES[level], name) == 0)
			return level;
	return TOOL_LEVELS;
}
