/*
 * look_priv: a look at a server that costs no tokens: its list of models, the
 * nearest name, other addresses.
 */
#ifndef LLM_LOOK_PRIV_H
#define LLM_LOOK_PRIV_H

#include "llm/llm.h"

/*
 * check.c: the list of models at ${b}'s address.  ${doc}, in ${mem}, is NULL
 * where there is none: ${f}->why says what is in its place.
 */
#define LLM_CHECK_MS 10000 /* somebody waits for it at a terminal */
enum llm_rc llm_list_ask(const struct llm_backend *b, int wait_ms,
    const volatile int *cancel, struct arena *mem, const json_t **doc,
    struct llm_failure *f);
/* Does somebody take questions there?  An empty one is sent, which no API
 * answers with words. */
bool llm_is_there(const struct llm_backend *b, int wait_ms,
    const volatile int *cancel, struct arena *mem);

/* list.c.  The array in ${doc}; JSON's null, if it is empty. */
const json_t *llm_list_in(const json_t *doc);
/* False only if ${model} surely is not in it. */
bool llm_list_has(const json_t *doc, const char *model);
/* False: by its name, the model surely answers no chat. */
bool llm_may_chat(const char *id);
/* A name, and several ("a, b, c and 12 more"), for a terminal or a log. */
#define LLM_NAME_SHOWN 96 /* code points */
const char *llm_name_shown(const char *id, struct arena *mem);
const char *llm_names_shown(const char *const *ids, size_t n,
    struct arena *mem);

/* nearest.c.  Names of the list ${doc}, in words: "a, b, c and 12 more", those
 * first that are most like ${model}; ${nearest} is the one that may be meant,
 * or NULL.  "" when there are none. */
const char *llm_nearest(const json_t *doc, const char *model, struct arena *mem,
    const char **nearest);

/*
 * address.c.  How long ${b}'s address is without its query and without what
 * stands at its end but is added by itself; that is ${len} bytes at ${extra}.
 */
size_t llm_address_stem(const struct llm_backend *b, const char **extra,
    size_t *len);
/* ".../v1", ".../v1beta/openai", ".../v4": of the ${len} bytes a part of the
 * path is a version. */
bool llm_address_has_version(const char *url, size_t len);

/* look_elsewhere.c: an address of the same server at which there is a list,
 * while there is none at ${b}'s; NULL: none was found.  ${rc} as llm_list_ask:
 * LLM_OK, or LLM_DENIED where an API answers and rejects the key. */
char *llm_look_elsewhere(const struct llm_backend *b,
    const volatile int *cancel, struct arena *mem, enum llm_rc *rc);
/* look.c: the same as what to do, or NULL. */
const char *llm_elsewhere_remedy(const struct llm_backend *b,
    const volatile int *cancel, struct arena *mem);
/* remedy.c: the setting that says where ${b} is, and its variable. */
const char *llm_place_setting(const struct llm_backend *b, struct arena *mem);

#endif
