/*
 * log: one JSON object per line on standard error and, when set, in a file.
 *
 *   log_event(LOG_INFO, "turn_done", F_CHAT(chat), F_INT("ms", ms));
 *
 * (with one field at least).
 *
 * Events are noun_verb in the past.  Never: message text, headers, keys,
 * tokens.  Strings are escaped, with all that rules a terminal, and cut to
 * LOG_STR_MAX bytes.  Of warnings and errors a minute holds so many lines of
 * one event, and of one event and first field (base/log_limit.h).  Safe from
 * any thread; a line is one write().
 *
 * Where standard error is systemd's journal, its lines begin with their
 * priority ("<3>" is an error), which journald takes off again; a file's never.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

#define LOG_STR_MAX 512

/* Each error says what to do about it; of many it is the same. */
#define LOG_REMEDY_REPORT \
	"it is a fault of Dragoman: report it with the lines before it"
#define LOG_REMEDY_LIMITS                                                        \
	"allow more processes, descriptors or memory (ulimit -a, LimitNOFILE=, " \
	"TasksMax=)"
#define LOG_REMEDY_DAMAGED                                                      \
	"find out who else writes into this Redis; dragoman doctor shows what " \
	"is damaged"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *name; /* NULL ends the list */
	enum { LOG_F_STR, LOG_F_INT, LOG_F_REAL, LOG_F_BOOL } type;
	const char *s; /* NULL: the field is left out */
	int64_t i;
	double d;
};

#define F_STR(n, v) \
	((struct log_field){ .name = (n), .type = LOG_F_STR, .s = (v) })
#define F_INT(n, v)                       \
	((struct log_field){ .name = (n), \
	    .type = LOG_F_INT,            \
	    .i = (int64_t)(v) })
#define F_REAL(n, v) \
	((struct log_field){ .name = (n), .type = LOG_F_REAL, .d = (v) })
#define F_BOOL(n, v) \
	((struct log_field){ .name = (n), .type = LOG_F_BOOL, .i = (v) })
#define F_CHAT(c) F_STR("chat", (c)->text) /* a struct chat_name */

#define log_event(level, event, ...) \
	log_write((level), (event),  \
	    (const struct log_field[]){ __VA_ARGS__, { .name = NULL } })

void log_write(enum log_level level, const char *event,
    const struct log_field *fields);

/*
 * ${worker} ("edge", "turn", ...) stands in every line with the process id.
 * ${path} may be NULL; log_open again or log_reopen (SIGHUP) opens it anew.
 * A file that cannot be opened is reported on standard error, once: -1.
 */
int log_open(const char *worker, enum log_level level,
    const char *path) WARN_UNUSED;
void log_reopen(void);
enum log_level log_level_parse(const char *name, bool *known);

/* This thread's request or message id: stands in its lines; NULL clears. */
void log_set_id(const char *id);
const char *log_id(void);

#endif
