/*
 * phrases: what a person reads when no model speaks.  One place, so that the
 * tone is one.
 */
#ifndef CHAT_PHRASES_H
#define CHAT_PHRASES_H

#include "llm/llm.h"

extern const char PHRASE_WELCOME[];
extern const char PHRASE_CONNECTED[];
extern const char PHRASE_BAD_TOKEN[];
extern const char PHRASE_TOKEN_SERVER_DOWN[];
extern const char PHRASE_TOKEN_EXPIRED[];
extern const char PHRASE_TOKEN_UNSURE[];
extern const char PHRASE_DISCONNECTED[];
extern const char PHRASE_CLEARED[]; /* /disconnect where no token is needed */
extern const char PHRASE_RESET[];
extern const char PHRASE_MODEL_FAILED[];
extern const char PHRASE_OFTEN[];
extern const char PHRASE_TOO_LONG[];
extern const char PHRASE_EMPTY[];
extern const char PHRASE_FOUND_DATA[];
extern const char PHRASE_REFUSED[];
extern const char PHRASE_FILTERED[];
extern const char PHRASE_QUOTA[];
extern const char PHRASE_LIMITED[]; /* then: for how long */
extern const char PHRASE_DENIED[];
extern const char PHRASE_UNKNOWN_MODEL[];
extern const char PHRASE_ADDRESS[];
extern const char PHRASE_UNREACHABLE[];
extern const char PHRASE_UNCHOSEN[];
extern const char PHRASE_INVALID[];
extern const char PHRASE_LOADING[];
extern const char PHRASE_LIMIT[];
extern const char PHRASE_CUT_OFF[];        /* after the words that were kept */
extern const char PHRASE_FILTER_STOPPED[]; /* the same, by a filter */
extern const char PHRASE_FORGOTTEN[];
extern const char PHRASE_STOPPED[];
extern const char PHRASE_EXPIRED[];
extern const char PHRASE_DEAD[];
extern const char PHRASE_LATE[];
extern const char PHRASE_BUDGET_TURN[];
extern const char PHRASE_BUDGET_CHAT[];
extern const char PHRASE_HIGHER_TIER[]; /* appended */
extern const char PHRASE_SUMMARISE[];   /* to the model, in the system text */
/* To the model, in place of a tool's result. */
extern const char PHRASE_OUTCOME_UNKNOWN[];
extern const char PHRASE_TOOL_ASKS[];
extern const char PHRASE_TOOL_LATER[];
extern const char PHRASE_TOOL_SILENT[];
extern const char PHRASE_TOOL_SILENT_FAILURE[];

/* For a question that ended as ${rc}, no LLM_OK: each end that needs the
 * operator has a phrase of its own. */
const char *phrase_of(enum llm_rc rc);

#endif
