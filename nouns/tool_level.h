/*
 * tool_level: how grave what a tool says while it runs is: MCP's levels, which
 * are syslog's.
 */
#ifndef NOUNS_TOOL_LEVEL_H
#define NOUNS_TOOL_LEVEL_H

/* In this order: who asks for one gets those behind it, too. */
enum tool_level {
	TOOL_DEBUG,
	TOOL_INFO,
	TOOL_NOTICE,
	TOOL_WARNING,
	TOOL_ERROR,
	TOOL_CRITICAL,
	TOOL_ALERT,
	TOOL_EMERGENCY,
	TOOL_LEVELS, /* as a wish: none */
};

const char *tool_level_name(enum tool_level level);
/* TOOL_LEVELS: there is none of that name; NULL is none. */
enum tool_level tool_level_find(const char *name);

#endif
